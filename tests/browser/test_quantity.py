"""The license quantity in place: the price first, then the button; who goes; and back again."""

from __future__ import annotations

import re

from playwright.sync_api import expect

from tests.browser.conftest import Visit
from tests.browser.server import PortalServer


def test_more_and_fewer_licenses_in_place(visit: Visit, server: PortalServer) -> None:
    order, visitor = server.active_order(quantity=3), visit()
    visitor.sign_in(order.email)
    page = visitor.open(order.path)
    before = page.locator("#ahead p").first.inner_text()

    page.click("#quantity-edit")
    expect(page.locator("#number")).to_be_focused()
    page.locator("#quantity a.btn").click()  # Cancel
    expect(page.locator("#quantity-edit")).to_be_focused()

    visitor.expected.add(422)
    page.click("#quantity-edit")
    page.fill("#number", "lots")
    page.press("#number", "Enter")
    expect(page.locator("#quantity [role=alert]")).to_be_focused()
    expect(page.locator("#number")).to_have_value("lots")
    page.fill("#number", "5")
    page.press("#number", "Enter")
    expect(page.locator("#more-h")).to_be_focused()
    expect(page.locator("#ahead p").first).to_have_text(before)
    visitor.expect_path(order.path)
    page.locator("form[action$='/more'] button").click()
    page.wait_for_url("**?done=licenses-added")
    expect(page.locator("#ahead")).to_contain_text(re.compile(r"\b5\b"))

    page.click("#quantity-edit")
    page.fill("#number", "1")
    page.press("#number", "Enter")
    expect(page.locator("#fewer-h")).to_be_focused()
    page.locator("form[action$='/fewer'] button").click()
    page.wait_for_url("**?done=licenses-reduced")
    assert page.locator("#ahead p").first.inner_text() != before
    page.locator("#quantity form button").click()
    page.wait_for_url("**?done=licenses-kept")
    expect(page.locator("#quantity form")).to_have_count(0)
