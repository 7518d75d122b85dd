"""Billing data, addresses for invoices and the payment method: in place by keyboard, and without JavaScript."""

from __future__ import annotations

from itertools import count

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import Visit
from tests.browser.server import Ordered, PortalServer
from tests.browser.visitor import Visitor

IBAN = "FR14 2004 1010 0505 0001 3M02 606"


COMPANIES = count(1)


@pytest.fixture
def order(server: PortalServer) -> Ordered:
    """Of a company of its own: billing data are the company's."""
    company = {"account.customer_number": f"COMPANY-{next(COMPANIES)}"}
    return server.active_order(purchase_order_number="4500071236", **company)


def at_the_subscription(visit: Visit, order: Ordered, **facts: object) -> Visitor:
    window = visit(**facts)  # type: ignore[arg-type]
    window.sign_in(order.email)
    window.open(order.path)
    return window


def press(page: Page, selector: str) -> None:
    """By keyboard."""
    page.focus(selector)
    page.keyboard.press("Enter")


def test_billing_data_are_edited_in_place_and_told_once(visit: Visit, order: Ordered) -> None:
    visitor = at_the_subscription(visit, order)
    page = visitor.page
    visitor.expected |= {409, 422}
    press(page, "#billing-edit")
    expect(page.locator("#line1")).to_be_visible()
    page.fill("#city", "")
    page.fill("#vat_id", "FR11123456783")
    page.keyboard.press("Enter")
    summary = page.locator("#billing [role=alert]")
    expect(summary).to_be_focused()
    assert visitor.said() == []
    expect(page.locator("#vat_id")).to_have_value("FR11123456783")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(page.locator("#city")).to_be_focused()
    page.fill("#city", "Nantes")
    page.fill("#vat_id", "FR11123456782")
    page.keyboard.press("Enter")
    expect(page.locator("#billing-edit")).to_be_focused()
    expect(page.locator("#billing")).to_contain_text("FR11123456782")
    assert len(visitor.said()) == 1
    expect(page.locator(".log")).to_have_count(1)


def test_two_windows_see_both_values(visit: Visit, order: Ordered) -> None:
    first = at_the_subscription(visit, order)
    second = visit(beside=first)
    second.open(f"{order.path}/billing-details")
    second.expected.add(409)
    press(first.page, "#billing-edit")
    first.page.fill("#city", "Nantes")
    first.page.keyboard.press("Enter")
    expect(first.page.locator("#billing-edit")).to_be_focused()
    second.page.bring_to_front()
    second.page.fill("#city", "Rennes")
    second.page.keyboard.press("Enter")
    expect(second.page.locator("#billing [role=alert]")).to_be_focused()
    expect(second.page.locator("#billing .diff")).to_contain_text(["Nantes"])
    second.page.click("#billing form button.pri")
    expect(second.page.locator("#billing")).to_contain_text("Rennes")


@pytest.mark.parametrize("javascript", [True, False])
def test_an_address_is_added_confirmed_and_removed(
    visit: Visit, server: PortalServer, order: Ordered, javascript: bool
) -> None:
    visitor = at_the_subscription(visit, order, javascript=javascript)
    page, address = visitor.page, f"compta@{order.number.lower()}.example"
    page.click("#recipient-add")
    page.fill("#email", address)
    page.select_option("#whose", "subscription")
    page.click("#recipients button.pri")
    entry = page.locator("#recipients li").filter(has_text=address)
    expect(entry.locator("form[action$=again]")).to_have_count(1)
    server.deliver_mail(order.site)
    reader = visit(javascript=javascript)
    reader.open_newest_mail(address)
    reader.page.click("a[href*='/invoice-address/']")
    reader.page.click("main form button.pri")
    reader.page.wait_for_url("**/invoice-address/confirmed")
    visitor.open(order.path)
    expect(entry.locator("form[action$=again]")).to_have_count(0)
    entry.locator("form[action$=remove] button").click()
    expect(entry).to_have_count(0)


@pytest.mark.parametrize("javascript", [True, False])
def test_the_payment_method_is_changed_and_changed_back(
    visit: Visit, order: Ordered, javascript: bool
) -> None:
    visitor = at_the_subscription(visit, order, javascript=javascript)
    page = visitor.page
    visitor.expected.add(422)
    page.click("main a[href$='/payment-method']")
    page.fill("#holder", "Bâti-Ouest")
    page.fill("#iban", "GB29 NWBK 6016 1331 9268 19")
    page.check("#accepted")
    page.click("#payment button.pri")
    if javascript:
        expect(page.locator("#payment [role=alert]")).to_be_focused()
    expect(page.locator("#iban-error")).to_be_visible()
    expect(page.locator("#holder")).to_have_value("Bâti-Ouest")
    page.fill("#iban", IBAN)
    press(page, "#payment button.pri")
    visitor.expect_path(order.path)
    expect(page.locator("main")).to_contain_text("•••• 2606")
    page.click("main a[href$='/payment-method']")
    page.click("form[action$='/payment-method/invoice'] button")
    visitor.expect_path(order.path)
    expect(page.locator("main dl.rows").first).not_to_contain_text("2606")


def test_the_next_terms_number_gives_the_focus_back_to_its_own_link(visit: Visit, order: Ordered) -> None:
    visitor = at_the_subscription(visit, order)
    page = visitor.page
    press(page, "#po-next-edit")
    expect(page.locator("#po_number")).to_be_focused()
    page.keyboard.type("4500099999")
    page.keyboard.press("Enter")
    expect(page.locator("#po-next-edit")).to_be_focused()
    expect(page.locator("#po")).to_contain_text("4500099999")
    assert len(visitor.said()) == 1
