"""Reminders: one e-mail a person and local day at most, about all their subscriptions.

`reminder_sweep` has noted what is due. Here a reader's day is claimed, all that waits for them is settled,
and the e-mail is written, in one transaction: who comes second, or again after a crash, finds the day taken.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from webapp.data.accounts import Person
from webapp.data.billing import InvoiceRecipient
from webapp.data.database import atomic, current_site
from webapp.data.reminders import DROPPED, MAILED, WAITING, Reminder
from webapp.data.statements import row, rows
from webapp.domain import outbox, tokens
from webapp.domain.calendar import begun_day
from webapp.domain.reminders.reminder_choices import turned_off
from webapp.domain.reminders.reminder_items import Section, sections
from webapp.domain.reminders.reminder_windows import ACTIVATION

LINK_DAYS = 180  # for which the link that turns reminders off works
KEPT = timedelta(days=90)  # behind the day they were about
BATCH = 200

_WAITING_SQL = """
SELECT DISTINCT r.reader FROM reminder r LEFT JOIN reminder_reader q ON q.key = r.reader
WHERE r.state = 'waiting' AND r.reader > :after AND (q.mailed_on IS NULL OR q.mailed_on < :today)
ORDER BY r.reader LIMIT :size
"""
_CLAIM_SQL = """
INSERT INTO reminder_reader (key, person_id, mailed_on, turned_off) VALUES (:key, :person, :today, '')
ON CONFLICT (key) DO UPDATE SET mailed_on = excluded.mailed_on
WHERE reminder_reader.mailed_on < excluded.mailed_on
RETURNING key
"""


@dataclass(frozen=True, slots=True)
class Reader:
    """`address`: invoices go there; who reads them is no person of the site."""

    key: str
    person: Person | None = None
    address: InvoiceRecipient | None = None

    @property
    def person_id(self) -> int:
        return int(self.person.id) if self.person else 0

    @property
    def email_key(self) -> str:
        found = self.person or self.address
        return str(found.email_key) if found else ""


def today_at_the_site(now: datetime) -> date:
    return begun_day(now, current_site().time_zone)


def waiting(*, now: datetime, after: str = "", size: int = BATCH) -> Sequence[str]:
    """Readers for whom something waits, and who had no reminder today."""
    today = today_at_the_site(now).isoformat()
    return [one.reader for one in rows(_WAITING_SQL, after=after, today=today, size=size)]


def remind(key: str, *, now: datetime) -> bool:
    """Mails one reader all that waits for them, unless nothing of it holds any more. False: no e-mail."""
    with atomic():
        reader = _reader(key)
        if not _claim(reader, now):
            return False
        found = _sections(reader, now=now)
        _settle(key, MAILED if found else DROPPED)
        if found:
            _mail(reader, found, now=now)
    return bool(found)


def _reader(key: str) -> Reader:
    kind, _colon, name = key.partition(":")
    if kind == "person":
        return Reader(key, person=Person.get_or_none(Person.id == int(name)))
    confirmed = InvoiceRecipient.confirmed_at.is_null(False)
    listed = InvoiceRecipient.select().where(InvoiceRecipient.email_key == name, confirmed)
    return Reader(key, address=listed.order_by(InvoiceRecipient.id).first())


def _claim(reader: Reader, now: datetime) -> bool:
    today = today_at_the_site(now).isoformat()
    person = reader.person_id or None
    return row(_CLAIM_SQL, key=reader.key, person=person, today=today) is not None


def _sections(reader: Reader, *, now: datetime) -> list[Section]:
    if not reader.email_key:
        return []
    return sections(
        reader.key,
        person_id=reader.person_id,
        email_key=reader.email_key,
        off=turned_off(reader.key),
        now=now,
    )


def _settle(key: str, state: str) -> None:
    Reminder.update(state=state).where(Reminder.reader == key, Reminder.state == WAITING).execute()


def _mail(reader: Reader, found: Sequence[Section], *, now: datetime) -> None:
    only_deadlines = all(section.kind == ACTIVATION for section in found)
    link = outbox.TokenRequest(tokens.UNSUBSCRIBE, minutes=LINK_DAYS * 24 * 60)
    outbox.enqueue(
        "reminders",
        to=_addressed(reader, found),
        token=None if only_deadlines else link,
        path="/profile",
        offers_unsubscribing=not only_deadlines,
        sections=found,
        number_of_items=sum(section.number for section in found),
        reads_portal=reader.person is not None,
        now=now,
    )


def _addressed(reader: Reader, found: Sequence[Section]) -> Person | outbox.Addressee:
    """An address has no name and no language of its own: they are the company's, and the subscription's."""
    if reader.person:
        return reader.person
    assert reader.address is not None
    first = found[0].items[0]
    return outbox.Addressee(reader.address.email, first.company, first.language, reader.address)


def forget_old(*, now: datetime) -> int:
    """What was about days long gone."""
    before = today_at_the_site(now) - KEPT
    return int(Reminder.delete().where(Reminder.occasion < before).execute())
