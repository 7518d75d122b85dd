"""A new country site: its folder, with everything that is known and drafts of the rest.

A draft is never served in production: not before its `draft` list is empty and its agreements have left
version 0.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from webapp.sites.agreements import FILE_NAME
from webapp.sites.countries import COUNTRIES, Country, currency_of, names_of
from webapp.sites.fields import FALLBACK_LANGUAGE, base_language
from webapp.sites.site import DRAFTED, Site, load_sites

DRAFT_VERSION = "0.1"
_MISSING = "to be completed"
_NEEDED = {
    "region": "--region",
    "languages": "--language",
    "time_zone": "--time-zone",
    "tax_name": "--tax-name",
}
_AGREEMENTS = ("software", "service")


class CanNotAdd(Exception):
    """The message says why, and what to do."""


@dataclass(frozen=True, slots=True)
class NewSite:
    code: str
    country: Country
    currency: str
    company: str

    @property
    def names(self) -> dict[str, str]:
        return names_of(self.code, self.country.languages)


def proposed(code: str, *, company: str = "", currency: str = "", **given: object) -> NewSite:
    """What is known of the country; what was given goes before it."""
    if not (len(code) == 2 and code.isascii() and code.islower()):
        raise CanNotAdd(f"A site's code is the two small letters of its country, as se; not “{code}”.")
    wanted = {name: value for name, value in given.items() if value}
    known = COUNTRIES.get(code)
    if known is None:
        if missing := [
            name for name in ("region", "languages", "time_zone", "tax_name") if name not in wanted
        ]:
            options = ", ".join("--" + name.replace("_", "-").removesuffix("s") for name in missing)
            raise CanNotAdd(
                f"Nothing is known of “{code}” here: give {options} (and --tax-rate if there is one)."
            )
        known = Country("", (), "", "", "")
    country = replace(known, **wanted)  # type: ignore[arg-type]
    return NewSite(code, country, currency or currency_of(code), company or f"Example Tools {code.upper()}")


def add(tenants: Path, new: NewSite, *, like: Site) -> Path:
    """The folder appears whole or not at all; `like` lends the words of its agreements."""
    folder, apart = tenants / new.code, tenants / f".{new.code}.new"
    if folder.exists():
        raise CanNotAdd(f"{folder} is there already, and nothing is overwritten.")
    shutil.rmtree(apart, ignore_errors=True)
    apart.mkdir()
    try:
        _write(apart / new.code, new, like)
        load_sites(apart, str)  # says what is wrong while it is wrong for nobody else
        (apart / new.code).rename(folder)
    finally:
        shutil.rmtree(apart)
    return folder


def _write(folder: Path, new: NewSite, like: Site) -> None:
    (folder / "agreements").mkdir(parents=True)
    (folder / "site.toml").write_text(site_toml(new), encoding="utf-8")
    for name, text in _agreements(new, like):
        (folder / "agreements" / name).write_text(text, encoding="utf-8")


def _agreements(new: NewSite, like: Site) -> Iterator[tuple[str, str]]:
    for key in _AGREEMENTS:
        found = like.agreement(key, FALLBACK_LANGUAGE)
        if base_language(found.language) != FALLBACK_LANGUAGE:
            raise CanNotAdd(
                f"The agreements of site “{like.code}” are not in English: choose another --like."
            )
        title, _line, text = found.text.partition("\n")
        told = (
            f"DRAFT for {new.names['en']}, not for customers. It is the text of {like.name_in('en')}:"
            " company, law, courts, taxes and time zone are that country’s. Have it adapted and approved, and"
            f" publish it as {key}-1.0.{new.country.languages[0]}.md."
        )
        yield f"{key}-{DRAFT_VERSION}.{FALLBACK_LANGUAGE}.md", f"{title} (DRAFT)\n\n{told}\n{text}"


# ---- site.toml


def site_toml(new: NewSite) -> str:
    return "\n".join([*_head(new), *_names(new), *_company(new), ""])


def _text(value: str) -> str:
    return json.dumps(value, ensure_ascii=False)


def _head(new: NewSite) -> Iterator[str]:
    country = new.country
    yield "# Complete what `draft` names, and take its name out of the list. Production serves the site when"
    yield "# the list is empty and no agreement is of version 0."
    yield f"# `portal site check {new.code}` says what is missing."
    yield f"draft = {_list(DRAFTED)}"
    yield f"code = {_text(new.code)}"
    yield f"territory = {_text(new.code.upper())}"
    yield f"region = {_text(country.region)}"
    yield f"languages = {_list(country.languages)}"
    yield f"currency = {_text(new.currency)}"
    yield f"time_zone = {_text(country.time_zone)}"
    yield 'payment_methods = ["invoice", "credit_card"]'
    yield "payment_days = 30"
    if country.national_ids:
        yield f"national_ids = {_list(country.national_ids)}"
    yield 'document_format = "facturx"'


def _list(values: tuple[str, ...]) -> str:
    return "[" + ", ".join(map(_text, values)) + "]"


def _names(new: NewSite) -> Iterator[str]:
    yield from ("", "[name]")
    yield from (f"{language} = {_text(name)}" for language, name in new.names.items())
    yield from ("", "[brand]", 'name = "Subscription Portal"')


def _company(new: NewSite) -> Iterator[str]:
    country, name, territory = new.country, _text(new.company), new.code.upper()
    yield from ("", "[tax]", "# A proposal: have it confirmed.", f"name = {_text(country.tax_name)}")
    if country.tax_rate:
        yield f"standard_rate = {_text(country.tax_rate)}"
    address = (f"Street {_MISSING}", f"00000 City {_MISSING}", new.names["en"])
    yield from ("", "[legal_entity]", f"name = {name}", f"address = {_list(address)}")
    yield from (f'street = "{address[0]}"', 'postal_code = "00000"', f'city = "City {_MISSING}"')
    yield f'registration = "Registration {_MISSING}"'
    if country.tax_rate:
        yield f'vat_id = "{territory}000000000"'
    yield from ("", "[contact]", f'support_email = "support@{new.code}.portal.example"')
    yield f'support_phone = "{_MISSING}"'
    yield from ("", "[bank]", "# With iban and bic, where there are any.", f"holder = {name}")
    yield f'name = "Bank {_MISSING}"'
    series, credit_series = country.series
    yield from ("", "[invoices]", f'series = "{series}"', f'credit_series = "{credit_series}"')


# ---- what is still a draft


def draft_agreements(site: Site) -> list[str]:
    """Agreements whose newest version is not meant for customers yet."""
    keys = {
        name["key"]
        for path in site.folder.glob("agreements/*.md")
        if (name := FILE_NAME.fullmatch(path.name))
    }
    return sorted(key for key in keys if site.agreement_versions(key)[0].startswith("0."))


def missing(site: Site) -> list[str]:
    """In words, one for each thing to do before customers come."""
    found = [_SAY[name] for name in site.draft]
    found += [
        f"agreement “{key}” is a draft: publish the approved one as {key}-1.0.{site.default_language}.md"
        for key in draft_agreements(site)
    ]
    found += _left_open(site)
    lacking = [key for key in _AGREEMENTS if not site.agreement_versions(key)]
    return found + [f"there is no agreement “{key}”" for key in lacking]


def unwritten(site: Site) -> dict[str, list[str]]:
    """The agreements that each language of its lacks a text of; none of them is needed to begin."""
    found: dict[str, list[str]] = {}
    for language in site.languages:
        for key in _AGREEMENTS:
            if not site.agreement_versions(key):
                continue
            if base_language(site.agreement(key, language).language) != base_language(language):
                found.setdefault(language, []).append(key)
    return found


def _left_open(site: Site) -> list[str]:
    """What was taken out of the list and is not completed after all."""
    if site.draft:
        return []
    lines = (site.folder / "site.toml").read_text(encoding="utf-8").splitlines()
    numbers = [str(number) for number, line in enumerate(lines, 1) if _MISSING in line]
    return [f"site.toml still says “{_MISSING}”, in line {', '.join(numbers)}"] if numbers else []


_SAY = {
    "tax": "[tax] in site.toml is a proposal: have name and standard rate confirmed",
    "legal_entity": "[legal_entity] in site.toml: the company’s name, address, registration and VAT number",
    "contact": "[contact] in site.toml: where customers reach support",
    "bank": "[bank] in site.toml: the account that customers pay to, with IBAN and BIC",
    "invoices": "[invoices] in site.toml: series of numbers, and what the law wants on each invoice",
}
