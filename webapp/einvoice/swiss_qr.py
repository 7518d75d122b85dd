"""What the QR code of a Swiss payment slip says: text made of an invoice's frozen content."""

from __future__ import annotations

import re
from decimal import Decimal
from typing import Any

from stdnum import iso11649
from stdnum.ch import esr
from stdnum.exceptions import ValidationError
from stdnum.iso7064 import mod_97_10

from webapp.data.issued import IssuedDocument, Party
from webapp.einvoice.countries import compact, ids_of
from webapp.einvoice.latin import latin

CURRENCIES = ("CHF", "EUR")
HIGHEST = 99_999_999_999
MESSAGE = 140  # characters of message and billing information together
_QR_BANKS = range(30_000, 32_000)
_HOUSE = re.compile(r"(?P<street>.*\D)\s+(?P<number>\d{1,5}\s?[a-zA-Z]?(?:[-/]\d{1,5}\s?[a-zA-Z]?)?)")


class NoSwissSlip(ValueError):
    """Not an account, currency or amount that a Swiss slip can carry."""


# ---- references: which the payer's bank carries back to the seller


def qr_reference(number: str) -> str:
    """27 digits from an invoice's number, always the same; letters become their two digits, as in an IBAN."""
    digits = "".join(str(int(character, 36)) for character in compact(number))[-26:].rjust(26, "0")
    return digits + str(esr.calc_check_digit(digits))


def creditor_reference(number: str) -> str:
    """ISO 11649 from an invoice's number, always the same."""
    kept = compact(number)[-21:]
    return f"RF{mod_97_10.calc_check_digits(kept + 'RF')}{kept}"


def is_qr_iban(iban: str) -> bool:
    """Such an account takes payments with a QR reference only."""
    bank = compact(iban)[4:9]
    return bank.isdigit() and int(bank) in _QR_BANKS


def reference(document: IssuedDocument) -> str:
    """What stands on the slip as reference; nothing where the account and the invoice have none."""
    said = document.payment.reference
    if is_qr_iban(document.payment.iban):
        return said if _is_qr_reference(said) else qr_reference(document.number)
    try:
        return str(iso11649.validate(said)) if said[:2].upper() == "RF" else ""
    except ValidationError:
        return ""


def _is_qr_reference(text: str) -> bool:
    digits = text.replace(" ", "")
    return len(digits) == 27 and digits.isdigit() and int(digits) > 0 and bool(esr.is_valid(digits))


# ---- the text


def payload(document: IssuedDocument) -> str:
    # Here, since a process that draws no slip does without it.
    from qrbill import QRBill

    due = document.gross - document.paid
    if document.currency not in CURRENCIES:
        raise NoSwissSlip(f"A Swiss slip is in CHF or EUR, not in {document.currency}.")
    if not 0 <= due <= HIGHEST:
        raise NoSwissSlip("A Swiss slip carries from 0.00 to 999 999 999.99.")
    message = latin(document.number, 70)
    try:
        bill = QRBill(
            account=compact(document.payment.iban),
            creditor=_address(document.seller),
            debtor=_address(document.buyer),
            amount=Decimal(due).scaleb(-2),
            currency=document.currency,
            reference_number=reference(document) or None,
            additional_information=message,
            billing_information=_billing_information(document, MESSAGE - len(message)),
        )
    except ValueError as problem:
        raise NoSwissSlip(str(problem)) from problem
    return str(bill.qr_data())


def _address(party: Party) -> dict[str, str] | None:
    """Structured, as banks want it; none if a part is not known, or can’t be written in Latin letters."""
    line = party.line1
    if party.line2 and not re.search(r"\d", line) and re.search(r"\d", party.line2):
        line = party.line2  # a care-of or a building stands above the street
    house = _HOUSE.fullmatch(line.strip())
    address = {
        "name": latin(party.name, 70),
        "street": latin(house["street"] if house else line, 70),
        "house_num": latin(house["number"], 16) if house else "",
        "pcode": latin(party.postal_code, 16),
        "city": latin(party.city, 35),
        "country": party.country,
    }
    return address if all(address[part] for part in ("name", "pcode", "city", "country")) else None


def _billing_information(document: IssuedDocument, room: int) -> str:
    """For bookkeeping programs, in the syntax S1 of Swico: as many of its fields as there is room for."""
    uid = re.sub(r"\D", "", ids_of(document.seller).vat)
    rates = [(group.rate, group.taxable) for group in document.taxes if group.tax]
    fields: list[tuple[str, Any]] = [
        ("10", document.number),
        ("11", f"{document.issued_on:%y%m%d}"),
        ("20", document.po_number),
        ("30", uid if document.seller.country == "CH" and len(uid) == 9 else ""),
        ("31", f"{document.supplied_from:%y%m%d}{document.supplied_last:%y%m%d}"),
        ("32", _rates(rates)),
        ("40", _terms(document)),
    ]
    text = "//S1"
    for tag, value in fields:
        more = f"/{tag}/{_escaped(latin(value, 60))}"
        if value and len(text) + len(more) <= room:
            text += more
    return text if text != "//S1" else ""


def _rates(rates: list[tuple[Decimal, int]]) -> str:
    if len(rates) == 1:
        return _plain(rates[0][0])
    return ";".join(f"{_plain(rate)}:{_plain(Decimal(taxable).scaleb(-2))}" for rate, taxable in rates)


def _plain(value: Decimal) -> str:
    text = f"{value:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def _terms(document: IssuedDocument) -> str:
    due_on = document.payment.due_on
    return f"0:{(due_on - document.issued_on).days}" if due_on and due_on >= document.issued_on else ""


def _escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace("/", "\\/")
