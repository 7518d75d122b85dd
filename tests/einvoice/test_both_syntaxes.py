"""Read back, CII and UBL say the same, and all that the invoice says."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest
from facturx import parse_ubl_cii_xml
from hypothesis import HealthCheck, given, settings

from tests.einvoice.generated import documents
from tests.support.papers import SITES, a_credit_note, an_invoice
from webapp.data.issued import HowToPay, IssuedDocument
from webapp.einvoice import cii, ubl
from webapp.einvoice.model import terms_of

DEBIT = HowToPay(
    "direct_debit", date(2026, 12, 6), mandate="M-1", creditor_id="FR00ZZZ1", debited_account="FR…0189"
)


def read(xml: bytes) -> dict[str, Any]:
    terms: dict[str, Any] = parse_ubl_cii_xml(xml, check_xsd=False)
    return terms


def alike(terms: dict[str, Any]) -> dict[str, Any]:
    """Without what only one syntax has a place for: UBL says the creditor's id twice, a mandate only with its account."""
    seller = {key: value for key, value in terms["BG-4"].items() if key != "identifiers"}
    rest = {key: value for key, value in terms.items() if key != "BT-89" or "BT-91" in terms}
    return {**rest, "BG-4": seller}


@pytest.mark.parametrize("site", SITES)
@pytest.mark.parametrize("make", [cii, ubl])
def test_nothing_of_an_invoice_is_lost(make: Any, site: str) -> None:
    for document in (an_invoice(site, count=3), a_credit_note(site), an_invoice(site, payment=DEBIT)):
        terms = terms_of(document)
        terms["BT-24"] = "urn:cen.eu:en16931:2017"
        assert alike(read(make(document))) == alike(terms)


@settings(max_examples=100, deadline=None, suppress_health_check=list(HealthCheck))
@given(documents())
def test_both_say_the_same(document: IssuedDocument) -> None:
    assert alike(read(cii(document))) == alike(read(ubl(document)))
