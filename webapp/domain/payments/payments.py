"""Payments of invoices, as the ERP tells them: each is kept once, by its own reference, and counts once.

What was paid decides between *open* and *paid*. Money that arrives for a credited invoice is a fact, too: it
is kept and shown, but the invoice stays credited.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal, cast

from babel.numbers import get_currency_precision, is_currency

from webapp.data.billing import CREDITED, OPEN, PAID, Invoice, Payment
from webapp.data.database import atomic, current_site
from webapp.data.issued import INVOICE
from webapp.data.records import find, insert_if_new
from webapp.data.statements import row, run
from webapp.domain import audit
from webapp.domain.audit import SHOP, Actor
from webapp.domain.calendar import local_date
from webapp.domain.intake.intake_document import unknown_fields
from webapp.domain.intake.intake_refusals import shown
from webapp.domain.payments.payment_document import PaymentDocument, PaymentRefused, ReceivedPayment
from webapp.sites import Site, Sites

BOOKED_AHEAD = timedelta(days=1)  # banks and ERPs live in other time zones


@dataclass(frozen=True, slots=True)
class Outcome:
    """`known`: the same content was taken before."""

    kind: Literal["accepted", "known"]
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class _Balance:
    state: str
    paid: int
    gross: int


def site_of(document: PaymentDocument, *, sites: Sites) -> Site:
    site = sites.by_code(document.site)
    if site is None:
        raise PaymentRefused("unknown_site", "site", f"there is no site {shown(document.site)}")
    return site


def refuse_elsewhere(document: PaymentDocument, site: Site) -> None:
    """Where payments of one site only are taken."""
    if document.site != site.code:
        message = f"this is site {site.code}; the record says {document.site}"
        raise PaymentRefused("unknown_site", "site", message)


def take_payment(received: ReceivedPayment, *, actor: Actor = SHOP, now: datetime) -> Outcome:
    """Inside the bound site, in one transaction; raises `PaymentRefused`, and then nothing was changed."""
    with atomic():
        return _known(received) or _take(received, actor=actor, now=now)


def _known(received: ReceivedPayment) -> Outcome | None:
    stored = find(Payment, reference=received.document.reference)
    if stored is None:
        return None
    if stored.content_hash != received.content_hash:
        raise PaymentRefused(
            "payment_reference_conflict",
            "reference",
            "this reference is already stored with other content; the stored payment stays as it is",
        )
    return Outcome("known")


def _already(received: ReceivedPayment) -> Outcome:
    known = _known(received)
    assert known is not None
    return known


def _take(received: ReceivedPayment, *, actor: Actor, now: datetime) -> Outcome:
    document = received.document
    invoice = _invoice(document)
    amount = _minor_units(document, invoice)
    _refuse_future(document, now=now)
    stored = insert_if_new(
        Payment,
        reference=document.reference,
        invoice=invoice,
        amount=amount,
        currency=document.currency,
        paid_on=document.paid_on,
        content_hash=received.content_hash,
        received_at=now,
    )
    if not stored:  # the same reference arrived twice at once, and the other one was first
        return _already(received)
    balance = _add(invoice, amount)
    _record(invoice, document, amount, balance, actor=actor, now=now)
    warnings = tuple(_warnings(document, balance))
    if warnings:
        here = Payment.reference == document.reference
        Payment.update(warnings="\n".join(warnings)).where(here).execute()
    return Outcome("accepted", warnings)


def _invoice(document: PaymentDocument) -> Invoice:
    invoice = find(Invoice, number=document.invoice_number)
    if invoice is None:
        message = f"site {document.site} has issued no invoice {shown(document.invoice_number)}"
        raise PaymentRefused("unknown_invoice", "invoice_number", message)
    if invoice.kind != INVOICE:
        message = f"{shown(document.invoice_number)} is a credit note: tell of the invoice that it takes back"
        raise PaymentRefused("unknown_invoice", "invoice_number", message)
    return invoice


def _minor_units(document: PaymentDocument, invoice: Invoice) -> int:
    currency = document.currency
    if not is_currency(currency):
        raise PaymentRefused("unknown_currency", "currency", f"no currency is called {currency}")
    if currency != invoice.currency:
        message = f"the invoice is in {invoice.currency}, the record says {currency}"
        raise PaymentRefused("currency_not_of_invoice", "currency", message)
    precision = get_currency_precision(currency)
    if -cast(int, document.amount.as_tuple().exponent) > precision:
        message = f"an amount in {currency} has at most {precision} decimals"
        raise PaymentRefused("invalid_amount", "amount", message)
    return int(document.amount.scaleb(precision))


def _refuse_future(document: PaymentDocument, *, now: datetime) -> None:
    if document.paid_on > local_date(now + BOOKED_AHEAD, current_site().time_zone):
        raise PaymentRefused("date_in_future", "paid_on", "the day of the payment lies in the future")


# One statement, so that payments that come at once all count.
_ADD_SQL = f"""
UPDATE invoice SET paid = paid + :amount, state = CASE WHEN state = '{CREDITED}' THEN state
 WHEN paid + :amount >= gross THEN '{PAID}' ELSE '{OPEN}' END
WHERE id = :invoice AND state IN ('{OPEN}', '{PAID}', '{CREDITED}')
"""
_BALANCE_SQL = "SELECT state, paid, gross FROM invoice WHERE id = :invoice"


def _add(invoice: Invoice, amount: int) -> _Balance:
    if run(_ADD_SQL, amount=amount, invoice=invoice.id) != 1:
        raise RuntimeError(
            f"Invoice {invoice.number} has a number and is {invoice.state}: nobody can pay it."
        )
    found = row(_BALANCE_SQL, invoice=invoice.id)
    assert found is not None
    return _Balance(found.state, found.paid, found.gross)


def _record(
    invoice: Invoice,
    document: PaymentDocument,
    amount: int,
    balance: _Balance,
    *,
    actor: Actor,
    now: datetime,
) -> None:
    audit.record(
        audit.PAYMENT_RECEIVED if amount > 0 else audit.PAYMENT_RETURNED,
        actor=actor,
        subscription=invoice.subscription,
        now=now,
        number=invoice.number,
        reference=document.reference,
        amount=abs(amount),
        currency=document.currency,
        paid_on=document.paid_on.isoformat(),
        paid=balance.paid,
        state=balance.state,
    )


def _warnings(document: PaymentDocument, balance: _Balance) -> Iterator[str]:
    if balance.state == CREDITED and balance.paid:
        yield "The invoice is credited: the payment is kept, the invoice stays credited"
    elif balance.paid > balance.gross:
        yield "More was paid than the invoice asks for"
    if balance.paid < 0:
        yield "More was paid back than had been paid"
    for field in unknown_fields(document):
        yield f"{field}: this field is not part of a payment: it has no effect"
