"""More licenses: paid for the days that are left, at once, at the price that was shown."""

from __future__ import annotations

import json
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from threading import Barrier

from tests.conftest import TestClock
from tests.domain.lifecycle.quantities import add, bought, product, refused
from tests.domain.lifecycle.test_renewals import MIDNIGHT, RENEWAL, TICK, advance, events, mails
from tests.domain.subscriptions.cancelling import active_subscription, plan, stored
from tests.support.cast import keep_person
from webapp.assembly import Portal
from webapp.data.billing import OPEN, Invoice
from webapp.data.subscriptions import Subscription
from webapp.domain import audit
from webapp.domain.intake.order_fields import MOST_LICENSES
from webapp.domain.invoices import invoices
from webapp.domain.lifecycle import quantity
from webapp.domain.lifecycle.quantity import (
    NotCounted,
    NotSoldHere,
    PeriodBegins,
    QuantityInvalid,
    TooManyLicences,
    add_licences,
    keep_quantity,
    plan_fewer,
    price_of_more,
)
from webapp.domain.refusals import NotThere, Refusal
from webapp.domain.seats import seats
from webapp.domain.subscriptions import transfer
from webapp.domain.subscriptions.cancellation import ChangedMeanwhile
from webapp.sites import Product, Site

__all__ = ["bought", "product"]


RACES = 15

# ---- more


def test_what_is_added_is_paid_for_the_days_that_are_left(
    bought: Subscription, product: Product, now: datetime
) -> None:
    half = now + timedelta(days=182)  # 183 of 365 days are left, today being one of them
    price = price_of_more(bought, 2, product=product, now=half)
    assert (price.days, price.period_days) == (183, 365)
    assert (price.unit_price, price.net) == (24066, 48132)  # 480.00 × 183 / 365 = 240.657…
    assert (price.first_day, price.last_day) == (date(2027, 5, 23), date(2027, 11, 21))
    assert (price.quantity, price.next_day, price.next_net) == (7, RENEWAL, 336000)


def test_on_the_first_day_it_costs_a_whole_period_and_on_the_last_one_day(
    bought: Subscription, product: Product, now: datetime
) -> None:
    assert price_of_more(bought, 1, product=product, now=now).unit_price == 48000
    last = MIDNIGHT - TICK
    assert price_of_more(bought, 1, product=product, now=last).unit_price == 132  # 480.00 / 365 = 1.315…


def test_within_a_year_that_is_billed_by_the_month_the_month_counts(
    portal: Portal, bound_fr: Site, product: Product
) -> None:
    bought = active_subscription(portal, now=datetime(2027, 1, 31, 12, tzinfo=UTC), billing_period="monthly")
    advance(datetime(2027, 3, 1, tzinfo=UTC))
    price = price_of_more(stored(bought), 1, product=product, now=datetime(2027, 3, 1, tzinfo=UTC))
    assert (price.days, price.period_days, price.last_day) == (30, 31, date(2027, 3, 30))


def test_they_can_be_used_at_once_and_the_invoice_is_issued(
    bought: Subscription, product: Product, now: datetime
) -> None:
    later = now + timedelta(days=182)
    price = add(bought, 2, product=product, now=later)
    assert stored(bought).quantity == 7
    seats.take(bought, 7, product=product)
    invoice = Invoice.select().order_by(Invoice.id.desc()).get()
    assert (invoice.state, invoice.quantity, invoice.unit_price, invoice.net) == (OPEN, 2, 24066, price.net)
    assert (invoice.period_start, invoice.period_end) == (price.first_day, RENEWAL)
    content = invoices.content_of(invoice)
    assert (content.net, content.lines[0].quantity * content.lines[0].unit_price) == (price.net, price.net)
    (event,) = events(audit.LICENCES_ADDED)
    assert json.loads(event.details) == {"added": 2, "quantity": 7, "net": 48132, "currency": "EUR"}
    (mail,) = mails("licences_added")
    assert "481,32" in mail.text and bought.public_id in mail.text


def test_the_next_invoice_is_for_all_of_them(bought: Subscription, product: Product, now: datetime) -> None:
    add(bought, 2, product=product, now=now)
    advance(MIDNIGHT)
    invoice = Invoice.get(Invoice.cause == "period 2027-11-22")
    assert (invoice.quantity, invoice.net) == (7, 336000)


def test_two_additions_on_one_day_are_two_invoices(
    bought: Subscription, product: Product, now: datetime
) -> None:
    for _time in range(2):
        add(bought, 1, product=product, now=now)
    assert stored(bought).quantity == 7
    assert Invoice.select().count() == 3


