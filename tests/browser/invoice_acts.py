"""What brings about the states of the pages that are about invoices."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from playwright.sync_api import expect

from tests.browser.server import PortalServer
from tests.browser.visitor import Visitor
from webapp.data.accounts import Account, Person
from webapp.data.billing import BillingDetails, Invoice
from webapp.data.keys import email_key
from webapp.data.subscriptions import PENDING, Subscription
from webapp.demo.cast import PEOPLE

_NO_NUMBERS = {"vat_id": "", "national_ids": "{}"}
_before: dict[str, Any] = {}


def _administrator(site: str) -> str:
    return next(person.email for person in PEOPLE if person.site == site and person.administers)


def an_invoice_of(state: str) -> Callable[[PortalServer, str], str]:
    """The administrator's newest in this state; where the demo has none, their newest."""

    def address(server: PortalServer, site: str) -> str:
        with server.portal.at(server.portal.sites[site]):
            person = Person.get(Person.email_key == email_key(_administrator(site)))
            theirs = Invoice.select().join(Subscription).where(Subscription.administrator == person)
            issued = list(theirs.where(Invoice.number.is_null(False)).order_by(Invoice.id.desc()))
            found = next((one for one in issued if one.state == state), issued[0])
            return f"/invoices/{found.number}"

    return address


def _details(site: str) -> Any:
    person = Person.get(Person.email_key == email_key(_administrator(site)))
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
    found = server.subscription_of(site, _administrator(site), *wanted)
    return f"/subscriptions/{found.public_id}/agreement"


def wrong_number_on_first_invoice(visitor: Visitor) -> None:
    visitor.page.fill("#po_number", "4" * 90)
    visitor.page.locator("form.accept button").click()
    expect(visitor.page.locator("[role=alert]")).to_be_visible()
