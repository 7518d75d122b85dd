"""Takes a file of documents line by line: one transaction a line, and no line stops the next ones."""

from __future__ import annotations

import os
import time
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any, Generic, TypeVar

import click
import peewee as pw
from playhouse.pool import MaxConnectionsExceeded

from webapp.commands.context import CommandError
from webapp.commands.intake_file import RefusedLines
from webapp.commands.intake_report import IntakeReport
from webapp.commands.progress import progress
from webapp.domain.intake.intake_lines import Line, lines_of
from webapp.domain.intake.intake_reading import refusal_of_long_line
from webapp.domain.intake.intake_refusals import IntakeRefused

STORAGE_FAILURES = (pw.OperationalError, pw.InterfaceError, MaxConnectionsExceeded, OSError)
PAUSES = (0.2, 1.0)  # seconds before each further try
REFUSED, STOPPED = 1, 2  # exit status
_LINES_A_STEP = 50

Outcome = TypeVar("Outcome")


class ImportStopped(Exception):
    """The portal failed, not the line. What was reported is stored; the file can be imported again."""

    def __init__(self, line: Line, problem: Exception) -> None:
        super().__init__(
            f"Stopped at line {line.number}, which was not taken: {type(problem).__name__}: {problem}. "
            "The lines before it are done. Import the whole file again when this is mended."
        )


class Intake(Generic[Outcome]):
    """`take` reads one line and does what it says; raises `IntakeRefused`, and then nothing was changed.

    A line may be tried again: what was stored after all must be *known* then.
    """

    def __init__(self, what: str, take: Callable[[bytes], Outcome], report: IntakeReport[Outcome]) -> None:
        self.report = report
        self._what, self._take = what, take

    def import_file(self, path: Path) -> RefusedLines:
        """Fills the report as it goes: it is right, too, when the import stops half-way."""
        refused = RefusedLines(path)
        try:
            with path.open("rb") as file, progress(self._what, total=os.fstat(file.fileno()).st_size) as done:
                for line in lines_of(file):
                    if not line.is_blank:
                        self._import_or_stop(line, refused)
                    if line.number % _LINES_A_STEP == 0:
                        done(file.tell())
        finally:
            refused.finish()
        return refused

    def _import_or_stop(self, line: Line, refused: RefusedLines) -> None:
        try:
            self._import_line(line, refused)
        except Exception as problem:
            raise ImportStopped(line, problem) from problem

    def _import_line(self, line: Line, refused: RefusedLines) -> None:
        try:
            self.report.taken(line, self._take_patiently(line))
        except IntakeRefused as refusal:
            self.report.refused(line, refusal)
            refused.add(line)

    def _take_patiently(self, line: Line) -> Outcome:
        if line.is_long:
            raise refusal_of_long_line(line.beginning)
        for pause in PAUSES:
            try:
                return self._take(line.beginning)
            except STORAGE_FAILURES:
                time.sleep(pause)
        return self._take(line.beginning)


def run_import(ctx: click.Context, file: Path, intake: Intake[Any], *, as_json: bool) -> None:
    """Imports, prints the report, and ends with the exit status that says how it went."""
    report = intake.report
    if not os.access(file.parent, os.W_OK):
        raise CommandError(f"The folder of {file} can't be written: refused lines would go there.")
    refused, problem = None, None
    try:
        refused = intake.import_file(file)
    except ImportStopped as stopped:
        problem = stopped
    report.print_json() if as_json else report.print_summary()
    report.print_notes()
    if problem is not None:
        if not isinstance(problem.__cause__, STORAGE_FAILURES):
            traceback.print_exception(problem.__cause__)
        click.echo(str(problem), err=True)
        ctx.exit(STOPPED)
    if refused is not None and refused.any:
        click.echo(f"The refused lines are in {refused.path}: mend them and import that file.", err=True)
        ctx.exit(REFUSED)
