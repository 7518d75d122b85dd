"""E-mails: written in the transaction of what they tell, delivered later, as often as it takes.

A message is rendered when it is written and never again. Only secrets are not in it: a placeholder stands
where the link's token will be, and each try to deliver mints a token of its own.
"""

from __future__ import annotations

import json
import secrets
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

import peewee as pw

from webapp.data.accounts import Person
from webapp.data.billing import InvoiceRecipient
from webapp.data.database import current_site
from webapp.data.outbox import DEAD, QUEUED, SENT, WITHDRAWN, OutboxMessage
from webapp.data.records import insert
from webapp.data.statements import rows
from webapp.data.subscriptions import Order, Subscription
from webapp.domain import tokens
from webapp.i18n import Speech, speech
from webapp.mail.message import Secret
from webapp.mail.render import one_line, render
from webapp.sites import Site

TOKEN_PATHS = {
    tokens.SET_PASSWORD: "/password/set/",
    tokens.CONFIRM_EMAIL: "/profile/email/confirm/",
    tokens.INVOICE_ADDRESS: "/invoice-address/",
    tokens.UNSUBSCRIBE: "/reminders/",
    tokens.LOST_FACTOR: "/sign-in/lost/",
}

# After each failed try; the last of them passes on the third day.
_WAITS = [timedelta(minutes=minutes) for minutes in (1, 5, 15, 60, 180)] + [timedelta(hours=6)] * 11
LEASE = timedelta(minutes=5)  # a worker that crashed keeps a message no longer than this
_SERVER_PAUSE = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class TokenRequest:
    """The mail's link is to hold a secret that works once, for so many minutes from delivery."""

    purpose: str
    minutes: int
    next_path: str = ""
    concerns: str = ""


@dataclass(frozen=True, slots=True)
class Addressee:
    """An address that is no person of the site; templates meet it as one."""

    email: str
    name: str
    language: str
    recipient: InvoiceRecipient


def speech_for(person: Person | Addressee, site: Site) -> Speech:
    return speech(site.language_for(person.language) or site.default_language, site.territory)


def enqueue(
    kind: str,
    *,
    to: Person | Addressee,
    now: datetime,
    subscription: Subscription | None = None,
    path: str = "",
    token: TokenRequest | None = None,
    address: str = "",
    attachments: Sequence[tuple[str, str]] = (),
    offers_unsubscribing: bool = False,
    **context: Any,
) -> None:
    """Writes the mail of `templates/email/<kind>/`, whose `subject.txt` says which context it needs.

    `address`: where it goes, if that is not the person's own. `attachments`: subject and form of documents,
    which are made when the mail is delivered. `offers_unsubscribing`: mail programs may show a button that
    posts to the token's link.
    """
    site = current_site()
    number = uuid.uuid4().hex
    spoken = speech_for(to, site)
    known = {**context, "person": to, "subscription": subscription, "token": token, "now": now}
    known["link"] = site.origin + (_token_path(token, number) if token else path)
    mail = render(kind, site=site, speech=spoken, context=known)
    insert(
        OutboxMessage,
        message_id=f"<{number}@{urlsplit(site.origin).hostname}>",
        kind=kind,
        to_email=address or to.email,
        to_name=one_line(to.name),
        language=spoken.code,
        subject=mail.subject,
        text=mail.text,
        html=mail.html,
        attachments=json.dumps(attachments) if attachments else "",
        unsubscribe=known["link"] if offers_unsubscribing else "",
        person=None if isinstance(to, Addressee) else to,
        recipient=to.recipient if isinstance(to, Addressee) else None,
        subscription=subscription,
        token_purpose=token and token.purpose,
        token_next_path=token.next_path if token else "",
        token_minutes=token and token.minutes,
        token_concerns=token.concerns if token else "",
        created_at=now,
        next_attempt_at=now,
    )


def _placeholder(number: str) -> str:
    """Known to nobody before the message is written, so that no name or order can contain it."""
    return f"token-{number}"


def _token_path(token: TokenRequest, number: str) -> str:
    return TOKEN_PATHS[token.purpose] + _placeholder(number)


def withdraw_links(person: Person, purpose: str) -> int:
    """Links for this person that have not left yet never will."""
    waiting = (OutboxMessage.person == person) & (OutboxMessage.token_purpose == purpose)
    change = OutboxMessage.update(state=WITHDRAWN, claim=None)
    return int(change.where(waiting & (OutboxMessage.state == QUEUED)).execute())


def withdraw_pending(subscription: Subscription, kind: str, *, to: Person | None = None) -> int:
    """What has not left yet (to this person, if one is named) never will: its link is dead. Says how many."""
    waiting = (OutboxMessage.subscription == subscription) & (OutboxMessage.kind == kind)
    if to is not None:
        waiting &= OutboxMessage.person == to
    change = OutboxMessage.update(state=WITHDRAWN, claim=None)
    return int(change.where(waiting & (OutboxMessage.state == QUEUED)).execute())


def withdraw_for_recipient(recipient: InvoiceRecipient) -> None:
    """The same for an address that is taken off the list."""
    waiting = (OutboxMessage.recipient == recipient) & (OutboxMessage.state == QUEUED)
    OutboxMessage.update(state=WITHDRAWN, claim=None).where(waiting).execute()


# ---- delivery: claim, send outside any transaction, say how it went


