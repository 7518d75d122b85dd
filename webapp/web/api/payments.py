"""Payments of invoices, as the ERP tells them; each counts once, however often it comes."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal

from flask import Blueprint, Response

from webapp.assembly import Portal
from webapp.data.billing import Payment
from webapp.data.database import current_site
from webapp.data.records import find
from webapp.domain.money import in_major_units
from webapp.domain.payments.payment_document import CODES, PaymentDocument, ReceivedPayment, read_payment
from webapp.domain.payments.payments import Outcome, refuse_elsewhere, take_payment
from webapp.domain.shop.idempotency import Answer
from webapp.web.api.batch import BATCH, LineAnswer, Taken, answer_lines
from webapp.web.api.callers import Caller, caller
from webapp.web.api.exchange import body_of, carry_out, stored
from webapp.web.api.operations import NDJSON, Body, Shape, Told, operation
from webapp.web.site import this_portal

api = Blueprint("api_payments", __name__, url_prefix="/api/v1")

PAYMENT = Body(PaymentDocument)
_CONFLICT = "the reference is stored with other content (`payment_reference_conflict`)"


class PaymentReceipt(Shape):
    """What is answered to a payment, the first time and whenever it comes again."""

    reference: str
    invoice_number: str
    amount: Decimal
    currency: str
    paid_on: date
    received_at: datetime
    warnings: list[str]


@api.post("/payments")
@operation(
    "Tell of a payment",
    scope="payments:write",
    body=PAYMENT,
    answers={
        201: Told("taken", PaymentReceipt),
        200: Told("known: the answer of the first time", PaymentReceipt),
    },
    refuses={409: _CONFLICT},
    codes=CODES,
    repeatable=True,
)
def take() -> Response:
    body = body_of(PAYMENT)
    received = _received(body)
    return carry_out(lambda: _answer(received, _take(received, caller(), this_portal())), body)


@api.post("/batches/payments")
@operation(
    "Tell of many payments",
    scope="payments:write",
    body=BATCH,
    answers={200: Told("an answer for each line, as it is stored", LineAnswer, NDJSON)},
    codes=CODES,
)
def take_many() -> Response:
    by, portal = caller(), this_portal()  # lines are read when the view has returned

    def take_one(line: bytes) -> Taken:
        received = _received(line)
        outcome = _take(received, by, portal)
        return Taken(outcome.kind, _status(outcome), _receipt(received))

    return answer_lines(take_one, kinds=("accepted", "known"))


def _received(document: bytes) -> ReceivedPayment:
    received = read_payment(document)
    refuse_elsewhere(received.document, current_site())
    return received


def _take(received: ReceivedPayment, by: Caller, portal: Portal) -> Outcome:
    return take_payment(received, actor=by.actor, now=portal.clock())


def _status(outcome: Outcome) -> int:
    return 200 if outcome.kind == "known" else 201


def _answer(received: ReceivedPayment, outcome: Outcome) -> Answer:
    return stored(_status(outcome), _receipt(received))


def _receipt(received: ReceivedPayment) -> PaymentReceipt:
    found = find(Payment, reference=received.document.reference)
    assert found is not None
    return PaymentReceipt(
        reference=found.reference,
        invoice_number=received.document.invoice_number,
        amount=in_major_units(found.amount, found.currency),
        currency=found.currency,
        paid_on=found.paid_on,
        received_at=found.received_at,
        warnings=found.warnings.splitlines(),
    )
