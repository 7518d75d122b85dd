"""What a new country site begins with: what is known of a country, and drafts of what only its company knows.

Rates and series are proposals for the first day: who is responsible for the country's taxes confirms them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from types import MappingProxyType

from babel import Locale
from babel.numbers import get_territory_currencies


@dataclass(frozen=True, slots=True)
class Country:
    region: str
    languages: tuple[str, ...]
    time_zone: str
    tax_name: str
    tax_rate: str  # standard rate in percent; empty where there is none
    series: tuple[str, str] = ("INV", "CN")
    national_ids: tuple[str, ...] = ()


_NORTH, _WEST, _CENTRE, _SOUTH = "Northern Europe", "Western Europe", "Central Europe", "Southern Europe"

COUNTRIES: Mapping[str, Country] = MappingProxyType(
    {
        "be": Country(
            _WEST,
            ("nl", "fr", "de"),
            "Europe/Brussels",
            "btw / TVA",
            "21",
            ("F", "CN"),
            ("enterprise_number",),
        ),
        "bg": Country(_CENTRE, ("bg",), "Europe/Sofia", "ДДС", "20"),
        "cy": Country(_SOUTH, ("el_CY",), "Asia/Nicosia", "ΦΠΑ", "19"),
        "cz": Country(_CENTRE, ("cs",), "Europe/Prague", "DPH", "21", ("FV", "OD"), ("ico",)),
        "dk": Country(_NORTH, ("da",), "Europe/Copenhagen", "moms", "25"),
        "ee": Country(_NORTH, ("et",), "Europe/Tallinn", "käibemaks", "24"),
        "fi": Country(_NORTH, ("fi", "sv_FI"), "Europe/Helsinki", "ALV", "25.5"),
        "gr": Country(_SOUTH, ("el",), "Europe/Athens", "ΦΠΑ", "24"),
        "hr": Country(_SOUTH, ("hr",), "Europe/Zagreb", "PDV", "25"),
        "hu": Country(_CENTRE, ("hu",), "Europe/Budapest", "ÁFA", "27", ("SZ", "JSZ"), ("adoszam",)),
        "ie": Country(_WEST, ("en_IE",), "Europe/Dublin", "VAT", "23"),
        "lt": Country(_NORTH, ("lt",), "Europe/Vilnius", "PVM", "21"),
        "lu": Country(_WEST, ("fr_LU", "de_LU"), "Europe/Luxembourg", "TVA", "17"),
        "lv": Country(_NORTH, ("lv",), "Europe/Riga", "PVN", "21"),
        "mt": Country(_SOUTH, ("en_MT",), "Europe/Malta", "VAT", "18"),
        "nl": Country(_WEST, ("nl",), "Europe/Amsterdam", "btw", "21", ("F", "CN"), ("kvk",)),
        "no": Country(_NORTH, ("nb",), "Europe/Oslo", "MVA", "25"),
        "pt": Country(_SOUTH, ("pt",), "Europe/Lisbon", "IVA", "23", ("FT", "NC"), ("nipc",)),
        "ro": Country(_CENTRE, ("ro",), "Europe/Bucharest", "TVA", "21"),
        "se": Country(_NORTH, ("sv",), "Europe/Stockholm", "moms", "25"),
        "si": Country(_CENTRE, ("sl",), "Europe/Ljubljana", "DDV", "22"),
        "sk": Country(_CENTRE, ("sk",), "Europe/Bratislava", "DPH", "23", ("FV", "DB"), ("ico",)),
        "ca": Country("North America", ("en", "fr_CA"), "America/Toronto", "GST/HST", ""),
        "au": Country("Asia-Pacific", ("en_AU",), "Australia/Sydney", "GST", "10"),
        "nz": Country("Asia-Pacific", ("en_NZ",), "Pacific/Auckland", "GST", "15"),
    }
)


@cache
def _territories() -> frozenset[str]:
    return frozenset(map(str, Locale("en").territories))  # and continents, by their numbers


def is_country(code: str) -> bool:
    return code.upper() in _territories()


def currency_of(code: str) -> str:
    found = get_territory_currencies(code.upper())
    return str(found[0]) if found else "EUR"


def names_of(code: str, languages: tuple[str, ...]) -> dict[str, str]:
    """In the languages that the chooser of countries speaks, and in the site's own."""
    spoken = dict.fromkeys(("en", "fr", "de", *(language.partition("_")[0] for language in languages)))
    return {language: str(Locale.parse(language).territories[code.upper()]) for language in spoken}
