"""What brings about the states of the pages that are about money."""

from __future__ import annotations

from playwright.sync_api import expect

from tests.browser.visitor import Visitor


def edit_next_po(visitor: Visitor) -> None:
    visitor.page.click("#po-next-edit")
    expect(visitor.page.locator("#po_number")).to_be_visible()


def edit_billing(visitor: Visitor) -> None:
    visitor.page.click("#billing-edit")
    expect(visitor.page.locator("#line1")).to_be_visible()


def wrong_billing(visitor: Visitor) -> None:
    visitor.page.fill("#city", "")
    visitor.page.fill("#vat_id", "FR11123456783")
    visitor.page.locator("#billing button.pri").click()
    expect(visitor.page.locator("#billing [role=alert]")).to_be_visible()


def conflicting_billing(visitor: Visitor) -> None:
    """As if somebody had changed them since: the form was read at another version."""
    visitor.page.evaluate("document.querySelector('#billing [name=version]').value = '99'")
    visitor.page.fill("#city", "Rennes")
    visitor.page.locator("#billing button.pri").click()
    expect(visitor.page.locator("#billing .diff")).to_be_visible()


def add_address(visitor: Visitor) -> None:
    visitor.page.click("#recipient-add")
    expect(visitor.page.locator("#email")).to_be_visible()


def wrong_address(visitor: Visitor) -> None:
    visitor.page.fill("#email", "nobody@")
    visitor.page.locator("#recipients button.pri").click()
    expect(visitor.page.locator("#recipients [role=alert]")).to_be_visible()


def wrong_iban(visitor: Visitor) -> None:
    visitor.page.fill("#holder", "Bâti-Ouest")
    visitor.page.fill("#iban", "GB29 NWBK 6016 1331 9268 19")
    visitor.page.locator("#payment button.pri").click()
    expect(visitor.page.locator("#payment [role=alert]")).to_be_visible()


def leave_for_card(visitor: Visitor) -> None:
    visitor.page.locator("#payment form[action$=card] button").click()
    expect(visitor.page.locator("main a[href*=card-provider]")).to_be_visible()


def conflicting_payment(visitor: Visitor) -> None:
    visitor.page.evaluate("document.querySelector('#payment [name=version]').value = '99'")
    visitor.page.locator("#payment form[action$=invoice] button").click()
    expect(visitor.page.locator("#payment .diff")).to_be_visible()
