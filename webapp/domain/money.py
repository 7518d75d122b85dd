"""Amounts as EN 16931 wants them: integers of the currency's minor unit, tax rounded once for each rate.

The net of a line is exact, since prices have no more decimals than their currency. The tax of all lines
with one category and rate is computed of their sum and rounded half up; totals are sums of what is printed.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal

from babel.numbers import get_currency_precision

from webapp.data.issued import Line, TaxGroup

NOT_SUBJECT = "O"  # UNCL 5305


class MixedWithNotSubject(ValueError):
    """EN 16931 (BR-O-11 to BR-O-14): what is not subject to VAT stands alone on its invoice."""


@dataclass(frozen=True, slots=True)
class Totals:
    net: int
    tax: int
    gross: int


def precision(currency: str) -> int:
    """How many decimals its amounts have: 2 for EUR, 0 for JPY."""
    return int(get_currency_precision(currency))


def in_major_units(minor: int, currency: str) -> Decimal:
    """59010 EUR → 590.10, exactly, however large."""
    digits = precision(currency)
    sign, text = ("-" if minor < 0 else ""), str(abs(minor)).rjust(digits + 1, "0")
    return Decimal(f"{sign}{text[:-digits]}.{text[-digits:]}" if digits else f"{sign}{text}")


def line_net(quantity: int, unit_price: int) -> int:
    return quantity * unit_price


def tax_of(taxable: int, rate: Decimal) -> int:
    """Percent of an amount, rounded half up (away from zero, below it) in whole numbers alone."""
    numerator, denominator = rate.as_integer_ratio()
    part, whole = abs(taxable) * numerator, 100 * denominator
    rounded = (2 * part + whole) // (2 * whole)
    return rounded if taxable >= 0 else -rounded


def tax_groups(lines: Iterable[Line]) -> tuple[TaxGroup, ...]:
    """One for each category and rate, in the order in which the lines bring them."""
    sums: dict[tuple[str, Decimal], int] = {}
    for line in lines:
        key = line.tax_category, line.tax_rate
        sums[key] = sums.get(key, 0) + line.net
    if len(sums) > 1 and any(category == NOT_SUBJECT for category, _rate in sums):
        raise MixedWithNotSubject
    return tuple(
        TaxGroup(category, rate, taxable, tax_of(taxable, rate)) for (category, rate), taxable in sums.items()
    )


def totals(groups: Iterable[TaxGroup]) -> Totals:
    net, tax = 0, 0
    for group in groups:
        net, tax = net + group.taxable, tax + group.tax
    return Totals(net, tax, net + tax)
