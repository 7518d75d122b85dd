from __future__ import annotations

from decimal import Decimal
from pathlib import Path
from types import MappingProxyType

import pytest
from babel.numbers import get_currency_precision

from tests.sites import CODES, change, origin
from webapp.sites import Catalogue, SiteConfigError, Sites, load_catalogue, load_sites


def test_the_catalogue_holds_all_products(catalogue: Catalogue) -> None:
    assert len(catalogue) == 28
    assert len({product.name for product in catalogue}) == 28
    premium = catalogue.by_key("profis-engineering-premium")
    assert premium is not None
    assert (premium.name, premium.kind, premium.self_service) == (
        "PROFIS Engineering Premium",
        "software",
        True,
    )
    assert catalogue.by_key("profis-time-machine") is None


def test_what_is_free_or_only_known_by_name_is_sold_nowhere(sites: Sites, catalogue: Catalogue) -> None:
    for product in catalogue:
        if not product.orderable:
            assert not [code for code in sites.codes if product.sold_on(code)]
        assert product.chargeable or not product.orderable


def test_users_are_self_service_only_where_licences_are_counted(catalogue: Catalogue) -> None:
    assert {product.licence_model for product in catalogue if product.self_service} == {"named"}


def test_each_product_that_is_sold_has_a_price_in_each_of_its_sites_currencies(
    sites: Sites, catalogue: Catalogue
) -> None:
    missing = [
        (product.key, site.code)
        for product in catalogue
        for site in (sites[code] for code in CODES)
        if product.sold_on(site.code) and not product.demo_price("annual", site.currency)
    ]
    assert not missing
    assert all(any(product.sold_on(site.code) for product in catalogue) for site in sites)


def test_prices_are_whole_minor_units_of_their_currency(catalogue: Catalogue) -> None:
    for product in catalogue:
        for amounts in product.prices.values():
            for currency, amount in amounts.items():
                minor_unit = Decimal(1).scaleb(-get_currency_precision(currency))
                assert amount.same_quantum(minor_unit), (product.key, currency)
                assert amount > 0


@pytest.mark.parametrize(
    ("code", "language", "product", "term", "currency", "price"),
    [
        ("fr", "fr", "profis-engineering-premium", "annual", "EUR", "590.00"),
        ("fr", "fr", "fieldwire-business", "monthly", "EUR", "46.00"),
        ("fr", "fr", "profis-layout-office", "monthly", "EUR", "39.00"),
        ("de", "de", "cfs-dm-5000", "annual", "EUR", "960.00"),
        ("de", "de", "fieldwire-premier", "annual", "EUR", "720.00"),
        ("at", "de", "cfs-dm-500", "annual", "EUR", "240.00"),
        ("ch", "de", "profis-engineering-premium", "annual", "CHF", "619.50"),
        ("ch", "fr", "cfs-dm-20000", "annual", "CHF", "2520.00"),
        ("ch", "it", "fieldwire-pro", "monthly", "CHF", "35.70"),
        ("it", "it", "profis-layout-office", "annual", "EUR", "410.00"),
        ("es", "es", "ontrack-pro", "annual", "EUR", "1500.00"),
        ("gb", "en", "ontrack-enterprise", "annual", "GBP", "2880.00"),
        ("gb", "en", "fieldwire-pro", "monthly", "GBP", "30.60"),
        ("us", "en", "hilti-smart", "annual", "USD", "1437.50"),
        ("us", "en", "profis-layout-office", "monthly", "USD", "44.85"),
        ("pl", "pl", "fieldwire-business", "annual", "PLN", "2064.00"),
        ("pl", "pl", "fieldwire-pro", "monthly", "PLN", "146.20"),
        ("ae", "ar", "ontrack-enterprise", "annual", "AED", "13440.00"),
        ("ae", "en", "ontrack-lite", "annual", "AED", "3780.00"),
        ("jp", "ja", "profis-engineering-premium", "annual", "JPY", "97350"),
    ],
)
def test_what_the_shops_order_can_be_sold(
    sites: Sites,
    catalogue: Catalogue,
    code: str,
    language: str,
    product: str,
    term: str,
    currency: str,
    price: str,
) -> None:
    site = sites[code]
    sold = catalogue.by_key(product)
    assert sold is not None
    assert sold.sold_on(code)
    assert site.language_for(language)
    assert site.currency == currency
    assert sold.demo_price(term, currency) == Decimal(price)


