"""Telling the shop what happens: a row for each endpoint, in the transaction of what it tells.

`tell` is called by the rules, beside their audit event. What is told is read anew from the database, so that
it does not matter how old the object is that a rule has in its hands.
"""

from __future__ import annotations

import time
import uuid
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, get_args
from weakref import WeakKeyDictionary

import peewee as pw

from webapp.data import records
from webapp.data.billing import Invoice
from webapp.data.database import current_site, database
from webapp.data.statements import rows, rows_of_each
from webapp.data.subscriptions import Seat, Subscription
from webapp.data.webhooks import WebhookMessage
from webapp.domain import money
from webapp.domain.webhooks import webhook_document as document

ORDER_ACCEPTED = "order.accepted"
ACTIVATED = "subscription.activated"
LAPSED = "subscription.lapsed"
RENEWED = "subscription.renewed"
CANCELLATION_PLANNED = "subscription.cancellation_planned"
CANCELLATION_UNDONE = "subscription.cancellation_undone"
ENDED = "subscription.ended"
TRANSFERRED = "subscription.transferred"
QUANTITY_CHANGED = "subscription.quantity_changed"
PURCHASE_ORDER_CHANGED = "purchase_order.changed"
PAYMENT_METHOD_CHANGED = "payment_method.changed"
SEAT_ASSIGNED = "seat.assigned"
SEAT_REVOKED = "seat.revoked"
INVOICE_ISSUED = "invoice.issued"
_TYPES = (document.SubscriptionEventType, document.SeatEventType, document.InvoiceEventType)
EVENTS: tuple[str, ...] = tuple(name for kind in _TYPES for name in get_args(kind))

TRIED_FOR = timedelta(days=3)
LOOKS_AGAIN = 2.0  # seconds, at a site that has no endpoint

_COLUMNS = """s.public_id, o.order_number, a.customer_number, s.product_key, s.status, s.quantity,
 s.next_quantity, s.commitment, s.billing_period, s.term_start, s.term_end, s.ends_on, s.po_number,
 s.next_po_number, s.payment_method"""
_OF_SUBSCRIPTION = "JOIN shop_order o ON o.id = s.order_id JOIN account a ON a.id = s.account_id"
_SQL: dict[type[pw.Model], str] = {
    Subscription: f"""WITH wanted (id) AS (VALUES :each) SELECT wanted.id AS row_id, {_COLUMNS}
 FROM wanted JOIN subscription s ON s.id = wanted.id {_OF_SUBSCRIPTION}""",
    Seat: f"""WITH wanted (id) AS (VALUES :each) SELECT wanted.id AS row_id, {_COLUMNS}, seat.key, seat.state,
 seat.counted, seat.last_day
 FROM wanted JOIN seat ON seat.id = wanted.id JOIN subscription s ON s.id = seat.subscription_id
 {_OF_SUBSCRIPTION}""",
    Invoice: f"""WITH wanted (id) AS (VALUES :each) SELECT wanted.id AS row_id, {_COLUMNS}, i.number, i.kind,
 i.issued_on, i.due_on, i.currency, i.net, i.tax, i.gross, i.po_number AS invoice_po_number, i.period_start,
 i.period_end
 FROM wanted JOIN invoice i ON i.id = wanted.id JOIN subscription s ON s.id = i.subscription_id
 {_OF_SUBSCRIPTION}""",
}


def tell(event: str, subject: Subscription | Invoice | Seat, *, now: datetime) -> None:
    """Inside the transaction of the change, after it."""
    tell_many(event, type(subject), [subject.id], now=now)


def tell_many(event: str, of: type[pw.Model], ids: Sequence[int], *, now: datetime) -> None:
    """The same for many, by their row numbers, in this order."""
    if not ids or not (endpoints := _listening(event)):
        return
    found = {one.row_id: one for one in rows_of_each(_SQL[of], [(number,) for number in ids])}
    told = [(found[number].public_id, _payload(event, of, found[number], now)) for number in ids]
    messages = [_message(endpoint, event, *one, now) for endpoint in endpoints for one in told]
    records.insert_many(WebhookMessage, messages)


def _message(endpoint: int, event: str, subject: str, payload: str, now: datetime) -> dict[str, Any]:
    return {
        "message_id": f"msg_{uuid.uuid4().hex}",
        "endpoint": endpoint,
        "event": event,
        "subject": subject,
        "payload": payload,
        "created_at": now,
        "expires_at": now + TRIED_FOR,
        "next_attempt_at": now,
    }


# ---- who listens


_ENDPOINTS_SQL = "SELECT id, events FROM webhook_endpoint WHERE state = 'enabled' ORDER BY id"
_nobody_until: WeakKeyDictionary[pw.Database, float] = WeakKeyDictionary()


def _listening(event: str) -> list[int]:
    """Row numbers of endpoints. Most sites have none at all, which is asked once in a while; who has one is
    asked each time, so that nothing is left out after a change."""
    here = database.obj
    assert isinstance(here, pw.Database)
    if _nobody_until.get(here, 0.0) > time.monotonic():
        return []
    found = rows(_ENDPOINTS_SQL)
    if not found:
        _nobody_until[here] = time.monotonic() + LOOKS_AGAIN
    return [one.id for one in found if not one.events or event in one.events.split()]


def somebody_listens() -> None:
    """From now on, in this process; the others see it within two seconds."""
    if (here := database.obj) is not None:
        _nobody_until.pop(here, None)


# ---- what is told


def _payload(event: str, of: type[pw.Model], found: Any, now: datetime) -> str:
    data: dict[str, Any] = {"site": current_site().code, "subscription": _subscription(found)}
    if of is Seat:
        data["seat"] = _seat(found)
    elif of is Invoice:
        data["invoice"] = _invoice(found)
    return document.event_as_json({"type": event, "timestamp": now, "data": data})


def _subscription(found: Any) -> dict[str, Any]:
    named = document.SubscriptionFacts.model_fields.keys() & set(found._fields)
    return {
        **{name: getattr(found, name) for name in named},
        "id": found.public_id,
        "product": found.product_key,
        "purchase_order_number": found.po_number,
        "next_purchase_order_number": found.next_po_number,
    }


def _seat(found: Any) -> dict[str, Any]:
    state = found.state if found.counted else "ended"
    return {"id": found.key, "state": state, "last_day": found.last_day}


def _invoice(found: Any) -> dict[str, Any]:
    named = document.InvoiceFacts.model_fields.keys() & set(found._fields)
    amounts = {name: getattr(found, name) for name in ("net", "tax", "gross")}
    return {
        **{name: getattr(found, name) for name in named},
        **{name: str(money.in_major_units(minor, found.currency)) for name, minor in amounts.items()},
        "purchase_order_number": found.invoice_po_number,
    }
