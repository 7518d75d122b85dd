"""Issued invoices for tests, without a database: one of each site, to change as a test needs it."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from tests.support.parties import BUYERS, SELLERS
from webapp.data.issued import (
    CREDIT_NOTE,
    INVOICE,
    Credited,
    HowToPay,
    IssuedDocument,
    Line,
    Mention,
    Party,
    TaxGroup,
)

ISSUED_AT = datetime(2026, 11, 22, 9, 30, tzinfo=UTC)
ISSUED_ON = date(2026, 11, 22)

# site → language, currency, format, tax name, category, rate
_SITES = {
    "ae": ("en", "AED", "pdf", "VAT", "S", "5"),
    "at": ("de_AT", "EUR", "facturx", "USt.", "S", "20"),
    "be": ("nl", "EUR", "facturx", "btw", "S", "21"),
    "ca": ("en", "CAD", "pdf", "GST/HST", "S", "13"),
    "ch": ("de_CH", "CHF", "qr-bill", "MWST", "S", "8.1"),
    "cz": ("cs", "CZK", "facturx", "DPH", "S", "21"),
    "de": ("de", "EUR", "facturx", "MwSt.", "S", "19"),
    "es": ("es", "EUR", "facturx", "IVA", "S", "21"),
    "fr": ("fr", "EUR", "facturx", "TVA", "S", "20"),
    "gb": ("en_GB", "GBP", "pdf", "VAT", "S", "20"),
    "hu": ("hu", "HUF", "facturx", "ÁFA", "S", "27"),
    "it": ("it", "EUR", "facturx", "IVA", "S", "22"),
    "jp": ("ja", "JPY", "pdf", "消費税", "S", "10"),
    "nl": ("nl", "EUR", "facturx", "btw", "S", "21"),
    "pl": ("pl", "PLN", "facturx", "VAT", "S", "23"),
    "pt": ("pt", "EUR", "facturx", "IVA", "S", "23"),
    "sk": ("sk", "EUR", "facturx", "DPH", "S", "23"),
    "us": ("en_US", "USD", "pdf", "Sales tax", "S", "8.25"),
}
SITES = tuple(_SITES)

_REGIONS = {"ca": "ON", "us": "TX"}
_IBANS = {
    "at": "AT611904300234573201",
    "ch": "CH5604835012345678009",
    "de": "DE89370400440532013000",
    "es": "ES9121000418450200051332",
    "fr": "FR7630006000011234567890189",
    "gb": "GB29NWBK60161331926819",
    "it": "IT60X0542811101000000123456",
    "pl": "PL61109010140000071219812874",
    "ae": "AE070331234567890123456",
    "be": "BE71096123456769",
    "cz": "CZ6508000000192000145399",
    "hu": "HU42117730161111101800000000",
    "nl": "NL91ABNA0417164300",
    "pt": "PT50000201231234567890154",
    "sk": "SK3112000000198742637541",
}
_MENTIONS = {
    "fr": (
        Mention("Indemnité forfaitaire pour frais de recouvrement en cas de retard : 40 €", "PMT"),
        Mention("Pénalités de retard : trois fois le taux d’intérêt légal", "PMD"),
        Mention("Pas d’escompte pour paiement anticipé", "AAB"),
    ),
}


def _seller(site: str) -> Party:
    name, line1, postal_code, city, vat_id, ids, registration = SELLERS[site]
    return Party(
        name,
        line1,
        city,
        site.upper(),
        postal_code=postal_code,
        vat_id=vat_id,
        ids=ids,
        registration=registration,
        region=_REGIONS.get(site, ""),
        contact_name="Example Tools",
        contact_phone="+33 1 99 00 12 34",
        contact_email=f"billing@{site}.portal.example",
    )


def _buyer(site: str) -> Party:
    name, line1, postal_code, city, vat_id, ids = BUYERS[site]
    return Party(
        name,
        line1,
        city,
        site.upper(),
        postal_code=postal_code,
        vat_id=vat_id,
        ids=ids,
        region=_REGIONS.get(site, ""),
    )


def a_line(number: int, site: str, **changes: Any) -> Line:
    category, rate = _SITES[site][4:]
    unit_price = 59_000 if _SITES[site][1] != "JPY" else 74_500
    quantity = number % 7 + 1
    line = Line(
        name=("PROFIS Engineering Premium", "ON!Track Pro", "Tool Service Plus")[number % 3],
        quantity=quantity,
        unit_price=unit_price,
        net=quantity * unit_price,
        tax_category=category,
        tax_rate=Decimal(rate),
        period_start=date(2026, 11, 22),
        period_last=date(2027, 11, 21),
        subscription=f"SUB-{site.upper()}-{204_118 + number}",
    )
    return replace(line, **changes)


def groups_of(lines: tuple[Line, ...]) -> tuple[TaxGroup, ...]:
    """One group for each category and rate, its tax rounded once, half up."""
    sums: dict[tuple[str, Decimal], int] = {}
    for line in lines:
        key = line.tax_category, line.tax_rate
        sums[key] = sums.get(key, 0) + line.net
    return tuple(
        TaxGroup(category, rate, taxable, int((taxable * rate / 100).quantize(Decimal(1), ROUND_HALF_UP)))
        for (category, rate), taxable in sums.items()
    )


def an_invoice(
    site: str = "fr", *, count: int = 1, lines: tuple[Line, ...] = (), **changes: Any
) -> IssuedDocument:
    """`count` lines like those of the site, or exactly these; totals follow from them."""
    language, currency, form, tax_name = _SITES[site][:4]
    lines = lines or tuple(a_line(number, site) for number in range(count))
    taxes = changes.pop("taxes", None) or groups_of(lines)
    net, tax = sum(line.net for line in lines), sum(group.tax for group in taxes)
    document = IssuedDocument(
        kind=INVOICE,
        number=f"{site.upper()}-2026-000042",
        site=site,
        format=form,
        language=language,
        currency=currency,
        tax_name=tax_name,
        brand="Subscription Portal",
        accent="#0a5168",
        issued_at=ISSUED_AT,
        issued_on=ISSUED_ON,
        supplied_from=lines[0].period_start,
        supplied_last=lines[0].period_last,
        seller=_seller(site),
        buyer=_buyer(site),
        customer_number="10700001",
        lines=lines,
        taxes=taxes,
        net=net,
        tax=tax,
        gross=net + tax,
        payment=HowToPay(
            "invoice",
            date(2026, 12, 22),
            account_holder=SELLERS[site][0],
            iban=_IBANS.get(site, ""),
            bic="",
            bank="Musterbank",
            reference=f"{site.upper()}-2026-000042",
        ),
        po_number="BC 2026-113",
        buyer_reference="",
        contract=lines[0].subscription,
        mentions=_MENTIONS.get(site, ()),
    )
    return replace(document, **changes)


def a_credit_note(site: str = "fr", **changes: Any) -> IssuedDocument:
    invoice = an_invoice(site)
    return replace(
        invoice,
        kind=CREDIT_NOTE,
        number=f"{site.upper()}-CN-2026-000007",
        payment=HowToPay("invoice"),
        credited=Credited(invoice.number, ISSUED_ON),
        credit_reason="Wrong address on the invoice",
        **changes,
    )