def test_a_service_of_one_country_is_not_sold_in_another(catalogue: Catalogue) -> None:
    smart = catalogue.by_key("hilti-smart")
    assert smart is not None
    assert (smart.kind, smart.agreement) == ("service", "service")
    assert smart.sold_on("us")
    assert not smart.sold_on("fr")
    assert smart.demo_price("annual", "EUR") is None
    assert smart.demo_price("monthly", "USD") is None


def test_sites_and_products_cannot_be_changed_by_accident(sites: Sites, catalogue: Catalogue) -> None:
    with pytest.raises(AttributeError):
        sites["fr"].currency = "USD"  # type: ignore[misc]
    for product in catalogue:
        assert all(
            isinstance(table, MappingProxyType) for table in (product.prices, *product.prices.values())
        )
    assert {sites["fr"]: 1}[sites["fr"]] == 1


PRODUCT = """
[products.drawing-board]
name = "Drawing Board"
family = "Drawing"
kind = "software"
orderable = true
chargeable = true
self_service = true
licence_model = "named"
agreement = "software"
help = "https://help.example/drawing"
sites = ["ch"]
prices.annual = { CHF = "12.00" }
"""


@pytest.mark.parametrize(
    ("old", "new", "field", "words"),
    [
        ('["ch"]', '["uu"]', "sites", "“uu” is not one of: ch, us, or another country"),
        ('["ch"]', '"everywhere"', "sites", "“everywhere” is not one of: all"),
        (
            '"software"\norderable',
            '"hardware"\norderable',
            "kind",
            "“hardware” is not one of: software, service",
        ),
        ("chargeable = true", "chargeable = false", "orderable", "what is free of charge can't be ordered"),
        ("self_service = true", "self_service = 1", "self_service", "must be true or false"),
        ('agreement = "software"', 'agreement = "lease"', "agreement", "site ch has no agreement “lease”"),
        ("CHF", "EUX", "prices.annual.EUX", "there is no such currency"),
        ("prices.annual", "prices.weekly", "prices.weekly", "the portal knows no such field"),
        ('"12.00"', '"free"', "prices.annual.CHF", "“free” must be a number"),
        ("https://help.example/drawing", "javascript:alert(1)", "help", "must look like"),
        ('name = "Drawing Board"', "", "name", "is missing"),
    ],
)
def test_a_wrong_product_is_refused_by_its_key(
    tenants: Path, old: str, new: str, field: str, words: str
) -> None:
    file = tenants / "catalogue.toml"
    file.write_text(PRODUCT, encoding="utf-8")
    sites = load_sites(tenants, origin)
    assert load_catalogue(tenants, sites).by_key("drawing-board")
    change(file, old, new)
    with pytest.raises(SiteConfigError) as refusal:
        load_catalogue(tenants, sites)
    assert refusal.value.field == f"products.drawing-board.{field}"
    assert words in str(refusal.value)


def test_a_product_for_all_sites_is_sold_on_all_sites_there_are(tenants: Path) -> None:
    (tenants / "catalogue.toml").write_text(PRODUCT.replace('["ch"]', '"all"'), encoding="utf-8")
    product = load_catalogue(tenants, load_sites(tenants, origin)).by_key("drawing-board")
    assert product is not None
    assert product.sites == {"ch", "us"}


def test_countries_and_currencies_that_are_served_elsewhere_are_no_slip(tenants: Path) -> None:
    text = PRODUCT.replace('["ch"]', '["ch", "fr"]').replace("{ CHF", '{ EUR = "11.00", CHF')
    (tenants / "catalogue.toml").write_text(text, encoding="utf-8")
    product = load_catalogue(tenants, load_sites(tenants, origin)).by_key("drawing-board")
    assert product is not None
    assert product.sites == {"ch"}


def test_a_product_that_is_not_orderable_is_not_sold_on_its_sites(tenants: Path) -> None:
    text = PRODUCT.replace("orderable = true", "orderable = false")
    (tenants / "catalogue.toml").write_text(text, encoding="utf-8")
    product = load_catalogue(tenants, load_sites(tenants, origin)).by_key("drawing-board")
    assert product is not None
    assert product.sites == {"ch"}
    assert not product.sold_on("ch")
