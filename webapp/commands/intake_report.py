"""What an import tells: counts, each refusal, and what to look at. Its memory doesn't grow with the file."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Iterator
from typing import IO, Any, Generic, TypeVar

import click

from webapp.domain.intake.intake_lines import Line
from webapp.domain.intake.intake_refusals import IntakeRefused

_LINES_NAMED = 5
_KINDS_OF_NOTES = 50

Outcome = TypeVar("Outcome", contravariant=True)


class IntakeReport(Generic[Outcome]):
    """Of documents whose outcomes are of these `kinds`; what a kind of document tells besides, it adds."""

    kinds: tuple[str, ...] = ("accepted", "known")

    def __init__(self) -> None:
        self.counts = dict.fromkeys((*self.kinds, "refused"), 0)
        self._refusals: IO[str] = tempfile.TemporaryFile("w+", encoding="utf-8")  # noqa: SIM115
        self._notes: dict[str, list[int]] = {}  # note → [how often, the first lines …]

    def taken(self, line: Line, outcome: Outcome) -> None:
        self.counts[self.kind_of(outcome)] += 1
        for note in self.notes_of(outcome):
            self._note(note, line)

    def kind_of(self, outcome: Outcome) -> str:
        raise NotImplementedError

    def notes_of(self, outcome: Outcome) -> Iterator[str]:
        raise NotImplementedError

    def refused(self, line: Line, refusal: IntakeRefused) -> None:
        self.counts["refused"] += 1
        told = {"line": line.number, "code": refusal.code, "field": refusal.field, "message": refusal.message}
        self._refusals.write(json.dumps(told) + "\n")

    def _note(self, text: str, line: Line) -> None:
        if text not in self._notes and len(self._notes) >= _KINDS_OF_NOTES:
            text = "There are more warnings; each is stored with its document"
        seen = self._notes.setdefault(text, [0])
        seen[0] += 1
        if len(seen) <= _LINES_NAMED:
            seen.append(line.number)

    def _each_refusal(self) -> Iterator[str]:
        self._refusals.seek(0)
        for told in self._refusals:
            yield told.rstrip("\n")

    def print_json(self) -> None:
        click.echo(json.dumps(self.counts)[:-1] + ', "refusals": [', nl=False)
        for index, told in enumerate(self._each_refusal()):
            click.echo((",\n" if index else "\n") + told, nl=False)
        click.echo("]}")

    def print_summary(self) -> None:
        click.echo(", ".join(f"{kind} {count}" for kind, count in self.counts.items()))
        for told in self._each_refusal():
            click.echo(_in_words(json.loads(told)))

    def print_notes(self) -> None:
        """To stderr: stdout is the report alone."""
        for text, (times, *lines) in self._notes.items():
            more = ", …" if times > len(lines) else ""
            click.echo(f"{text}: {times} × (line {', '.join(map(str, lines))}{more})", err=True)


def _in_words(refusal: dict[str, Any]) -> str:
    where = f"{refusal['field']}: " if refusal["field"] else ""
    return f"line {refusal['line']}: {where}{refusal['message']} ({refusal['code']})"
