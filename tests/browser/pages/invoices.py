"""Invoices, and what is missing on them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from playwright.sync_api import expect

from tests.browser.pages.shapes import ADMIN, BILLING, USER, PageCase, administrator, at
from tests.browser.server import PortalServer
from tests.browser.visitor import Visitor
from webapp.data.accounts import Account, Person
from webapp.data.billing import BillingDetails, Invoice
from webapp.data.keys import email_key
from webapp.data.subscriptions import PENDING, Subscription

_NO_NUMBERS = {"vat_id": "", "national_ids": "{}"}
_before: dict[str, Any] = {}


def an_invoice_of(state: str) -> Callable[[PortalServer, str], str]:
    """The administrator's newest in this state; where the demo has none, their newest."""

    def address(server: PortalServer, site: str) -> str:
        with server.portal.at(server.portal.sites[site]):
            person = Person.get(Person.email_key == email_key(administrator(site)))
            theirs = Invoice.select().join(Subscription).where(Subscription.administrator == person)
            issued = list(theirs.where(Invoice.number.is_null(False)).order_by(Invoice.id.desc()))
            found = next((one for one in issued if one.state == state), issued[0])
            return f"/invoices/{found.number}"

    return address


def _details(site: str) -> Any:
    person = Person.get(Person.email_key == email_key(administrator(site)))
    account = Account.select().join(Subscription).where(Subscription.administrator == person).get()
    return BillingDetails.account == account


def incomplete_company(server: PortalServer, site: str) -> str:
    """As long as the page is asked for, the company has told none of its numbers."""
    with server.portal.at(server.portal.sites[site]):
        stored = BillingDetails.get(_details(site))
        _before.update({name: getattr(stored, name) for name in _NO_NUMBERS})
        BillingDetails.update(_NO_NUMBERS).where(_details(site)).execute()
    return "/invoices"


def complete_again(visitor: Visitor) -> None:
    expect(visitor.page.locator("main .note.warn").first).to_be_visible()
    site = str(visitor.site)
    with visitor.server.portal.at(visitor.server.portal.sites[site]):
        BillingDetails.update(_before).where(_details(site)).execute()


def more_filters(visitor: Visitor) -> None:
    visitor.page.locator("details.filters summary").click()
    expect(visitor.page.locator("#from")).to_be_visible()


def download_nothing(visitor: Visitor) -> None:
    visitor.page.locator("button[form=chosen]").click()
    expect(visitor.page.locator("[role=alert]")).to_be_visible()


def without_po_number(server: PortalServer, site: str) -> str:
    """Awaits activation, and was ordered without such a number."""
    wanted = (Subscription.status == PENDING, Subscription.po_number == "")
    found = server.subscription_of(site, administrator(site), *wanted)
    return f"/subscriptions/{found.public_id}/agreement"


def wrong_number_on_first_invoice(visitor: Visitor) -> None:
    visitor.page.fill("#po_number", "4" * 90)
    visitor.page.locator("form.accept button").click()
    expect(visitor.page.locator("[role=alert]")).to_be_visible()


CASES = (
    PageCase("invoices", "invoices.show_list", at("/invoices"), ADMIN),
    PageCase("invoices-billing", "invoices.show_list", at("/invoices?state=paid"), BILLING),
    PageCase("invoices-filtered", "invoices.show_list", at("/invoices?from=2020-01-01&po=4711"), ADMIN),
    PageCase("invoices-filters-open", "invoices.show_list", at("/invoices"), ADMIN, more_filters),
    PageCase("invoices-none", "invoices.show_list", at("/invoices"), USER),
    PageCase("invoices-none-chosen", "invoices.show_list", at("/invoices"), ADMIN, download_nothing, 422),
    PageCase("invoices-incomplete", "invoices.show_list", incomplete_company, ADMIN, complete_again),
    PageCase("invoice", "invoices.show", an_invoice_of("open"), ADMIN),
    PageCase("invoice-paid", "invoices.show", an_invoice_of("paid"), ADMIN),
    PageCase("credit-note", "invoices.show", an_invoice_of("given"), BILLING),
    PageCase(
        "agreement-wrong-number",
        "activation.show_agreement",
        without_po_number,
        ADMIN,
        wrong_number_on_first_invoice,
        422,
    ),
)
