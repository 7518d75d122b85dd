"""What code could do wrong with a row of another site; each must be refused."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from tests.support.cast import ALICE, DORA, Cast
from webapp.assembly import Portal
from webapp.data.accounts import Account, Membership, Person
from webapp.data.database import CrossSite
from webapp.data.records import find, insert
from webapp.data.subscriptions import Seat, Subscription

Probe = Callable[[Person, Subscription, Subscription], object]

# Each gets a person and a subscription of fr, and a subscription of de, where it runs.
PROBES: dict[str, Probe] = {
    "filter": lambda person, row, here: list(Subscription.select().where(Subscription.administrator == person)),
    "filter by several": lambda person, row, here: list(Seat.select().where(Seat.person.in_([person]))),
    "join condition": lambda person, row, here: list(
        Membership.select().join(Account).where((Account.id > 0) & (Membership.person == person))
    ),
    "foreign key of a new row": lambda person, row, here: Seat.create(
        subscription=here, person=person, state="active", since=0
    ),
    "foreign key of an insert": lambda person, row, here: Seat.insert(
        subscription=row, person=1, state="active", since=0
    ).execute(),
    "foreign key of a plain insert": lambda person, row, here: insert(
        Seat, subscription=here, person=person, state="active", since=0
    ),
    "plain lookup": lambda person, row, here: find(Subscription, administrator=person),
    "update to it": lambda person, row, here: Subscription.update(administrator=person).execute(),
    "assigned and saved": lambda person, row, here: _assign(here, person),
    "saved": lambda person, row, here: row.save(),
    "deleted": lambda person, row, here: row.delete_instance(),
    "its account read here": lambda person, row, here: row.account.name,
    "its administrator’s rows read here": lambda person, row, here: list(person.administered),
}


def _assign(subscription: Subscription, person: Person) -> None:
    subscription.administrator = person
    subscription.save()


def probe_rows(portal: Portal, cast: Cast) -> Iterator[str]:
    for name in PROBES:
        if problem := probe(name, portal, cast):
            yield problem


def probe(name: str, portal: Portal, cast: Cast) -> str:
    """Nothing, or what went wrong."""
    with portal.at(portal.sites["fr"]):
        person = Person.get_by_id(cast.person_ids[ALICE])
        row = Subscription.get_by_id(cast.row(ALICE, "active").id)
    with portal.at(portal.sites["de"]) as site, portal.databases.of(site).atomic() as transaction:
        here = Subscription.get_by_id(cast.row(DORA, "pending").id)
        try:
            PROBES[name](person, row, here)
        except CrossSite:
            return ""
        except Exception as problem:
            return f"a row of fr at de, {name}: only stopped by {problem!r}"
        finally:
            transaction.rollback()
    return f"a row of fr at de, {name}: not refused"
