"""One country site as `tenants/<code>/site.toml` describes it, and all of them."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from types import MappingProxyType
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from webapp.sites.agreements import (
    FILE_NAME,
    AgreementMissing,
    AgreementText,
    published_versions,
    read_agreement,
)
from webapp.sites.fields import (
    FALLBACK_LANGUAGE,
    LANGUAGE,
    Fields,
    LocalText,
    Shape,
    SiteConfigError,
    base_language,
    read_fields,
)
from webapp.sites.seller import (
    Bank,
    Invoicing,
    LegalEntity,
    read_bank,
    read_invoicing,
    read_legal_entity,
)

PAYMENT_METHODS = ("invoice", "direct_debit", "credit_card")
NATIONAL_IDS = (
    *("siret", "leitweg_id", "codice_fiscale", "sdi_code", "nip", "che_uid", "nif", "ein"),
    *("company_register_number", "company_number", "corporate_number"),
    *("kvk", "enterprise_number", "ico", "adoszam", "nipc", "business_number"),
)
SUPPORT = "support"  # no site can be called so: the console’s host, `support.<domain>`
CLAIM_DAYS = 7
DRAFTED = ("tax", "legal_entity", "contact", "bank", "invoices")
DOCUMENT_FORMATS = ("facturx", "qr-bill", "pdf")

_SITE_CODE = Shape(re.compile(r"[a-z]{2}"), "fr")
_TERRITORY = Shape(re.compile(r"[A-Z]{2}"), "FR")
_REGION = Shape(re.compile(r"[A-Z]{2,3}"), "ON")
_CURRENCY = Shape(re.compile(r"[A-Z]{3}"), "EUR")
_COLOUR = Shape(re.compile(r"#[0-9a-f]{6}"), "#0a5168")
_CREDITOR_ID = Shape(re.compile(r"[A-Z]{2}[0-9]{2}[A-Z0-9]{3}[A-Z0-9]{1,28}"), "FR00ZZZ000000")
_EMAIL = Shape(re.compile(r"[^@\s]+@[^@\s]+"), "support@fr.portal.example")


@dataclass(frozen=True, slots=True)
class Brand:
    name: LocalText
    accent: str | None
    accent_dark: str | None


@dataclass(frozen=True, slots=True)
class DirectDebitOffer:
    """`countries`: whose accounts the site's bank collects from."""

    creditor_id: str
    countries: tuple[str, ...]


# Equal means the same object, so that a site can be the key of a dictionary.
@dataclass(frozen=True, eq=False)
class Site:
    code: str
    names: LocalText
    territory: str
    languages: tuple[str, ...]
    currency: str
    time_zone: ZoneInfo
    region: str
    tax_name: LocalText
    tax_rate: Decimal | None  # percent; None where there is no single rate, as in the United States
    tax_rates_of_regions: Mapping[str, Decimal]  # where there is one for all of a region, as in Ontario
    legal_entity: LegalEntity
    bank: Bank
    invoicing: Invoicing
    support_email: str
    support_phone: str
    payment_methods: tuple[str, ...]
    direct_debit: DirectDebitOffer | None
    payment_days: int
    claim_days: int  # to object when somebody claims the administration of a subscription
    national_ids: tuple[str, ...]  # what the site asks a company for, besides its VAT number
    document_format: str
    brand: Brand
    folder: Path
    binding_language: str | None  # of agreements, where a site has several; None: the one that was accepted
    origin: str  # `https://fr.portal.example`: where its customers reach it
    draft: tuple[str, ...] = ()  # tables of its file that nobody has completed yet

    @property
    def default_language(self) -> str:
        return self.languages[0]

    def name_in(self, language: str) -> str:
        return self.names.in_language(language)

    def legal_entity_in(self, language: str) -> str:
        return self.legal_entity.name.in_language(language)

    def tax_name_in(self, language: str) -> str:
        return self.tax_name.in_language(language)

    def brand_name_in(self, language: str) -> str:
        return self.brand.name.in_language(language)

    def language_for(self, code: str) -> str | None:
        """The site's locale for a language code: in Switzerland `de`, `de-DE` and `de_CH` are all `de_CH`."""
        wanted = code.replace("-", "_").lower()
        exact = (language for language in self.languages if language.lower() == wanted)
        base = base_language(wanted)
        related = (language for language in self.languages if base_language(language) == base)
        return next(exact, None) or next(related, None)

    def agreement(self, key: str, language: str) -> AgreementText:
        """The newest text in this language or else in English; a version counts once one of them is there."""
        wanted = self.language_for(language)
        candidates = (
            (wanted, base_language(wanted), FALLBACK_LANGUAGE)
            if wanted
            else (language, base_language(language), FALLBACK_LANGUAGE, self.default_language)
        )
        for published in published_versions(self.folder, key):
            for candidate in candidates:
                if candidate in published.files:
                    return read_agreement(key, published, candidate)
        raise AgreementMissing(f"Site {self.code} has no text of the agreement “{key}” for {language}.")

    def binding_text(self, key: str, version: str, language: str) -> str:
        """Whose words count where texts in several languages differ; `language`: of the one that is shown.
        Nothing on a site with one language."""
        if len(self.languages) < 2:
            return ""
        files = next(
            (one.files for one in published_versions(self.folder, key) if one.version == version), {}
        )
        bound = self.binding_language
        return bound if bound and bound in files else language

    def agreement_versions(self, key: str) -> tuple[str, ...]:
        """Newest first."""
        return tuple(published.version for published in published_versions(self.folder, key))


