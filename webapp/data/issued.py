"""What an issued invoice or credit note says: all that its PDF and its e-invoice are made from.

Frozen in the issuing transaction and kept as JSON with the invoice; nothing on it is looked up again.
Amounts are integers of the currency's minor unit and never negative: a credit note says what it takes back.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal

from pydantic import TypeAdapter

INVOICE, CREDIT_NOTE = "invoice", "credit_note"


@dataclass(frozen=True, slots=True)
class Party:
    name: str
    line1: str
    city: str
    country: str  # ISO 3166, two letters
    line2: str = ""
    postal_code: str = ""
    region: str = ""
    vat_id: str = ""
    ids: dict[str, str] = field(default_factory=dict)  # kind (`siret`, `leitweg_id`, …) → number
    registration: str = ""  # as the company's papers say it
    contact_name: str = ""
    contact_phone: str = ""
    contact_email: str = ""


@dataclass(frozen=True, slots=True)
class Line:
    name: str
    quantity: int
    unit_price: int  # net, of one unit
    net: int
    tax_category: str  # UNCL 5305: S, AE, E, O, …
    tax_rate: Decimal  # percent
    period_start: date
    period_last: date
    description: str = ""
    subscription: str = ""  # its public id
    po_number: str = ""


@dataclass(frozen=True, slots=True)
class TaxGroup:
    """Of all lines with one category and rate."""

    category: str
    rate: Decimal
    taxable: int
    tax: int
    reason: str = ""  # why nothing, or another one, is charged: in the document's language
    reason_code: str = ""  # VATEX-…


@dataclass(frozen=True, slots=True)
class Mention:
    """A sentence that the seller's country wants on the paper."""

    text: str
    code: str = ""  # UNTDID 4451: PMT, PMD, AAB, …


@dataclass(frozen=True, slots=True)
class HowToPay:
    method: str  # invoice, direct_debit, credit_card
    due_on: date | None = None
    account_holder: str = ""
    iban: str = ""
    bic: str = ""
    bank: str = ""
    reference: str = ""  # what the payer writes on the transfer; a QR or creditor reference in Switzerland
    mandate: str = ""
    creditor_id: str = ""
    debited_account: str = ""  # as the payer may see it: `FR…0189`


@dataclass(frozen=True, slots=True)
class Credited:
    """The invoice that a credit note takes back."""

    number: str
    issued_on: date


@dataclass(frozen=True, slots=True)
class IssuedDocument:
    kind: str  # invoice, credit_note
    number: str
    site: str
    format: str  # facturx, qr-bill, pdf
    language: str  # a locale: `fr`, `de_CH`
    currency: str
    tax_name: str  # TVA, MwSt., Sales tax
    brand: str
    accent: str  # `#0a5168`
    issued_at: datetime
    issued_on: date  # at the site
    supplied_from: date
    supplied_last: date
    seller: Party
    buyer: Party
    customer_number: str
    lines: tuple[Line, ...]
    taxes: tuple[TaxGroup, ...]
    net: int
    tax: int
    gross: int
    payment: HowToPay
    po_number: str = ""
    buyer_reference: str = ""
    contract: str = ""  # public id of the subscription
    mentions: tuple[Mention, ...] = ()
    credited: Credited | None = None
    credit_reason: str = ""
    paid: int = 0  # before it was issued
    process: str = ""  # BT-23, where a country wants one


_ADAPTER = TypeAdapter(IssuedDocument)


def to_json(document: IssuedDocument) -> str:
    return _ADAPTER.dump_json(document).decode()


def from_json(text: str) -> IssuedDocument:
    return _ADAPTER.validate_json(text)
