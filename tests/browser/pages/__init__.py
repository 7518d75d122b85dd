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
    signed_out,
    subscriptions,
)
from tests.browser.pages.shapes import PageCase
from tests.browser.visitor import Visitor

LOOKED_AT_IN_WALKS = (
    *("agent_sign_in.proof", "agent_sign_in.choose", "agent.choose", "agent.ask_app", "agent.show_app"),
    *("agent.ask_remove_app", "agent.edit_password"),
    *("agent_passkeys.ask", "agent_passkeys.show_new", "agent_passkeys.ask_remove"),
    *("second_factor.show_key", "second_factor.ask", "second_factor.lost", "second_factor.show_link"),
)
BESIDE_THE_ADMINISTRATOR = (
    *("facts.overview", "facts.diagnosis", "facts.emails", "facts.sign_ins", "facts.webhooks", "facts.trail"),
    *("facts.subscription", "acts.ask_activation_mail", "acts.edit_purchaser", "acts.ask_unlock"),
)
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
    "support_claims.show": "walked in test_claims.py",
    "disputes.show_list": "walked in test_claims.py",
    "disputes.show": "walked in test_claims.py",
    **dict.fromkeys(LOOKED_AT_IN_WALKS, "a step that is walked and looked at in test_agents.py"),
    **dict.fromkeys(BESIDE_THE_ADMINISTRATOR, "walked and looked at in test_support_facts.py"),
    "support_visits.ask": "walked in test_visits.py",
    "support_visits.show": "walked in test_visits.py",
    "visiting.enter": "the door of a visit; leads on",
}


_AREAS = (
    signed_out,
    subscriptions,
    licenses,
    seats,
    handing_over,
    billing,
    invoices,
    profile,
    claims,
    console,
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
