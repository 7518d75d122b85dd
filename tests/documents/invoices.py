"""Invoices as files: one of every kind that there is, by name, and what can be read in them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import date
from decimal import Decimal

import pypdfium2

from tests.support.papers import SITES, a_credit_note, a_line, an_invoice
from webapp.data.issued import HowToPay, IssuedDocument, TaxGroup
from webapp.documents.invoice import render
from webapp.einvoice import cii
from webapp.einvoice.swiss_qr import payload

QR_IBAN = "CH4431999123000889012"


def pdf_of(document: IssuedDocument) -> bytes:
    """With all that goes with it, as the portal makes it."""
    xml = cii(document) if document.format == "facturx" else None
    return render(document, xml=xml, swiss_payload=payload(document) if _has_slip(document) else None)


def _has_slip(document: IssuedDocument) -> bool:
    return document.format == "qr-bill" and document.payment.method == "invoice" and not document.credited


def pages_of(pdf: bytes) -> list[str]:
    """What each page says."""
    pages = list(pypdfium2.PdfDocument(pdf))
    return [page.get_textpage().get_text_range().replace("\r\n", "\n") for page in pages]


def text_of(document: IssuedDocument) -> str:
    """Of all pages, with plain spaces."""
    return "\n".join(pages_of(pdf_of(document))).translate({0xA0: " ", 0x202F: " ", 0x2060: None})


def reverse_charge() -> IssuedDocument:
    lines = (a_line(0, "de", tax_category="AE", tax_rate=Decimal(0)),)
    group = TaxGroup(
        "AE", Decimal(0), lines[0].net, 0, "Steuerschuldnerschaft des Leistungsempfängers", "VATEX-EU-AE"
    )
    document = an_invoice("de", lines=lines, taxes=(group,))
    buyer = replace(an_invoice("at").buyer, name="Musterbau Österreich GmbH")
    return replace(document, buyer=buyer)


def by_direct_debit() -> IssuedDocument:
    how = HowToPay(
        "direct_debit",
        date(2026, 12, 22),
        mandate="M-FR-204118-1",
        creditor_id="FR72ZZZ123456",
        debited_account="FR…0189",
    )
    return an_invoice("fr", count=2, payment=how)


def paid_by_card() -> IssuedDocument:
    document = an_invoice("gb", payment=HowToPay("credit_card"))
    return replace(document, paid=document.gross)


def arabic_english() -> IssuedDocument:
    return replace(an_invoice("ae", count=4), language="ar")


def with_qr_reference() -> IssuedDocument:
    document = an_invoice("ch", count=2)
    return replace(document, payment=replace(document.payment, iban=QR_IBAN))


def with_odd_names() -> IssuedDocument:
    document = an_invoice("gb", lines=(a_line(0, "gb", description="A long story. " * 400), a_line(1, "gb")))
    name = "Bau 🏗️ שלום Ελλάδα Кириллица 鹿島 شركة — a name in all scripts, and longer than any line of the address"
    return replace(document, buyer=replace(document.buyer, name=name), credit_reason="")


DOCUMENTS: dict[str, Callable[[], IssuedDocument]] = {
    **{f"invoice-{site}": lambda site=site: an_invoice(site, count=3) for site in SITES},  # type: ignore[misc]
    **{
        f"invoice-ch-{language}": lambda language=language: an_invoice("ch", language=language)  # type: ignore[misc]
        for language in ("fr_CH", "it_CH", "en")
    },
    "invoice-40-lines": lambda: an_invoice("de", count=40),
    "invoice-12-lines": lambda: an_invoice("fr", count=12),
    "invoice-12-lines-letter": lambda: an_invoice("us", count=12),
    "invoice-slip-on-its-own-page": lambda: an_invoice("ch", count=12),
    "invoice-qr-reference": with_qr_reference,
    "credit-note": lambda: a_credit_note("fr"),
    "credit-note-ch": lambda: a_credit_note("ch"),
    "invoice-arabic-english": arabic_english,
    "invoice-hebrew-english": lambda: replace(an_invoice("gb", count=2), language="he"),
    "invoice-reverse-charge": reverse_charge,
    "invoice-direct-debit": by_direct_debit,
    "invoice-paid-by-card": paid_by_card,
    "invoice-odd-names": with_odd_names,
}

INVOICES: dict[str, Callable[[], bytes]] = {
    name: lambda make=make: pdf_of(make())  # type: ignore[misc]
    for name, make in DOCUMENTS.items()
}
