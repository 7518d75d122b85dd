"""What an order asks for, checked against its site, the catalogue and the clock."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import cast

from babel.numbers import get_currency_precision, is_currency

from webapp.domain.companies.vat_ids import vat_id_is_right
from webapp.domain.intake.intake_document import unknown_fields
from webapp.domain.intake.intake_refusals import shown
from webapp.domain.orders.order_document import OrderDocument
from webapp.domain.orders.order_refusals import OrderRefused
from webapp.sites import Catalogue, Product, Site, Sites

CLOCKS_DIFFER = timedelta(minutes=5)  # the shop's clock and ours
HIGHEST_PRICE = 10**12  # in minor units; times the most licenses it still fits a 64-bit integer


@dataclass(frozen=True, slots=True)
class Terms:
    """The order in the portal's own terms."""

    product: Product
    language: str  # one of the site's: `de` is `de_CH` in Switzerland
    unit_price: int  # in the currency's minor unit
    billing_period: str


@dataclass(frozen=True, slots=True)
class OrderWarning:
    """Something to look at; the order is taken."""

    field: str
    message: str


def site_of(document: OrderDocument, *, sites: Sites) -> Site:
    site = sites.by_code(document.site)
    if site is None:
        raise OrderRefused("unknown_site", "site", f"there is no site {shown(document.site)}")
    return site


def refuse_elsewhere(document: OrderDocument, site: Site) -> None:
    """Where orders of one site only are taken."""
    if document.site != site.code:
        message = f"this is site {site.code}; the record says {document.site}"
        raise OrderRefused("unknown_site", "site", message)


def check_terms(document: OrderDocument, *, site: Site, catalogue: Catalogue, now: datetime) -> Terms:
    """Only for an order that is not known yet: what was taken stays taken when the catalogue changes."""
    language = _language(document, site)
    if document.ordered_at > now + CLOCKS_DIFFER:
        raise OrderRefused("date_in_future", "ordered_at", "the order date lies in the future")
    product = _product(document, site, catalogue)
    billing_period = document.billing_period or document.term
    if document.term == "monthly" and billing_period == "annual":
        raise OrderRefused(
            "invalid_term", "billing_period", "a commitment of a month can’t be billed by the year"
        )
    _check_currency(document, site)
    return Terms(product, language, _minor_units(document), billing_period)


def _language(document: OrderDocument, site: Site) -> str:
    language = site.language_for(document.language)
    if language is None:
        offered = ", ".join(dict.fromkeys(code.partition("_")[0] for code in site.languages))
        message = f"site {site.code} offers {offered}; the record says {shown(document.language)}"
        raise OrderRefused("language_not_on_site", "language", message)
    return language


def _product(document: OrderDocument, site: Site, catalogue: Catalogue) -> Product:
    product = catalogue.by_key(document.product)
    if product is None:
        raise OrderRefused("unknown_product", "product", f"no product has the key {shown(document.product)}")
    if not product.orderable:
        reason = "can’t be ordered" if product.chargeable else "is free of charge and can’t be ordered"
        raise OrderRefused("product_not_orderable", "product", f"{product.key} {reason}")
    if not product.sold_on(site.code):
        message = f"{product.key} is not sold on site {site.code}"
        raise OrderRefused("product_not_on_site", "product", message)
    return product


def _check_currency(document: OrderDocument, site: Site) -> None:
    currency = document.currency
    if not is_currency(currency):
        raise OrderRefused("unknown_currency", "currency", f"no currency is called {currency}")
    if currency != site.currency:
        message = f"site {site.code} bills in {site.currency}, the record says {currency}"
        raise OrderRefused("currency_not_of_site", "currency", message)


def _minor_units(document: OrderDocument) -> int:
    precision = get_currency_precision(document.currency)
    if -cast(int, document.unit_price.as_tuple().exponent) > precision:
        message = f"a price in {document.currency} has at most {precision} decimals"
        raise OrderRefused("invalid_price", "unit_price", message)
    minor = int(document.unit_price.scaleb(precision))
    if minor > HIGHEST_PRICE:
        raise OrderRefused("invalid_price", "unit_price", "the price is higher than any that can be billed")
    return minor


def warnings_of(document: OrderDocument) -> tuple[OrderWarning, ...]:
    return tuple(_warnings(document))


def _warnings(document: OrderDocument) -> Iterator[OrderWarning]:
    vat_id = document.account.vat_id
    if vat_id and not vat_id_is_right(vat_id, document.account.address.country):
        yield OrderWarning("account.vat_id", "the VAT id is not valid: its form or its check digit is wrong")
    for field in unknown_fields(document):
        yield OrderWarning(field, "this field is not part of an order: it is kept and has no effect")
