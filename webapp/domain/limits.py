"""How often somebody may try something: counted from rows at the site, so that support can unlock."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from webapp.data.database import atomic, from_micros, to_micros
from webapp.data.records import insert
from webapp.data.sign_in import Attempt
from webapp.data.statements import rows
from webapp.domain.refusals import Refusal
from webapp.i18n import _

KEPT = timedelta(days=7)  # attempts are deleted then: longer than any limit looks back


@dataclass(frozen=True, slots=True)
class Limit:
    kind: str
    times: int
    within: timedelta


class TooOften(Refusal):
    def __init__(self, retry_after: timedelta) -> None:
        self.retry_after = retry_after
        super().__init__()

    def __str__(self) -> str:
        return _("That was tried too often. Please wait a while and try again.")


_RECENT_SQL = """
SELECT at FROM attempt WHERE kind = :kind AND subject = :subject AND at > :since ORDER BY at DESC LIMIT :times
"""


def check(limit: Limit, subject: str, *, now: datetime) -> None:
    """Raises `TooOften` while the limit is reached; counts nothing."""
    recent = rows(
        _RECENT_SQL,
        kind=limit.kind,
        subject=subject,
        since=to_micros(now - limit.within),
        times=limit.times,
    )
    refuse_when_reached(limit, [from_micros(attempt.at) for attempt in recent], now=now)


def refuse_when_reached(limit: Limit, instants: Sequence[datetime], *, now: datetime) -> None:
    """`instants` of the latest attempts within the limit's time, newest first."""
    if len(instants) >= limit.times:
        raise TooOften(instants[limit.times - 1] + limit.within - now)


def count(limit: Limit, subject: str, *, now: datetime) -> None:
    insert(Attempt, kind=limit.kind, subject=subject, at=now)


def spend(limit: Limit, subject: str, *, now: datetime) -> None:
    """Checks and counts in one go."""
    with atomic():
        check(limit, subject, now=now)
        count(limit, subject, now=now)


def forgive(limit: Limit, subject: str) -> int:
    """What was tried so far counts no more; how often that was."""
    return int(Attempt.delete().where(Attempt.kind == limit.kind, Attempt.subject == subject).execute())
