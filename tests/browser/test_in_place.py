"""The purchase order number edited in place: focus, announcements, refusals, failures and two windows at once."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Page, Route, expect

from tests.browser.conftest import Visit
from tests.browser.server import Ordered, PortalServer
from tests.browser.visitor import Visitor

FIELD, SHOWN, EDIT = "#po_number", "#po dd .po", "#po-edit"


@pytest.fixture
def order(server: PortalServer) -> Ordered:
    return server.active_order(purchase_order_number="4500071236")


@pytest.fixture
def visitor(visit: Visit, order: Ordered) -> Visitor:
    """In front of the subscription's page."""
    window = visit()
    window.sign_in(order.email)
    window.open(order.path)
    return window


def save_button(order: Ordered) -> str:
    return f"form[action='{order.path}/purchase-order'] button.pri"


def start_editing(page: Page) -> None:
    page.click(EDIT)
    expect(page.locator(FIELD)).to_be_focused()


def test_saving_is_announced_once_and_gives_the_focus_back_to_the_trigger(
    visitor: Visitor, order: Ordered
) -> None:
    page = visitor.page
    start_editing(page)
    assert visitor.said() == []
    page.fill(FIELD, "BC 2026-114")
    page.click(save_button(order))
    expect(page.locator(SHOWN)).to_have_text("BC 2026-114")
    expect(page.locator(EDIT)).to_be_focused()
    assert len(visitor.said()) == 1
    assert page.locator("[role=alert]").count() == 0
    visitor.expect_path(order.path)
    page.wait_for_timeout(300)
    assert len(visitor.said()) == 1

    page.locator("#po button.link-btn").click()  # Undo
    expect(page.locator(SHOWN)).to_have_text("4500071236")
    expect(page.locator(EDIT)).to_be_focused()
    assert len(visitor.said()) == 2
    expect(page.locator(".log")).to_have_count(1)
    expect(page.locator(".log")).to_contain_text("BC 2026-114")


def test_cancelling_saves_nothing_and_gives_the_focus_back(visitor: Visitor, order: Ordered) -> None:
    page = visitor.page
    start_editing(page)
    page.fill(FIELD, "typed and thought better of")
    page.locator("#po a.btn").click()
    expect(page.locator(SHOWN)).to_have_text("4500071236")
    expect(page.locator(EDIT)).to_be_focused()
    assert visitor.said() == []
    assert visitor.server.po_number(order) == "4500071236"


def test_a_refusal_takes_the_focus_says_why_once_and_keeps_what_was_typed(
    visitor: Visitor, order: Ordered
) -> None:
    page = visitor.page
    visitor.expected.add(422)
    start_editing(page)
    page.fill(FIELD, "7" * 90)
    page.click(save_button(order))
    summary = page.locator("#po [role=alert]")
    expect(summary).to_be_focused()
    assert visitor.said() == [], "the summary speaks for itself"
    expect(page.locator(FIELD)).to_have_value("7" * 90)
    expect(page.locator(FIELD)).to_have_attribute("aria-invalid", "true")
    expect(page.locator(FIELD)).to_have_accessible_description(re.compile("20"))
    assert page.locator("#po_number-error").inner_text().strip() in summary.inner_text()

    summary.locator("a").click()
    expect(page.locator(FIELD)).to_be_focused()
    page.fill(FIELD, "7" * 70)
    page.click(save_button(order))
    expect(page.locator(SHOWN)).to_have_text("7" * 70)
    assert len(visitor.said()) == 1


@pytest.mark.parametrize("status", [500, 503])
def test_a_server_out_of_order_loses_nothing_that_was_typed(
    visitor: Visitor, order: Ordered, status: int
) -> None:
    def broken(route: Route) -> None:
        if route.request.method == "POST":
            route.fulfill(status=status, body="<p>broken</p>", content_type="text/html")
        else:
            route.continue_()

    page = visitor.page
    visitor.expected.add(status)
    start_editing(page)
    page.fill(FIELD, "BC 2026-115")
    page.route("**/purchase-order", broken)
    page.click(save_button(order))
    expect(page.locator("#status")).not_to_be_empty()
    expect(page.locator(FIELD)).to_have_value("BC 2026-115")
    expect(page.locator("body")).not_to_contain_text("broken")
    assert len(visitor.said()) == 1
    assert visitor.focused() != "body"

    page.unroute("**/purchase-order")
    page.click(save_button(order))
    expect(page.locator(SHOWN)).to_have_text("BC 2026-115")


