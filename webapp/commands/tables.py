"""Lists for people: a line each and nothing cut off, since keys and Message-IDs are there to be copied."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from rich.console import Console
from rich.table import Table

_WIDE_ENOUGH = 10_000  # where a line is longer than the terminal, that wraps it


def print_table(headings: Sequence[str], rows: Iterable[Sequence[str | None]]) -> None:
    table = Table(*headings, box=None, pad_edge=False, padding=(0, 2, 0, 0))
    for row in rows:
        table.add_row(*(_on_one_line(text or "") for text in row))
    Console(width=_WIDE_ENOUGH, markup=False, highlight=False, emoji=False).print(table)


def _on_one_line(text: str) -> str:
    return " ".join(text.split())
