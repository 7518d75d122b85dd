"""Fewer licenses: planned for the renewal, undone until then, and what comes with it."""

from __future__ import annotations

import json
from datetime import date, datetime, timedelta
from typing import Any

import pytest

from tests.domain.lifecycle.quantities import add, bought, fewer, keep, product, refused
from tests.domain.lifecycle.test_endings import seat_for
from tests.domain.lifecycle.test_renewals import MIDNIGHT, RENEWAL, TICK, advance, events, mails
from tests.domain.subscriptions.cancelling import active_subscription, plan, stored, undo
from webapp.assembly import Portal
from webapp.data.billing import Invoice
from webapp.data.subscriptions import NEVER, Seat, Subscription
from webapp.domain.lifecycle import quantity
from webapp.domain.lifecycle.holders import holders
from webapp.domain.lifecycle.quantity import NotFewer, QuantityInvalid, SeatsStay, add_licences, price_of_more
from webapp.domain.lifecycle.quantity_conflicts import QuantityConflict
from webapp.domain.lifecycle.renewal_preview import preview_of, renewal_preview
from webapp.domain.seats import seats
from webapp.domain.seats.invitations import Invitation, invite, invite_again
from webapp.domain.seats.seat_facts import Facts
from webapp.domain.seats.seats_at_renewal import NoLicenceAfterRenewal
from webapp.domain.subscriptions.cancellation import ChangedMeanwhile, NothingToUndo, TermOver
from webapp.domain.subscriptions.purchase_orders import NoNextTerm
from webapp.sites import Product, Site

__all__ = ["bought", "product"]


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
