"""This machine: who runs on which core, and what a process has used of it."""

from __future__ import annotations

import os
import platform
import sqlite3
import sys
from importlib.metadata import version
from pathlib import Path

PROC = Path("/proc")
_CORES = sorted(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else [0]
SERVER_CORE, LOAD_CORE = _CORES[-1], _CORES[0]
_PACKAGES = ("flask", "granian", "jinja2", "peewee", "psycopg", "reportlab", "weasyprint", "werkzeug")


def facts() -> dict[str, object]:
    return {
        "system": f"{platform.system()} {platform.machine()}",
        "cores": len(_CORES),
        "python": platform.python_version(),
        "sqlite": sqlite3.sqlite_version,
        "packages": {name: version(name) for name in _PACKAGES},
    }


def refuse_where_it_cannot_measure() -> None:
    if not (PROC / "self/schedstat").exists() or len(_CORES) < 2:
        sys.exit("The bench needs Linux and two cores: one for the server, one for the load.")


def family(pid: int) -> list[int]:
    """The process and its descendants."""
    children = [
        int(child)
        for task in (PROC / str(pid) / "task").iterdir()
        for child in (task / "children").read_text().split()
    ]
    return [pid, *(descendant for child in children for descendant in family(child))]


def cpu_seconds(pids: list[int]) -> float:
    """Of all their threads, to the nanosecond."""
    return sum(_task_seconds(task) for pid in pids for task in _tasks(pid))


def _tasks(pid: int) -> list[Path]:
    """None of a process that has gone: a server of a database has some that come and go."""
    try:
        return list((PROC / str(pid) / "task").iterdir())
    except FileNotFoundError:
        return []


def _task_seconds(task: Path) -> float:
    try:
        return int((task / "schedstat").read_text().split()[0]) / 1e9
    except (FileNotFoundError, ProcessLookupError):  # the thread has ended
        return 0.0


def resident_mib(pid: int) -> float:
    for line in (PROC / str(pid) / "status").read_text().splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1]) / 1024
    return 0.0
