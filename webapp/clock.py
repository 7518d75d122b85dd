"""The only place that asks for the time."""

from __future__ import annotations

import fcntl
import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

Clock = Callable[[], datetime]


def system_clock() -> datetime:
    return datetime.now(UTC)


def _shared_offset(instant: datetime, folder: Path) -> timedelta:
    """How far the demo's clock is from the real one.

    The first process that asks for this instant writes the offset down; all later ones, started by
    hand or by the server, read it, so that every process shares one running clock. Another instant
    starts the clock anew.
    """
    folder.mkdir(parents=True, exist_ok=True)
    with open(folder / "clock.json", "a+", encoding="utf-8") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        file.seek(0)
        text = file.read()
        stored = json.loads(text) if text else {}
        asked = instant.astimezone(UTC).isoformat()
        if stored.get("instant") != asked:
            offset = (instant - system_clock()).total_seconds()
            stored = {"instant": asked, "offset_seconds": offset}
            file.truncate(0)
            file.write(json.dumps(stored))
            file.flush()
    return timedelta(seconds=stored["offset_seconds"])


def make_clock(start: datetime | None, folder: Path) -> Clock:
    """The real clock, or one that runs on from `start` (demo and tests)."""
    if start is None:
        return system_clock
    offset = _shared_offset(start, folder)
    return lambda: system_clock() + offset
