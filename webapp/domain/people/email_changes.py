"""Another e-mail address: it counts as soon as who reads it says so, and not before.

Whether the new address is somebody else's is told to nobody but that somebody.
"""

from __future__ import annotations

from datetime import datetime, timedelta

import peewee as pw

from webapp.data.accounts import Person
from webapp.data.database import atomic
from webapp.data.email_changes import EmailChange
from webapp.data.keys import email_key
from webapp.data.records import find
from webapp.domain import audit, limits, outbox, tokens
from webapp.domain.addresses import checked_email
from webapp.domain.people import sign_in
from webapp.domain.refusals import Refusal
from webapp.domain.seats import seats
from webapp.domain.tokens import TokenInvalid
from webapp.i18n import _

LINK_MINUTES = 60
CHANGES = limits.Limit("email_change", times=5, within=timedelta(days=1))  # each of them sends e-mails


class SameAddress(Refusal):
    def __str__(self) -> str:
        return _("This is your address already.")


def ask(person_id: int, email: str, *, password: str, now: datetime) -> None:
    """Mails a link to the new address and a notice to the old one, which stays until the link was used."""
    address = checked_email(email)
    person = Person.get_by_id(person_id)
    if address == person.email:
        raise SameAddress
    sign_in.prove(person, password, now=now)
    with atomic():
        limits.spend(CHANGES, str(person.id), now=now)
        _drop_open(person, now=now)
        change = EmailChange.create(person=person, email=address, asked_at=now)
        audit.record(audit.EMAIL_CHANGE_ASKED, actor=audit.Actor.of(person), person=person, now=now)
        _mail_new_address(person, change, now=now)
        outbox.enqueue("email_change_asked", to=person, path="/profile", new_email=address, now=now)


def _mail_new_address(person: Person, change: EmailChange, *, now: datetime) -> None:
    """If it is somebody else's, they are told that nothing happens, and nobody else hears it."""
    owner = find(Person, email_key=email_key(change.email))
    if owner is not None and owner.id != person.id:
        outbox.enqueue("email_taken", to=owner, path="/password/forgotten", now=now)
        return
    link = outbox.TokenRequest(tokens.CONFIRM_EMAIL, minutes=LINK_MINUTES, concerns=str(change.id))
    outbox.enqueue(
        "confirm_email", to=person, address=change.email, token=link, new_email=change.email, now=now
    )


def _drop_open(person: Person, *, now: datetime) -> None:
    """An earlier wish, and its link, is worth nothing any more."""
    EmailChange.update(dropped_at=now).where(_open(person)).execute()
    tokens.kill(person, tokens.CONFIRM_EMAIL, now=now)
    outbox.withdraw_links(person, tokens.CONFIRM_EMAIL)


def _open(person: Person | int) -> pw.Expression:
    never_used = EmailChange.confirmed_at.is_null() & EmailChange.dropped_at.is_null()
    return (EmailChange.person == person) & never_used


def waiting(person_id: int, *, now: datetime) -> EmailChange | None:
    """The change that could still be confirmed."""
    recent = EmailChange.asked_at > now - timedelta(minutes=LINK_MINUTES)
    found: EmailChange | None = (
        EmailChange.select().where(_open(person_id), recent).order_by(EmailChange.id.desc()).first()
    )
    return found


def drop(person_id: int, *, now: datetime) -> None:
    """The person has thought better of it."""
    with atomic():
        _drop_open(Person.get_by_id(person_id), now=now)


def peek(token: str, *, now: datetime) -> EmailChange:
    """What the link would do, for a GET: mail scanners fetch links before people do."""
    found = tokens.peek(token, tokens.CONFIRM_EMAIL, now=now)
    open_one = _open(found.person) & (EmailChange.id == int(found.concerns or 0))
    change: EmailChange | None = EmailChange.get_or_none(open_one)
    if change is None:
        raise TokenInvalid
    return change


def confirm(token: str, *, now: datetime) -> EmailChange:
    """From now on they sign in with the new address; both mailboxes hear of it. Links to the old one die."""
    with atomic():
        change = peek(token, now=now)
        tokens.consume(token, tokens.CONFIRM_EMAIL, now=now)
        person = change.person
        old = str(person.email)
        by = audit.Actor.of(person)
        if not _take_over(person, change.email):
            raise TokenInvalid
        EmailChange.update(confirmed_at=now).where(EmailChange.id == change.id).execute()
        tokens.kill(person, tokens.SET_PASSWORD, now=now)
        outbox.withdraw_links(person, tokens.SET_PASSWORD)
        audit.record(audit.EMAIL_CHANGED, actor=by, person=person, now=now, old=old, new=change.email)
        for address in (old, change.email):
            outbox.enqueue(
                "email_changed",
                to=person,
                address=address,
                path="/profile",
                old_email=old,
                new_email=change.email,
                now=now,
            )
    return change


def _take_over(person: Person, email: str) -> bool:
    """False: the address has become somebody else's meanwhile."""
    key = email_key(email)
    if Person.select().where(Person.email_key == key, Person.id != person.id).exists():
        return False
    Person.update(email=email, email_key=key).where(Person.id == person.id).execute()
    person.email, person.email_key = email, key
    seats.renamed(person)
    return True
