"""Invoices of the bound site for tests, through the real rules."""

from __future__ import annotations

from datetime import datetime
from itertools import pairwise
from typing import Any

from tests.support.cast import accept, place_order
from webapp.assembly import Portal
from webapp.data.billing import Invoice
from webapp.data.subscriptions import Subscription
from webapp.domain.calendar import add_months
from webapp.domain.invoices import invoices


def active(portal: Portal, *, now: datetime, **order: Any) -> Subscription:
    """Bought and activated now; `order` are fields of the order document."""
    subscription = place_order(portal, ordered_at=now, **order)
    accept(subscription, now=now)
    return Subscription.get_by_id(subscription.id)


def an_issued(portal: Portal, *, now: datetime, **order: Any) -> Invoice:
    subscription = active(portal, now=now, **order)
    return Invoice.get(Invoice.subscription == subscription)


def many_due(subscription: Subscription, number: int, *, now: datetime) -> list[Invoice]:
    """Not issued yet: of so many months after the running term."""
    start = subscription.term_end
    months = [add_months(start, month, anchor_day=start.day) for month in range(number + 1)]
    return [
        invoices.record_due(subscription, period_start=begin, period_end=end, now=now)
        for begin, end in pairwise(months)
    ]


def address(country: str, **facts: str) -> dict[str, Any]:
    """Of a company, as an order has it."""
    where = {"line1": "1 Street", "postal_code": "69006", "city": "Town", "country": country} | facts
    return {"customer_number": "1000077", "name": "Builders", "address": where}
