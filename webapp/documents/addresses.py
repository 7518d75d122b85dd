"""Postal addresses as each country writes them, and the numbers of a company with their names."""

from __future__ import annotations

from collections.abc import Callable

from webapp.data.issued import Party
from webapp.formats import country_name
from webapp.i18n import N_, _

# Kinds of `Party.ids` that are said on paper, as `domain.national_ids` names them.
_ID_NAMES = {
    "siren": N_("SIREN number"),
    "siret": N_("SIRET number"),
    "leitweg_id": N_("Leitweg-ID"),
    "codice_fiscale": N_("Codice fiscale"),
    "sdi_code": N_("SDI recipient code"),
    "nip": N_("NIP number"),
    "che_uid": N_("Business number (UID)"),
    "nif": N_("NIF number"),
    "company_register_number": N_("Company register number"),
    "company_number": N_("Company number"),
    "ein": N_("EIN"),
    "corporate_number": N_("Corporate number"),
    "kvk": N_("KvK number"),
    "enterprise_number": N_("Enterprise number"),
    "ico": N_("Company number (IČO)"),
    "adoszam": N_("Tax number (adószám)"),
    "nipc": N_("NIPC number"),
    "business_number": N_("Business Number (BN)"),
}


def address_lines(party: Party, home: str) -> list[str]:
    """Street to city; the country only where the letter leaves `home`."""
    town = _TOWNS.get(party.country, _code_then_city)(party)
    lines = [party.line1, party.line2, *town]
    if party.country == "JP":
        lines = [*town[:1], f"{party.city}{party.line1}", party.line2]
    if party.country != home:
        lines.append(country_name(party.country))
    return [line for line in lines if line]


def _code_then_city(party: Party) -> list[str]:
    region = f" ({party.region})" if party.region and party.country in {"IT", "ES"} else ""
    return [f"{party.postal_code} {party.city}{region}".strip()]


def _city_then_code(party: Party) -> list[str]:
    """`Austin, TX 78701`"""
    return [f"{party.city}, {party.region} {party.postal_code}".replace(",  ", ", ").strip(", ")]


def _code_on_its_own_line(party: Party) -> list[str]:
    return [party.city, party.postal_code]


def _japanese(party: Party) -> list[str]:
    return [f"〒{party.postal_code}" if party.postal_code else ""]


_TOWNS: dict[str, Callable[[Party], list[str]]] = {
    "US": _city_then_code,
    "CA": _city_then_code,
    "GB": _code_on_its_own_line,
    "JP": _japanese,
}


def numbers_of(party: Party, tax_number: str) -> list[tuple[str, str]]:
    """Its tax number, called so, then the others; none twice for being the same in another dress."""
    found = {digits_of(party.vat_id): (tax_number, party.vat_id)} if party.vat_id else {}
    for kind, value in party.ids.items():
        name = _(_ID_NAMES[kind]) if kind in _ID_NAMES else kind
        found.setdefault(digits_of(value) or value, (name, value))
    return list(found.values())


def tax_number_name(country: str) -> str:
    return _("Tax registration number") if country in {"AE", "JP"} else _("VAT number")


def digits_of(text: str) -> str:
    return "".join(filter(str.isdigit, text))
