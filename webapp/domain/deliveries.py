"""E-mails that did not arrive: what servers refused, what came back, and for whom."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from webapp.data.accounts import Person
from webapp.data.database import from_micros
from webapp.data.outbox import BOUNCED, DEAD, QUEUED, SENT, OutboxMessage
from webapp.data.statements import rows
from webapp.data.subscriptions import Subscription
from webapp.mail.bounces import Bounce

UNDELIVERED = (DEAD, BOUNCED)


@dataclass(frozen=True, slots=True)
class Undelivered:
    message_id: str
    kind: str
    to_email: str
    subject: str
    state: str
    written_at: datetime
    bounced_at: datetime | None  # None: it was never taken
    reason: str  # in the servers' words


_COLUMNS = "message_id, kind, to_email, subject, state, created_at, bounced_at, last_error"
_OF_PERSON = f"""
SELECT {_COLUMNS} FROM outbox_message
WHERE person_id = :person AND state IN ('dead', 'bounced') AND to_email = :email ORDER BY id DESC LIMIT :most
"""
_OF_SUBSCRIPTION = f"""
SELECT {_COLUMNS} FROM outbox_message
WHERE subscription_id = :subscription AND state IN ('dead', 'bounced') ORDER BY id DESC LIMIT :most
"""
_ALL = f"""
SELECT {_COLUMNS} FROM outbox_message WHERE state IN ('dead', 'bounced') ORDER BY id DESC LIMIT :most
"""


def problems_of(person: Person, *, most: int = 20) -> Sequence[Undelivered]:
    """Newest first. What failed at an address that they have no more is no problem now."""
    return [_undelivered(row) for row in rows(_OF_PERSON, person=person.id, email=person.email, most=most)]


def problems_of_subscription(subscription: Subscription, *, most: int = 20) -> Sequence[Undelivered]:
    """To whomever they went, newest first."""
    return [_undelivered(row) for row in rows(_OF_SUBSCRIPTION, subscription=subscription.id, most=most)]


def all_problems(*, most: int = 1000) -> Sequence[Undelivered]:
    """Of the site, newest first."""
    return [_undelivered(row) for row in rows(_ALL, most=most)]


def _undelivered(row: Any) -> Undelivered:
    return Undelivered(
        message_id=row.message_id,
        kind=row.kind,
        to_email=row.to_email,
        subject=row.subject,
        state=row.state,
        written_at=from_micros(row.created_at),
        bounced_at=None if row.bounced_at is None else from_micros(row.bounced_at),
        reason=row.last_error,
    )


def note_bounce(bounce: Bounce, *, now: datetime) -> bool:
    """False: it was known already, or no such mail left this site. Reading a report twice changes nothing."""
    change = OutboxMessage.update(state=BOUNCED, bounced_at=now, last_error=bounce.in_words, claim=None)
    left = OutboxMessage.state.in_((QUEUED, SENT)) & (OutboxMessage.attempts > 0)
    return bool(change.where((OutboxMessage.message_id == bounce.message_id) & left).execute())


def retry(message_id: str, *, now: datetime) -> bool:
    """It starts again, with the same Message-ID. False: no such message failed."""
    return _retry(OutboxMessage.message_id == message_id, now=now) == 1


def retry_all(*, now: datetime) -> int:
    """How many start again."""
    return _retry(OutboxMessage.id > 0, now=now)


def _retry(which: Any, *, now: datetime) -> int:
    change = OutboxMessage.update(state=QUEUED, next_attempt_at=now, attempts=0, bounced_at=None)
    return int(change.where(which & OutboxMessage.state.in_(UNDELIVERED)).execute())
