"""Who is there: sign in, sessions as rows, passwords by mailed link.

Answers never tell whether an address is known.
"""

from __future__ import annotations

import logging
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta

from webapp.data.accounts import Account, Person
from webapp.data.database import STORAGE_FAILURES, atomic, from_micros, to_micros
from webapp.data.keys import email_key
from webapp.data.records import find, insert
from webapp.data.second_factors import SecondFactor
from webapp.data.sign_in import Session
from webapp.data.statements import rows
from webapp.domain import audit, limits, outbox, tokens
from webapp.domain.hashing import hash_token
from webapp.domain.people import passwords
from webapp.domain.refusals import Refusal
from webapp.domain.seats import seats
from webapp.domain.subscriptions import transfer
from webapp.i18n import _

log = logging.getLogger(__name__)

IDLE = timedelta(hours=12)
ABSOLUTE = timedelta(days=7)
SEEN_STEP = timedelta(minutes=5)  # how exactly "last seen" is kept: not a write for every page
LINK_MINUTES = 60
HALF_MINUTES = 15  # from the password to the second factor
MOST_ACCOUNTS = 100  # of one person, as far as pages offer them

SIGN_INS = limits.Limit("sign_in", times=10, within=timedelta(minutes=5))
RESETS = limits.Limit("password_link", times=5, within=timedelta(days=1))


class SignInRefused(Refusal):
    def __str__(self) -> str:
        return _("The email address or the password is not right for this country site.")


class CodeNeeded(Refusal):
    """The password was right, and they have a second factor: `half` says that the first one was shown."""

    def __init__(self, half: str) -> None:
        self.half = half
        super().__init__()

    def __str__(self) -> str:
        return _("Enter the code.")


@dataclass(frozen=True, slots=True)
class OwnAccount:
    """An account that the person belongs to."""

    id: int
    customer_number: str
    name: str
    billing: bool


@dataclass(frozen=True, slots=True)
class SignedIn:
    """The person behind a session, as every page needs them: one query."""

    person_id: int
    name: str
    email: str
    language: str
    token_hash: str
    last_seen_at: datetime
    accounts: tuple[OwnAccount, ...]
    account: OwnAccount | None  # the one this session looks at

    @property
    def account_name(self) -> str | None:
        return self.account.name if self.account else None


# A row for each account of the person.
_SESSION_SQL = f"""
SELECT p.id AS person_id, p.name, p.email, p.language, s.token_hash, s.created_at, s.last_seen_at,
       s.account_id AS chosen_id, m.billing_since,
       a.id AS account_id, a.customer_number, a.name AS account_name
FROM session s JOIN person p ON p.id = s.person_id
LEFT JOIN membership m ON m.person_id = p.id LEFT JOIN account a ON a.id = m.account_id
WHERE s.token_hash = :token_hash AND s.created_at > :oldest AND s.last_seen_at > :idle
ORDER BY m.id LIMIT {MOST_ACCOUNTS}
"""


def person_of_session(token: str, *, now: datetime) -> SignedIn | None:
    memberships = rows(
        _SESSION_SQL,
        token_hash=hash_token(token),
        oldest=to_micros(now - ABSOLUTE),
        idle=to_micros(now - IDLE),
    )
    if not memberships:
        return None
    found = memberships[0]
    seen = from_micros(found.last_seen_at)
    if now - seen > SEEN_STEP:
        _note_seen(found.token_hash, found.person_id, now=now)
    accounts = tuple(
        OwnAccount(one.account_id, one.customer_number, one.account_name, one.billing_since is not None)
        for one in memberships
        if one.account_id is not None
    )
    chosen = (account for account in accounts if account.id == found.chosen_id)
    looked_at = next(chosen, accounts[0] if accounts else None)
    return SignedIn(
        found.person_id, found.name, found.email, found.language, found.token_hash, seen, accounts, looked_at
    )


