"""Contracts for tests, without a database."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime
from hashlib import sha256
from pathlib import Path
from typing import Any

from tests.support.papers import an_invoice
from webapp.data.issued import Party
from webapp.documents.contract import Accepted, Company, ContractContent
from webapp.i18n import speaking, speech
from webapp.postal import address_lines

ROOT = Path(__file__).resolve().parents[2]
SAMPLES = Path(__file__).parent / "samples"

_ZONES = {
    "ae": "Asia/Dubai", "at": "Europe/Vienna", "be": "Europe/Brussels", "ca": "America/Toronto",
    "cz": "Europe/Prague", "hu": "Europe/Budapest", "nl": "Europe/Amsterdam", "pt": "Europe/Lisbon",
    "sk": "Europe/Bratislava", "ch": "Europe/Zurich", "de": "Europe/Berlin", "es": "Europe/Madrid",
    "fr": "Europe/Paris", "gb": "Europe/London", "it": "Europe/Rome", "jp": "Asia/Tokyo", "pl": "Europe/Warsaw",
    "us": "America/Chicago",
}  # fmt: skip


def agreement_files() -> list[Path]:
    return sorted((ROOT / "tenants").glob("*/agreements/*.md"))


def text_of(path: Path) -> tuple[str, str, str]:
    """Text, version and language of an agreement's file: `software-4.2.fr.md`."""
    name, _dot, language = path.stem.rpartition(".")
    return path.read_text(encoding="utf-8"), name.rsplit("-", 1)[1], language


def _company(party: Party, home: str, language: str) -> Company:
    with speaking(speech(language, home)):
        lines = tuple(address_lines(party, home))
    return Company(party.name, lines, party.registration, party.vat_id)


def a_contract(site: str = "fr", *, agreement: Path | None = None, **changes: Any) -> ContractContent:
    """Accepted; of the site's own software agreement unless another one is given."""
    path = agreement or next(iter(sorted((ROOT / "tenants" / site / "agreements").glob("software-4.2.*.md"))))
    text, version, language = text_of(path)
    invoice = an_invoice(site)
    at = datetime(2026, 11, 22, 9, 30, tzinfo=UTC)
    content = ContractContent(
        language=language,
        territory=site.upper(),
        time_zone=_ZONES[site],
        brand="Subscription Portal",
        accent="#0a5168",
        made_at=at,
        seller=_company(invoice.seller, invoice.seller.country, language),
        buyer=replace(_company(invoice.buyer, invoice.seller.country, language), customer_number="10700001"),
        text=text,
        text_language=language,
        version=version,
        sha256=sha256(text.encode()).hexdigest(),
        subscription=f"SUB-{site.upper()}-204118",
        product="PROFIS Engineering Premium",
        kind="software",
        quantity=12,
        unit_price=74_500 if invoice.currency == "JPY" else 59_000,
        currency=invoice.currency,
        commitment="annual",
        billing_period="annual",
        order_number="4500012345",
        ordered_at=datetime(2026, 11, 20, 14, 5, tzinfo=UTC),
        administrator="Alice Martin",
        administrator_email="alice@batiment.example",
        po_number="BC 2026-113",
        term_start=date(2026, 11, 22),
        renewal_on=date(2027, 11, 22),
        accepted=Accepted("Alice Martin", "alice@batiment.example", at, language),
    )
    return replace(content, **changes)


def pending(content: ContractContent) -> ContractContent:
    return replace(content, accepted=None, term_start=None, renewal_on=None)