def test_nobody_buys_at_a_price_that_was_not_shown(
    bought: Subscription, product: Product, now: datetime
) -> None:
    shown = price_of_more(bought, 2, product=product, now=now).key
    actor = bought.administrator
    order = {"product": product, "actor": actor}
    tomorrow = now + timedelta(days=1)
    refused(ChangedMeanwhile, lambda: add_licences(bought, 2, shown=shown, now=tomorrow, **order))
    refused(ChangedMeanwhile, lambda: add_licences(bought, 3, shown=shown, now=now, **order))
    add_licences(bought, 2, shown=shown, now=now, **order)
    refused(
        ChangedMeanwhile, lambda: add_licences(bought, 2, shown=shown, now=now, **order)
    )  # a double click


def test_what_cannot_be_bought_is_refused(
    portal: Portal, bought: Subscription, product: Product, now: datetime
) -> None:
    unlimited = portal.catalogue.by_key("ontrack-lite")
    elsewhere = replace(product, sites=frozenset())
    for problem, added, what in (
        (QuantityInvalid, 0, product),
        (QuantityInvalid, -3, product),
        (TooManyLicences, MOST_LICENSES - 4, product),
        (NotCounted, 1, unlimited),
        (NotSoldHere, 1, None),
        (NotSoldHere, 1, elsewhere),
    ):
        refused(problem, lambda added=added, what=what: add(bought, added, product=what, now=now))  # type: ignore[misc]


def test_where_the_next_period_has_begun_it_is_prepared_first(bought: Subscription, product: Product) -> None:
    refused(PeriodBegins, lambda: add(bought, 1, product=product, now=MIDNIGHT))
    advance(MIDNIGHT)
    add(bought, 1, product=product, now=MIDNIGHT)


def test_what_is_cancelled_takes_more_until_it_ends(
    bought: Subscription, product: Product, now: datetime
) -> None:
    plan(bought, now=now)
    add(bought, 1, product=product, now=now)
    assert stored(bought).ends_on == RENEWAL
    refused(NotThere, lambda: add(bought, 1, product=product, now=MIDNIGHT))


def test_only_who_manages_it_changes_it_and_the_administrator_hears_of_the_backup(
    bought: Subscription, product: Product, now: datetime
) -> None:
    kim, charlie = (
        keep_person(f"{name}@example.com", name=name.title(), now=now) for name in ("kim", "charlie")
    )
    transfer.accounts.join(kim, bought.account, now=now)
    transfer.name_backup(bought, person=kim, actor=bought.administrator, now=now)
    key = price_of_more(bought, 1, product=product, now=now).key
    more = {"shown": key, "product": product, "now": now}
    refused(NotThere, lambda: add_licences(bought, 1, actor=charlie, **more))
    add_licences(bought, 1, actor=kim, **more)
    assert {mail.to_email for mail in mails("licences_added")} == {"kim@example.com", "olga@example.com"}
    by = {"renewal": RENEWAL, "planned": None, "product": product, "now": now}
    refused(NotThere, lambda: plan_fewer(bought, 2, actor=charlie, **by))
    plan_fewer(bought, 2, actor=kim, **by)
    refused(NotThere, lambda: keep_quantity(bought, renewal=RENEWAL, planned=2, actor=charlie, now=now))


# ---- at once


def test_of_many_who_add_at_once_one_does(
    portal: Portal, site_fr: Site, clock: TestClock, product: Product
) -> None:
    with portal.at(site_fr):
        bought = active_subscription(portal, now=clock.now)
        key = bought.id

    def attempt(together: Barrier) -> str:
        with portal.at(site_fr):
            current = Subscription.get_by_id(key)
            price = price_of_more(current, 1, product=product, now=clock.now)
            together.wait(timeout=30)
            try:
                add_licences(
                    current, 1, shown=price.key, product=product, actor=current.administrator, now=clock.now
                )
            except Refusal as refusal:
                return type(refusal).__name__
            return "added"

    for turn in range(1, RACES + 1):
        together = Barrier(4)
        with ThreadPoolExecutor(4) as threads:
            done = Counter(threads.map(attempt, [together] * 4))
        assert done == {"added": 1, "QuantityConflict": 3}
        with portal.at(site_fr):
            assert (stored(bought).quantity, Invoice.select().count()) == (5 + turn, 1 + turn)
            numbers = sorted(invoice.number for invoice in Invoice.select())
            assert [int(number[-6:]) for number in numbers] == list(range(1, turn + 2))


def test_the_price_is_rounded_half_up() -> None:
    assert [quantity._part(price, 1, 2) for price in (0, 1, 2, 3)] == [0, 1, 1, 2]
