"""Who is there: sign in, sessions as rows, passwords by mailed link.

Answers never tell whether an address is known.
"""

from __future__ import annotations

import hashlib
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta

from webapp.data.accounts import Person
from webapp.data.database import atomic, from_micros, to_micros
from webapp.data.keys import email_key
from webapp.data.records import find, insert
from webapp.data.sign_in import Session
from webapp.data.statements import row
from webapp.domain import audit, limits, outbox, passwords, tokens, transfer
from webapp.domain.refusals import Refusal
from webapp.i18n import _

IDLE = timedelta(hours=12)
ABSOLUTE = timedelta(days=7)
SEEN_STEP = timedelta(minutes=5)  # how exactly "last seen" is kept: not a write for every page
LINK_MINUTES = 60

SIGN_INS = limits.Limit("sign_in", times=10, within=timedelta(minutes=5))
RESETS = limits.Limit("password_link", times=5, within=timedelta(days=1))


class SignInRefused(Refusal):
    def __str__(self) -> str:
        return _("The email address or the password is not right for this country site.")


@dataclass(frozen=True, slots=True)
class SignedIn:
    """The person behind a session, as every page needs them: one query."""

    person_id: int
    name: str
    email: str
    language: str
    account_name: str | None
    token_hash: str
    last_seen_at: datetime


_SESSION_SQL = """
SELECT p.id AS person_id, p.name, p.email, p.language, s.token_hash, s.created_at, s.last_seen_at,
       (SELECT a.name FROM membership m JOIN account a ON a.id = m.account_id
        WHERE m.person_id = p.id ORDER BY m.id LIMIT 1) AS account_name
FROM session s JOIN person p ON p.id = s.person_id
WHERE s.token_hash = :token_hash AND s.created_at > :oldest AND s.last_seen_at > :idle
"""


def hash_token(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()


def person_of_session(token: str, *, now: datetime) -> SignedIn | None:
    found = row(
        _SESSION_SQL,
        token_hash=hash_token(token),
        oldest=to_micros(now - ABSOLUTE),
        idle=to_micros(now - IDLE),
    )
    if found is None:
        return None
    seen = from_micros(found.last_seen_at)
    if now - seen > SEEN_STEP:
        Session.update(last_seen_at=now).where(Session.token_hash == found.token_hash).execute()
        transfer.settle(found.person_id, now=now)  # they were signed in already, and have come
    return SignedIn(
        found.person_id, found.name, found.email, found.language, found.account_name, found.token_hash, seen
    )


def sign_in(email: str, password: str, *, user_agent: str = "", now: datetime) -> str:
    """The session's token, or `SignInRefused`, whichever of address and password was wrong."""
    address = email_key(email)
    limits.check(SIGN_INS, address, now=now)
    person = find(Person, email_key=address)
    # Outside any transaction: a hash takes longer than anybody should wait for a lock.
    if not passwords.verify(password, person.password_hash if person else None) or person is None:
        _note_failure(address, person, now=now)
        raise SignInRefused
    with atomic():
        token = start_session(person, user_agent=user_agent, now=now)
        audit.record(audit.SIGNED_IN, actor=audit.Actor.of(person), person=person, now=now)
    return token


def _note_failure(address: str, person: Person | None, *, now: datetime) -> None:
    with atomic():
        limits.count(SIGN_INS, address, now=now)
        if person:
            audit.record(audit.SIGN_IN_FAILED, actor=audit.PORTAL, person=person, now=now)


def start_session(person: Person, *, user_agent: str, now: datetime) -> str:
    token = secrets.token_urlsafe(32)
    insert(
        Session,
        token_hash=hash_token(token),
        person=person,
        created_at=now,
        last_seen_at=now,
        user_agent=user_agent[:200],
    )
    if person.first_signed_in_at is None:
        first = (Person.id == person.id) & Person.first_signed_in_at.is_null()
        Person.update(first_signed_in_at=now).where(first).execute()
    transfer.settle(person.id, now=now)
    return token


def sign_out(signed_in: SignedIn, *, now: datetime) -> None:
    person = Person.get_by_id(signed_in.person_id)
    with atomic():
        Session.delete().where(Session.token_hash == signed_in.token_hash).execute()
        audit.record(audit.SIGNED_OUT, actor=audit.Actor.of(person), person=person, now=now)


def request_password_link(email: str, *, next_path: str = "", now: datetime) -> None:
    """Mails a single-use link to the address if it is known here. Silent either way."""
    address = email_key(email)
    limits.spend(RESETS, address, now=now)
    person = Person.get_or_none(Person.email_key == address)
    if person:
        send_password_link(person, next_path=next_path, now=now)


def send_password_link(person: Person, *, next_path: str, now: datetime) -> None:
    with atomic():
        outbox.enqueue(
            "set_password",
            to=person,
            token=outbox.TokenRequest(tokens.SET_PASSWORD, minutes=LINK_MINUTES, next_path=next_path),
            minutes=LINK_MINUTES,
            now=now,
        )


@dataclass(frozen=True, slots=True)
class PasswordSet:
    session_token: str
    next_path: str


def set_password(token: str, password: str, *, user_agent: str = "", now: datetime) -> PasswordSet:
    """Uses up the mailed link, ends every other session of the person and signs them in."""
    person = tokens.peek(token, tokens.SET_PASSWORD, now=now).person
    passwords.check_strength(password, email=person.email, name=person.name)
    hashed = passwords.hash_password(password)
    with atomic():
        used = tokens.consume(token, tokens.SET_PASSWORD, now=now)
        had_one = person.password_hash is not None
        Person.update(password_hash=hashed).where(Person.id == person.id).execute()
        Session.delete().where(Session.person == person).execute()
        audit.record(audit.PASSWORD_SET, actor=audit.Actor.of(person), person=person, now=now)
        if had_one:
            outbox.enqueue("password_changed", to=person, path="/password/forgotten", now=now)
        session_token = start_session(person, user_agent=user_agent, now=now)
    return PasswordSet(session_token, used.next_path)
