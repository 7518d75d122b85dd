"""The number from the next renewal on, and the warning before an invoice goes out without one."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import date, datetime, timedelta
from types import SimpleNamespace
from typing import Any

import pytest

from tests.conftest import NOON, TestClock
from tests.support.cast import accept, place_order
from webapp.assembly import Portal
from webapp.data.billing import Invoice
from webapp.data.subscriptions import Subscription
from webapp.domain.audit import OPERATOR
from webapp.domain.invoices import invoices
from webapp.domain.invoices.tax import checked_decision
from webapp.domain.subscriptions import purchase_orders, subscription_list
from webapp.domain.subscriptions.cancellation import plan_cancellation
from webapp.domain.subscriptions.purchase_orders import (
    NEXT_TERM,
    THIS_TERM,
    NextInvoice,
    NoNextTerm,
    PoNumberChange,
    PoNumberConflict,
    change_po_number,
    next_invoice,
)
from webapp.domain.subscriptions.subscriptions import managed
from webapp.sites import Site


@pytest.fixture
def bought(bound_fr: Site, portal: Portal, clock: TestClock) -> Subscription:
    subscription = place_order(portal, ordered_at=clock.now, purchase_order_number="BC 2026-113")
    accept(subscription, now=clock.now)
    return subscription


def change(subscription: Subscription, number: str, term: str, version: int, *, now: datetime) -> Any:
    actor = subscription.administrator
    return change_po_number(subscription, number, term=term, read_version=version, actor=actor, now=now)


def stored(subscription: Subscription) -> tuple[str, str | None, int]:
    found = Subscription.get_by_id(subscription.id)
    return found.po_number, found.next_po_number, found.po_version


def test_each_term_has_its_own_number(bought: Subscription, now: datetime) -> None:
    assert change(bought, " 45 ", NEXT_TERM, 0, now=now) == PoNumberChange("", "45", 1, NEXT_TERM)
    assert stored(bought) == ("BC 2026-113", "45", 1)
    change(bought, "BC 7", THIS_TERM, 1, now=now)
    assert stored(bought) == ("BC 7", "45", 2)
    event = purchase_orders.last_change(bought)
    assert event is not None and json.loads(event.details) == {"old": "BC 2026-113", "new": "BC 7"}
    assert change(bought, "", NEXT_TERM, 2, now=now) == PoNumberChange("45", "", 3, NEXT_TERM)
    assert stored(bought) == ("BC 7", None, 3)
    event = purchase_orders.last_change(bought)
    assert event is not None and json.loads(event.details) == {"old": "45", "new": "", "term": NEXT_TERM}


def test_both_numbers_are_found_by_the_search(bought: Subscription, now: datetime) -> None:
    change(bought, "Chantier Évry", NEXT_TERM, 0, now=now)
    for text in ("chantier evry", "BC 2026-113"):
        found = subscription_list.page(bought.administrator_id, subscription_list.Query(text=text), now=now)
        assert len(found.rows) == 1


def test_one_change_of_either_is_a_conflict_for_who_read_before(bought: Subscription, now: datetime) -> None:
    change(bought, "45", NEXT_TERM, 0, now=now)
    with pytest.raises(PoNumberConflict) as refusal:
        change(bought, "46", NEXT_TERM, 0, now=now)
    assert (refusal.value.stored, refusal.value.typed, refusal.value.version) == ("45", "46", 1)
    with pytest.raises(PoNumberConflict) as refusal:
        change(bought, "BC 8", THIS_TERM, 0, now=now)
    assert refusal.value.stored == "BC 2026-113"
    assert stored(bought) == ("BC 2026-113", "45", 1)


def test_what_does_not_renew_has_no_next_number(bought: Subscription, now: datetime) -> None:
    term_end = Subscription.get_by_id(bought.id).term_end
    plan_cancellation(bought, ends_on=term_end, reason="", actor=bought.administrator, now=now)
    with pytest.raises(NoNextTerm) as refusal:
        change(bought, "45", NEXT_TERM, 0, now=now)
    assert str(refusal.value)
    assert stored(bought) == ("BC 2026-113", None, 0)


def test_an_invoice_that_waits_gets_the_number_an_issued_one_keeps_its_own(
    portal: Portal, now: datetime
) -> None:
    with portal.at(portal.sites["us"]):  # where nobody knows the tax before a person has decided
        bought = place_order(portal, ordered_at=now, purchase_order_number="BC 2026-113")
        accept(bought, now=now)
        change(bought, "BC 7", THIS_TERM, 0, now=now)
        waiting = Invoice.get()
        assert (waiting.state, waiting.po_number) == ("waiting", "BC 7")
        assert waiting.search_key.startswith("bc 7 sub-us-")
        change(bought, "45", NEXT_TERM, 1, now=now)
        assert Invoice.get().po_number == "BC 7"
        decision = checked_decision(category="S", rate="8.25", reason="Austin")
        invoices.decide_tax(waiting, decision, actor=OPERATOR, now=now)
        change(bought, "BC 8", THIS_TERM, 2, now=now)
        issued = Invoice.get()
        assert (issued.state, issued.po_number) == ("open", "BC 7")
        assert invoices.content_of(issued).po_number == "BC 7"


# ---- the next invoice


def row(**facts: Any) -> SimpleNamespace:
    """An active annual one, from 22 November 2026 on."""
    return SimpleNamespace(
        **{
            "term_start": "2026-11-22",
            "term_end": "2027-11-22",
            "anchor_day": 22,
            "billing_period": "annual",
            "ends_on": None,
            "waiting_invoices": 0,
            "po_number": "45",
            "next_po_number": None,
        }
        | facts
    )


@pytest.mark.parametrize(
    ("facts", "days", "expected"),
    [
        ({}, 0, NextInvoice(date(2027, 11, 22), "45")),
        ({"next_po_number": "46"}, 0, NextInvoice(date(2027, 11, 22), "46")),
        ({"po_number": ""}, 0, NextInvoice(date(2027, 11, 22), "")),
        ({"po_number": "", "next_po_number": "46"}, 0, NextInvoice(date(2027, 11, 22), "46")),
        ({"ends_on": "2027-11-22", "po_number": ""}, 0, None),
        ({"billing_period": "monthly", "next_po_number": "46"}, 0, NextInvoice(date(2026, 12, 22), "45")),
        ({"billing_period": "monthly"}, 29, NextInvoice(date(2026, 12, 22), "45")),
        ({"billing_period": "monthly"}, 30, NextInvoice(date(2027, 1, 22), "45")),
        (
            {"billing_period": "monthly", "next_po_number": "46"},
            340,
            NextInvoice(date(2027, 11, 22), "46"),
        ),
        ({"billing_period": "monthly", "ends_on": "2027-11-22"}, 340, None),
        ({}, 400, NextInvoice(date(2027, 11, 22), "45")),
        ({"waiting_invoices": 1, "next_po_number": "46"}, 0, NextInvoice(None, "45")),
    ],
)
def test_the_next_invoice_and_the_number_it_would_carry(
    bound_fr: Site, facts: dict[str, Any], days: int, expected: NextInvoice | None
) -> None:
    assert next_invoice(row(**facts), now=NOON + timedelta(days=days)) == expected


def test_the_site_s_day_decides(bound_fr: Site) -> None:
    """In Paris it is the 22nd an hour before it is in UTC."""
    found = row(billing_period="monthly")
    before = datetime.fromisoformat("2026-12-21T22:59:59+00:00")
    assert next_invoice(found, now=before) == NextInvoice(date(2026, 12, 22), "45")
    late = next_invoice(found, now=before + timedelta(seconds=1))
    assert late is not None and late == replace(late, on=date(2027, 1, 22))


def test_the_manage_page_s_row_has_all_of_it(bought: Subscription, now: datetime) -> None:
    found = managed(bought.administrator_id, bought.public_id, now=now)
    assert next_invoice(found, now=now) == NextInvoice(date(2027, 11, 22), "BC 2026-113")
