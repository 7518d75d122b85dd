"""What a run measured, printed at its end: `make soak` ends with these figures."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

_PREFIX = "figure: "


@pytest.fixture
def figure(record_property: Callable[[str, object], None], request: pytest.FixtureRequest):
    """`figure("orders lost", 0)`: what was measured, under the name of the test."""

    def note(name: str, value: object) -> None:
        record_property(_PREFIX + name, f"{value:.2f}" if isinstance(value, float) else str(value))

    return note


def pytest_terminal_summary(terminalreporter: Any) -> None:
    reports = [*terminalreporter.stats.get("passed", ()), *terminalreporter.stats.get("failed", ())]
    figures = [
        (report.nodeid.partition("::")[2], name.removeprefix(_PREFIX), value)
        for report in reports
        if report.when == "call"
        for name, value in report.user_properties
        if name.startswith(_PREFIX)
    ]
    if figures:
        terminalreporter.section("figures")
    for test, name, value in figures:
        terminalreporter.line(f"{test}: {name}: {value}")
