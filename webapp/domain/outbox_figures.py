"""How much waits in a site's outbox: numbers only, for who watches the portal."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from webapp.data.database import to_micros
from webapp.data.outbox import DEAD, QUEUED
from webapp.data.statements import rows


@dataclass(frozen=True, slots=True)
class OutboxFigures:
    waiting: int
    dead: int
    oldest_seconds: float  # of those that are due: since when the oldest was to go


def outbox_figures(*, now: datetime) -> OutboxFigures:
    counted = rows(
        "SELECT state, count(*) AS number, min(next_attempt_at) AS first FROM outbox_message"
        " WHERE state = :queued OR state = :dead GROUP BY state",
        queued=QUEUED,
        dead=DEAD,
    )
    number = {row.state: int(row.number) for row in counted}
    first = min((row.first for row in counted if row.state == QUEUED), default=to_micros(now))
    oldest = max(0, to_micros(now) - first) / 1_000_000
    return OutboxFigures(number.get(QUEUED, 0), number.get(DEAD, 0), oldest)
