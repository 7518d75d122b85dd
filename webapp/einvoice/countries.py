"""What each country's e-invoices know a company by.

Source: general knowledge; check it before real invoices are made.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from webapp.data.issued import Party

# Kind of a national id, as parties keep it → its scheme in the list of ISO 6523; "" where it has none.
LEGAL_IDS = {
    "siren": "0002",
    "che_uid": "0183",
    "enterprise_number": "0208",
    "kvk": "0106",
    "corporate_number": "0188",
    "codice_fiscale": "0210",
    "company_register_number": "",
    "company_number": "",
    "nif": "",
    "nip": "",
    "ein": "",
    "ico": "",
    "adoszam": "",
    "nipc": "",
    "business_number": "",
}
_AS_WRITTEN = {"leitweg_id", "tax_number", *(kind for kind, scheme in LEGAL_IDS.items() if not scheme)}

# Country → scheme of an electronic address that is the company's VAT number (list EAS).
VAT_ADDRESSES = {
    "AT": "9914",
    "BG": "9926",
    "CH": "9927",
    "CY": "9928",
    "CZ": "9929",
    "DE": "9930",
    "EE": "9931",
    "ES": "9920",
    "GB": "9932",
    "GR": "9933",
    "HR": "9934",
    "HU": "9910",
    "IE": "9935",
    "IT": "0211",
    "LI": "9936",
    "LT": "9937",
    "LU": "9938",
    "LV": "9939",
    "MT": "9943",
    "NL": "9944",
    "PL": "9945",
    "PT": "9946",
    "RO": "9947",
    "SI": "9949",
    "SK": "9950",
}

# In the European Union a sale to another of its countries needs the buyer's VAT number.
UNION = frozenset(
    "AT BE BG CY CZ DE DK EE ES FI FR GR HR HU IE IT LT LU LV MT NL PL PT RO SE SI SK".split()  # noqa: SIM905
)

_VAT_PREFIXES = UNION | {"EL", "XI"}  # Greece and Northern Ireland have their own


@dataclass(frozen=True, slots=True)
class Country:
    """`needed`: of each group one must be known, the first is asked for. Names as in `billing_details`."""

    needed: tuple[tuple[str, ...], ...] = ()
    process: str = ""  # BT-23 where the invoice names none
    process_if_paid: str = ""  # the same, where nothing is left to pay
    customer_numbers: bool = True  # False: who the buyer is (BT-46) is said by numbers with a scheme only


COUNTRIES = {
    # The SIREN: it is in the SIRET and in the VAT number as well.
    "FR": Country(
        needed=(("id_siret", "vat_id"),),
        process="S1",  # services, to be paid
        process_if_paid="S2",
        customer_numbers=False,
    ),
    # Who is billed, and where the exchange system leaves the invoice.
    "IT": Country(needed=(("vat_id", "id_codice_fiscale"), ("id_sdi_code",))),
    "PL": Country(needed=(("id_nip", "vat_id"),)),
    "ES": Country(needed=(("id_nif", "vat_id"),)),
    "BE": Country(needed=(("vat_id",),)),  # the enterprise number is in it
    "NL": Country(needed=(("id_kvk", "vat_id"),)),
    "CZ": Country(needed=(("id_ico", "vat_id"),)),
    "SK": Country(needed=(("id_ico", "vat_id"),)),
    "HU": Country(needed=(("id_adoszam", "vat_id"),)),
    "PT": Country(needed=(("id_nipc", "vat_id"),)),
    # Public buyers have a Leitweg-ID; whether one is public is not known here.
    "DE": Country(),
    "AT": Country(),
    "CH": Country(),
}
_ELSEWHERE = Country()
_WITHIN_UNION = Country(needed=(("vat_id",),))


def country(code: str) -> Country:
    return COUNTRIES.get(code.upper(), _ELSEWHERE)


def _knows(buyer: Party, name: str, *, home: str) -> bool:
    """At home a VAT number of another country stands for no number of its own."""
    kind = name.removeprefix("id_")
    if kind != name:
        return bool(buyer.ids.get(kind))
    return bool(buyer.vat_id) and (buyer.country != home or compact(buyer.vat_id).startswith(home))


def missing_ids(territory: str, buyer: Party) -> tuple[str, ...]:
    """What an e-invoice from this country, or from this site, needs to know of the buyer and does not."""
    home = territory.upper()
    if home == buyer.country:
        rules = country(home)
    else:
        rules = _WITHIN_UNION if {home, buyer.country} <= UNION else _ELSEWHERE
    return tuple(
        group[0] for group in rules.needed if not any(_knows(buyer, name, home=home) for name in group)
    )


@dataclass(frozen=True, slots=True)
class Ids:
    """A party's numbers, sorted into the places that the standard has for them; each with its scheme."""

    vat: str = ""  # with the country's letters before it
    tax: str = ""  # any other number of the tax office
    legal: tuple[str, str] = ("", "")
    own: tuple[str, str] = ("", "")
    address: tuple[str, str] = ("", "")
    leitweg: str = ""


