"""The kinds of field that only an order has."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from decimal import Decimal
from functools import lru_cache

from babel import Locale
from email_validator import EmailNotValidError, validate_email

from webapp.domain.intake.intake_fields import UNPRINTABLE, Check, read_text, refuse_blank, refusing
from webapp.domain.subscriptions.purchase_orders import (
    MAXIMUM_LENGTH,
    PoNumberNotText,
    PoNumberTooLong,
    normal_po_number,
)

MOST_LICENSES = 1_000_000
LONGEST_EMAIL = 254
EARLIEST_YEAR = 2000
NOT_COUNTRIES = {"EU", "EZ", "UN", "XA", "XB", "ZZ", "QO"}
COUNTRIES = {
    str(code) for code in Locale("en").territories if re.fullmatch("[A-Z]{2}", str(code))
} - NOT_COUNTRIES

_ORDER_NUMBER = r"[A-Za-z0-9]([A-Za-z0-9._-]{0,38}[A-Za-z0-9])?"
_DAY, _TIME = "[0-9]{4}-[0-9]{2}-[0-9]{2}", r"[0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]{1,9})?"
_INSTANT = f"{_DAY}T{_TIME}(Z|[+-][0-9]{{2}}:[0-9]{{2}})"
_PRICE = r"(0|[1-9][0-9]{0,9})(\.[0-9]{1,4})?"


def _read_order_number(value: object) -> str:
    number = read_text(value, 40)
    if not re.fullmatch(_ORDER_NUMBER, number):
        raise refusing(
            "invalid_encoding", "an order number has letters A to Z, digits, and . _ - between them"
        )
    return number


ORDER_NUMBER = Check(_read_order_number, {"type": "string", "maxLength": 40, "pattern": f"^{_ORDER_NUMBER}$"})


@lru_cache(maxsize=4096)
def email_problem(address: str) -> str | None:
    """What is wrong with it, as far as that can be told without asking the network."""
    if len(address) > LONGEST_EMAIL:
        return f"an e-mail address has at most {LONGEST_EMAIL} characters"
    if UNPRINTABLE.search(address):
        return "the e-mail address holds a line break or another character that can’t be printed"
    if "@" not in address:
        return "the e-mail address has no @ sign"
    try:
        validate_email(address, check_deliverability=False)
    except EmailNotValidError as error:
        return f"the e-mail address is not valid: {error}"
    return None


def _read_email(value: object) -> str:
    refuse_blank(value, "the purchaser has no e-mail address: nobody could activate")
    if not isinstance(value, str):
        raise refusing("invalid_email", "the e-mail address must be text in quotation marks")
    if problem := email_problem(value):
        raise refusing("value_too_long" if len(value) > LONGEST_EMAIL else "invalid_email", problem)
    return value


EMAIL = Check(_read_email, {"type": "string", "format": "email", "minLength": 3, "maxLength": LONGEST_EMAIL})


def _read_quantity(value: object) -> int:
    refuse_blank(value)
    if type(value) is not int or value < 1:  # `true` is an int of Python's too
        raise refusing("invalid_quantity", "the quantity must be a whole number of 1 or more")
    if value > MOST_LICENSES:
        raise refusing("invalid_quantity", f"the quantity must be {MOST_LICENSES} or less")
    return value


QUANTITY = Check(_read_quantity, {"type": "integer", "minimum": 1, "maximum": MOST_LICENSES})


def _read_price(value: object) -> Decimal:
    refuse_blank(value)
    if not isinstance(value, str) or not re.fullmatch(_PRICE, value):
        raise refusing("invalid_price", 'the price must be text such as "590.00": digits, a point, decimals')
    price = Decimal(value)
    if not price:
        raise refusing("invalid_price", "the price must be more than 0: what is free can’t be ordered")
    return price


PRICE = Check(_read_price, {"type": "string", "pattern": f"^{_PRICE}$"})


def _read_instant(value: object) -> datetime:
    refuse_blank(value)
    if not isinstance(value, str) or not re.fullmatch(_INSTANT, value):
        raise refusing("invalid_date", "the date must look like 2026-11-20T09:14:22+01:00, with its zone")
    try:
        instant = datetime.fromisoformat(value)
    except ValueError as error:
        raise refusing("invalid_date", f"there is no such date: {error}") from None
    if instant.year < EARLIEST_YEAR:
        raise refusing("invalid_date", f"the year must be {EARLIEST_YEAR} or later")
    if instant.year == 9999:  # the calendar's end, where days can't be added any more
        raise refusing("date_in_future", "the order date lies in the future")
    return instant.astimezone(UTC)


INSTANT = Check(_read_instant, {"type": "string", "format": "date-time", "pattern": f"^{_INSTANT}$"})


def _read_po_number(value: object) -> str:
    if not isinstance(value, str):
        raise refusing(
            "missing_value", 'write "" where there is no purchase order number, else text in quotes'
        )
    try:
        return normal_po_number(value)
    except PoNumberTooLong:
        raise refusing(
            "value_too_long", f"the purchase order number is longer than {MAXIMUM_LENGTH}"
        ) from None
    except PoNumberNotText:
        raise refusing("invalid_encoding", "the number holds a character that can’t be printed") from None


# The outer spaces, which are trimmed, don't count: the schema can't say that.
PO_NUMBER = Check(
    _read_po_number, {"type": "string", "pattern": rf"^\s*(\S(.{{0,{MAXIMUM_LENGTH - 2}}}\S)?)?\s*$"}
)


def _read_country(value: object) -> str:
    refuse_blank(value)
    if not isinstance(value, str) or value not in COUNTRIES:
        raise refusing("missing_value", "the country must be a code of two capital letters, such as FR")
    return value


COUNTRY = Check(_read_country, {"type": "string", "pattern": "^[A-Z]{2}$"})


def _read_flag(value: object) -> bool:
    if value is not None and not isinstance(value, bool):
        raise refusing("missing_value", "the value must be true or false")
    return bool(value)


FLAG = Check(_read_flag, {"type": ["boolean", "null"]})
