"""What was cancelled is over from the first instant of the day after its last, for everybody who asks: the
date decides, and no job has to run. In zones whose clocks change in that very night, too."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime, timedelta
from types import SimpleNamespace
from zoneinfo import ZoneInfo

import pytest

from tests.conftest import TestClock
from tests.domain.lifecycle.test_endings import seat_for
from tests.domain.subscriptions.cancelling import active_subscription, stored
from tests.support.cast import keep_person
from webapp.assembly import Portal
from webapp.data.database import atomic
from webapp.data.subscriptions import SHELF_CANCELLED, Subscription
from webapp.domain import permissions, terms
from webapp.domain.calendar import start_of_day
from webapp.domain.lifecycle import quantity, renewal_preview
from webapp.domain.people import members
from webapp.domain.refusals import NotThere
from webapp.domain.seats import seat_list, seats
from webapp.domain.subscriptions import purchase_orders, subscription_list, subscriptions, transfer
from webapp.domain.subscriptions.transfer import NotActive
from webapp.sites import Site

TICK = timedelta(microseconds=1)
CUSTOMER = "1000009"
NIGHTS = [
    ("Europe/Paris", date(2027, 3, 28)),
    ("Africa/Cairo", date(2027, 4, 30)),  # midnight is skipped
    ("America/Havana", date(2027, 11, 7)),  # midnight comes twice
    ("Asia/Tokyo", date(2027, 6, 1)),
]


@pytest.fixture
def cancelled(portal: Portal, bound_fr: Site, clock: TestClock) -> Subscription:
    """With a backup and a user."""
    bought = active_subscription(portal, now=clock.now)
    kim = keep_person("kim@example.com", name="Kim", now=clock.now)
    transfer.accounts.join(kim, bought.account, now=clock.now)
    transfer.name_backup(bought, person=kim, actor=bought.administrator, now=clock.now)
    seat_for(bought, "bob@example.com", now=clock.now)
    return stored(bought)


def readers(found: Subscription, portal: Portal) -> dict[str, Callable[[datetime], object]]:
    """Each says something true, or refuses or says nothing."""
    olga, kim, seat = found.administrator, found.backup, found.seats.get()
    product = portal.catalogue.by_key(found.product_key)
    loaders = ("managed_subscription", "own_subscription", "billed_subscription")
    by_id = {name: getattr(permissions, name) for name in loaders}
    named: dict[str, Callable[[datetime], object]] = {
        name: lambda now, loader=loader: loader(olga.id, found.public_id, now=now)
        for name, loader in by_id.items()
    }

    def rights(person_id: int, now: datetime) -> permissions.AccountRights:
        return permissions.account_rights(person_id, CUSTOMER, now=now)

    def held(now: datetime) -> bool:
        with atomic():
            seats.hold(found, actor=olga, now=now)
        return True

    def people(column: str, now: datetime) -> bool:
        account = permissions.AccountRights(found.account_id, CUSTOMER, "", True, False, False, 0)
        listed = members.members(account, person_id=olga.id, now=now).people
        return any(getattr(one, column) for one in listed)

    return named | {
        "backup": lambda now: permissions.backed_up_subscription(kim.id, found.public_id, now=now),
        "seat": lambda now: permissions.managed_seat(olga.id, seat.key, now=now),
        "a line of users": lambda now: seat_list.one(olga.id, seat.key, now=now),
        "what I use": lambda now: seat_list.used_by(seat.person_id, now=now),
        "administers": lambda now: rights(olga.id, now).administers,
        "backs up": lambda now: rights(kim.id, now).backs_up,
        "members who administer": lambda now: people("administers", now),
        "members who back up": lambda now: people("backs_up", now),
        "whom to tell": lambda now: list(members._administrators(found.account_id, now=now)),
        "purchase order": lambda now: purchase_orders.stored(olga.id, found.public_id, now=now),
        "what I manage": lambda now: subscription_list.counts(olga.id, now=now).manages,
        "what I manage as backup": lambda now: subscription_list.counts(kim.id, now=now).manages,
        "holding it for a change": held,
        "price of more": lambda now: quantity.price_of_more(found, 1, product=product, now=now),
        "what comes": lambda now: renewal_preview.renewal_preview(found, now=now),
        "standing": lambda now: _standing(olga.id, found, now) == "cancelling",
    }


def _standing(person_id: int, found: Subscription, now: datetime) -> str:
    row = subscriptions.managed(person_id, found.public_id, now=now)
    return subscriptions.standing(row, now=now).state


def says_yes(reader: Callable[[datetime], object], now: datetime) -> bool:
    try:
        return bool(reader(now))
    except NotThere:
        return False


@pytest.fixture
def in_zone(monkeypatch: pytest.MonkeyPatch) -> Callable[[str], ZoneInfo]:
    """As if the bound site were there."""

    def move(name: str) -> ZoneInfo:
        there = SimpleNamespace(time_zone=ZoneInfo(name), code="fr")
        for module in (terms, subscriptions, quantity):
            monkeypatch.setattr(module, "current_site", lambda: there)
        return there.time_zone

    return move


def end_on(subscription: Subscription, day: date) -> Subscription:
    """Cancelled for that day, on which its term ends."""
    start = day.replace(year=day.year - 1)
    planned = {"ends_on": day, "term_start": start, "term_end": day, "billed_until": day}
    Subscription.update(planned, shelf=SHELF_CANCELLED).where(Subscription.id == subscription.id).execute()
    return stored(subscription)


@pytest.mark.parametrize(("zone", "day"), NIGHTS, ids=[zone for zone, _day in NIGHTS])
def test_it_is_over_for_every_reader_at_the_same_instant(
    cancelled: Subscription, portal: Portal, in_zone: Callable[[str], ZoneInfo], zone: str, day: date
) -> None:
    over, found = start_of_day(day, in_zone(zone)), end_on(cancelled, day)
    asked = readers(found, portal)
    before = {name for name, reader in asked.items() if says_yes(reader, over - TICK)}
    after = {name for name, reader in asked.items() if says_yes(reader, over)}
    assert (before, after) == (set(asked), set())


def test_nothing_is_handed_over_any_more(cancelled: Subscription, in_zone: Callable[[str], ZoneInfo]) -> None:
    over = start_of_day(date(2027, 4, 30), in_zone("Africa/Cairo"))
    found = end_on(cancelled, date(2027, 4, 30))
    kim, olga = found.backup, found.administrator
    with pytest.raises(NotActive):
        transfer.transfer_administration(found, to=kim, keep_seat=True, actor=olga, now=over)
    with pytest.raises(NotThere):
        transfer.name_backup(found, person=None, actor=olga, now=over)
    assert stored(cancelled).administrator_id == olga.id
    transfer.transfer_administration(found, to=kim, keep_seat=True, actor=olga, now=over - TICK)
    assert stored(cancelled).administrator_id == kim.id
