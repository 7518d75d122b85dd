"""What no rule knows the tax of waits for a decision."""

from __future__ import annotations

import json
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from tests.domain.invoices.invoicing import bought, events, issued
from tests.support.billed import active, address
from webapp.assembly import Portal
from webapp.data.audit import AuditEvent
from webapp.data.billing import OPEN, WAITING, Invoice
from webapp.data.counters import Counter
from webapp.domain import audit
from webapp.domain.audit import OPERATOR
from webapp.domain.invoices import billing_details, invoices
from webapp.domain.invoices.invoices import InvoiceUnknown, NothingWaits, content_of
from webapp.domain.invoices.tax import NeedsTaxDecision, checked_decision
from webapp.sites import Site

__all__ = ["bought", "issued"]


AUSTIN = checked_decision(category="S", rate="8.25", reason="Texas 6.25, Austin 2")


@pytest.fixture
def waiting(portal: Portal, now: datetime) -> Any:
    with portal.at(portal.sites["us"]):
        account = address("US", city="Austin", region="TX", postal_code="78701")
        active(portal, now=now, account=account, unit_price="100", quantity=1)
        yield Invoice.get()


def test_what_no_rule_knows_waits_and_the_subscription_is_active_all_the_same(waiting: Invoice) -> None:
    assert (waiting.state, waiting.number, waiting.tax, waiting.content) == (WAITING, None, None, "")
    assert waiting.tax_question.endswith("which one counts at 78701 Austin TX US?")
    assert waiting.subscription.status == "active"
    assert not Counter.select().where(Counter.name.startswith("invoice")).exists()
    (event,) = events(audit.INVOICE_WAITS)
    assert event == {"reference": invoices.reference_of(waiting), "question": waiting.tax_question}
    assert invoices.unissued(WAITING) == [waiting]


def test_asking_again_changes_nothing_and_is_written_down_once(waiting: Invoice, now: datetime) -> None:
    assert invoices.issue_if_known(waiting, now=now).state == WAITING
    assert len(events(audit.INVOICE_WAITS)) == 1
    with pytest.raises(NeedsTaxDecision):
        invoices.issue(waiting, now=now)


def test_a_decision_issues_it_at_once(waiting: Invoice, now: datetime) -> None:
    later = now + timedelta(days=3)
    issued = invoices.decide_tax(waiting, AUSTIN, actor=OPERATOR, now=later)
    stored = Invoice.get()
    assert (stored.number, stored.state, stored.tax_question) == ("INV-2026-000001", OPEN, "")
    assert (stored.net, stored.tax, stored.gross) == (10_000, 825, 10_825)
    assert (stored.recorded_at, stored.issued_at) == (now, later)
    assert (stored.period_start, stored.issued_on) == (date(2026, 11, 22), date(2026, 11, 25))
    (group,) = content_of(issued).taxes
    assert (group.category, group.rate, group.reason) == ("S", Decimal("8.25"), "")
    (event,) = events(audit.INVOICE_TAX_DECIDED)
    assert (event["category"], event["rate"], event["reason"]) == ("S", "8.25", "Texas 6.25, Austin 2")
    assert json.loads(stored.tax_decision)["reason"] == event["reason"]
    by = {one.action: one.actor_kind for one in AuditEvent.select() if one.action.startswith("invoice.")}
    assert by[audit.INVOICE_TAX_DECIDED] == by[audit.INVOICE_ISSUED] == "operator"


def test_a_decision_that_nothing_is_charged_says_why_on_the_invoice(waiting: Invoice, now: datetime) -> None:
    exempt = checked_decision(category="E", rate="0", reason="Resale certificate 01-339")
    (group,) = content_of(invoices.decide_tax(waiting, exempt, actor=OPERATOR, now=now)).taxes
    assert (group.category, group.reason) == ("E", "Resale certificate 01-339")


def test_one_decision_is_enough(waiting: Invoice, now: datetime) -> None:
    invoices.decide_tax(waiting, AUSTIN, actor=OPERATOR, now=now)
    with pytest.raises(NothingWaits):
        invoices.decide_tax(waiting, AUSTIN, actor=OPERATOR, now=now)
    assert len(events(audit.INVOICE_TAX_DECIDED)) == 1


def test_it_is_found_by_its_reference(waiting: Invoice) -> None:
    reference = invoices.reference_of(waiting)
    assert reference == f"{waiting.subscription.public_id}/2026-11-22"
    assert invoices.waiting_invoice(f" {reference} ") == waiting
    for wrong in ("", "SUB-US-1/2026-11-22", waiting.subscription.public_id, f"{reference}x"):
        with pytest.raises(NothingWaits) as refusal:
            invoices.waiting_invoice(wrong)
        assert wrong in str(refusal.value)


def test_what_the_company_says_meanwhile_may_answer_the_question(
    portal: Portal, site_de: Site, now: datetime
) -> None:
    with portal.at(site_de):
        subscription = active(portal, now=now, account=address("AT", postal_code="1010"))
        waiting = Invoice.get()
        assert "no VAT number" in waiting.tax_question
        stored = billing_details.shown_details(subscription.account)
        typed = {**stored.values, "vat_id": "ATU13585627"}
        billing_details.change_billing_details(
            subscription, typed, read_version=0, actor=subscription.administrator, now=now
        )
        issued = invoices.issue_if_known(waiting, now=now)
        assert (issued.state, content_of(issued).taxes[0].category) == (OPEN, "AE")


def test_an_unknown_number_is_said(issued: Invoice) -> None:
    assert invoices.by_number(" FA-2026-000001 ") == issued
    with pytest.raises(InvoiceUnknown) as refusal:
        invoices.by_number("FA-2026-000002")
    assert "no invoice FA-2026-000002" in str(refusal.value)
