"""The numbers of a company, with their names."""

from __future__ import annotations

from webapp.data.issued import Party
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
