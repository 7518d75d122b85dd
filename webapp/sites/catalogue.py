"""The products that the sites sell: `tenants/catalogue.toml`."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from types import MappingProxyType

from babel.numbers import is_currency

from webapp.sites.countries import is_country
from webapp.sites.fields import Fields, Shape, read_fields
from webapp.sites.site import Sites

KINDS = ("software", "service")
LICENCE_MODELS = ("named", "unlimited", "volume")
TERMS = ("annual", "monthly")
EVERYWHERE = "all"

_KEY = Shape(re.compile(r"[a-z][a-z0-9]*(-[a-z0-9]+)*"), "profis-engineering-premium")
_WEB_ADDRESS = Shape(re.compile(r"https://\S+"), "https://help.example/fieldwire")

Prices = Mapping[str, Mapping[str, Decimal]]


@dataclass(frozen=True, slots=True)
class Product:
    key: str
    name: str
    family: str
    kind: str
    orderable: bool
    chargeable: bool
    self_service: bool
    licence_model: str
    sites: frozenset[str]
    prices: Prices  # term → currency → net price of one licence and term
    agreement: str
    help_url: str

    def sold_on(self, site_code: str) -> bool:
        """Can be ordered there."""
        return self.orderable and site_code in self.sites

    def demo_price(self, term: str, currency: str) -> Decimal | None:
        return self.prices.get(term, {}).get(currency)


@dataclass(frozen=True, eq=False)
class Catalogue:
    _by_key: Mapping[str, Product]

    def __iter__(self) -> Iterator[Product]:
        return iter(self._by_key.values())

    def __len__(self) -> int:
        return len(self._by_key)

    def by_key(self, key: str) -> Product | None:
        return self._by_key.get(key)


def load_catalogue(folder: Path, sites: Sites) -> Catalogue:
    fields = read_fields(folder / "catalogue.toml")
    tables = fields.table("products")
    fields.end()
    products = {key: _load_product(tables.named(key, _KEY), tables.table(key), sites) for key in tables.names}
    _refuse_without_agreement(tables, products.values(), sites)
    return Catalogue(MappingProxyType(products))


def _load_product(key: str, fields: Fields, sites: Sites) -> Product:
    product = Product(
        key=key,
        name=fields.text("name"),
        family=fields.text("family"),
        kind=fields.choice("kind", KINDS),
        orderable=fields.flag("orderable"),
        chargeable=fields.flag("chargeable"),
        self_service=fields.flag("self_service"),
        licence_model=fields.choice("licence_model", LICENCE_MODELS),
        sites=_sites(fields, sites),
        prices=_prices(fields.table("prices")) if "prices" in fields else MappingProxyType({}),
        agreement=fields.text("agreement", _KEY),
        help_url=fields.text("help", _WEB_ADDRESS),
    )
    fields.end()
    if product.orderable and not product.chargeable:
        raise fields.wrong("orderable", "what is free of charge can't be ordered")
    return product


def _sites(fields: Fields, sites: Sites) -> frozenset[str]:
    """Nothing said: sold nowhere. A country that is served elsewhere is no slip: several portals, each of
    some countries, have one catalogue."""
    if fields.is_text("sites"):
        fields.choice("sites", [EVERYWHERE])
        return frozenset(sites.codes)
    named = fields.texts("sites") if "sites" in fields else ()
    for code in named:
        if code not in sites.codes and not is_country(code):
            raise fields.wrong(
                "sites", f"“{code}” is not one of: {', '.join(sites.codes)}, or another country"
            )
    return frozenset(named) & frozenset(sites.codes)


def _prices(fields: Fields) -> Prices:
    prices = {term: _amounts(fields.table(term)) for term in TERMS if term in fields}
    fields.end()
    return MappingProxyType(prices)


def _amounts(fields: Fields) -> Mapping[str, Decimal]:
    for currency in fields.names:
        if not is_currency(currency):
            raise fields.wrong(currency, "there is no such currency")
    return MappingProxyType({currency: fields.decimal(currency) for currency in fields.names})


def _refuse_without_agreement(tables: Fields, products: Collection[Product], sites: Sites) -> None:
    """Each agreement is looked for once at a site, however many products are sold under it."""
    for key in {product.agreement for product in products}:
        lacking = {site.code for site in sites if not site.agreement_versions(key)}
        for product in products if lacking else ():
            if product.agreement == key and (where := sorted(lacking & product.sites)):
                problem = f"site {where[0]} has no agreement “{key}”"
                raise tables.wrong(f"{product.key}.agreement", problem)
