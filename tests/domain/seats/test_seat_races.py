"""Many invitations at once: never more seats than licences, and controls that show what holds."""

from __future__ import annotations

from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import Any

import pytest

from tests.conftest import TestClock
from tests.domain.planted import without
from tests.domain.seats.seating import House
from webapp.assembly import Portal
from webapp.data.subscriptions import Seat, Subscription
from webapp.domain.limits import TooOften
from webapp.domain.seats import invitations, seats
from webapp.domain.seats.invitations import (
    read_addresses,
)
from webapp.domain.seats.seats import NoLicenceFree

ROOM = "    if not is_unlimited(product):\n        here &= Subscription.seats_taken + number <= Subscription.quantity\n"
WAITING = (
    "    still = Subscription.update(seats_taken=Subscription.seats_taken)\n"
    "    if still.where(here, permissions.manages(actor.id)).execute() != 1:\n"
    "        raise NotThere\n"
)


def crowd(
    portal: Portal, clock: TestClock, number: int, *, threads: int = 8
) -> tuple[Counter[str], int, int]:
    """So many invitations of different people at once, on ten licences: answers, counter, live seats."""
    site, together = portal.sites["fr"], Barrier(threads)
    with portal.at(site):
        subscription_id = House(portal, clock).subscription.id

    def session(worker: int) -> Counter[str]:
        answers: Counter[str] = Counter()
        together.wait(timeout=30)
        for index in range(number // threads):
            with portal.at(site):
                subscription = Subscription.get_by_id(subscription_id)
                product = portal.catalogue.by_key(subscription.product_key)
                named = read_addresses(f"p{worker}-{index}@example.com")
                try:
                    invitations.invite(
                        subscription, named, product=product, actor=subscription.administrator, now=clock()
                    )
                    answers["invited"] += 1
                except NoLicenceFree:
                    answers["full"] += 1
                except TooOften:
                    answers["too often"] += 1
        return answers

    with ThreadPoolExecutor(threads) as pool:
        answers = sum(pool.map(session, range(threads)), Counter[str]())
    with portal.at(site):
        live = Seat.select().where(Seat.subscription == subscription_id, Seat.counted == 1).count()
        return answers, Subscription.get_by_id(subscription_id).seats_taken, live


def test_a_thousand_invitations_at_once_on_ten_licences_leave_ten_seats(
    portal: Portal, clock: TestClock
) -> None:
    assert crowd(portal, clock, 1000) == ({"invited": 10, "full": 990}, 10, 10)


def look_first(monkeypatch: pytest.MonkeyPatch, rule: Any) -> None:
    """As one would write it who thinks of one visitor at a time."""

    def take(subscription: Subscription, number: int, *, product: Any) -> None:
        current = Subscription.get_by_id(subscription.id)
        if current.seats_taken + number > current.quantity:
            raise NoLicenceFree(0, number)
        rule(subscription, number, product=product)

    monkeypatch.setattr(seats, "take", take)


def test_without_the_guard_more_seats_are_given_than_there_are(
    portal: Portal, clock: TestClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The control: the counter’s condition is what holds."""
    monkeypatch.setattr(seats, "take", without(seats.take, ROOM))
    answers, taken, live = crowd(portal, clock, 40)
    assert taken == live > 10, answers


@pytest.mark.parametrize("engine", ["postgresql"], indirect=True)
def test_on_postgresql_looking_first_is_not_enough(
    portal: Portal, clock: TestClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """SQLite lets one writer in at a time, so that looking first would do there."""
    look_first(monkeypatch, without(seats.take, ROOM))
    monkeypatch.setattr(seats, "hold", without(seats.hold, WAITING))
    live = max(crowd(portal, clock, 80)[2] for _try in range(1))
    assert live > 10


def test_the_condition_of_the_counter_alone_is_enough(
    portal: Portal, clock: TestClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(seats, "hold", without(seats.hold, WAITING))
    assert crowd(portal, clock, 80)[1:] == (10, 10)
