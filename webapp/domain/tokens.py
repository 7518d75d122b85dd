"""Mailed links that may be used once. Only their hash is kept, and looking at one never uses it up."""

from __future__ import annotations

import secrets
from datetime import datetime, timedelta

import peewee as pw

from webapp.data.accounts import Person
from webapp.data.billing import InvoiceRecipient
from webapp.data.database import atomic
from webapp.data.records import insert
from webapp.data.sign_in import Token
from webapp.domain.hashing import hash_token
from webapp.domain.refusals import Refusal
from webapp.i18n import _

SET_PASSWORD = "set_password"
INVOICE_ADDRESS = "invoice_address"
CONFIRM_EMAIL = "confirm_email"
PROVE_CLAIM = "prove_claim"
OBJECT_CLAIM = "object_claim"
SECOND_FACTOR = "second_factor"  # never mailed: held by who has shown the password
LOST_FACTOR = "lost_factor"
UNSUBSCRIBE = "unsubscribe"  # the only one that works more than once
# Each concerns one thing of several: using one leaves those for the others.
_EACH_FOR_ITSELF = (PROVE_CLAIM, OBJECT_CLAIM)
_RANDOM_BYTES = 32


class TokenInvalid(Refusal):
    """Used, expired, or never issued: which of them is told to nobody."""

    def __str__(self) -> str:
        return _(
            "This link does not work any more: it was used already, or it is too old. Ask for a new one."
        )


def mint(
    purpose: str,
    *,
    person: Person | None,
    recipient: InvoiceRecipient | None = None,
    minutes: int,
    next_path: str,
    now: datetime,
    concerns: str = "",
) -> str:
    """The secret itself, which is nowhere else afterwards. It is a person's, or an address' for invoices."""
    token = secrets.token_urlsafe(_RANDOM_BYTES)
    insert(
        Token,
        token_hash=hash_token(token),
        purpose=purpose,
        person=person,
        recipient=recipient,
        next_path=next_path,
        concerns=concerns,
        created_at=now,
        expires_at=now + timedelta(minutes=minutes),
    )
    return token


def peek(token: str, purpose: str, *, now: datetime) -> Token:
    """What the link would do, for a GET: mail scanners fetch links before people do."""
    found = Token.get_or_none(
        (Token.token_hash == hash_token(token))
        & (Token.purpose == purpose)
        & Token.used_at.is_null()
        & (Token.expires_at > now)
    )
    if found is None:
        raise TokenInvalid
    return found


def consume(token: str, purpose: str, *, now: datetime) -> Token:
    """Uses the link up. Its owner's other links of this purpose die with it."""
    with atomic():
        found = peek(token, purpose, now=now)
        if not _mark_used(found, now):
            raise TokenInvalid
        whose = (Token.person == found.person) & (Token.recipient == found.recipient)
        if purpose in _EACH_FOR_ITSELF:
            whose &= Token.concerns == found.concerns
        _kill(whose, purpose, now=now)
        found.used_at = now
        return found


def kill(person: Person, purpose: str, *, now: datetime) -> None:
    """Links of this purpose that were mailed to the person work no longer."""
    _kill(Token.person == person, purpose, now=now)


def _kill(whose: pw.Expression, purpose: str, *, now: datetime) -> None:
    Token.update(used_at=now).where(whose, Token.purpose == purpose, Token.used_at.is_null()).execute()


def _mark_used(token: Token, now: datetime) -> bool:
    """False if somebody was faster."""
    unused = (Token.token_hash == token.token_hash) & Token.used_at.is_null()
    return Token.update(used_at=now).where(unused).execute() == 1
