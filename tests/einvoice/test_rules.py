"""The official rules on the invoices of every site: schema, EN 16931, and in France those of its reform."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import date
from decimal import Decimal

import pytest

from tests.support.papers import SITES, a_credit_note, a_line, an_invoice, groups_of
from tests.support.schematron import CII, FRENCH_CII, FRENCH_UBL, GROUP, UBL, failures, verdict
from webapp.data.issued import HowToPay, IssuedDocument
from webapp.einvoice import cii, ubl

pytestmark = pytest.mark.xdist_group(GROUP)

KINDS: dict[str, Callable[[str], IssuedDocument]] = {
    "invoice": an_invoice,
    "40 lines": lambda site: an_invoice(site, count=40),
    "credit note": a_credit_note,
}


def objections(document: IssuedDocument) -> list[str]:
    french = document.site == "fr"
    return [
        *failures(cii(document), CII, *[FRENCH_CII] * french),
        *failures(ubl(document), UBL, *[FRENCH_UBL] * french),
    ]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("site", SITES)
def test_no_rule_objects_to_a_sites_invoice(site: str, kind: str) -> None:
    assert objections(KINDS[kind](site)) == []


@pytest.mark.parametrize("site", SITES)
def test_there_are_not_even_warnings(site: str) -> None:
    document = an_invoice(site, count=3)
    assert not verdict(cii(document), CII).warnings
    assert not verdict(ubl(document), UBL).warnings


def taxed(site: str, *taxes: tuple[str, str], reason: str = "", code: str = "") -> IssuedDocument:
    lines = tuple(
        a_line(number, site, tax_category=category, tax_rate=Decimal(rate))
        for number, (category, rate) in enumerate(taxes)
    )
    groups = tuple(
        group if group.category in "SZL" else replace(group, reason=reason, reason_code=code)
        for group in groups_of(lines)
    )
    return an_invoice(site, lines=lines, taxes=groups)


@pytest.mark.parametrize(
    "document",
    [
        taxed("fr", ("AE", "0"), reason="Autoliquidation", code="VATEX-EU-AE"),
        taxed("de", ("AE", "0")),
        taxed("de", ("K", "0"), code="VATEX-EU-IC"),
        taxed("at", ("G", "0"), reason="Ausfuhr"),
        taxed("de", ("O", "0")),
        taxed("us", ("O", "0")),
        taxed("ae", ("Z", "0")),
        taxed("fr", ("E", "0"), ("S", "5.5"), ("S", "20"), reason="Franchise en base"),
        taxed("es", ("L", "7"), ("L", "3"), ("S", "21")),
    ],
    ids=lambda document: f"{document.site}-{'+'.join(group.category for group in document.taxes)}",
)
def test_no_rule_objects_to_any_kind_of_tax(document: IssuedDocument) -> None:
    assert objections(document) == []


CARD = HowToPay("credit_card", debited_account="Visa … 4242")
DEBIT = HowToPay(
    "direct_debit",
    date(2026, 12, 6),
    mandate="M-2026-1",
    creditor_id="FR00ZZZ000000",
    debited_account="FR…0189",
)


@pytest.mark.parametrize("payment", [CARD, DEBIT, HowToPay("direct_debit"), HowToPay("invoice")], ids=str)
def test_no_rule_objects_to_any_way_to_pay(payment: HowToPay) -> None:
    assert objections(an_invoice("fr", payment=payment)) == []


def test_what_was_paid_before_may_stand_on_it_in_part_or_in_whole() -> None:
    document = an_invoice("fr", payment=CARD)
    assert objections(replace(document, paid=document.gross // 2)) == []
    assert objections(replace(document, paid=document.gross)) == []


def test_lines_may_cost_more_or_less_than_quantity_times_price() -> None:
    lines = (
        a_line(1, "fr", net=77_777),
        a_line(2, "fr", net=999_999_99),
        a_line(0, "fr", quantity=0, unit_price=0, net=0),
    )
    assert objections(an_invoice("fr", lines=lines)) == []


def test_a_buyer_of_whom_next_to_nothing_is_known_is_no_obstacle() -> None:
    document = an_invoice("de")
    buyer = replace(document.buyer, line1="", city="", postal_code="", vat_id="", ids={})
    assert objections(replace(document, buyer=buyer, customer_number="", po_number="", contract="")) == []
