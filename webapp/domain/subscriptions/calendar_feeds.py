"""The dates of what a person manages, for their calendar program, at a secret address.

The address is the credential: calendar programs don't sign in. It is shown once, stored as a hash, read as
often as it takes, and worth nothing from the moment the person closes it or opens another.
"""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from hashlib import sha256
from typing import Any
from urllib.parse import urlsplit

from webapp.data import records
from webapp.data.accounts import Person
from webapp.data.calendar_feeds import CalendarFeed
from webapp.data.database import atomic, current_site, from_micros, to_micros
from webapp.data.statements import row, rows
from webapp.documents.calendar_file import Day, calendar_file
from webapp.domain import audit
from webapp.domain.calendar import last_activation_day
from webapp.domain.hashing import hash_token
from webapp.domain.outbox import speech_for
from webapp.domain.permissions import MANAGES
from webapp.domain.refusals import NotThere
from webapp.domain.subscriptions.cancellation import last_day_before
from webapp.domain.terms import has_begun
from webapp.i18n import _, speaking

MOST = 2000  # of the next days: more than that no calendar shows
_RANDOM_BYTES = 32

_OPEN_SQL = """
INSERT INTO calendar_feed (person_id, token_hash, created_at) VALUES (:person, :token_hash, :now)
ON CONFLICT (person_id) DO UPDATE SET token_hash = excluded.token_hash, created_at = excluded.created_at
RETURNING id
"""

# What is cancelled stands behind what renews, and both before 9999; both ways to it have an index.
_DAYS_SQL = f"""
SELECT s.public_id, s.product_name, s.status, s.ordered_at, s.activated_at, s.activate_before, s.term_end,
 s.ends_on, o.order_number, a.name AS company
FROM subscription s JOIN account a ON a.id = s.account_id JOIN shop_order o ON o.id = s.order_id
WHERE {MANAGES} AND (s.status = 'active' OR (s.status = 'pending' AND s.activate_before > :now))
ORDER BY CASE WHEN s.status = 'pending' THEN '' ELSE s.term_end END, s.id LIMIT :most
"""


def opened_at(person_id: int) -> datetime | None:
    """Since when this person's calendar can be read, if it can."""
    found = records.find(CalendarFeed, person=person_id)
    return found.created_at if found else None


def open_feed(person_id: int, *, now: datetime) -> str:
    """A new secret for the address; the one before it works no longer."""
    person, token = Person.get_by_id(person_id), secrets.token_urlsafe(_RANDOM_BYTES)
    with atomic():
        row(_OPEN_SQL, person=person_id, token_hash=hash_token(token), now=to_micros(now))
        audit.record(audit.CALENDAR_OPENED, actor=audit.Actor.of(person), person=person, now=now)
    return token


def close_feed(person_id: int, *, now: datetime) -> None:
    person = Person.get_by_id(person_id)
    with atomic():
        if CalendarFeed.delete().where(CalendarFeed.person == person_id).execute():
            audit.record(audit.CALENDAR_CLOSED, actor=audit.Actor.of(person), person=person, now=now)


@dataclass(frozen=True, slots=True)
class Feed:
    content: bytes
    etag: str


def read_feed(token: str, *, now: datetime) -> Feed:
    """As it is now; `NotThere` for what is closed, replaced or never was."""
    found = records.find(CalendarFeed, token_hash=hash_token(token))
    if found is None:
        raise NotThere
    site, person = current_site(), Person.get_by_id(found.person_id)
    with speaking(speech_for(person, site)) as spoken:
        name = _("%(portal)s subscriptions", portal=site.brand_name_in(spoken.text_language))
        content = calendar_file(name, days_of(person.id, now=now), language=spoken.language_tag)
    return Feed(content, sha256(content).hexdigest()[:32])


def days_of(person_id: int, *, now: datetime) -> Sequence[Day]:
    """In the language that is spoken."""
    found = rows(_DAYS_SQL, person=person_id, now=to_micros(now), most=MOST)
    return [day for one in found if (day := _day(one, now))]


def _day(one: Any, now: datetime) -> Day | None:
    if one.status == "pending":
        last_day = last_activation_day(from_micros(one.activate_before), current_site().time_zone)
        title = _("Last day to activate: %(product)s", product=one.product_name)
        return _made(one, "activation", last_day, title, f"/activate/{one.order_number}", one.ordered_at)
    page = f"/subscriptions/{one.public_id}"
    if one.ends_on is None:
        title = _("Renews: %(product)s", product=one.product_name)
        return _made(one, "renewal", date.fromisoformat(one.term_end), title, page, one.activated_at)
    ends_on = date.fromisoformat(one.ends_on)
    if has_begun(ends_on, now=now):
        return None
    title = _("Last day of access: %(product)s", product=one.product_name)
    return _made(one, "end", last_day_before(ends_on), title, page, one.activated_at)


def _made(one: Any, what: str, on: date, title: str, path: str, noted_at: int) -> Day:
    origin = current_site().origin
    facts = [
        _("Subscription ID: %(id)s", id=one.public_id),
        _("Company: %(company)s", company=one.company),
        origin + path,
    ]
    return Day(
        uid=f"{one.public_id}-{what}@{urlsplit(origin).hostname}",
        on=on,
        title=title,
        text="\n".join(facts),
        address=origin + path,
        noted_at=from_micros(noted_at),
    )
