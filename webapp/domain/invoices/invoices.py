"""An invoice is recorded as due, and issued at once if its tax is known: numbered, dated, frozen, sent.

What waits for a decision about its tax is issued when a person has decided. What is issued never changes.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from webapp.data import records
from webapp.data.accounts import Account
from webapp.data.billing import DUE, OPEN, UNISSUED, WAITING, Invoice, invoice_search_key
from webapp.data.database import atomic, current_site
from webapp.data.issued import IssuedDocument, from_json, to_json
from webapp.data.subscriptions import ACTIVE, Subscription
from webapp.domain import audit, money
from webapp.domain.audit import PORTAL, Actor
from webapp.domain.calendar import local_date
from webapp.domain.invoices import documents
from webapp.domain.invoices.billing_details import Shown, shown_details
from webapp.domain.invoices.invoice_content import buyer_of, invoice_content, seller_of
from webapp.domain.invoices.invoice_numbers import next_number
from webapp.domain.invoices.tax import Decision, NeedsTaxDecision, TaxRule, decide, decision_from_json
from webapp.domain.refusals import Refusal
from webapp.domain.webhooks import webhooks


@dataclass
class AlreadyRecorded(Refusal):
    """There is one for this period: whoever asks twice gets no second."""

    cause: str

    def __str__(self) -> str:
        return f"The invoice for “{self.cause}” is recorded already."


class NotBillable(Refusal):
    def __str__(self) -> str:
        return "Only an active subscription is invoiced."


class AlreadyIssued(Refusal):
    def __str__(self) -> str:
        return "This invoice is issued already: it never changes. Credit it instead."


@dataclass
class NothingWaits(Refusal):
    reference: str

    def __str__(self) -> str:
        return f"No invoice {self.reference} waits for a decision about its tax at this site."


@dataclass
class InvoiceUnknown(Refusal):
    number: str

    def __str__(self) -> str:
        return f"This site has no invoice {self.number}."


def record_due(
    subscription: Subscription,
    *,
    period_start: date,
    period_end: date,
    cause: str = "",
    quantity: int | None = None,
    unit_price: int | None = None,
    now: datetime,
) -> Invoice:
    """For one billing period, whose last day is the one before `period_end`; once, whoever asks.

    `cause`, `quantity` and `unit_price`: for what is no whole period of the whole subscription.
    """
    if subscription.status != ACTIVE:
        raise NotBillable
    values = due_values(subscription, period_start=period_start, period_end=period_end, now=now)
    if cause:
        values["cause"] = cause
    if quantity is not None and unit_price is not None:
        net = money.line_net(quantity, unit_price)
        values |= {"quantity": quantity, "unit_price": unit_price, "net": net}
    if not records.insert_if_new(Invoice, **values):
        raise AlreadyRecorded(values["cause"])
    return Invoice.get(Invoice.subscription == subscription, Invoice.cause == values["cause"])


def due_values(found: Any, *, period_start: date, period_end: date, now: datetime) -> dict[str, Any]:
    """The row of an invoice that is due, of a subscription or its row."""
    return {
        "account": found.account_id,
        "subscription": found.id,
        "cause": f"period {period_start.isoformat()}",
        "state": DUE,
        "period_start": period_start,
        "period_end": period_end,
        "quantity": found.quantity,
        "unit_price": found.unit_price,
        "net": money.line_net(found.quantity, found.unit_price),
        "currency": found.currency,
        "po_number": found.po_number,
        "recorded_at": now,
        "search_key": invoice_search_key(found, "", found.po_number),
    }


def issue_if_known(invoice: Invoice, *, now: datetime) -> Invoice:
    """Issued, or waiting with the question that a person has to answer."""
    try:
        return issue(invoice, now=now)
    except NeedsTaxDecision as unknown:
        return _wait(invoice, unknown.question, now=now)


def issue(invoice: Invoice, *, now: datetime, actor: Actor = PORTAL) -> Invoice:
    """The number is taken late: until the transaction ends, nobody else of the series gets one."""
    with atomic():
        current = _claimed(invoice)
        details = shown_details(current.account)
        rule = tax_of(current, details)
        issued_on = local_date(now, current_site().time_zone)
        number = next_number(current_site().invoicing.series, issued_on=issued_on)
        content = invoice_content(
            current, details=details, number=number, rule=rule, issued_on=issued_on, now=now
        )
        freeze(current, content)
        audit.record(
            audit.INVOICE_ISSUED,
            actor=actor,
            subscription=current.subscription,
            now=now,
            number=number,
            gross=content.gross,
            currency=content.currency,
        )
        webhooks.tell(webhooks.INVOICE_ISSUED, current, now=now)
        documents.send_invoice(current, now=now)
    return current


def _claimed(invoice: Invoice) -> Invoice:
    """The row as it is now, ours until the transaction ends, with its latest purchase order number."""
    change = Invoice.update(state=OPEN, tax_question="")
    if change.where(Invoice.id == invoice.id, Invoice.state.in_(UNISSUED)).execute() != 1:
        raise AlreadyIssued
    return (
        Invoice.select(Invoice, Subscription, Account)
        .join(Subscription)
        .switch(Invoice)
        .join(Account)
        .where(Invoice.id == invoice.id)
        .get()
    )


def tax_of(invoice: Invoice, details: Shown) -> TaxRule:
    """As a person decided, or by the rules; or the question, raised."""
    if invoice.tax_decision:
        return decision_from_json(invoice.tax_decision).rule
    site = current_site()
    return decide(
        seller_of(site),
        buyer_of(details),
        standard_rate=site.tax_rate,
        rates_of_regions=site.tax_rates_of_regions,
    )


def freeze(invoice: Invoice, content: IssuedDocument) -> None:
    """Writes what is issued; from here on the row refuses to say anything else (migration 0008)."""
    columns = {
        "number": content.number,
        "issued_at": content.issued_at,
        "issued_on": content.issued_on,
        "due_on": content.payment.due_on,
        "net": content.net,
        "tax": content.tax,
        "gross": content.gross,
        "language": content.language,
        "content": to_json(content),
        "search_key": invoice_search_key(invoice.subscription, content.number, content.po_number),
    }
    change = Invoice.update(columns).where(Invoice.id == invoice.id, Invoice.number.is_null())
    if change.execute() != 1:
        raise AlreadyIssued
    for name, value in columns.items():
        setattr(invoice, name, value)


def content_of(invoice: Invoice) -> IssuedDocument:
    return from_json(invoice.content)


# ---- what waits for a person


def reference_of(invoice: Invoice) -> str:
    """What an invoice without a number is called: `SUB-US-204118/2026-11-22`."""
    return f"{invoice.subscription.public_id}/{invoice.period_start.isoformat()}"


def _wait(invoice: Invoice, question: str, *, now: datetime) -> Invoice:
    change = Invoice.update(state=WAITING, tax_question=question)
    if change.where(Invoice.id == invoice.id, Invoice.state.in_(UNISSUED)).execute() != 1:
        raise AlreadyIssued
    if (invoice.state, invoice.tax_question) != (WAITING, question):
        audit.record(
            audit.INVOICE_WAITS,
            actor=PORTAL,
            subscription=invoice.subscription,
            now=now,
            reference=reference_of(invoice),
            question=question,
        )
    invoice.state, invoice.tax_question = WAITING, question
    return invoice


def unissued(*states: str) -> Sequence[Invoice]:
    """Oldest first, with their subscriptions and companies."""
    return list(
        Invoice.select(Invoice, Subscription, Account)
        .join(Subscription)
        .switch(Invoice)
        .join(Account)
        .where(Invoice.state.in_(states or UNISSUED))
        .order_by(Invoice.period_start, Invoice.id)
    )


def waiting_invoice(reference: str) -> Invoice:
    public_id, _slash, start = reference.strip().partition("/")
    found = (
        Invoice.select(Invoice, Subscription)
        .join(Subscription)
        .where(Subscription.public_id == public_id, Invoice.period_start == start, Invoice.state == WAITING)
        .get_or_none()
    )
    if found is None:
        raise NothingWaits(reference)
    return found


def decide_tax(invoice: Invoice, decision: Decision, *, actor: Actor, now: datetime) -> Invoice:
    """Kept with the invoice, written down, and issued at once."""
    with atomic():
        change = Invoice.update(tax_decision=decision.to_json())
        if change.where(Invoice.id == invoice.id, Invoice.state == WAITING).execute() != 1:
            raise NothingWaits(reference_of(invoice))
        audit.record(
            audit.INVOICE_TAX_DECIDED,
            actor=actor,
            subscription=invoice.subscription,
            now=now,
            reference=reference_of(invoice),
            category=decision.rule.category,
            rate=str(decision.rule.rate),
            reason=decision.reason,
        )
        return issue(invoice, now=now, actor=actor)


def by_number(number: str) -> Invoice:
    found = Invoice.get_or_none(Invoice.number == number.strip())
    if found is None:
        raise InvoiceUnknown(number)
    return found
