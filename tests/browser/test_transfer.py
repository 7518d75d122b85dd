"""The dialog that hands a subscription over: by keyboard, announced, and the same without JavaScript."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import Visit
from tests.browser.server import Ordered, PortalServer
from tests.browser.visitor import Visitor

TRIGGER, DIALOG, GO = "#transfer-link", "dialog[open]", "#transfer-end button[name=step]"


@pytest.fixture
def order(server: PortalServer) -> Ordered:
    return server.active_order()


def at_the_subscription(visit: Visit, order: Ordered, **facts: object) -> Visitor:
    window = visit(**facts)  # type: ignore[arg-type]
    window.sign_in(order.email)
    window.open(order.path)
    return window


def open_by_keyboard(page: Page) -> None:
    page.focus(TRIGGER)
    page.keyboard.press("Enter")
    expect(page.locator("#dialog-h")).to_be_focused()


def test_it_opens_by_keyboard_and_escape_gives_the_focus_back(visit: Visit, order: Ordered) -> None:
    visitor = at_the_subscription(visit, order)
    page = visitor.page
    open_by_keyboard(page)
    assert page.locator(f"{DIALOG} input:checked[type=radio]").count() == 0
    page.keyboard.press("Escape")
    expect(page.locator(DIALOG)).to_have_count(0)
    expect(page.locator(TRIGGER)).to_be_focused()
    open_by_keyboard(page)  # as fresh as the first time
    page.locator(f"{DIALOG} .dlg-f button[form=dialog-close]").click()
    expect(page.locator(TRIGGER)).to_be_focused()
    visitor.expect_path(order.path)


def test_a_refusal_keeps_the_dialog_and_what_was_typed(visit: Visit, order: Ordered) -> None:
    visitor = at_the_subscription(visit, order)
    page = visitor.page
    visitor.expected.add(422)
    open_by_keyboard(page)
    expect(page.locator("#new_email")).to_be_hidden()
    page.check("#to-new")
    page.fill("#new_name", "Max Neu")
    page.fill("#new_email", "max@")
    page.keyboard.press("Enter")
    expect(page.locator(f"{DIALOG} [role=alert]")).to_be_focused()
    expect(page.locator("#new_name")).to_have_value("Max Neu")
    expect(page.locator("#new_email")).to_have_value("max@")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(page.locator("#new_email")).to_be_focused()


def hand_over(page: Page) -> None:
    page.check("#to-new")
    page.fill("#new_name", "Max Neu")
    page.fill("#new_email", "max@mistyped.example")
    page.click(GO)
    expect(page.locator(GO)).to_have_attribute("value", "confirm")
    expect(page.locator("#consequences")).to_contain_text("max@mistyped.example")
    expect(page.locator(GO)).to_contain_text("Max Neu")
    page.click(GO)


@pytest.mark.parametrize("javascript", [True, False])
def test_it_is_handed_over_and_taken_back(visit: Visit, order: Ordered, javascript: bool) -> None:
    visitor = at_the_subscription(visit, order, javascript=javascript)
    page = visitor.page
    page.click(TRIGGER)
    expect(page.locator(DIALOG)).to_have_count(1 if javascript else 0)
    hand_over(page)
    visitor.expect_path("/subscriptions")
    expect(page.locator("main")).to_contain_text("max@mistyped.example")
    visitor.open(order.path, status=404)
    visitor.open("/subscriptions")
    page.click("main a[href$='/transfer/take-back']")
    page.click("main form[action$='/transfer/take-back'] button.pri")
    visitor.expect_path(order.path)
    expect(page.locator(TRIGGER)).to_be_visible()


def test_it_fits_a_phone(visit: Visit, order: Ordered) -> None:
    visitor = at_the_subscription(visit, order, width=390, height=600)
    page = visitor.page
    page.click(TRIGGER)
    page.check("#to-new")
    expect(page.locator("#new_email")).to_be_visible()
    page.locator("#new_email").scroll_into_view_if_needed()
    expect(page.locator("#new_email")).to_be_in_viewport()
    page.locator(GO).scroll_into_view_if_needed()
    expect(page.locator(GO)).to_be_in_viewport()
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")


def test_a_page_that_was_open_before_the_transfer_says_that_it_is_gone(visit: Visit, order: Ordered) -> None:
    visitor = at_the_subscription(visit, order)
    second = visit(beside=visitor)
    second.open(order.path)
    second.expected.add(404)
    visitor.page.click(TRIGGER)
    hand_over(visitor.page)
    visitor.expect_path("/subscriptions")
    second.page.bring_to_front()
    second.page.click(TRIGGER)
    expect(second.page.locator(f"{DIALOG} [role=alert]")).to_be_focused()
    assert second.page.locator("main").count() == 1
    second.page.keyboard.press("Escape")
    expect(second.page.locator(DIALOG)).to_have_count(0)
