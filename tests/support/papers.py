"""Issued invoices for tests, without a database: one of each site, to change as a test needs it."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

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
    "ch": ("de_CH", "CHF", "qr-bill", "MWST", "S", "8.1"),
    "de": ("de", "EUR", "facturx", "MwSt.", "S", "19"),
    "es": ("es", "EUR", "facturx", "IVA", "S", "21"),
    "fr": ("fr", "EUR", "facturx", "TVA", "S", "20"),
    "gb": ("en_GB", "GBP", "pdf", "VAT", "S", "20"),
    "it": ("it", "EUR", "facturx", "IVA", "S", "22"),
    "jp": ("ja", "JPY", "pdf", "消費税", "S", "10"),
    "pl": ("pl", "PLN", "facturx", "VAT", "S", "23"),
    "us": ("en_US", "USD", "pdf", "Sales tax", "S", "8.25"),
}
SITES = tuple(_SITES)

# Seller's name, street, postal code, city, VAT id, other numbers, registration
_SELLERS: dict[str, tuple[str, str, str, str, str, dict[str, str], str]] = {
    "ae": (
        "Example Tools Emirates L.L.C.",
        "P.O. Box 0000",
        "",
        "Dubai",
        "000000000000000",
        {},
        "commercial licence no. 000000",
    ),
    "at": (
        "Example Tools Austria Gesellschaft m.b.H.",
        "Musterstraße 1",
        "0000",
        "Musterdorf",
        "ATU00000000",
        {"company_register_number": "FN 000000 x"},
        "Firmenbuch Musterdorf, FN 000000 x",
    ),
    "ch": (
        "Example Tools (Schweiz) AG",
        "Beispielstrasse 1",
        "0000",
        "Musterdorf",
        "CHE-000.000.000 MWST",
        {"che_uid": "CHE000000000"},
        "Handelsregister-Nr. CHE-000.000.000",
    ),
    "de": (
        "Example Tools Deutschland GmbH",
        "Musterstraße 1",
        "00000",
        "Musterstadt",
        "DE000000000",
        {},
        "Amtsgericht Musterstadt, HRB 00000",
    ),
    "es": (
        "Example Tools Española S.A.",
        "Calle del Ejemplo 1",
        "00000",
        "Ejemplópolis",
        "ESA00000000",
        {"nif": "A00000000"},
        "Registro Mercantil de Ejemplópolis, hoja 000000",
    ),
    "fr": (
        "Example Tools France SAS",
        "1 rue de l’Exemple",
        "75000",
        "Exempleville",
        "FR00000000000",
        {"siren": "000000000"},
        "RCS Exempleville 000 000 000, capital de 100\N{NO-BREAK SPACE}000\N{NO-BREAK SPACE}€",
    ),
    "gb": (
        "Example Tools (Great Britain) Limited",
        "1 Sample Street",
        "ZZ0 0ZZ",
        "Exampleton",
        "GB000000000",
        {"company_number": "00000000"},
        "company number 00000000",
    ),
    "it": (
        "Example Tools Italia S.p.A.",
        "Via dell’Esempio 1",
        "00000",
        "Esempiopoli",
        "IT00000000000",
        {"codice_fiscale": "00000000000"},
        "Registro delle imprese di Esempiopoli n. 00000000000",
    ),
    "jp": (
        "日本エグザンプルツールズ株式会社",
        "見本区見本町0丁目0番0号",
        "000-0000",
        "東京都",
        "T0000000000000",
        {"corporate_number": "0000000000000"},
        "法人番号 0000000000000",
    ),
    "pl": (
        "Example Tools (Poland) Sp. z o.o.",
        "ul. Przykładowa 1",
        "00-000",
        "Przykładowo",
        "PL0000000000",
        {"nip": "0000000000"},
        "KRS 0000000000",
    ),
    "us": (
        "Example Tools, Inc.",
        "100 Sample Parkway",
        "00000",
        "Exampleton",
        "",
        {"ein": "00-0000000"},
        "Texas file number 0000000000",
    ),
}
_BUYERS: dict[str, tuple[str, str, str, str, str, dict[str, str]]] = {
    "ae": ("شركة الخليج للمقاولات ذ.م.م", "شارع الشيخ زايد 12", "", "دبي", "100123456700003", {}),
    "at": ("Musterbau Österreich GmbH", "Ringstraße 5", "1010", "Wien", "ATU13585627", {}),
    "ch": (
        "Zürcher Bau & Söhne AG",
        "Bahnhofstrasse 7",
        "8001",
        "Zürich",
        "CHE-107.787.577 MWST",
        {"che_uid": "CHE107787577"},
    ),
    "de": (
        "Großbaustelle Nürnberg GmbH & Co. KG",
        "Äußere Sulzbacher Straße 100",
        "90491",
        "Nürnberg",
        "DE136695976",
        {"leitweg_id": "04011000-12345-67"},
    ),
    "es": (
        "Construcciones Peñíscola S.L.",
        "Avenida de la Constitución 3",
        "12598",
        "Peñíscola",
        "ESB58378431",
        {"nif": "B58378431"},
    ),
    "fr": (
        "Société Lyonnaise de Bâtiment SARL",
        "5 avenue Foch",
        "69006",
        "Lyon",
        "FR40303265045",
        {"siret": "30326504500017"},
    ),
    "gb": (
        "Thames Construction plc",
        "221 Baker Street",
        "NW1 6XE",
        "London",
        "GB980780684",
        {"company_number": "02345678"},
    ),
    "it": (
        "Costruzioni Città d’Arte S.r.l.",
        "Via Roma 9",
        "50123",
        "Firenze",
        "IT00743110157",
        {"codice_fiscale": "00743110157", "sdi_code": "ABC1234"},
    ),
    "jp": (
        "鹿島見本建設株式会社",
        "千代田区丸の内1丁目1番1号",
        "100-0005",
        "東京都",
        "T7000012050002",
        {"corporate_number": "7000012050002"},
    ),
    "pl": (
        "Budownictwo Łódź Sp. z o.o.",
        "ul. Piotrkowska 1",
        "90-001",
        "Łódź",
        "PL8567346215",
        {"nip": "8567346215"},
    ),
    "us": ("Lone Star Builders LLC", "500 Main Street", "78701", "Austin", "", {"ein": "12-3456789"}),
}
_REGIONS = {"us": "TX"}
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
}
_MENTIONS = {
    "fr": (
        Mention("Indemnité forfaitaire pour frais de recouvrement en cas de retard : 40 €", "PMT"),
        Mention("Pénalités de retard : trois fois le taux d’intérêt légal", "PMD"),
        Mention("Pas d’escompte pour paiement anticipé", "AAB"),
    ),
}


def _seller(site: str) -> Party:
    name, line1, postal_code, city, vat_id, ids, registration = _SELLERS[site]
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
    name, line1, postal_code, city, vat_id, ids = _BUYERS[site]
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
            account_holder=_SELLERS[site][0],
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
