"""Limits that are counted over all sites: rows of the shared database, which must be bound."""

from __future__ import annotations

from datetime import datetime
from hashlib import sha256

from webapp.data import support
from webapp.data.support import SharedAttempt
from webapp.domain.limits import Limit, refuse_when_reached


def _counted(subject: str) -> str:
    """Nobody can read here who tried: subjects are hashed."""
    return sha256(subject.encode()).hexdigest()


def check(limit: Limit, subject: str, *, now: datetime) -> None:
    """Raises `TooOften` while the limit is reached; counts nothing."""
    recent = SharedAttempt.select(SharedAttempt.at).where(
        SharedAttempt.kind == limit.kind,
        SharedAttempt.subject == _counted(subject),
        SharedAttempt.at > now - limit.within,
    )
    newest = recent.order_by(SharedAttempt.at.desc()).limit(limit.times)
    refuse_when_reached(limit, [attempt.at for attempt in newest], now=now)


def count(limit: Limit, subject: str, *, now: datetime) -> None:
    SharedAttempt.insert(kind=limit.kind, subject=_counted(subject), at=now).execute()


def spend(limit: Limit, subject: str, *, now: datetime) -> None:
    """Checks and counts in one go."""
    with support.atomic():
        check(limit, subject, now=now)
        count(limit, subject, now=now)


def forget(limit: Limit, subject: str) -> None:
    """Somebody has shown who they are: what was tried before counts no more."""
    SharedAttempt.delete().where(
        SharedAttempt.kind == limit.kind, SharedAttempt.subject == _counted(subject)
    ).execute()
