"""Defects that the rules must find: a check that never says no is none."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from tests.support.papers import a_credit_note, an_invoice
from tests.support.schematron import (
    CII,
    FRENCH_CII,
    FRENCH_UBL,
    GROUP,
    UBL,
    NothingChecked,
    failures,
    schema_verdict,
    verdict,
)
from webapp.data.issued import IssuedDocument
from webapp.einvoice import cii, ubl

pytestmark = pytest.mark.xdist_group(GROUP)

Make = Callable[[IssuedDocument], bytes]
SYNTAXES = [pytest.param(cii, CII, id="cii"), pytest.param(ubl, UBL, id="ubl")]


@pytest.mark.parametrize(("make", "rules"), SYNTAXES)
def test_a_wrong_total_is_found(make: Make, rules: str) -> None:
    document = an_invoice("fr")
    assert verdict(make(replace(document, gross=document.gross + 1)), rules).rules & {"BR-CO-15", "BR-CO-16"}


@pytest.mark.parametrize(("make", "rules"), SYNTAXES)
def test_a_wrong_sum_of_the_lines_is_found(make: Make, rules: str) -> None:
    document = an_invoice("fr", count=3)
    lines = (replace(document.lines[0], net=document.lines[0].net + 100), *document.lines[1:])
    assert "BR-CO-10" in verdict(make(replace(document, lines=lines)), rules).rules


@pytest.mark.parametrize(("make", "rules"), SYNTAXES)
def test_a_wrong_tax_is_found(make: Make, rules: str) -> None:
    document = an_invoice("fr")
    group = replace(document.taxes[0], tax=document.taxes[0].tax + 1_000)
    wrong = replace(document, taxes=(group,), tax=group.tax, gross=document.net + group.tax)
    assert verdict(make(wrong), rules).rules & {"BR-S-09", "BR-CO-17"}


# Factur-X holds its lists of codes in rules of its own numbers.
@pytest.mark.parametrize(("make", "rules"), SYNTAXES)
def test_a_currency_that_is_none_is_found(make: Make, rules: str) -> None:
    xml = make(an_invoice("fr")).replace(b"EUR", b"EUX")
    assert verdict(xml, rules).rules & {"BR-CL-04", "FX-SCH-A-000595"}


@pytest.mark.parametrize(("make", "rules"), SYNTAXES)
def test_one_amount_in_another_currency_is_found(make: Make, rules: str) -> None:
    xml = make(an_invoice("fr")).replace(b'currencyID="EUR"', b'currencyID="USD"', 1)
    assert verdict(xml, rules).rules & {"BR-CO-15", "BR-53", "BR-CO-14"}


@pytest.mark.parametrize(("make", "rules"), SYNTAXES)
def test_a_unit_that_is_none_is_found(make: Make, rules: str) -> None:
    xml = make(an_invoice("fr")).replace(b'"C62"', b'"SEAT"')
    assert verdict(xml, rules).rules == {{CII: "FX-SCH-A-000613", UBL: "BR-CL-23"}[rules]}


@pytest.mark.parametrize(("make", "rules"), SYNTAXES)
def test_an_exemption_without_a_reason_is_found(make: Make, rules: str) -> None:
    document = an_invoice("fr")
    lines = tuple(replace(line, tax_category="E", tax_rate=0 * line.tax_rate) for line in document.lines)
    exempt = an_invoice("fr", lines=lines)
    assert "BR-E-10" in verdict(make(exempt), rules).rules


@pytest.mark.parametrize(("make", "rules"), [(cii, FRENCH_CII), (ubl, FRENCH_UBL)], ids=["cii", "ubl"])
def test_france_misses_its_mentions_its_process_and_the_invoice_that_is_credited(
    make: Make, rules: str
) -> None:
    bare = replace(a_credit_note("fr"), mentions=(), process="X9", credited=None)
    text = "\n".join(failures(make(bare), rules))
    for rule in ("BR-FR-05", "BR-FR-08", "BR-FR-CO-05"):
        assert rule in text


def test_broken_order_of_elements_is_found_by_the_schema() -> None:
    xml = cii(an_invoice("fr"))
    start, end = xml.index(b"<ram:TypeCode>380"), xml.index(b"<ram:IssueDateTime>")
    assert schema_verdict(xml[:start] + xml[end:]).failures


def test_rules_for_another_syntax_have_said_nothing() -> None:
    with pytest.raises(NothingChecked):
        verdict(b"<other/>", UBL)
