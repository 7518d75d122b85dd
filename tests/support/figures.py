"""What a run measured, printed at its end: `make soak` ends with these figures, as a table of what must hold
when something breaks, each with the control that shows that the test would notice."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import pytest
from rich.console import Console
from rich.table import Table

_FIGURE, _ROW, _CONTROL = "figure: ", "row", "control"
GOALS = {
    "kill -9": "200 kills: 0 acknowledged orders lost, 0 doubled, serving again ≤ 2 s",
    "the same order 64 ×": "1 subscription, 1 e-mail; other content is a conflict",
    "durability": "≥ 1 sync for each acknowledged commit",
    "disk full": "what was acknowledged is stored, reading works, writing 503, back ≤ 5 s after",
    "dropped connection": "idle: no failed request; in mid-transaction: 503, the next one works",
    "mail server": "8 h down: 0 lost, 1,000 drained ≤ 5 min; slow, mute, refusing, gone in mid-DATA: 0 lost",
    "worker killed": "0 mails lost; one doubled only if the server had it, same Message-ID",
    "PO number races": "1,000 races: one wins, one sees both values",
    "renewals": "8 workers × 100,000: one invoice each, run again: none",
    "numbers": "no gap under 16 jobs × 8 threads, a quarter rolled back",
    "queue deleted": "nothing lost",
    "day 90": "every zone × 730 days × {−1 s, 0, +1 s}: 0 errors",
    "life": "500 × 50 steps, 0 broken invariants; every planted defect noticed",
}


@pytest.fixture
def figure(record_property: Callable[[str, object], None]) -> Callable[[str, object], None]:
    """`figure("orders lost", 0)`: what was measured, under the row of the test, or its name."""

    def note(name: str, value: object) -> None:
        record_property(_FIGURE + name, _in_words(value))

    return note


def _in_words(value: object) -> str:
    if isinstance(value, tuple):
        return ", ".join(map(_in_words, value))
    return (
        f"{value:,.2f}"
        if isinstance(value, float)
        else f"{value:,}"
        if isinstance(value, int)
        else str(value)
    )


@pytest.fixture(autouse=True)
def _of_a_row(request: pytest.FixtureRequest, record_property: Callable[[str, object], None]) -> None:
    """`@pytest.mark.row("kill -9")`, or with `control=True`: where a test stands in the table."""
    marker = request.node.get_closest_marker("row")
    if marker:
        record_property(_CONTROL if marker.kwargs.get("control") else _ROW, marker.args[0])


@dataclass
class Row:
    figures: list[str] = field(default_factory=list)
    tests: dict[str, int] = field(default_factory=lambda: defaultdict(int))  # outcome → how many
    controls: dict[str, int] = field(default_factory=lambda: defaultdict(int))


def rows_of(stats: dict[str, list[Any]]) -> dict[str, Row]:
    found = {name: Row() for name in GOALS}
    for outcome in ("passed", "failed"):
        for report in stats.get(outcome, ()):
            if report.when == "call" or outcome == "failed":
                _sort_in(report, outcome, found)
    return {name: row for name, row in found.items() if row.tests or row.figures}


def _sort_in(report: Any, outcome: str, found: dict[str, Row]) -> None:
    told = dict(report.user_properties)
    figures = [(name, value) for name, value in told.items() if name.startswith(_FIGURE)]
    name = told.get(_ROW) or told.get(_CONTROL) or (report.nodeid.partition("::")[2] if figures else "")
    if name:
        row = found.setdefault(name, Row())
        (row.controls if _CONTROL in told else row.tests)[outcome] += 1
        engine = "PostgreSQL: " if "postgresql" in report.nodeid else ""
        row.figures += [f"{engine}{name.removeprefix(_FIGURE)}: {value}" for name, value in figures]


def pytest_terminal_summary(terminalreporter: Any) -> None:
    found = rows_of(terminalreporter.stats)
    if not any(row.figures for row in found.values()):
        return
    table = Table("what breaks", "goal", "measured", "tests", "controls", show_lines=True)
    for name, row in found.items():
        table.add_row(
            name, GOALS.get(name, ""), "\n".join(row.figures), _counted(row.tests), _counted(row.controls)
        )
    terminalreporter.section("figures")
    Console(file=terminalreporter._tw._file, width=160, no_color=True).print(table)


def _counted(outcomes: dict[str, int]) -> str:
    return "\n".join(f"{number} {outcome}" for outcome, number in outcomes.items()) or "none"
