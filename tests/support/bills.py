"""Issued invoices in the database of the bound site, without the rules that issue them."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime, timedelta
from itertools import count
from typing import Any

from tests.support.papers import a_line, an_invoice, groups_of
from webapp.data.billing import OPEN, WAITING, Invoice
from webapp.data.database import current_site
from webapp.data.issued import CREDIT_NOTE, Credited, IssuedDocument, to_json
from webapp.data.keys import search_key
from webapp.data.records import insert
from webapp.data.subscriptions import Subscription

_serial = count(700_000)


def content_for(
    subscription: Subscription, number: str, *, issued_on: date, **changes: Any
) -> IssuedDocument:
    """What it would say: one line, of this subscription, for its company."""
    site = current_site().code
    quantity, unit_price = subscription.quantity, subscription.unit_price
    line = a_line(
        0,
        site,
        name=subscription.product_name,
        subscription=subscription.public_id,
        quantity=quantity,
        unit_price=unit_price,
        net=quantity * unit_price,
    )
    taxes = groups_of((line,))
    sums = {"net": line.net, "tax": taxes[0].tax, "gross": line.net + taxes[0].tax}
    plain = an_invoice(site)
    return replace(
        plain,
        number=number,
        issued_on=issued_on,
        lines=(line,),
        taxes=taxes,
        buyer=replace(plain.buyer, name=subscription.account.name),
        customer_number=subscription.account.customer_number,
        contract=subscription.public_id,
        payment=replace(plain.payment, due_on=issued_on + timedelta(days=30), reference=number),
        **{"po_number": subscription.po_number, **sums, **changes},
    )


def plant_invoice(
    subscription: Subscription | int,
    *,
    issued_on: date,
    now: datetime,
    number: str = "",
    credits: Invoice | None = None,
    blank: tuple[str, ...] = (),
    **columns: Any,
) -> Invoice:
    """One more, issued on that day; what is issued never changes, so that `columns` say all that differs."""
    if not isinstance(subscription, Subscription):
        subscription = Subscription.get_by_id(subscription)
    serial = next(_serial)
    facts: dict[str, Any] = {}
    if credits:
        facts = {"kind": CREDIT_NOTE, "credited": Credited(str(credits.number), credits.issued_on)}
    number = number or f"PL-{issued_on.year}-{serial:06}"
    content = content_for(subscription, number, issued_on=issued_on, **facts)
    issued = {
        "cause": f"planted {serial}",
        "period_start": issued_on,
        "period_end": issued_on + timedelta(days=365),
        "recorded_at": now,
        "issued_at": now,
        "credits": credits,
    }
    return Invoice.get_by_id(
        insert(Invoice, **_row(subscription, content) | issued | columns | dict.fromkeys(blank))
    )


def _row(subscription: Subscription, content: IssuedDocument) -> dict[str, Any]:
    product, public_id = subscription.product_name, subscription.public_id
    return {
        "kind": content.kind,
        "account": subscription.account_id,
        "subscription": subscription.id,
        "state": OPEN,
        "quantity": subscription.quantity,
        "unit_price": subscription.unit_price,
        "net": content.net,
        "tax": content.tax,
        "gross": content.gross,
        "currency": content.currency,
        "po_number": content.po_number,
        "number": content.number,
        "issued_on": content.issued_on,
        "due_on": content.payment.due_on,
        "language": content.language,
        "content": to_json(content),
        "search_key": search_key(content.number, content.po_number, public_id, product),
    }


def plant_waiting(subscription: Subscription | int, *, now: datetime) -> Invoice:
    """One whose tax nobody has decided: without a number, and without words of its own."""
    blank = ("number", "issued_at", "issued_on", "due_on", "tax", "gross")
    return plant_invoice(subscription, issued_on=now.date(), now=now, blank=blank, state=WAITING, content="")
