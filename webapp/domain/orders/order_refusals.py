"""The codes with which an order is refused."""

from __future__ import annotations

from typing import Literal, get_args

from webapp.domain.intake.intake_refusals import IntakeRefused

Code = Literal[
    "invalid_json",
    "invalid_encoding",
    "duplicate_key",
    "missing_field",
    "missing_value",
    "invalid_email",
    "invalid_quantity",
    "invalid_price",
    "invalid_date",
    "date_in_future",
    "invalid_term",
    "unknown_site",
    "language_not_on_site",
    "unknown_product",
    "product_not_on_site",
    "product_not_orderable",
    "unknown_currency",
    "currency_not_of_site",
    "value_too_long",
    "order_number_conflict",
]
CODES: tuple[str, ...] = get_args(Code)


class OrderRefused(IntakeRefused):
    def __init__(self, code: Code, field: str | None, message: str) -> None:
        super().__init__(code, field, message)