def claim_next(*, due_by: datetime, now: datetime) -> OutboxMessage | None:
    """The next message, which from now on is this worker's alone until its lease runs out."""
    while (message := _next_due(due_by)) is not None:
        if message.attempts > len(_WAITS):
            _give_up(message, message.last_error or "Given up: each try ended without an answer.")
        elif _take(message, now):
            return message
    return None


def _next_due(due_by: datetime) -> OutboxMessage | None:
    waiting = (OutboxMessage.state == QUEUED) & (OutboxMessage.next_attempt_at <= due_by)
    order = (OutboxMessage.next_attempt_at, OutboxMessage.id)
    return OutboxMessage.select().where(waiting).order_by(*order).first()


def _take(message: OutboxMessage, now: datetime) -> bool:
    """Losing is normal: another worker was faster. The try is counted before it is made, so that a mail
    which ends its worker comes to an end itself."""
    claim = secrets.token_hex(16)
    seen = (OutboxMessage.next_attempt_at == message.next_attempt_at) & (OutboxMessage.state == QUEUED)
    change = OutboxMessage.update(claim=claim, next_attempt_at=now + LEASE, attempts=message.attempts + 1)
    if change.where((OutboxMessage.id == message.id) & seen).execute() != 1:
        return False
    message.claim, message.next_attempt_at, message.attempts = claim, now + LEASE, message.attempts + 1
    return True


def secret_for(message: OutboxMessage, *, now: datetime) -> Secret | None:
    """A token of this try's own; those of earlier tries work until one of them is used."""
    if message.token_purpose is None or message.token_minutes is None:
        return None
    token = tokens.mint(
        message.token_purpose,
        person=message.person,
        recipient=message.recipient,
        minutes=message.token_minutes,
        next_path=message.token_next_path,
        concerns=message.token_concerns,
        now=now,
    )
    return Secret(_placeholder(message.message_id.strip("<>").partition("@")[0]), token)


def attached_to(message: OutboxMessage) -> list[tuple[str, str]]:
    """Subject and form of each document that goes with it."""
    return [(subject, form) for subject, form in json.loads(message.attachments or "[]")]


def delivered(message: OutboxMessage, *, now: datetime) -> None:
    """Whatever became of the claim meanwhile: the server has it."""
    change = OutboxMessage.update(state=SENT, sent_at=now, claim=None, last_error="")
    change.where(OutboxMessage.id == message.id).execute()


def failed(message: OutboxMessage, *, error: str, now: datetime, permanent: bool = False) -> str:
    """Its state from now on: queued for another try, or dead."""
    if permanent or message.attempts > len(_WAITS):
        _give_up(message, error)
        return DEAD
    _put_back(message, until=now + _WAITS[message.attempts - 1], error=error, attempts=message.attempts)
    return QUEUED


def postponed(message: OutboxMessage, *, error: str, now: datetime) -> None:
    """The server takes no mail at all: that is no failed try of this one."""
    _put_back(message, until=now + _SERVER_PAUSE, error=error, attempts=message.attempts - 1)


def _put_back(message: OutboxMessage, *, until: datetime, error: str, attempts: int) -> None:
    change = OutboxMessage.update(next_attempt_at=until, last_error=error, attempts=attempts, claim=None)
    change.where(_still_ours(message)).execute()


def _give_up(message: OutboxMessage, error: str) -> None:
    OutboxMessage.update(state=DEAD, last_error=error, claim=None).where(_still_ours(message)).execute()


def _still_ours(message: OutboxMessage) -> pw.Expression:
    claim = OutboxMessage.claim.is_null() if message.claim is None else OutboxMessage.claim == message.claim
    return (OutboxMessage.id == message.id) & (OutboxMessage.state == QUEUED) & claim


# ---- for operators


def counts() -> Mapping[str, int]:
    """State → how many."""
    found = rows("SELECT state, count(*) AS number FROM outbox_message GROUP BY state")
    return {row.state: row.number for row in found}


def messages(state: str | None = None, *, limit: int = 100) -> Sequence[OutboxMessage]:
    """Newest first, without their texts."""
    query = OutboxMessage.select(*_LISTED, Subscription, Order)
    query = query.join(Subscription, pw.JOIN.LEFT_OUTER).join(Order, pw.JOIN.LEFT_OUTER)
    if state:
        query = query.where(OutboxMessage.state == state)
    return list(query.order_by(OutboxMessage.id.desc()).limit(limit))


_LISTED = [field for field in OutboxMessage._meta.sorted_fields if field.name not in ("text", "html")]


def listing(state: str | None = None, *, limit: int = 100) -> list[dict[str, Any]]:
    """The same as plain values: what `portal mail list --json` prints."""
    return [_as_dict(message) for message in messages(state, limit=limit)]


def _as_dict(message: OutboxMessage) -> dict[str, Any]:
    subscription = message.subscription
    return {
        "message_id": message.message_id,
        "kind": message.kind,
        "to": message.to_email,
        "subject": message.subject,
        "language": message.language,
        "state": message.state,
        "attempts": message.attempts,
        "created_at": message.created_at.isoformat(),
        "next_attempt_at": message.next_attempt_at.isoformat() if message.state == QUEUED else None,
        "sent_at": message.sent_at.isoformat() if message.sent_at else None,
        "last_error": message.last_error,
        "subscription": subscription.public_id if subscription else None,
        "order_number": subscription.order.order_number if subscription else None,
    }
