"""What the portal itself issues, as e-invoices: asked of the official rules, not of ours."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import pytest

from tests.support.billed import address, an_issued
from tests.support.schematron import CII, FRENCH_CII, FRENCH_UBL, GROUP, UBL, failures
from webapp import einvoice
from webapp.assembly import Portal
from webapp.data.issued import IssuedDocument
from webapp.domain.audit import OPERATOR
from webapp.domain.invoices.credit_notes import credit
from webapp.domain.invoices.invoices import content_of
from webapp.einvoice import swiss_qr

pytestmark = pytest.mark.xdist_group(GROUP)

BUYERS: dict[str, tuple[str, dict[str, Any]]] = {
    "fr": ("fr", address("FR") | {"vat_id": "FR40303265045"}),
    "fr without a number": ("fr", address("FR")),
    "fr to de": ("fr", address("DE", postal_code="20095") | {"vat_id": "DE136695976"}),
    "fr to us": ("fr", address("US", postal_code="78701")),
    "de": ("de", address("DE", postal_code="20095")),
    "de to at": ("de", address("AT", postal_code="1010") | {"vat_id": "ATU13585627"}),
    "at": ("at", address("AT", postal_code="1010")),
    "at to li": ("at", address("LI", postal_code="9490")),
    "es": ("es", address("ES", postal_code="28013") | {"vat_id": "ESB58378431"}),
    "it": ("it", address("IT", postal_code="20121") | {"vat_id": "IT00743110157"}),
    "pl": ("pl", address("PL", postal_code="90-001") | {"vat_id": "PL8567346215"}),
    "nl": ("nl", address("NL", postal_code="7411 AB") | {"vat_id": "NL004495445B01"}),
    "be": ("be", address("BE", postal_code="2000") | {"vat_id": "BE0428759497"}),
    "cz": ("cz", address("CZ", postal_code="261 01") | {"vat_id": "CZ12345679"}),
    "sk": ("sk", address("SK", postal_code="010 01") | {"vat_id": "SK2021234567"}),
    "hu": ("hu", address("HU", postal_code="9021") | {"vat_id": "HU12345676"}),
    "pt": ("pt", address("PT", postal_code="1250-096") | {"vat_id": "PT512345678"}),
    "pt to nl": ("pt", address("NL", postal_code="7411 AB") | {"vat_id": "NL004495445B01"}),
}


def objections(document: IssuedDocument) -> list[str]:
    """The French ones want a number of the buyer's; that one is missing is said before it is issued."""
    french = document.site == document.buyer.country.lower() == "fr" and bool(document.buyer.vat_id)
    return [
        *failures(einvoice.cii(document), CII, *[FRENCH_CII] * french),
        *failures(einvoice.ubl(document), UBL, *[FRENCH_UBL] * french),
    ]


@pytest.mark.parametrize("engine", ["sqlite"], indirect=True)
@pytest.mark.parametrize("case", BUYERS)
def test_no_rule_objects_to_an_invoice_or_its_credit_note(portal: Portal, now: datetime, case: str) -> None:
    code, account = BUYERS[case]
    with portal.at(portal.sites[code]):
        issued = an_issued(portal, now=now, account=account, unit_price="590.10", quantity=3)
        note = credit(issued, reason="Wrong address", actor=OPERATOR, now=now)
        assert objections(content_of(issued)) == []
        assert objections(content_of(note)) == []


@pytest.mark.parametrize("engine", ["sqlite"], indirect=True)
@pytest.mark.parametrize("method", ["invoice", "direct_debit", "credit_card"])
def test_no_rule_objects_to_any_way_to_pay(portal: Portal, now: datetime, method: str) -> None:
    with portal.at(portal.sites["fr"]):
        account = BUYERS["fr"][1]
        issued = an_issued(portal, now=now, account=account, payment_method=method)
        assert objections(content_of(issued)) == []


@pytest.mark.parametrize("engine", ["sqlite"], indirect=True)
def test_a_swiss_slip_carries_the_reference_that_the_invoice_says(portal: Portal, now: datetime) -> None:
    with portal.at(portal.sites["ch"]):
        said = content_of(an_issued(portal, now=now, account=address("CH", postal_code="8001")))
    lines = swiss_qr.payload(said).splitlines()
    assert said.payment.reference in lines and "QRR" in lines
