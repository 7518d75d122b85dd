"""“Why can’t I see my subscriptions?”: all sites are asked about an address, and nobody hears what they know.

Whoever asks always gets the same answer. The request waits in the shared database; each site looks for itself
and mails its own link to who reads the mailbox.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from ipaddress import ip_address, ip_network
from typing import Any

import peewee as pw

from webapp.data import records, support
from webapp.data.accounts import Account, Membership, Person
from webapp.data.database import atomic, to_micros
from webapp.data.keys import email_key
from webapp.data.statements import row
from webapp.data.support import SharedAttempt, WhereaboutsLook, WhereaboutsRequest
from webapp.data.whereabouts import AnsweredRequest
from webapp.domain import audit, limits, outbox, shared_limits
from webapp.domain.limits import TooOften
from webapp.domain.seats import seats

PER_ADDRESS = limits.Limit("whereabouts", times=3, within=timedelta(days=1))
PER_NETWORK = limits.Limit("whereabouts_net", times=30, within=timedelta(hours=1))
AT_ONCE = 100
KEPT = timedelta(days=7)  # what a site could not be asked for so long is given up
REMEMBERED = timedelta(days=30)  # longer than any request waits
_COMPANIES = 5


# ---- asking: with the shared database bound


def ask(email: str, *, network: str, now: datetime) -> None:
    """Keeps the request. Who is asked about too often is not asked about again, and nobody hears of that."""
    with support.atomic():
        shared_limits.spend(PER_NETWORK, network, now=now)
        if _may_be_asked_about(email, now=now):
            WhereaboutsRequest.insert(key=uuid.uuid4().hex, email=email, asked_at=now).execute()


def network_of(address: str) -> str:
    """The neighbourhood that is counted as one: who has one address of it can easily have another."""
    try:
        length = 24 if ip_address(address).version == 4 else 56
    except ValueError:
        return "unknown"
    return str(ip_network(f"{address}/{length}", strict=False))


def _may_be_asked_about(email: str, *, now: datetime) -> bool:
    try:
        shared_limits.spend(PER_ADDRESS, email_key(email), now=now)
    except TooOften:
        return False
    return True


def waiting_for(site_code: str, *, after: int = 0) -> Sequence[WhereaboutsRequest]:
    """What this site has not looked at yet, oldest first."""
    looked = WhereaboutsLook.select().where(
        WhereaboutsLook.request == WhereaboutsRequest.id, WhereaboutsLook.site == site_code
    )
    unseen = WhereaboutsRequest.select().where(WhereaboutsRequest.id > after, ~pw.fn.EXISTS(looked))
    return list(unseen.order_by(WhereaboutsRequest.id).limit(AT_ONCE))


def note_look(key: str, site_code: str, *, all_sites: Iterable[str]) -> None:
    """This site has looked; after the last of them the request goes."""
    with support.atomic():
        # A write first: workers that note looks at the same request wait for each other here.
        itself = WhereaboutsRequest.key == key
        if not WhereaboutsRequest.update(key=key).where(itself).execute():
            return
        request = WhereaboutsRequest.get(itself)
        noted = WhereaboutsLook.insert(request=request, site=site_code)
        noted.on_conflict_ignore().execute()
        done = {look.site for look in WhereaboutsLook.select().where(WhereaboutsLook.request == request)}
        if done >= set(all_sites):
            _forget(WhereaboutsRequest.id == request.id)


def _forget(which: pw.Expression) -> int:
    gone = WhereaboutsRequest.select(WhereaboutsRequest.id).where(which)
    WhereaboutsLook.delete().where(WhereaboutsLook.request.in_(gone)).execute()
    return int(WhereaboutsRequest.delete().where(which).execute())


def give_up_old(*, now: datetime) -> int:
    """Requests that a site could never be asked, and attempts that no limit counts any more."""
    old_attempts, old_requests = (
        SharedAttempt.at <= now - limits.KEPT,
        WhereaboutsRequest.asked_at <= now - KEPT,
    )
    if SharedAttempt.select().where(old_attempts).exists():
        SharedAttempt.delete().where(old_attempts).execute()
    if (
        not WhereaboutsRequest.select().where(old_requests).exists()
    ):  # nearly always: reading locks nobody out
        return 0
    with support.atomic():
        return _forget(old_requests)


# ---- answering: with a site bound


def answer(key: str, email: str, *, now: datetime) -> bool:
    """Mails the site's own link if the address is known here; once, whatever runs twice."""
    person = records.find(Person, email_key=email_key(email))
    if person is None:
        return False
    with atomic():
        if not records.insert_if_new(AnsweredRequest, key=key, person=person, at=now):
            return False
        audit.record(audit.WHEREABOUTS_MAILED, actor=audit.PORTAL, person=person, now=now)
        outbox.enqueue("whereabouts", to=person, path="/sign-in", now=now, **_known_here(person, now=now))
    return True


_COUNTS_SQL = f"""
SELECT (SELECT count(*) FROM subscription s
        WHERE s.administrator_id = :person AND (s.status IN ('active', 'ended')
          OR (s.status = 'pending' AND s.activate_before > :now))) AS administers,
       (SELECT count(*) FROM seat JOIN subscription s ON s.id = seat.subscription_id
        WHERE seat.person_id = :person AND {seats.USABLE_SQL}) AS uses
"""


def _known_here(person: Person, *, now: datetime) -> dict[str, Any]:
    """What the mail tells of this site: it goes to who it is about."""
    today = seats.today(now).isoformat()
    counts = row(_COUNTS_SQL, person=person.id, now=to_micros(now), today=today)
    assert counts is not None
    companies = Account.select(Account.name).join(Membership).where(Membership.person == person)
    named = [account.name for account in companies.order_by(Membership.id).limit(_COMPANIES)]
    return {"companies": named, "administers": counts.administers, "uses": counts.uses}


def forget_answered(*, now: datetime) -> int:
    return int(AnsweredRequest.delete().where(AnsweredRequest.at <= now - REMEMBERED).execute())