@dataclass(frozen=True, eq=False)
class Sites:
    """All country sites, in the order of their codes."""

    _by_code: Mapping[str, Site]

    def __iter__(self) -> Iterator[Site]:
        return iter(self._by_code.values())

    def __len__(self) -> int:
        return len(self._by_code)

    @property
    def codes(self) -> tuple[str, ...]:
        return tuple(self._by_code)

    def __getitem__(self, code: str) -> Site:
        return self._by_code[code]

    def but(self, codes: Collection[str]) -> Sites:
        """Without these."""
        kept = {code: site for code, site in self._by_code.items() if code not in codes}
        return Sites(MappingProxyType(kept))

    def by_code(self, code: str) -> Site | None:
        return self._by_code.get(code)

    def site_for_host(self, host: str, domain: str) -> Site | None:
        """Exactly `<code>.<domain>`, whatever the port; every other host is nobody's."""
        name, _, port = host.lower().partition(":")
        if port and not (port.isascii() and port.isdigit()):
            return None
        code, _, parent = name.partition(".")
        return self.by_code(code) if parent == domain.lower() else None

    def visited_site_for_host(self, host: str, domain: str) -> Site | None:
        """Exactly `<code>.support.<domain>`: the site as the support console shows it, an origin of its own,
        so that nothing a customer wrote ever shares one with the console."""
        return self.site_for_host(host, f"{SUPPORT}.{domain}")


def load_sites(folder: Path, origin: Callable[[str], str]) -> Sites:
    """Every folder in `folder` is a country site; `origin` says for its code where customers reach it."""
    if not folder.is_dir():
        raise SiteConfigError(folder, "", "there is no such folder of country sites")
    site_folders = sorted(path for path in folder.iterdir() if path.is_dir() and path.name[0] not in "._")
    if not site_folders:
        raise SiteConfigError(folder, "", "holds no country site: each has a folder with a site.toml")
    return Sites(MappingProxyType({path.name: _load_site(path, origin) for path in site_folders}))


