"""Why an order is refused: a published code, the field it is about, and words for the shop."""

from __future__ import annotations

from typing import Literal, get_args

from webapp.domain.refusals import Refusal

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

_SHOWN = 40


class OrderRefused(Refusal):
    """Nothing of this order was taken. The words are English: shops and operators read them."""

    def __init__(self, code: Code, field: str | None, message: str) -> None:
        self.code = code
        self.field = field
        self.message = message
        super().__init__(message)


def shown(value: object) -> str:
    """What a message may repeat of a value: its beginning, without what moves a cursor or turns a line."""
    text = str(value)
    cut = text[:_SHOWN] + ("…" if len(text) > _SHOWN else "")
    return "".join(letter if letter.isprintable() else "\N{REPLACEMENT CHARACTER}" for letter in cut)
