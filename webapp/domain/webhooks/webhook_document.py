"""What the shop is told. Published as `docs/webhook.schema.json`.

Public ids, states and dates; nobody's name or address. Who needs more asks the API for what the id names.
"""

from __future__ import annotations

import json
from datetime import date, datetime
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter

SubscriptionEventType = Literal[
    "order.accepted",
    "subscription.activated",
    "subscription.lapsed",
    "subscription.renewed",
    "subscription.cancellation_planned",
    "subscription.cancellation_undone",
    "subscription.ended",
    "subscription.transferred",
    "subscription.quantity_changed",
    "purchase_order.changed",
    "payment_method.changed",
]
SeatEventType = Literal["seat.assigned", "seat.revoked"]
InvoiceEventType = Literal["invoice.issued"]


class Told(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class SubscriptionFacts(Told):
    """As it stands after the event."""

    id: Annotated[str, Field(description="Such as SUB-FR-204118.")]
    order_number: Annotated[str, Field(description="The shop’s.")]
    customer_number: str
    product: Annotated[str, Field(description="Key of the catalogue.")]
    status: Literal["pending", "active", "ended", "lapsed", "withdrawn"]
    quantity: Annotated[int, Field(description="Licenses.")]
    next_quantity: Annotated[int | None, Field(description="From the next renewal on; null: the same.")]
    commitment: Literal["annual", "monthly"]
    billing_period: Literal["annual", "monthly"]
    term_start: date | None
    term_end: Annotated[date | None, Field(description="The day after the term’s last.")]
    ends_on: Annotated[
        date | None, Field(description="While it is cancelled, and after: the day after the last.")
    ]
    purchase_order_number: Annotated[str, Field(description="Of the running term; may be empty.")]
    next_purchase_order_number: Annotated[
        str | None, Field(description="From the next renewal on; null: the same.")
    ]
    payment_method: Literal["invoice", "direct_debit", "credit_card"]


class SeatFacts(Told):
    id: Annotated[str, Field(description="Names the seat wherever it is spoken of; no person.")]
    state: Literal["invited", "active", "ended"]
    last_day: Annotated[date | None, Field(description="Of use, if one is set.")]


class InvoiceFacts(Told):
    number: str
    kind: Literal["invoice", "credit_note"]
    issued_on: date
    due_on: date | None
    currency: str
    net: Annotated[str, Field(description="Text, since numbers of JSON lose cents.")]
    tax: str
    gross: str
    purchase_order_number: str
    period_start: date
    period_end: Annotated[date, Field(description="The day after the last.")]


class SubscriptionData(Told):
    site: Annotated[str, Field(description="Code of the country site.")]
    subscription: SubscriptionFacts


class SeatData(SubscriptionData):
    seat: SeatFacts


class InvoiceData(SubscriptionData):
    invoice: InvoiceFacts


class SubscriptionEvent(Told):
    type: SubscriptionEventType
    timestamp: Annotated[datetime, Field(description="When it happened.")]
    data: SubscriptionData


class SeatEvent(Told):
    type: SeatEventType
    timestamp: datetime
    data: SeatData


class InvoiceEvent(Told):
    type: InvoiceEventType
    timestamp: datetime
    data: InvoiceData


Event = SubscriptionEvent | SeatEvent | InvoiceEvent
_EVENT: TypeAdapter[Event] = TypeAdapter(Annotated[Event, Field(discriminator="type")])


def event_as_json(content: dict[str, Any]) -> str:
    """Refused is what does not keep to what is published."""
    return _EVENT.validate_python(content).model_dump_json()


def read_event(text: str | bytes) -> Event:
    """As a receiver would."""
    return _EVENT.validate_json(text)


def published_schema() -> str:
    """The file `docs/webhook.schema.json`."""
    head = {"$schema": "https://json-schema.org/draft/2020-12/schema", "title": "Webhook"}
    schema = {**head, **_EVENT.json_schema(mode="serialization")}
    return json.dumps(schema, ensure_ascii=False, indent=2) + "\n"
