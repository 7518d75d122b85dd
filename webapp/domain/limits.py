"""How often somebody may try something: counted from rows at the site, so that support can unlock."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from webapp.data.database import atomic
from webapp.data.sign_in import Attempt
from webapp.data.support import SharedAttempt
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


Attempts = type[Attempt] | type[SharedAttempt]  # of the bound site, or over all sites


def check(limit: Limit, subject: str, *, now: datetime, attempts: Attempts = Attempt) -> None:
    """Raises `TooOften` while the limit is reached; counts nothing."""
    recent = (
        attempts.select(attempts.at)
        .where(attempts.kind == limit.kind, attempts.subject == subject, attempts.at > now - limit.within)
        .order_by(attempts.at.desc())
        .limit(limit.times)
    )
    instants = [attempt.at for attempt in recent]
    if len(instants) >= limit.times:
        raise TooOften(instants[-1] + limit.within - now)


def count(limit: Limit, subject: str, *, now: datetime, attempts: Attempts = Attempt) -> None:
    attempts.insert(kind=limit.kind, subject=subject, at=now).execute()


def spend(limit: Limit, subject: str, *, now: datetime) -> None:
    """Checks and counts in one go."""
    with atomic():
        check(limit, subject, now=now)
        count(limit, subject, now=now)
