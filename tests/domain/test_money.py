"""Amounts: exact, in whole minor units, and sums that hold whatever is bought at whatever rate."""

from __future__ import annotations

from dataclasses import replace
from decimal import ROUND_HALF_UP, Decimal, localcontext

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.papers import a_line, an_invoice
from webapp.domain import money
from webapp.domain.money import MixedWithNotSubject

RATES = st.decimals(min_value=0, max_value=100, places=4) | st.sampled_from(
    [Decimal(rate) for rate in ("0", "2.5", "5", "5.5", "7.7", "8.1", "8.25", "10", "19", "20", "25.5")]
)
AMOUNTS = st.integers(min_value=0, max_value=10**18)
CURRENCIES = ("EUR", "CHF", "GBP", "USD", "PLN", "AED", "JPY")


def exactly(taxable: int, rate: Decimal) -> int:
    """The oracle: decimals with room for every digit."""
    with localcontext() as context:
        context.prec = 60
        return int((Decimal(taxable) * rate / 100).quantize(Decimal(1), ROUND_HALF_UP))


@given(AMOUNTS, RATES)
def test_tax_is_rounded_half_up_to_the_minor_unit(taxable: int, rate: Decimal) -> None:
    assert money.tax_of(taxable, rate) == exactly(taxable, rate)
    assert money.tax_of(-taxable, rate) == -exactly(taxable, rate)


@pytest.mark.parametrize(
    ("taxable", "rate", "tax"),
    [(5, "10", 1), (4, "10", 0), (-5, "10", -1), (15, "10", 2), (2, "25", 1), (50, "8.1", 4), (0, "20", 0)],
)
def test_a_half_goes_away_from_zero(taxable: int, rate: str, tax: int) -> None:
    assert money.tax_of(taxable, Decimal(rate)) == tax


def lines_of(bought: list[tuple[int, int, Decimal]]) -> list[money.Line]:
    first = a_line(0, "fr")
    return [
        replace(
            first, quantity=quantity, unit_price=price, net=money.line_net(quantity, price), tax_rate=rate
        )
        for quantity, price, rate in bought
    ]


BOUGHT = st.lists(st.tuples(st.integers(1, 10**6), st.integers(0, 10**12), RATES), min_size=1, max_size=12)


@given(BOUGHT)
def test_the_sums_hold_whatever_is_bought(bought: list[tuple[int, int, Decimal]]) -> None:
    lines = lines_of(bought)
    groups = money.tax_groups(lines)
    sums = money.totals(groups)
    assert sums.net == sum(line.net for line in lines) == sum(group.taxable for group in groups)
    assert sums.gross == sums.net + sum(group.tax for group in groups)
    assert len({(group.category, group.rate) for group in groups}) == len(groups)
    for group in groups:
        of_this = [line.net for line in lines if line.tax_rate == group.rate]
        assert group.taxable == sum(of_this)
        assert group.tax == exactly(sum(of_this), group.rate)


def test_tax_is_rounded_once_for_a_rate_and_not_line_by_line() -> None:
    lines = lines_of([(1, 5, Decimal(10))] * 3)  # each alone would be rounded up to 1
    (group,) = money.tax_groups(lines)
    assert (group.taxable, group.tax) == (15, 2)


@given(st.integers(min_value=-(10**18), max_value=10**18), st.sampled_from(CURRENCIES))
def test_major_units_are_exact_and_have_the_currency_s_decimals(minor: int, currency: str) -> None:
    major = money.in_major_units(minor, currency)
    assert -int(major.as_tuple().exponent) == money.precision(currency)
    with localcontext() as context:
        context.prec = 60
        assert major.scaleb(money.precision(currency)) == minor


@pytest.mark.parametrize(
    ("minor", "currency", "text"),
    [
        (59010, "EUR", "590.10"),
        (5, "CHF", "0.05"),
        (-7, "USD", "-0.07"),
        (74500, "JPY", "74500"),
        (0, "JPY", "0"),
    ],
)
def test_the_yen_has_no_decimals(minor: int, currency: str, text: str) -> None:
    assert str(money.in_major_units(minor, currency)) == text


def test_what_is_not_subject_to_tax_is_mixed_with_nothing() -> None:
    first = a_line(0, "fr")
    outside = replace(first, tax_category="O", tax_rate=Decimal(0))
    assert [group.category for group in money.tax_groups([outside, outside])] == ["O"]
    with pytest.raises(MixedWithNotSubject):
        money.tax_groups([first, outside])


def test_the_papers_of_the_tests_say_what_the_rules_say() -> None:
    """Two ways to the same sums."""
    for site in ("fr", "jp", "ch"):
        paper = an_invoice(site, count=7)
        assert money.tax_groups(paper.lines) == paper.taxes
        assert (money.totals(paper.taxes).net, money.totals(paper.taxes).gross) == (paper.net, paper.gross)
