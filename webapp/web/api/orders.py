"""Orders: handed over once, however often they come; read, corrected and withdrawn."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal

from flask import Blueprint, Response
from pydantic import Field

from webapp.assembly import Portal
from webapp.data.database import current_site, from_micros
from webapp.domain.intake import intake_fields as fields
from webapp.domain.intake import order_fields
from webapp.domain.intake.intake_document import Part, read_document
from webapp.domain.intake.intake_reading import read_object, read_text
from webapp.domain.orders import order_corrections
from webapp.domain.orders.order_document import OrderDocument, ReceivedOrder, read_order
from webapp.domain.orders.order_intake import Outcome, take_order
from webapp.domain.orders.order_refusals import CODES, OrderRefused
from webapp.domain.orders.order_terms import refuse_elsewhere
from webapp.domain.shop import shop_view
from webapp.domain.shop.idempotency import Answer
from webapp.domain.shop.shop_view import State
from webapp.web.api.batch import BATCH, LineAnswer, Taken, answer_lines
from webapp.web.api.callers import Caller, caller
from webapp.web.api.exchange import body_of, carry_out, changed, read, stored
from webapp.web.api.operations import NDJSON, Body, Shape, Told, operation
from webapp.web.site import this_portal

api = Blueprint("api_orders", __name__, url_prefix="/api/v1")

ORDER = Body(OrderDocument)
_CONFLICT = "the order number is stored with other content (`order_number_conflict`)"
_NOT_PENDING = "it is not pending any more (`order_no_longer_pending`)"


class OrderReceipt(Shape):
    """What is answered to an order, the first time and whenever it comes again."""

    order_number: str
    subscription: str = Field(description="Its ID, as `SUB-FR-204118`.")
    taken_as: Literal["pending", "lapsed"] = Field(description="`lapsed`: the 90 days were over on arrival.")
    received_at: datetime
    activate_before: datetime = Field(description="The first instant that is too late.")
    warnings: list[str]


class OrderFate(Shape):
    """What became of an order."""

    order_number: str
    subscription: str
    state: State
    received_at: datetime
    activate_before: datetime
    activated_at: datetime | None
    administrator_name: str
    administrator_email: str


class PurchaserCorrection(Part):
    """Who shall administer the subscription instead."""

    email: Annotated[str, order_fields.EMAIL]
    name: Annotated[
        str | None, fields.optional_text(300), Field(description="Of somebody who is new at this site.")
    ] = None


class Withdrawal(Part):
    reason: Annotated[str, fields.text(1000), Field(description="For the audit trail only.")]


@api.post("/orders")
@operation(
    "Hand over an order",
    scope="orders:write",
    body=ORDER,
    answers={
        201: Told("taken", OrderReceipt),
        200: Told("known: the answer of the first time", OrderReceipt),
    },
    refuses={409: _CONFLICT},
    codes=CODES,
    repeatable=True,
)
def take() -> Response:
    body = body_of(ORDER)
    received = _received(body)
    return carry_out(lambda: _answer(_take(received, caller(), this_portal())), body)


@api.post("/batches/orders")
@operation(
    "Hand over many orders",
    scope="orders:write",
    body=BATCH,
    answers={200: Told("an answer for each line, as it is stored", LineAnswer, NDJSON)},
    codes=CODES,
)
def take_many() -> Response:
    by, portal = caller(), this_portal()  # lines are read when the view has returned

    def take_one(line: bytes) -> Taken:
        outcome = _take(_received(line), by, portal)
        return Taken(outcome.kind, _status(outcome), _receipt(outcome))

    return answer_lines(take_one, kinds=("accepted", "known", "lapsed"))


@api.get("/orders/<order_number:order_number>")
@operation(
    "Read what became of an order", scope="orders:read", answers={200: Told("as it stands", OrderFate)}
)
def show(order_number: str) -> Response:
    return read(_fate(order_number))


@api.put("/orders/<order_number:order_number>/purchaser")
@operation(
    "Give a pending order to another purchaser",
    scope="orders:write",
    body=Body(PurchaserCorrection),
    answers={200: Told("it is theirs; an e-mail is on its way unless it was theirs before", OrderFate)},
    refuses={409: _NOT_PENDING},
    codes=CODES,
)
def correct_purchaser(order_number: str) -> Response:
    content = read_object(read_text(body_of(Body(PurchaserCorrection))))
    wanted = read_document(PurchaserCorrection, content, codes=CODES, refused=OrderRefused)
    order_corrections.correct_purchaser(
        order_number, email=wanted.email, name=wanted.name, actor=caller().actor, now=this_portal().clock()
    )
    return changed(_fate(order_number))


@api.put("/orders/<order_number:order_number>/withdrawal")
@operation(
    "Withdraw a pending order",
    scope="orders:write",
    body=Body(Withdrawal),
    answers={200: Told("it is withdrawn, now or before", OrderFate)},
    refuses={409: _NOT_PENDING},
    codes=CODES,
)
def withdraw(order_number: str) -> Response:
    content = read_object(read_text(body_of(Body(Withdrawal))))
    wanted = read_document(Withdrawal, content, codes=CODES, refused=OrderRefused)
    order_corrections.withdraw_order(
        order_number, reason=wanted.reason, actor=caller().actor, now=this_portal().clock()
    )
    return changed(_fate(order_number))


def _received(document: bytes) -> ReceivedOrder:
    received = read_order(document)
    refuse_elsewhere(received.document, current_site())
    return received


def _take(received: ReceivedOrder, by: Caller, portal: Portal) -> Outcome:
    return take_order(received, catalogue=portal.catalogue, actor=by.actor, now=portal.clock())


def _status(outcome: Outcome) -> int:
    return 200 if outcome.kind == "known" else 201


def _answer(outcome: Outcome) -> Answer:
    receipt = _receipt(outcome)
    return stored(_status(outcome), receipt, f"/api/v1/orders/{receipt.order_number}")


def _receipt(outcome: Outcome) -> OrderReceipt:
    found = shop_view.receipt_of(outcome.subscription.id)
    return OrderReceipt(
        order_number=found.order_number,
        subscription=found.public_id,
        taken_as="lapsed" if found.received_at >= found.activate_before else "pending",
        received_at=from_micros(found.received_at),
        activate_before=from_micros(found.activate_before),
        warnings=found.warnings.splitlines(),
    )


def _fate(order_number: str) -> OrderFate:
    found = shop_view.of_order(order_number)
    activated = found.activated_at
    return OrderFate(
        order_number=found.order_number,
        subscription=found.public_id,
        state=shop_view.state_of(found, now=this_portal().clock()),
        received_at=from_micros(found.received_at),
        activate_before=from_micros(found.activate_before),
        activated_at=None if activated is None else from_micros(activated),
        administrator_name=found.administrator_name,
        administrator_email=found.administrator_email,
    )
