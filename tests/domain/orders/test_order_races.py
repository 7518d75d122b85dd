"""The same order delivered at once: one subscription, one e-mail, an answer for everybody."""

from __future__ import annotations

from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest

from tests.support.orders import an_order
from tests.support.taking import counts_at, refusal, rows_at, take
from webapp.assembly import Portal
from webapp.data.database import database
from webapp.domain.orders import order_intake
from webapp.domain.orders.order_refusals import OrderRefused


@pytest.mark.row("the same order 64 ×")
def test_64_deliveries_of_one_order_make_one_subscription(portal: Portal) -> None:
    with portal.at(portal.sites["fr"]):
        pass  # so that no delivery waits for the database to be made
    together = Barrier(64)

    def deliver(_: int) -> str:
        together.wait(timeout=30)
        return take(portal, an_order()).kind

    with ThreadPoolExecutor(64) as threads:
        kinds = Counter(threads.map(deliver, range(64)))
    assert kinds == {"accepted": 1, "known": 63}
    counts = counts_at(portal)
    assert (counts["Subscription"], counts["OutboxMessage"], counts["Order"]) == (1, 1, 1)


@pytest.mark.row("the same order 64 ×")
def test_deliveries_of_different_content_at_once_take_one_and_refuse_the_others(portal: Portal) -> None:
    together = Barrier(8)

    def deliver(quantity: int) -> str:
        together.wait(timeout=30)
        try:
            return take(portal, an_order(quantity=quantity)).kind
        except OrderRefused as refused:
            return refused.code

    with ThreadPoolExecutor(8) as threads:
        kinds = Counter(threads.map(deliver, range(1, 9)))
    assert kinds == {"accepted": 1, "order_number_conflict": 7}
    assert counts_at(portal)["Subscription"] == 1


def test_different_orders_of_one_company_at_once_are_all_taken(portal: Portal) -> None:
    together = Barrier(16)

    def deliver(number: int) -> str:
        together.wait(timeout=30)
        changes = {"order_number": f"N{number}", "account.address.line1": f"{number} rue de l’Exemple"}
        return take(portal, an_order(changes)).kind

    with ThreadPoolExecutor(16) as threads:
        assert Counter(threads.map(deliver, range(16))) == {"accepted": 16}
    counts = counts_at(portal)
    assert (counts["Subscription"], counts["Account"], counts["Person"]) == (16, 1, 1)


def miss_the_first_look(monkeypatch: pytest.MonkeyPatch) -> None:
    """As if the other delivery had been stored just after this one looked."""
    look, looks = order_intake._known, iter([lambda received: None])
    monkeypatch.setattr(order_intake, "_known", lambda received: next(looks, look)(received))


def test_who_loses_the_race_hears_that_the_order_is_known(
    portal: Portal, monkeypatch: pytest.MonkeyPatch
) -> None:
    take(portal, an_order())
    before = rows_at(portal)
    miss_the_first_look(monkeypatch)
    assert take(portal, an_order()).kind == "known"
    assert rows_at(portal) == before


def test_who_loses_the_race_with_other_content_hears_of_the_conflict(
    portal: Portal, monkeypatch: pytest.MonkeyPatch
) -> None:
    take(portal, an_order())
    miss_the_first_look(monkeypatch)
    assert refusal(portal, an_order(quantity=4)) == ("order_number_conflict", "order_number")
    assert counts_at(portal)["Subscription"] == 1


@pytest.mark.row("the same order 64 ×", control=True)
def test_control_without_the_unique_number_the_race_makes_two(
    portal: Portal, monkeypatch: pytest.MonkeyPatch
) -> None:
    take(portal, an_order())
    with portal.at(portal.sites["fr"]):
        for index in database.get_indexes("shop_order"):
            if index.columns == ["order_number"]:
                database.execute_sql(f'DROP INDEX "{index.name}"')
    miss_the_first_look(monkeypatch)
    take(portal, an_order())
    assert counts_at(portal)["Subscription"] == 2
