"""More licences at once for the days that are left; fewer from the renewal on, never under somebody's seat."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from threading import Barrier
from typing import Any

import pytest

from tests.conftest import TestClock
from tests.domain.test_cancellation import active_subscription, plan, stored, undo
from tests.domain.test_endings import seat_for
from tests.domain.test_renewals import MIDNIGHT, RENEWAL, TICK, advance, events, mails
from tests.support.cast import keep_person
from webapp.assembly import Portal
from webapp.data.billing import OPEN, Invoice
from webapp.data.outbox import OutboxMessage
from webapp.data.subscriptions import NEVER, Seat, Subscription
from webapp.domain import audit, invoices, quantity, seats, transfer
from webapp.domain.cancellation import ChangedMeanwhile, NothingToUndo, TermOver
from webapp.domain.holders import holders
from webapp.domain.invitations import Invitation, invite, invite_again
from webapp.domain.order_fields import MOST_LICENSES
from webapp.domain.purchase_orders import NoNextTerm
from webapp.domain.quantity import (
    NotCounted,
    NotFewer,
    NotSoldHere,
    PeriodBegins,
    Price,
    QuantityInvalid,
    SeatsStay,
    TooManyLicences,
    add_licences,
    keep_quantity,
    plan_fewer,
    price_of_more,
)
from webapp.domain.quantity_conflicts import QuantityConflict
from webapp.domain.refusals import NotThere, Refusal
from webapp.domain.renewal_preview import preview_of, renewal_preview
from webapp.domain.seat_facts import Facts
from webapp.domain.seats_at_renewal import NoLicenceAfterRenewal
from webapp.sites import Product, Site

RACES = 15


@pytest.fixture
def bought(portal: Portal, bound_fr: Site, clock: TestClock) -> Subscription:
    """Five licences of 480 € a year."""
    return active_subscription(portal, now=clock.now)


@pytest.fixture
def product(portal: Portal) -> Product:
    found = portal.catalogue.by_key("fieldwire-business")
    assert found
    return found


def add(subscription: Subscription, added: int, *, product: Product | None, now: datetime) -> Price:
    current = stored(subscription)
    price = price_of_more(current, added, product=product, now=now)
    return add_licences(
        current, added, shown=price.key, product=product, actor=current.administrator, now=now
    )


def fewer(
    subscription: Subscription, number: int, *, product: Product | None, now: datetime, **shown: Any
) -> None:
    current = stored(subscription)
    asked = {"renewal": current.term_end, "planned": current.next_quantity, **shown}
    plan_fewer(current, number, product=product, actor=current.administrator, now=now, **asked)


def keep(subscription: Subscription, *, now: datetime, **shown: Any) -> None:
    current = stored(subscription)
    asked = {"renewal": current.term_end, "planned": current.next_quantity, **shown}
    keep_quantity(current, actor=current.administrator, now=now, **asked)


def traces() -> tuple[Any, ...]:
    whole = tuple(list(model.select().tuples()) for model in (Subscription, Seat, Invoice))
    return (*whole, audit.AuditEvent.select().count(), OutboxMessage.select().count())


def refused(problem: type[Refusal], attempt: Callable[[], object]) -> Refusal:
    before = traces()
    with pytest.raises(problem) as caught:
        attempt()
    assert traces() == before
    assert str(caught.value) or problem is NotThere
    return caught.value


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


# ---- fewer


def test_fewer_begin_with_the_renewal_and_not_before(
    bought: Subscription, product: Product, now: datetime
) -> None:
    fewer(bought, 2, product=product, now=now)
    assert (stored(bought).quantity, stored(bought).next_quantity) == (5, 2)
    advance(MIDNIGHT)
    found = stored(bought)
    assert (found.quantity, found.next_quantity) == (2, None)
    assert Invoice.get(Invoice.period_start == RENEWAL).net == 96000
    details = json.loads(events()[0].details)
    assert (details["quantity"], details["quantity_was"]) == (2, 5)
    (mail,) = mails("licences_reduced")
    assert "22 novembre 2027" in mail.subject


def test_it_is_undone_until_the_renewal(bought: Subscription, product: Product, now: datetime) -> None:
    before = list(Subscription.select().tuples())
    fewer(bought, 2, product=product, now=now)
    fewer(bought, 3, product=product, now=now)
    keep(bought, now=MIDNIGHT - TICK)
    assert list(Subscription.select().tuples()) == before
    refused(NothingToUndo, lambda: keep(bought, now=now))
    fewer(bought, 3, product=product, now=now)
    refused(TermOver, lambda: keep(bought, now=MIDNIGHT))
    refused(TermOver, lambda: fewer(bought, 2, product=product, now=MIDNIGHT))
    assert len(mails("licences_kept")) == 1


def test_what_is_not_fewer_is_refused(bought: Subscription, product: Product, now: datetime) -> None:
    for problem, number in ((QuantityInvalid, 0), (NotFewer, 5), (NotFewer, 6)):
        refused(problem, lambda number=number: fewer(bought, number, product=product, now=now))  # type: ignore[misc]
    refused(ChangedMeanwhile, lambda: fewer(bought, 2, product=product, now=now, planned=4))
    refused(ChangedMeanwhile, lambda: fewer(bought, 2, product=product, now=now, renewal=date(2028, 11, 22)))
    plan(bought, now=now)
    refused(NoNextTerm, lambda: fewer(bought, 2, product=product, now=now))


def test_never_fewer_than_those_who_keep_their_seat(
    bought: Subscription, product: Product, now: datetime
) -> None:
    held = [seat_for(bought, f"user{n}@example.com", now=now) for n in range(4)]
    Seat.update(over_on=RENEWAL.isoformat()).where(Seat.id == held[0].id).execute()  # goes by itself
    refusal = refused(SeatsStay, lambda: fewer(bought, 2, product=product, now=now))
    assert "Choose 1 of them" in str(refusal)
    fewer(bought, 3, product=product, now=now)
    advance(MIDNIGHT)
    assert stored(bought).quantity == 3


def test_who_goes_can_be_named_and_stays_when_it_is_undone(
    bought: Subscription, product: Product, now: datetime
) -> None:
    held = [seat_for(bought, f"user{n}@example.com", now=now) for n in range(4)]
    Seat.update(last_day=date(2028, 3, 1), over_on="2028-03-02").where(Seat.id == held[1].id).execute()
    going = [held[0].key, held[1].key]
    fewer(bought, 2, product=product, now=now, going=going)
    assert [Seat.get_by_id(one.id).last_day for one in held[:2]] == [date(2027, 11, 21)] * 2
    keep(bought, now=now)
    first, second = (Seat.get_by_id(one.id) for one in held[:2])
    assert (first.last_day, first.over_on) == (None, NEVER)
    assert (second.last_day, second.over_on) == (date(2028, 3, 1), "2028-03-02")
    fewer(bought, 2, product=product, now=now, going=going)
    advance(MIDNIGHT)
    assert stored(bought).quantity == 2


def test_who_is_named_no_more_by_a_new_plan_stays(
    bought: Subscription, product: Product, now: datetime
) -> None:
    held = [seat_for(bought, f"user{n}@example.com", now=now) for n in range(4)]
    first, second, third = (one.key for one in held[:3])
    fewer(bought, 2, product=product, now=now, going=[first, second])
    assert set(quantity.going_by_plan(stored(bought))) == {first, second}
    fewer(bought, 3, product=product, now=now, going=[third])
    assert [seat.over_on == RENEWAL.isoformat() for seat in Seat.select().order_by(Seat.id)] == [
        False,
        False,
        True,
        False,
    ]
    keep(bought, now=now)
    assert {seat.over_on for seat in Seat.select()} == {NEVER}
    ended_by_hand = Seat.update(last_day=date(2027, 11, 21), over_on=RENEWAL.isoformat())
    ended_by_hand.where(Seat.key == third).execute()
    fewer(bought, 3, product=product, now=now)  # no plan stands: what was ended by hand stays so
    assert Seat.get(Seat.key == third).over_on == RENEWAL.isoformat()


def test_whom_a_plan_may_name_and_who_goes_already(
    bought: Subscription, product: Product, now: datetime
) -> None:
    held = [seat_for(bought, f"user{n}@example.com", now=now) for n in range(4)]
    assert [one.name for one in holders(stored(bought)).named] == ["User0", "User1", "User2", "User3"]
    fewer(bought, 2, product=product, now=now, going=[held[2].key, held[3].key])
    found = holders(stored(bought))
    assert [(one.name, one.going) for one in found.named][:2] == [("User2", True), ("User3", True)]
    assert (found.number, found.unnamed) == (4, 0)


def test_who_was_slower_hears_who_was_faster(bought: Subscription, product: Product, now: datetime) -> None:
    shown = price_of_more(bought, 2, product=product, now=now).key
    add(bought, 1, product=product, now=now)
    order = {"product": product, "actor": bought.administrator, "now": now}
    found = refused(QuantityConflict, lambda: add_licences(bought, 2, shown=shown, **order))
    assert isinstance(found, QuantityConflict)
    assert (found.quantity, found.changed_by, found.changed_at) == (6, "Olga Muster", now)
    fewer(bought, 3, product=product, now=now)
    late = refused(QuantityConflict, lambda: fewer(bought, 2, product=product, now=now, planned=None))
    assert isinstance(late, QuantityConflict)
    assert (late.next_quantity, late.changed_by) == (3, "Olga Muster")


def test_a_price_of_yesterday_is_nobodys_doing(bought: Subscription, product: Product, now: datetime) -> None:
    shown, tomorrow = price_of_more(bought, 2, product=product, now=now).key, now + timedelta(days=1)
    order = {"product": product, "actor": bought.administrator, "now": tomorrow}
    found = refused(QuantityConflict, lambda: add_licences(bought, 2, shown=shown, **order))
    assert isinstance(found, QuantityConflict) and found.changed_by == ""


@pytest.mark.parametrize(
    "key", ["", "7", "7:1", "a:b:c", "-1:2:2027-01-01", "7:²:2027-01-01", "9" * 30 + ":1:x"]
)
def test_a_price_that_nobody_was_shown_is_none(key: str) -> None:
    assert quantity.shown_in(key) is None


def test_the_next_invoice_is_told_as_it_will_be(
    portal: Portal, bound_fr: Site, product: Product, now: datetime
) -> None:
    monthly = active_subscription(portal, now=now, billing_period="monthly")
    price = price_of_more(monthly, 1, product=product, now=now)
    assert (price.next_day, price.next_net) == (date(2026, 12, 22), 6 * 48000)
    plan(monthly, now=now)
    assert price_of_more(stored(monthly), 1, product=product, now=now).next_day == date(2026, 12, 22)


def test_with_a_plan_the_next_invoice_is_for_fewer_and_with_a_cancellation_there_is_none(
    bought: Subscription, product: Product, now: datetime
) -> None:
    fewer(bought, 2, product=product, now=now)
    price = price_of_more(stored(bought), 1, product=product, now=now)
    assert (price.next_day, price.next_net) == (RENEWAL, 2 * 48000)
    plan(bought, now=now)
    add(bought, 1, product=product, now=now)
    assert price_of_more(stored(bought), 1, product=product, now=now).next_day is None
    (mail,) = mails("licences_added")
    assert "annulé" in mail.text and "22 novembre 2027" not in mail.text


PREVIEWS: dict[str, tuple[dict[str, Any], bool, str]] = {
    "as it is": (
        {"quantity": 5},
        False,
        "renews on 22 November 2027 until 21 November 2028 with 5 licenses: €2,400.00 net a year.",
    ),
    "monthly": ({"billing_period": "monthly"}, False, "with 5 licenses: €2,400.00 net a month."),
    "fewer": ({"next_quantity": 1}, False, "with 1 license instead of 5: €480.00 net a year."),
    "fewer, monthly": (
        {"next_quantity": 2, "billing_period": "monthly"},
        False,
        "with 2 licenses instead of 5: €960.00 net a month.",
    ),
    "unlimited": ({"quantity": 1}, True, "for any number of users: €480.00 net a year."),
    "cancelled": ({"ends_on": RENEWAL}, False, "it ends on 21 November 2027, as cancelled."),
}


@pytest.mark.parametrize("case", PREVIEWS)
def test_what_comes_is_said_in_one_sentence(bought: Subscription, now: datetime, case: str) -> None:
    changes, unlimited, words = PREVIEWS[case]
    Subscription.update(changes).execute()
    found = preview_of(stored(bought), staying=0, unlimited=unlimited, now=now)
    assert found
    first = found.in_words()[0]
    assert first.startswith("If you do nothing, it ") and words in first.replace("\u00a0", " ")


def test_a_plan_of_fewer_outlives_a_cancellation_and_a_new_number_is_said_beside_it(
    bought: Subscription, now: datetime
) -> None:
    Subscription.update(next_quantity=2, next_po_number="4712", ends_on=RENEWAL).execute()
    ending = preview_of(stored(bought), staying=0, now=now)
    assert ending and ending.in_words()[1:] == [
        "If you keep it after all, it renews with 2 licenses, as was planned before."
    ]
    Subscription.update(ends_on=None).execute()
    going_on = preview_of(stored(bought), staying=0, now=now)
    assert going_on and going_on.in_words()[1:] == ["The purchase order number from then on: 4712."]


def test_nobody_gets_a_seat_that_is_not_there_after_the_renewal(
    bought: Subscription, product: Product, now: datetime
) -> None:
    olga = bought.administrator
    held = seat_for(bought, "bob@example.com", now=now)
    gone = seat_for(bought, "eve@example.com", now=now)
    seats.revoke(gone, actor=olga, now=now)
    fewer(bought, 1, product=product, now=now)
    who = {"product": product, "actor": olga, "now": now}
    refused(NoLicenceAfterRenewal, lambda: invite(bought, [Invitation("zoe@example.com")], **who))
    refused(NoLicenceAfterRenewal, lambda: seats.restore(Seat.get_by_id(gone.id), **who))
    refused(NoLicenceAfterRenewal, lambda: invite_again(Seat.get_by_id(gone.id), **who))
    until = Facts(date(2027, 11, 21))
    invite(bought, [Invitation("zoe@example.com", facts=until)], **who)
    zoe = Seat.get(Seat.last_day.is_null(False))
    longer = {"read_version": zoe.version, "actor": olga, "now": now}
    refused(NoLicenceAfterRenewal, lambda: seats.change(zoe, Facts(RENEWAL), **longer))
    seats.change(held, Facts(cost_centre="4711"), read_version=0, actor=olga, now=now)
    advance(MIDNIGHT)
    assert stored(bought).quantity == 1


def test_who_hands_it_over_gets_no_seat_back_that_ends_with_the_term(
    bought: Subscription, product: Product, now: datetime
) -> None:
    olga = bought.administrator
    seat_for(bought, "olga@example.com", now=now)
    seats.give_up(bought, olga, now=now)
    seat_for(bought, "bob@example.com", now=now)
    fewer(bought, 1, product=product, now=now)
    seats.give_back(bought, olga, now=now)
    assert Seat.select().where(Seat.counted == 1).count() == 1
    assert stored(bought).seats_taken == 1


def test_whatever_came_after_the_plan_nobody_loses_a_seat_by_it(
    bought: Subscription, product: Product, now: datetime
) -> None:
    fewer(bought, 1, product=product, now=now)
    for number in range(3):
        seat_for(bought, f"user{number}@example.com", now=now)  # past every rule
    advance(MIDNIGHT)
    assert stored(bought).quantity == 3


def test_it_composes_with_a_cancellation_and_a_purchase_order_number(
    bought: Subscription, product: Product, now: datetime
) -> None:
    fewer(bought, 2, product=product, now=now)
    plan(bought, now=now)
    refused(NoNextTerm, lambda: keep(bought, now=now))
    ending = renewal_preview(stored(bought), now=now)
    assert ending and ending.ends and ending.quantity == 2
    undo(bought, now=now)
    add(bought, 3, product=product, now=now)
    preview = renewal_preview(stored(bought), now=now)
    assert preview
    assert (preview.quantity_now, preview.quantity, preview.fewer, preview.net) == (8, 2, True, 96000)
    assert "with 2 licenses instead of 8:" in preview.in_words()[0]
    advance(MIDNIGHT)
    assert stored(bought).quantity == 2


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
