"""Every page of the portal, in every state that looks different. A new GET route must be listed here."""

from __future__ import annotations

from playwright.sync_api import Page

from tests.browser.pages import (
    billing,
    claims,
    console,
    handing_over,
    invoices,
    licenses,
    profile,
    seats,
    second_factor,
    signed_out,
    subscriptions,
    visits,
)
from tests.browser.pages.shapes import PageCase
from tests.browser.visitor import Visitor

# Routes that answer no page of their own: files, redirects, fragments.
NO_PAGES = {
    "static": "files",
    "front.robots": "a text for crawlers",
    "front.open_file": "a file",
    "purchase_orders.show": "a fragment; without htmx it leads to the subscription",
    "quantity.show_value": "a fragment; without htmx it leads to the subscription",
    "seats.show_row": "a fragment; without htmx it leads to the users",
    "billing_details.show": "a fragment; without htmx it leads to the subscription",
    "invoice_recipients.cancel": "a fragment; without htmx it leads to the subscription",
    "cards.come_back": "leads to the subscription, or is the page of the payment method",
    "profile.show_name": "a fragment; without htmx it leads to the profile",
    "profile.data": "a file",
    "calendar_feed.read": "a file",
    "invoice_files.pdf": "a file",
    "invoice_files.cii": "a file",
    "invoice_files.ubl": "a file",
    "invoice_files.contract": "a file",
    "invoice_files.as_csv": "a file",
    "invoice_files.as_xlsx": "a file",
    "invoice_files.as_zip": "a file",
    "visiting.enter": "the door of a visit; leads on",
}


_AREAS = (
    *(signed_out, subscriptions, licenses, seats, handing_over, billing, invoices),
    *(profile, second_factor, claims, console, visits),
)
CASES: tuple[PageCase, ...] = tuple(case for area in _AREAS for case in area.CASES)
BY_NAME = {case.name: case for case in CASES}
# These are looked at on every site in each of its languages.
EVERYWHERE_PUBLIC = ("sign-in", "help")
EVERYWHERE_PERSONAL = ("list", "manage-active", "agreement-pending")


def show(case: PageCase, visitor: Visitor, site: str = "fr") -> Page:
    """The page in its state. Who it takes is signed in already."""
    visitor.open(case.address(visitor.server, site), site=case.place(site), status=case.status)
    if case.act:
        visitor.expected.add(case.act_status)
        case.act(visitor)
    return visitor.page