def compact(number: str) -> str:
    return re.sub(r"[^A-Z0-9]", "", number.upper())


def _vat_id(party: Party) -> str:
    """Nothing if it does not begin with a country: such a number is none in the standard's sense."""
    number = compact(party.vat_id)
    if number[:2] not in _VAT_PREFIXES | {party.country}:
        return ""
    return re.sub(r"(MWST|TVA|IVA|TPV)$", "", number) if number.startswith("CHE") else number


def _numbers(party: Party, vat: str) -> dict[str, str]:
    """Those it has, and those that are hidden in one that it has."""
    numbers = {
        kind: number.strip() if kind in _AS_WRITTEN else compact(number)
        for kind, number in party.ids.items()
        if compact(number)
    }
    if party.country == "FR" and "siren" not in numbers:
        hidden = re.match(r"[0-9]{9}", numbers.get("siret", "")) or re.search(r"(?<=^FR..)[0-9]{9}$", vat)
        if hidden:
            numbers["siren"] = hidden[0]
    if party.country == "BE" and "enterprise_number" not in numbers and re.fullmatch(r"BE[0-9]{10}", vat):
        numbers["enterprise_number"] = vat[2:]
    return numbers


def _address(party: Party, vat: str, numbers: dict[str, str]) -> tuple[str, str]:
    """Where the invoice would be sent to: number and scheme; an e-mail address if nothing better is known."""
    sdi = numbers.get("sdi_code", "")
    found = {
        "FR": (numbers.get("siren", ""), "0225"),
        "BE": (numbers.get("enterprise_number", ""), "0208"),
        "DE": (numbers.get("leitweg_id", ""), "0204"),
        "NL": (numbers.get("kvk", ""), "0106"),
        "IT": (sdi, "0201" if len(sdi) == 6 else "0205"),
        "JP": (vat or compact(party.vat_id), "0221"),
    }.get(party.country, ("", ""))
    if not found[0] and party.country in VAT_ADDRESSES:
        found = vat, VAT_ADDRESSES[party.country]
    return found if found[0] else (party.contact_email, "EM")


def ids_of(party: Party) -> Ids:
    vat = _vat_id(party)
    numbers = _numbers(party, vat)
    legal = next(((numbers[kind], scheme) for kind, scheme in LEGAL_IDS.items() if kind in numbers), ("", ""))
    siret = numbers.get("siret", "")
    return Ids(
        vat=vat,
        tax=numbers.get("tax_number", "") or ("" if vat else compact(party.vat_id) or legal[0]),
        legal=legal,
        own=(siret, "0009") if siret else ("", ""),
        address=_address(party, vat, numbers),
        leitweg=numbers.get("leitweg_id", ""),
    )
