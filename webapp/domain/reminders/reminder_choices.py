"""Which reminders somebody does not want. What the contract needs can't be turned off."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from webapp.data import records
from webapp.data.accounts import Person
from webapp.data.database import atomic
from webapp.data.reminders import ReminderReader
from webapp.data.sign_in import Token
from webapp.data.statements import row
from webapp.domain import audit, tokens
from webapp.domain.reminders.reminder_sweep import address_key, person_key
from webapp.domain.reminders.reminder_windows import ENDING, INVITATION, PO_NUMBER, RENEWAL
from webapp.domain.tokens import UNSUBSCRIBE, TokenInvalid

# An end that was planned is told with the renewals: who wants none of these wants none of those.
CHOICES = (RENEWAL, PO_NUMBER, INVITATION)
OF_ADDRESSES = (RENEWAL, PO_NUMBER)  # an address for invoices gets no others


def choice_of(kind: str) -> str:
    """Under which choice a kind stands; the deadline of an activation stands under none."""
    return RENEWAL if kind == ENDING else kind


def turned_off(key: str) -> frozenset[str]:
    found = records.find(ReminderReader, key=key)
    return frozenset(filter(None, found.turned_off.split(","))) if found else frozenset()


def turned_off_by(person_id: int) -> frozenset[str]:
    return turned_off(person_key(person_id))


_CHOOSE_SQL = """
INSERT INTO reminder_reader (key, person_id, mailed_on, turned_off) VALUES (:key, :person, '', :turned_off)
ON CONFLICT (key) DO UPDATE SET turned_off = excluded.turned_off
WHERE reminder_reader.turned_off <> excluded.turned_off
RETURNING key
"""


def choose(person_id: int, wanted: Iterable[str], *, now: datetime) -> None:
    """These, and no others that can be chosen."""
    person = Person.get_by_id(person_id)
    off = _without(CHOICES, wanted)
    with atomic():
        if _store(person_key(person_id), person, off):
            audit.record(
                audit.REMINDERS_CHOSEN, actor=audit.Actor.of(person), person=person, now=now, turned_off=off
            )


def _without(offered: Iterable[str], wanted: Iterable[str]) -> str:
    chosen = set(wanted)
    return ",".join(kind for kind in offered if kind not in chosen)


def _store(key: str, person: Person | None, off: str) -> bool:
    """False: that is how it was."""
    return row(_CHOOSE_SQL, key=key, person=person and person.id, turned_off=off) is not None


# ---- by the link in a reminder, without signing in


@dataclass(frozen=True, slots=True)
class Link:
    """Whose it is, and what can be chosen with it. It may be used again, until it is too old."""

    email: str
    offered: tuple[str, ...]
    turned_off: frozenset[str]
    person_id: int | None


def of_link(token: str, *, now: datetime) -> Link:
    """Looking changes nothing."""
    found = tokens.peek(token, UNSUBSCRIBE, now=now)
    offered = CHOICES if found.person else OF_ADDRESSES
    email = found.person.email if found.person else found.recipient.email
    return Link(email, offered, turned_off(_key_of(found)), found.person.id if found.person else None)


def choose_by_link(token: str, wanted: Iterable[str], *, now: datetime) -> None:
    found = tokens.peek(token, UNSUBSCRIBE, now=now)
    if found.person:
        choose(found.person.id, wanted, now=now)
        return
    with atomic():
        _store(_key_of(found), None, _without(OF_ADDRESSES, wanted))


def _key_of(found: Token) -> str:
    if found.person:
        return person_key(found.person.id)
    if found.recipient is None:
        raise TokenInvalid
    return address_key(found.recipient.email_key)
