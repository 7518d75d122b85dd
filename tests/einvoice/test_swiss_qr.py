"""What the QR code of a Swiss slip says, field by field as its standard lists them."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from stdnum import iso11649
from stdnum.ch import esr

from tests.support.papers import a_line, an_invoice
from webapp.data.issued import IssuedDocument
from webapp.einvoice.latin import latin
from webapp.einvoice.swiss_qr import (
    NoSwissSlip,
    creditor_reference,
    is_qr_iban,
    payload,
    qr_reference,
)

ORDINARY, QR_IBAN = "CH5604835012345678009", "CH4431999123000889012"
# Each with the most characters that the standard gives it, in its order.
FIELDS = [
    ("QRType", 3),
    ("Version", 4),
    ("Coding", 1),
    ("IBAN", 21),
    *[
        (f"{who}.{part}", longest)
        for who in ("Creditor", "UltimateCreditor")
        for part, longest in [
            ("Type", 1),
            ("Name", 70),
            ("Street", 70),
            ("House", 16),
            ("PostalCode", 16),
            ("Town", 35),
            ("Country", 2),
        ]
    ],
    ("Amount", 12),
    ("Currency", 3),
    *[
        (f"Debtor.{part}", longest)
        for part, longest in [
            ("Type", 1),
            ("Name", 70),
            ("Street", 70),
            ("House", 16),
            ("PostalCode", 16),
            ("Town", 35),
            ("Country", 2),
        ]
    ],
    ("ReferenceType", 4),
    ("Reference", 27),
    ("Message", 140),
    ("Trailer", 3),
    ("Billing", 140),
]


def read(text: str) -> dict[str, str]:
    """The fields by name, each within its length, all in permitted characters."""
    assert len(text.encode()) <= 997
    values = text.split("\r\n")
    assert len(FIELDS) - 1 <= len(values) <= len(FIELDS)
    for (name, longest), value in zip(FIELDS, values, strict=False):
        assert len(value) <= longest, name
        assert latin(value, longest) == value, name
    return dict(zip((name for name, _ in FIELDS), values, strict=False))


def slip(**changes: Any) -> dict[str, str]:
    return read(payload(an_invoice("ch", **changes)))


def paid_to(iban: str, reference: str = "", **changes: Any) -> IssuedDocument:
    document = an_invoice("ch", **changes)
    return replace(document, payment=replace(document.payment, iban=iban, reference=reference))


def test_every_field_is_in_its_place() -> None:
    assert slip() == {
        "QRType": "SPC",
        "Version": "0200",
        "Coding": "1",
        "IBAN": ORDINARY,
        "Creditor.Type": "S",
        "Creditor.Name": "Example Tools (Schweiz) AG",
        "Creditor.Street": "Beispielstrasse",
        "Creditor.House": "1",
        "Creditor.PostalCode": "0000",
        "Creditor.Town": "Musterdorf",
        "Creditor.Country": "CH",
        **{f"UltimateCreditor.{part}": "" for part in ("Type", "Name", "Street", "House", "PostalCode")},
        "UltimateCreditor.Town": "",
        "UltimateCreditor.Country": "",
        "Amount": "637.79",
        "Currency": "CHF",
        "Debtor.Type": "S",
        "Debtor.Name": "Zürcher Bau & Söhne AG",
        "Debtor.Street": "Bahnhofstrasse",
        "Debtor.House": "7",
        "Debtor.PostalCode": "8001",
        "Debtor.Town": "Zürich",
        "Debtor.Country": "CH",
        "ReferenceType": "NON",
        "Reference": "",
        "Message": "CH-2026-000042",
        "Trailer": "EPD",
        "Billing": (
            "//S1/10/CH-2026-000042/11/261122/20/BC 2026-113/30/000000000/31/261122271121/32/8.1/40/0:30"
        ),
    }


def test_only_what_is_left_to_pay_is_asked_for() -> None:
    document = an_invoice("ch")
    assert slip(paid=document.gross - 5)["Amount"] == "0.05"
    assert slip(paid=document.gross)["Amount"] == "0.00"


def test_a_qr_account_gets_a_qr_reference_made_from_the_number_if_the_invoice_has_none() -> None:
    fields = read(payload(paid_to(QR_IBAN)))
    assert (fields["ReferenceType"], fields["Reference"]) == ("QRR", qr_reference("CH-2026-000042"))


def test_a_qr_reference_of_the_invoice_is_kept() -> None:
    fields = read(payload(paid_to(QR_IBAN, "21 00000 00003 13947 14300 09017")))
    assert (fields["ReferenceType"], fields["Reference"]) == ("QRR", "210000000003139471430009017")


def test_an_ordinary_account_takes_a_creditor_reference() -> None:
    fields = read(payload(paid_to(ORDINARY, "RF18 5390 0754 7034")))
    assert (fields["ReferenceType"], fields["Reference"]) == ("SCOR", "RF18539007547034")


@pytest.mark.parametrize("reference", ["", "CH-2026-000042", "RF19539007547034", qr_reference("1")])
def test_any_other_text_is_no_reference(reference: str) -> None:
    fields = read(payload(paid_to(ORDINARY, reference)))
    assert (fields["ReferenceType"], fields["Reference"]) == ("NON", "")


@pytest.mark.parametrize(
    ("bank", "is_one"), [("29999", False), ("30000", True), ("31999", True), ("32000", False)]
)
def test_qr_accounts_are_known_by_their_bank(bank: str, is_one: bool) -> None:
    assert is_qr_iban(f"CH00 {bank} 0000 0000 0000") is is_one


@given(st.from_regex(r"[A-Z]{2}(-[A-Z]{2})?-20[0-9]{2}-[0-9]{6}", fullmatch=True))
def test_references_are_right_and_always_the_same(number: str) -> None:
    qr, creditor = qr_reference(number), creditor_reference(number)
    assert len(qr) == 27 and esr.is_valid(qr) and qr == qr_reference(number)
    assert len(creditor) <= 25 and iso11649.is_valid(creditor) and creditor == creditor_reference(number)


def test_references_tell_the_series_apart() -> None:
    numbers = [
        f"{series}-{year}-{n:06}" for series in ("CH", "CH-CN") for year in (2026, 2027) for n in range(50)
    ]
    assert len({qr_reference(number) for number in numbers}) == len(numbers)
    assert len({creditor_reference(number) for number in numbers}) == len(numbers)


def test_the_check_digit_is_that_of_the_standards_example() -> None:
    assert qr_reference("21000000000313947143000901") == "210000000003139471430009017"
    assert creditor_reference("539007547034") == "RF18539007547034"


@pytest.mark.parametrize("currency", ["USD", "JPY", "GBP"])
def test_other_currencies_are_refused(currency: str) -> None:
    with pytest.raises(NoSwissSlip, match=currency):
        payload(an_invoice("ch", currency=currency))


def test_foreign_and_missing_accounts_are_refused() -> None:
    for iban in ("DE89370400440532013000", "", "CH0004835012345678009"):
        with pytest.raises(NoSwissSlip, match=r"IBAN|account"):
            payload(paid_to(iban))


def test_amounts_beyond_the_standards_are_refused() -> None:
    with pytest.raises(NoSwissSlip, match="999"):
        payload(an_invoice("ch", gross=100_000_000_000))


def test_euro_is_a_currency_too() -> None:
    assert slip(currency="EUR")["Currency"] == "EUR"


@pytest.mark.parametrize(
    ("line1", "line2", "street", "house"),
    [
        ("Rue du Lac 1268/2/22", "", "Rue du Lac 1268/2/22", ""),
        ("Bahnhofstrasse 7a", "", "Bahnhofstrasse", "7a"),
        ("Bahnhofstrasse 7-9", "", "Bahnhofstrasse", "7-9"),
        ("12, rue du Rhône", "", "12, rue du Rhône", ""),
        ("Postfach", "", "Postfach", ""),
        ("c/o Muster AG", "Seestrasse 3", "Seestrasse", "3"),
        ("Strasse des 17. Juni 135", "Hinterhaus", "Strasse des 17. Juni", "135"),
    ],
)
def test_street_and_house_number_are_told_apart(line1: str, line2: str, street: str, house: str) -> None:
    buyer = replace(an_invoice("ch").buyer, line1=line1, line2=line2)
    fields = slip(buyer=buyer)
    assert (fields["Debtor.Street"], fields["Debtor.House"]) == (street, house)


@pytest.mark.parametrize("changes", [{"postal_code": ""}, {"city": ""}, {"name": "株式会社"}])
def test_a_payer_who_cannot_be_written_is_left_to_be_filled_in(changes: dict[str, str]) -> None:
    fields = slip(buyer=replace(an_invoice("ch").buyer, **changes))
    assert {fields[name] for name, _ in FIELDS if name.startswith("Debtor.")} == {""}


def test_billing_information_drops_what_there_is_no_room_for_and_escapes_slashes() -> None:
    fields = slip(po_number="A/B\\C" + "x" * 60)
    assert r"/20/A\/B\\C" in fields["Billing"]
    assert len(fields["Message"] + fields["Billing"]) <= 140


def test_several_rates_are_told_with_their_amounts() -> None:
    lines = a_line(0, "ch"), a_line(1, "ch", tax_rate=Decimal("2.6"))
    assert "/32/8.1:590;2.6:1180" in slip(lines=lines)["Billing"]


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("Zürich – “Söhne” & Cie …", 'Zürich - "Söhne" & Cie ...'),
        ("Łódź, Șibiu, 5 €", "Łódź, Șibiu, 5 €"),
        ("ﬁne\u00a0x\u2009y\tz", "fine x y z"),
        ("Санкт-Петербург Ελλάδα", "Sankt-Peterburg Ellada"),
        ("Ḃộ", "Bo"),
        ("日本 عربي", ""),
        ("Soft\u00adhyphen", "Softhyphen"),
    ],
)
def test_letters_beyond_the_permitted_are_spelt_or_left_out(text: str, written: str) -> None:
    assert latin(text, 70) == written


def test_long_text_is_cut_at_a_word() -> None:
    assert latin("Genossenschaft für gemeinnützigen Wohnungsbau", 40) == "Genossenschaft für gemeinnützigen"
    assert latin("x" * 80, 70) == "x" * 70


anything = st.text(max_size=200)


@settings(max_examples=200, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    st.tuples(anything, anything, anything, anything),
    anything,
    st.integers(0, 99_999_999_999),
    st.sampled_from([ORDINARY, QR_IBAN]),
    anything,
    st.dates(date(2020, 1, 1), date(2030, 1, 1)),
)
def test_whatever_is_on_the_invoice_the_slip_keeps_the_standard(
    address: tuple[str, str, str, str], order: str, due: int, iban: str, reference: str, due_on: date
) -> None:
    document = paid_to(iban, reference, po_number=order, gross=due)
    name, line1, line2, city = address
    buyer = replace(document.buyer, name=name, line1=line1, line2=line2, city=city)
    fields = read(payload(replace(document, buyer=buyer, payment=replace(document.payment, due_on=due_on))))
    assert fields["Amount"] == f"{due // 100}.{due % 100:02}"
    assert fields["ReferenceType"] == ("QRR" if iban == QR_IBAN else fields["ReferenceType"])
    assert len(fields["Message"] + fields.get("Billing", "")) <= 140
