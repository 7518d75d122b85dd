"""A table for people, a file for the record."""

from __future__ import annotations

import json
from pathlib import Path

from rich.console import Console
from rich.table import Table

from bench import machine
from bench.goals import goals_for

RESULTS = Path(__file__).parent / "results.json"
GROWTH = Path(__file__).parent / "growth.json"
Measured = dict[str, dict[str, float]]  # backend → figure → value


def judged(measured: Measured) -> list[dict[str, object]]:
    return [
        {
            "what": goal.what,
            "engine": backend,
            "value": round(figures[goal.figure], 3),
            "goal": f"{goal.direction} {goal.limit:g} {goal.unit}",
            "reached": goal.reached(figures[goal.figure]),
        }
        for backend, figures in measured.items()
        for goal in goals_for(backend)
        if goal.figure in figures
    ]


def show(measured: Measured) -> None:
    table = Table("what", "engine", "value", "goal", "reached")
    for line in judged(measured):
        value = f"{line['value']:.2f}"
        reached = "[green]yes[/]" if line["reached"] else "[red]no[/]"
        table.add_row(str(line["what"]), str(line["engine"]), value, str(line["goal"]), reached)
    console = Console()
    console.print(table)
    console.print("Ratios of one run; those below 1.3 are within the noise of a busy machine.")


def write(measured: Measured, *, to: Path = RESULTS) -> None:
    content = {
        "machine": machine.facts(),
        "goals": judged(measured),
        "figures": {
            backend: {name: round(value, 4) for name, value in sorted(figures.items())}
            for backend, figures in measured.items()
        },
    }
    to.write_text(json.dumps(content, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
