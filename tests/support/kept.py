"""Issued invoices in a site's database, made of `papers` without the rules that issue them."""

from __future__ import annotations

from datetime import timedelta

from tests.support.papers import an_invoice
from webapp.data.billing import GIVEN, OPEN, Invoice
from webapp.data.issued import CREDIT_NOTE, IssuedDocument, to_json
from webapp.data.subscriptions import Subscription


def keep_invoice(
    subscription: Subscription,
    document: IssuedDocument | None = None,
    *,
    state: str = OPEN,
    credits: Invoice | None = None,
) -> Invoice:
    """At the bound site: as issuing leaves it."""
    document = document or an_invoice("fr")
    line = document.lines[0]
    return Invoice.create(
        kind=document.kind,
        account=subscription.account_id,
        subscription=subscription,
        cause=f"test {document.number}",
        state=GIVEN if document.kind == CREDIT_NOTE else state,
        period_start=line.period_start,
        period_end=line.period_last + timedelta(days=1),
        quantity=line.quantity,
        unit_price=line.unit_price,
        net=document.net,
        tax=document.tax,
        gross=document.gross,
        currency=document.currency,
        po_number=document.po_number,
        recorded_at=document.issued_at,
        number=document.number,
        issued_at=document.issued_at,
        issued_on=document.issued_on,
        due_on=document.payment.due_on,
        language=document.language,
        content=to_json(document),
        credits=credits,
    )
