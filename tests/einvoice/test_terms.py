"""Which of an invoice's content becomes which business term of EN 16931."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import Any

import pytest
from lxml import etree

from tests.support.papers import a_credit_note, a_line, an_invoice
from webapp.data.issued import HowToPay, Mention, Party
from webapp.einvoice import NotInTheStandard, cii, ubl
from webapp.einvoice.model import terms_of


def buyer_of(country: str, **changes: Any) -> Party:
    return Party("Buyer", "Street 1", "Town", country, postal_code="1000", **changes)


def bought_by(buyer: Party, site: str = "fr") -> dict[str, Any]:
    terms: dict[str, Any] = terms_of(an_invoice(site, buyer=buyer))["BG-7"]
    return terms


def test_amounts_have_the_decimals_of_their_currency() -> None:
    assert terms_of(an_invoice("fr"))["BT-112"] == "708.00"
    assert terms_of(an_invoice("jp"))["BT-112"] == "81950"


def test_a_currency_with_three_decimals_is_refused_in_words() -> None:
    with pytest.raises(NotInTheStandard, match=r"two decimals.*BHD"):
        cii(an_invoice("ae", currency="BHD"))


def test_rates_are_as_short_as_they_can_be() -> None:
    group = replace(an_invoice("fr").taxes[0], rate=an_invoice("ch").taxes[0].rate)
    assert terms_of(an_invoice("fr", taxes=(group,)))["BG-23"][0]["BT-119"] == "8.1"


def test_order_contract_and_reference_stand_where_accounts_payable_look() -> None:
    terms = terms_of(an_invoice("fr", buyer_reference="ACHATS-07"))
    assert (terms["BT-13"], terms["BT-10"], terms["BT-12"]) == ("BC 2026-113", "ACHATS-07", "SUB-FR-204118")


def test_a_leitweg_id_is_the_reference_and_the_address_of_a_public_buyer() -> None:
    terms = terms_of(an_invoice("de"))
    assert terms["BT-10"] == "04011000-12345-67"
    assert terms["BG-7"]["einvoicing_addr"] == "04011000-12345-67"
    assert terms["BG-7"]["einvoicing_addr_schemeid"] == "0204"


def test_one_order_number_of_all_lines_is_the_invoices() -> None:
    lines = tuple(a_line(number, "fr", po_number="PO-9") for number in range(3))
    terms = terms_of(an_invoice("fr", lines=lines, po_number=""))
    assert terms["BT-13"] == "PO-9"


def test_an_order_number_that_differs_stands_on_its_line() -> None:
    lines = a_line(0, "fr", po_number="PO-1"), a_line(1, "fr", po_number="PO-2")
    first, second = terms_of(an_invoice("fr", lines=lines, po_number="PO-1"))["BG-25"]
    assert "BG-32" not in first
    assert second["BG-32"] == [{"BT-160": "Purchase order", "BT-161": "PO-2"}]


def test_periods_stand_on_the_document_and_on_each_line() -> None:
    terms = terms_of(an_invoice("fr"))
    period = date(2026, 11, 22), date(2027, 11, 21)
    assert (terms["BT-73"], terms["BT-74"]) == period
    assert (terms["BG-25"][0]["BT-134"], terms["BG-25"][0]["BT-135"]) == period
    assert terms["BG-25"][0]["BT-128"] == {None: "SUB-FR-204118"}


def test_a_credit_note_names_its_invoice_its_reason_and_when_it_is_settled() -> None:
    terms = terms_of(a_credit_note("de", language="de"))
    assert terms["BT-3"] == "381"
    assert terms["BG-3"] == [{"BT-25": "DE-2026-000042", "BT-26": date(2026, 11, 22)}]
    assert {"BT-21": "ACD", "BT-22": "Wrong address on the invoice"} in terms["BG-1"]
    assert terms["BT-20"] == "Wird mit offenen Rechnungen verrechnet oder zurückgezahlt"


def test_mentions_are_notes_with_their_subject() -> None:
    document = an_invoice("fr", mentions=(Mention("Sentence"), Mention("Late", "PMD"), Mention("  ")))
    assert terms_of(document)["BG-1"] == [
        {"BT-21": "AAI", "BT-22": "Sentence"},
        {"BT-21": "PMD", "BT-22": "Late"},
    ]


@pytest.mark.parametrize(
    ("site", "changes", "code"),
    [
        ("fr", {}, "58"),
        ("ch", {}, "30"),
        ("de", {"iban": ""}, "1"),
        ("fr", {"method": "credit_card"}, "54"),
        ("fr", {"method": "direct_debit", "creditor_id": "FR00ZZZ1"}, "59"),
        ("pl", {"method": "direct_debit"}, "49"),
    ],
)
def test_the_way_to_pay_has_its_code(site: str, changes: dict[str, str], code: str) -> None:
    document = an_invoice(site)
    assert terms_of(replace(document, payment=replace(document.payment, **changes)))["BT-81"] == code


def test_a_direct_debit_names_mandate_creditor_and_account_in_both_syntaxes() -> None:
    payment = HowToPay(
        "direct_debit", date(2026, 12, 6), mandate="M-1", creditor_id="FR00ZZZ1", debited_account="FR…0189"
    )
    document = an_invoice("fr", payment=payment)
    for xml in (cii(document), ubl(document)):
        for value in ("M-1", "FR00ZZZ1", "FR…0189"):
            assert f">{value}<".encode() in xml


def test_where_nothing_is_left_to_pay_france_is_told_that_it_was_paid() -> None:
    document = an_invoice("fr", payment=HowToPay("credit_card"))
    assert terms_of(document)["BT-23"] == "S1"
    paid = terms_of(replace(document, paid=document.gross))
    assert (paid["BT-23"], paid["BT-9"], paid["BT-115"]) == ("S2", document.issued_on, "0.00")
    assert terms_of(replace(document, process="B1"))["BT-23"] == "B1"
    assert "BT-23" not in terms_of(an_invoice("de"))


@pytest.mark.parametrize(
    ("buyer", "address", "legal"),
    [
        (buyer_of("FR", ids={"siret": "30326504500017"}), ("303265045", "0225"), ("303265045", "0002")),
        (buyer_of("FR", vat_id="FR40303265045"), ("303265045", "0225"), ("303265045", "0002")),
        (buyer_of("DE", vat_id="DE136695976"), ("DE136695976", "9930"), ("", "")),
        (buyer_of("AT", vat_id="ATU13585627"), ("ATU13585627", "9914"), ("", "")),
        (buyer_of("BE", vat_id="BE0428759497"), ("0428759497", "0208"), ("0428759497", "0208")),
        (buyer_of("NL", vat_id="NL004495445B01"), ("NL004495445B01", "9944"), ("", "")),
        (buyer_of("NL", ids={"kvk": "12345678"}), ("12345678", "0106"), ("12345678", "0106")),
        (buyer_of("IT", vat_id="IT00743110157", ids={"sdi_code": "ABC1234"}), ("ABC1234", "0205"), ("", "")),
        (buyer_of("IT", vat_id="IT00743110157", ids={"sdi_code": "UF1234"}), ("UF1234", "0201"), ("", "")),
        (buyer_of("IT", vat_id="IT00743110157"), ("IT00743110157", "0211"), ("", "")),
        (buyer_of("ES", vat_id="ESB58378431"), ("ESB58378431", "9920"), ("", "")),
        (buyer_of("PL", vat_id="PL8567346215"), ("PL8567346215", "9945"), ("", "")),
        (
            buyer_of("CH", vat_id="CHE-107.787.577 MWST", ids={"che_uid": "CHE-107.787.577"}),
            ("CHE107787577", "9927"),
            ("CHE107787577", "0183"),
        ),
        (buyer_of("US", contact_email="ap@example.com"), ("ap@example.com", "EM"), ("", "")),
        (buyer_of("DE"), ("", ""), ("", "")),
    ],
    ids=lambda value: value.country if isinstance(value, Party) else "",
)
def test_a_buyers_numbers_stand_where_its_country_looks_for_them(
    buyer: Party, address: tuple[str, str], legal: tuple[str, str]
) -> None:
    terms = bought_by(buyer)
    assert (terms.get("einvoicing_addr", ""), terms.get("einvoicing_addr_schemeid", "")) == address
    assert (terms.get("legal_identifier", ""), terms.get("legal_identifier_schemeid", "")) == legal


def test_a_siret_is_the_buyers_own_number_and_begins_with_its_siren() -> None:
    assert bought_by(buyer_of("FR", ids={"siret": "30326504500017"}))["identifiers"] == {
        "0009": "30326504500017"
    }


def test_a_number_without_its_country_is_no_vat_number() -> None:
    assert "vat_identifier" not in bought_by(buyer_of("AE", vat_id="100123456700003"))
    seller = terms_of(an_invoice("ae"))["BG-4"]
    assert seller["tax_identifier"] == "000000000000000"


def test_who_is_not_subject_to_vat_shows_no_vat_number() -> None:
    document = an_invoice("de")
    group = replace(document.taxes[0], category="O")
    terms = terms_of(replace(document, taxes=(group,)))
    assert "vat_identifier" not in terms["BG-4"] | terms["BG-7"]
    assert terms["BG-4"]["legal_identifier"] == "DE000000000"


def test_characters_that_xml_forbids_are_dropped_and_do_not_crash() -> None:
    document = an_invoice("fr", lines=(a_line(0, "fr", name="a\x00b\ud800c\ufffe", subscription=""),))
    named = replace(document, buyer=replace(document.buyer, name="\x01\x02"))
    terms = terms_of(named)
    assert (terms["BG-25"][0]["BT-153"], terms["BG-7"]["name"]) == ("abc", "–")
    assert cii(named) and ubl(named)


def test_a_price_that_does_not_multiply_to_the_line_is_explained() -> None:
    less, more = terms_of(an_invoice("fr", lines=(a_line(0, "fr", net=50_000), a_line(0, "fr", net=60_000))))[
        "BG-25"
    ]
    assert less["BG-27"] == [{"amount": "90.00", "reason_code": "95"}]
    assert more["BG-28"] == [{"amount": "10.00", "reason_code": "ABK"}]


def test_a_network_may_have_its_own_specification() -> None:
    name = "urn:cen.eu:en16931:2017#compliant#urn:fdc:peppol.eu:2017:poacc:billing:3.0"
    for make in (cii, ubl):
        root = etree.fromstring(make(an_invoice("de"), specification=name))
        assert [node.text for node in root.iter() if (node.text or "").startswith("urn:cen.eu")] == [name]


def test_the_same_content_gives_the_same_bytes() -> None:
    assert cii(an_invoice("fr", count=7)) == cii(an_invoice("fr", count=7))
    assert ubl(an_invoice("fr", count=7)) == ubl(an_invoice("fr", count=7))