def _load_site(folder: Path, origin: Callable[[str], str]) -> Site:
    fields = read_fields(folder / "site.toml")
    tax, contact = fields.table("tax"), fields.table("contact")
    tax_rate = tax.decimal("standard_rate") if "standard_rate" in tax else None
    document_format = fields.choice("document_format", DOCUMENT_FORMATS)
    site = Site(
        code=_code(fields, folder),
        names=fields.local_text("name"),
        territory=fields.text("territory", _TERRITORY),
        languages=fields.texts("languages", LANGUAGE),
        currency=fields.text("currency", _CURRENCY),
        time_zone=_time_zone(fields),
        region=fields.text("region"),
        tax_name=tax.local_text("name"),
        tax_rate=tax_rate,
        tax_rates_of_regions=_tax_rates_of_regions(tax, standard_rate=tax_rate),
        legal_entity=read_legal_entity(fields.table("legal_entity"), taxed=tax_rate is not None),
        bank=read_bank(fields.table("bank"), document_format=document_format),
        invoicing=read_invoicing(fields.table("invoices")),
        support_email=contact.text("support_email", _EMAIL),
        support_phone=contact.text("support_phone"),
        payment_methods=fields.choices("payment_methods", PAYMENT_METHODS),
        direct_debit=_direct_debit(fields),
        payment_days=fields.number("payment_days"),
        claim_days=fields.number("claim_days") if "claim_days" in fields else CLAIM_DAYS,
        national_ids=fields.choices("national_ids", NATIONAL_IDS) if "national_ids" in fields else (),
        document_format=document_format,
        brand=_brand(fields.table("brand")),
        folder=folder,
        binding_language=_binding_language(fields),
        origin=origin(folder.name),
        draft=fields.some_of("draft", DRAFTED),
    )
    for table in (fields, tax, contact):
        table.end()
    if site.binding_language and site.binding_language not in site.languages:
        raise fields.wrong(
            "binding_language", f"is none of the site’s languages: {', '.join(site.languages)}"
        )
    if ("direct_debit" in site.payment_methods) != (site.direct_debit is not None):
        raise fields.wrong("direct_debit", "its table and its place among the payment methods go together")
    _refuse_misnamed_agreements(site)
    return site


def _code(fields: Fields, folder: Path) -> str:
    code = fields.text("code", _SITE_CODE)
    if code != folder.name:
        raise fields.wrong("code", f"“{code}” must be the name of the folder, “{folder.name}”")
    return code


def _time_zone(fields: Fields) -> ZoneInfo:
    name = fields.text("time_zone")
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise fields.wrong("time_zone", f"no time zone is called “{name}”; one is “Europe/Paris”") from None


def _binding_language(fields: Fields) -> str | None:
    return fields.text("binding_language", LANGUAGE) if "binding_language" in fields else None


def _tax_rates_of_regions(tax: Fields, *, standard_rate: Decimal | None) -> Mapping[str, Decimal]:
    if "regions" not in tax:
        return MappingProxyType({})
    if standard_rate is not None:
        raise tax.wrong("regions", "rates of regions and a standard_rate are not for the same site")
    regions = tax.table("regions")
    rates = {regions.named(code, _REGION): regions.decimal(code) for code in regions.names}
    regions.end()
    return MappingProxyType(rates)


def _direct_debit(fields: Fields) -> DirectDebitOffer | None:
    if "direct_debit" not in fields:
        return None
    table = fields.table("direct_debit")
    offer = DirectDebitOffer(table.text("creditor_id", _CREDITOR_ID), table.texts("countries", _TERRITORY))
    table.end()
    return offer


def _brand(fields: Fields) -> Brand:
    brand = Brand(
        name=fields.local_text("name"),
        accent=fields.text("accent", _COLOUR) if "accent" in fields else None,
        accent_dark=fields.text("accent_dark", _COLOUR) if "accent_dark" in fields else None,
    )
    fields.end()
    return brand


def _refuse_misnamed_agreements(site: Site) -> None:
    """A file that nobody would ever be shown is a slip."""
    spoken = {FALLBACK_LANGUAGE, *site.languages, *map(base_language, site.languages)}
    for path in site.folder.glob("agreements/*.md"):
        name = FILE_NAME.fullmatch(path.name)
        if not name:
            raise SiteConfigError(path, "", "must have a name such as software-4.2.fr.md")
        if name["language"] not in spoken:
            raise SiteConfigError(path, "", f"“{name['language']}” is not a language of site {site.code}")
