"""The document with which an ERP tells of one payment. Published as `docs/payment.schema.json`."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from functools import cached_property
from typing import Annotated, Literal, get_args

from pydantic import Field

from webapp.domain.intake import intake_document
from webapp.domain.intake import intake_fields as fields
from webapp.domain.intake.intake_document import Part, hash_of, read_document
from webapp.domain.intake.intake_fields import Check, refuse_blank, refusing
from webapp.domain.intake.intake_reading import read_object, read_text
from webapp.domain.intake.intake_refusals import IntakeRefused

Code = Literal[
    "invalid_json",
    "invalid_encoding",
    "duplicate_key",
    "missing_field",
    "missing_value",
    "value_too_long",
    "unknown_site",
    "unknown_invoice",
    "invalid_amount",
    "unknown_currency",
    "currency_not_of_invoice",
    "invalid_date",
    "date_in_future",
    "payment_reference_conflict",
]
CODES: tuple[str, ...] = get_args(Code)

EARLIEST_YEAR = 2000
_AMOUNT = r"-?(0|[1-9][0-9]{0,11})(\.[0-9]{1,4})?"
_DAY = "[0-9]{4}-[0-9]{2}-[0-9]{2}"


class PaymentRefused(IntakeRefused):
    def __init__(self, code: Code, field: str | None, message: str) -> None:
        super().__init__(code, field, message)


def _read_amount(value: object) -> Decimal:
    refuse_blank(value)
    if not isinstance(value, str) or not re.fullmatch(_AMOUNT, value):
        raise refusing(
            "invalid_amount",
            'the amount must be text such as "1234.50" or "-1234.50": digits, a point, decimals',
        )
    amount = Decimal(value)
    if not amount:
        raise refusing("invalid_amount", "the amount is 0: nothing was paid")
    return amount


_AMOUNT_FIELD = Check(_read_amount, {"type": "string", "pattern": f"^{_AMOUNT}$"})


def _read_day(value: object) -> date:
    refuse_blank(value)
    if not isinstance(value, str) or not re.fullmatch(_DAY, value):
        raise refusing("invalid_date", "the date must look like 2026-11-20")
    try:
        day = date.fromisoformat(value)
    except ValueError as error:
        raise refusing("invalid_date", f"there is no such date: {error}") from None
    if day.year < EARLIEST_YEAR:
        raise refusing("invalid_date", f"the year must be {EARLIEST_YEAR} or later")
    return day


_DAY_FIELD = Check(_read_day, {"type": "string", "format": "date", "pattern": f"^{_DAY}$"})


class PaymentDocument(Part):
    """One payment of one invoice, as the ERP has booked it."""

    reference: Annotated[
        str, fields.text(60), Field(description="The ERP's own, unique at its site. Never used twice.")
    ]
    site: Annotated[str, fields.SITE, Field(description="Code of the country site.")]
    invoice_number: Annotated[str, fields.text(40), Field(description="As it stands on the invoice.")]
    amount: Annotated[
        Decimal,
        _AMOUNT_FIELD,
        Field(
            description="Text; decimals as the currency has. Below zero: paid back, or returned by the bank."
        ),
    ]
    currency: Annotated[str, fields.CURRENCY, Field(description="ISO 4217; the one that the invoice is in.")]
    paid_on: Annotated[date, _DAY_FIELD, Field(description="The day of the booking.")]


@dataclass(frozen=True)
class ReceivedPayment:
    """A payment that is well-formed."""

    document: PaymentDocument

    @cached_property
    def content_hash(self) -> str:
        return hash_of(self.document.model_dump())


def read_payment(line: bytes) -> ReceivedPayment:
    """What it says is checked by `payments`, at its site."""
    content = read_object(read_text(line))
    return ReceivedPayment(read_document(PaymentDocument, content, codes=CODES, refused=PaymentRefused))


def published_schema() -> str:
    """The file `docs/payment.schema.json`."""
    return intake_document.published_schema(PaymentDocument)