def _note_seen(token_hash: str, person_id: int, *, now: datetime) -> None:
    """While nothing can be stored, who only reads is not turned away."""
    try:
        Session.update(last_seen_at=now).where(Session.token_hash == token_hash).execute()
        _note_presence(person_id, now=now)  # they were signed in already, and have come
    except STORAGE_FAILURES as failure:
        log.warning("that somebody was seen could not be noted: %s", failure)


def look_at_account(signed_in: SignedIn, account: Account) -> None:
    """From now on this session shows what belongs to this account."""
    Session.update(account=account).where(Session.token_hash == signed_in.token_hash).execute()


def sign_in(email: str, password: str, *, user_agent: str = "", now: datetime) -> str:
    """The session's token, or `SignInRefused`, whichever of address and password was wrong. `CodeNeeded`, if
    they have a second factor."""
    address = email_key(email)
    limits.check(SIGN_INS, address, now=now)
    person = find(Person, email_key=address)
    # Outside any transaction: a hash takes longer than anybody should wait for a lock.
    if not passwords.verify(password, person.password_hash if person else None) or person is None:
        _note_failure(address, person, now=now)
        raise SignInRefused
    if half := _half(person, now=now):
        raise CodeNeeded(half)
    with atomic():
        token = start_session(person, user_agent=user_agent, now=now)
        audit.record(audit.SIGNED_IN, actor=audit.Actor.of(person), person=person, now=now)
    return token


def _half(person: Person, *, now: datetime) -> str:
    """Nothing, if the password is all they have to show."""
    factor = (SecondFactor.person == person) & SecondFactor.confirmed_at.is_null(False)
    if not SecondFactor.select().where(factor).exists():
        return ""
    return tokens.mint(tokens.SECOND_FACTOR, person=person, minutes=HALF_MINUTES, next_path="", now=now)


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
    _note_presence(person.id, now=now)
    return token


def _note_presence(person_id: int, *, now: datetime) -> None:
    """What was handed over to them or given to them for use is theirs from now on."""
    transfer.settle(person_id, now=now)
    seats.arrive(person_id, now=now)


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


class PasswordWrong(Refusal):
    def __str__(self) -> str:
        return _("That is not your password.")


def prove(person: Person, password: str, *, now: datetime) -> None:
    """That it is they who ask: by the password they have, tried as seldom as when signing in."""
    limits.check(SIGN_INS, person.email_key, now=now)
    if not passwords.verify(password, person.password_hash):
        _note_failure(person.email_key, person, now=now)
        raise PasswordWrong


def change_password(signed_in: SignedIn, *, current: str, new: str, now: datetime) -> None:
    """All other sessions end; this one goes on."""
    person = Person.get_by_id(signed_in.person_id)
    prove(person, current, now=now)
    passwords.check_strength(new, email=person.email, name=person.name)
    hashed = passwords.hash_password(new)
    with atomic():
        unchanged = (Person.id == person.id) & (Person.password_hash == person.password_hash)
        if Person.update(password_hash=hashed).where(unchanged).execute() != 1:
            raise PasswordWrong  # it was changed elsewhere meanwhile
        others = (Session.person == person) & (Session.token_hash != signed_in.token_hash)
        Session.delete().where(others).execute()
        tokens.kill(person, tokens.SET_PASSWORD, now=now)
        tokens.kill(person, tokens.SECOND_FACTOR, now=now)
        outbox.withdraw_links(person, tokens.SET_PASSWORD)
        audit.record(audit.PASSWORD_SET, actor=audit.Actor.of(person), person=person, now=now)
        outbox.enqueue("password_changed", to=person, path="/password/forgotten", now=now)


@dataclass(frozen=True, slots=True)
class PasswordSet:
    session_token: str  # empty: a second factor is to be shown first, as `half` says
    next_path: str
    half: str = ""


def set_password(token: str, password: str, *, user_agent: str = "", now: datetime) -> PasswordSet:
    """Uses up the mailed link, ends every other session of the person and signs them in, as far as that
    goes without their second factor."""
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
        tokens.kill(person, tokens.SECOND_FACTOR, now=now)
        half = _half(person, now=now)
        session_token = "" if half else start_session(person, user_agent=user_agent, now=now)
    return PasswordSet(session_token, used.next_path, half)
