"""E-mails that did not arrive: what servers refused, what came back, and for whom."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from webapp.data.accounts import Person
from webapp.data.database import from_micros
from webapp.data.outbox import BOUNCED, DEAD, QUEUED, SENT, OutboxMessage
from webapp.data.statements import rows
from webapp.data.subscriptions import Subscription
from webapp.i18n import N_, _
from webapp.mail.bounces import Bounce

UNDELIVERED = (DEAD, BOUNCED)

# Of an e-mail `x` to person `p`: it failed at the address that they have, and none came there since that …
_FAILED = """x.person_id = p.id AND x.to_email = p.email AND x.state IN ('dead', 'bounced')
 AND NOT EXISTS (SELECT 1 FROM outbox_message later WHERE later.person_id = x.person_id
  AND later.state IN ({since}) AND later.to_email = x.to_email AND later.id > x.id)"""
_NONE_ARRIVED = _FAILED.format(since="'sent'")
_LAST = _FAILED.format(since="'sent', 'dead', 'bounced'")
# Why the last one to person `p` did not arrive, in the servers' words; NULL: nothing is known to be wrong.
UNDELIVERED_SQL = f"(SELECT x.last_error FROM outbox_message x WHERE {_LAST})"
# How many who hold a seat of subscription `s` on the local day `:today` its e-mails do not reach.
UNREACHED_USERS_SQL = f"""(SELECT count(DISTINCT x.person_id) FROM outbox_message x
 JOIN person p ON p.id = x.person_id
 WHERE x.subscription_id = s.id AND x.person_id <> s.administrator_id AND {_NONE_ARRIVED}
 AND EXISTS (SELECT 1 FROM seat held WHERE held.subscription_id = s.id AND held.person_id = x.person_id
  AND held.counted = 1 AND held.over_on > :today))"""
# Who these are, and perhaps others who hold no seat any more, of one subscription.
UNREACHED_SQL = f"""SELECT x.person_id FROM outbox_message x JOIN person p ON p.id = x.person_id
 WHERE x.subscription_id = :subscription AND {_NONE_ARRIVED}"""

_CODE = re.compile(r"(?<![\d.])[245]\.(\d{1,3})\.(\d{1,3})(?![\d.])")  # as RFC 3463 numbers what went wrong
_NOBODY = N_("The last email came back: there is no such mailbox.")
_FULL = N_("The last email came back: the mailbox is full.")
_TOO_LARGE = N_("The last email was refused by the recipient’s mail server as too large.")
_UNREACHABLE = N_("The last email was not delivered: the recipient’s mail server did not answer for days.")
_UNWANTED = N_("The last email was refused by the recipient’s mail server as unwanted.")
_REFUSED = N_("The last email was refused by the recipient’s mail server.")
# The same in few words, within a sentence.
_SHORT = {
    _NOBODY: N_("mailbox unknown"),
    _FULL: N_("mailbox full"),
    _TOO_LARGE: N_("message too large"),
    _UNREACHABLE: N_("the mail server did not answer"),
    _UNWANTED: N_("taken for unwanted mail"),
    _REFUSED: N_("the server does not say why"),
}
_BY_DETAIL = {"2.2": _FULL, "2.1": _NOBODY, "2.3": _TOO_LARGE, "3.4": _TOO_LARGE}
_BY_SUBJECT = {"1": _NOBODY, "4": _UNREACHABLE, "7": _UNWANTED}


def reason_in_words(told: str) -> str:
    """What the servers' words mean, for people."""
    return _(_reason(told))


def reason_in_short(told: str) -> str:
    """For a sentence that says more: `mailbox unknown`."""
    return _(_SHORT[_reason(told)])


def _reason(told: str) -> str:
    if code := _CODE.search(told):
        subject, detail = code.groups()
        return _BY_DETAIL.get(f"{subject}.{detail}") or _BY_SUBJECT.get(subject) or _REFUSED
    return _REFUSED if told[:1] in ("4", "5") else _UNREACHABLE


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
