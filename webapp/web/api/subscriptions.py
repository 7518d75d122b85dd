"""Subscriptions as they stand: all of them, those that changed, one."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from typing import Annotated, Any, Literal

from flask import Blueprint, Response
from pydantic import Field

from webapp.data.database import from_micros
from webapp.domain.intake import intake_fields as fields
from webapp.domain.intake import order_fields
from webapp.domain.money import in_major_units
from webapp.domain.shop import shop_view
from webapp.domain.shop.shop_view import STATES, Filters, State
from webapp.web.api.exchange import PARAMETER_CODES, query_of, read
from webapp.web.api.operations import Shape, Told, operation
from webapp.web.api.parameters import Paged
from webapp.web.site import this_portal

api = Blueprint("api_subscriptions", __name__, url_prefix="/api/v1/subscriptions")


class Subscription(Shape):
    subscription: str = Field(description="Its ID, as `SUB-FR-204118`.")
    order_number: str
    customer_number: str
    company: str
    administrator_name: str
    administrator_email: str
    product: str = Field(description="Key of the catalogue.")
    product_name: str
    kind: Literal["software", "service"]
    state: State
    quantity: int = Field(description="Licenses.")
    next_quantity: int | None = Field(description="From the next renewal on, if it will be another one.")
    term: Literal["annual", "monthly"]
    billing_period: Literal["annual", "monthly"]
    unit_price: Decimal
    currency: str
    payment_method: str
    purchase_order_number: str
    next_purchase_order_number: str | None
    ordered_at: datetime
    activate_before: datetime
    activated_at: datetime | None
    term_start: date | None
    renews_on: date | None = Field(description="Null where it does not renew.")
    ends_on: date | None = Field(description="The first day on which it can’t be used.")


class SubscriptionPage(Shape):
    subscriptions: list[Subscription] = Field(description="May be fewer than `limit`, and none, in mid-list.")
    next: str | None = Field(description="For `after`. Of changes it is always there: ask later with it.")
    more: bool = Field(description="Whether to ask at once.")


class SubscriptionQuery(Paged):
    changed_since: Annotated[
        datetime | None,
        fields.optional(order_fields.INSTANT),
        Field(
            description="Only what changed since then, in the order of the changes. A change is told a minute"
            " after it was made; what changed twice may come twice."
        ),
    ] = None
    customer_number: Annotated[str | None, fields.optional_text(40)] = None
    state: Annotated[str | None, fields.optional(fields.choice(*STATES, code="invalid_state"))] = None


@api.get("")
@operation(
    "List subscriptions, or those that changed",
    scope="subscriptions:read",
    query=SubscriptionQuery,
    answers={200: Told("a page", SubscriptionPage)},
    codes=PARAMETER_CODES,
)
def show_list() -> Response:
    asked, now = query_of(SubscriptionQuery), this_portal().clock()
    filters = Filters(asked.changed_since, asked.customer_number, asked.state)
    page = shop_view.page(filters, after=asked.after, limit=asked.limit, now=now)
    shown = [_shown(found, now=now) for found in page.found]
    return read(SubscriptionPage(subscriptions=shown, next=page.next, more=page.more))


@api.get("/<public_id:public_id>")
@operation(
    "Read a subscription", scope="subscriptions:read", answers={200: Told("as it stands", Subscription)}
)
def show(public_id: str) -> Response:
    return read(_shown(shop_view.one(public_id), now=this_portal().clock()))


def _shown(found: Any, *, now: datetime) -> Subscription:
    activated = found.activated_at
    return Subscription(
        subscription=found.public_id,
        order_number=found.order_number,
        customer_number=found.customer_number,
        company=found.account_name,
        administrator_name=found.administrator_name,
        administrator_email=found.administrator_email,
        product=found.product_key,
        product_name=found.product_name,
        kind=found.kind,
        state=shop_view.state_of(found, now=now),
        quantity=found.quantity,
        next_quantity=found.next_quantity,
        term=found.commitment,
        billing_period=found.billing_period,
        unit_price=in_major_units(found.unit_price, found.currency),
        currency=found.currency,
        payment_method=found.payment_method,
        purchase_order_number=found.po_number,
        next_purchase_order_number=found.next_po_number,
        ordered_at=from_micros(found.ordered_at),
        activate_before=from_micros(found.activate_before),
        activated_at=None if activated is None else from_micros(activated),
        term_start=found.term_start,
        renews_on=None if found.ends_on else found.term_end,
        ends_on=found.ends_on,
    )