def test_a_server_out_of_reach_loses_nothing_that_was_typed(visitor: Visitor, order: Ordered) -> None:
    page = visitor.page
    start_editing(page)
    page.fill(FIELD, "BC 2026-116")
    with (
        visitor.server.out_of_order(),
        visitor.expecting("ERR_CONNECTION_REFUSED", "Failed to fetch") as heard,
    ):
        page.click(save_button(order))
        expect(page.locator("#status")).not_to_be_empty()
    assert heard
    assert len(visitor.said()) == 1
    expect(page.locator(FIELD)).to_have_value("BC 2026-116")
    page.click(save_button(order))
    expect(page.locator(SHOWN)).to_have_text("BC 2026-116")


def a_conflict(visit: Visit, first: Visitor, order: Ordered) -> Visitor:
    """The second window saved later what it had begun to edit earlier."""
    second = visit(beside=first)
    second.expected.add(409)
    second.open(order.path)
    start_editing(second.page)
    start_editing(first.page)
    first.page.fill(FIELD, "OF THE FIRST")
    first.page.click(save_button(order))
    expect(first.page.locator(SHOWN)).to_have_text("OF THE FIRST")
    second.page.bring_to_front()
    second.page.fill(FIELD, "OF THE SECOND")
    second.page.press(FIELD, "Enter")
    expect(second.page.locator(".diff")).to_contain_text("OF THE FIRST")
    expect(second.page.locator(".diff")).to_contain_text("OF THE SECOND")
    expect(second.page.locator("#po [role=alert]")).to_be_focused()
    expect(second.page.locator("#po [role=alert]")).to_contain_text(order.name)
    assert second.said() == []
    return second


def test_the_slower_window_sees_both_values_and_keeps_the_saved_one_by_keyboard(
    visit: Visit, visitor: Visitor, order: Ordered
) -> None:
    second = a_conflict(visit, visitor, order)
    second.page.keyboard.press("Tab")
    expect(second.page.locator(":focus")).to_contain_text("OF THE FIRST")
    second.page.keyboard.press("Enter")
    expect(second.page.locator(SHOWN)).to_have_text("OF THE FIRST")
    expect(second.page.locator(EDIT)).to_be_focused()
    assert visitor.server.po_number(order) == "OF THE FIRST"


def test_the_slower_window_sees_both_values_and_saves_its_own_by_keyboard(
    visit: Visit, visitor: Visitor, order: Ordered
) -> None:
    second = a_conflict(visit, visitor, order)
    second.page.keyboard.press("Tab")
    second.page.keyboard.press("Tab")
    expect(second.page.locator(":focus")).to_contain_text("OF THE SECOND")
    second.page.keyboard.press("Enter")
    expect(second.page.locator(SHOWN)).to_have_text("OF THE SECOND")
    expect(second.page.locator(EDIT)).to_be_focused()
    assert len(second.said()) == 1
    assert visitor.server.po_number(order) == "OF THE SECOND"


def test_signed_out_meanwhile_leads_to_the_sign_in_page_and_back(visitor: Visitor, order: Ordered) -> None:
    page = visitor.page
    visitor.expected.add(401)
    visitor.context.clear_cookies()
    page.click(EDIT)
    page.wait_for_url(re.compile(r"/sign-in\?next=/subscriptions/"))
    page.fill("#email", order.email)
    page.fill("#password", "a wrench and a ladder")
    page.press("#password", "Enter")
    visitor.expect_path(f"{order.path}/purchase-order")
    expect(page.locator(FIELD)).to_have_value("4500071236")
