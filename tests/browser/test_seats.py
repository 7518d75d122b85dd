"""Users in the browser: invited in the dialog, noted, removed and brought back in place; a file in steps; no mouse."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import Visit
from tests.browser.server import Ordered, PortalServer
from tests.browser.test_keyboard import press, tab_to
from tests.browser.visitor import Visitor

DIALOG, LINES = "dialog[open]", ".seats > li"


@pytest.fixture
def order(server: PortalServer) -> Ordered:
    return server.active_order(product="fieldwire-business", quantity=3)


def at_the_users(visit: Visit, order: Ordered, **facts: object) -> Visitor:
    window = visit(**facts)  # type: ignore[arg-type]
    window.sign_in(order.email)
    window.open(f"{order.path}/users")
    return window


def invite(page: Page, *addresses: str) -> None:
    page.click("#invite-link")
    page.fill("#addresses", "\n".join(addresses))
    page.locator("#invite .btn.pri").click()
    page.wait_for_url("**?done=invited*")


def line(page: Page, email: str) -> str:
    return f"#{page.locator(LINES).filter(has_text=email).get_attribute('id')}"


def open_menu(page: Page, email: str) -> None:
    page.locator(f"{line(page, email)} [popovertarget]").click()


def test_from_the_dialog_to_the_line_without_a_mouse(visit: Visit, order: Ordered) -> None:
    visitor = at_the_users(visit, order)
    page = visitor.page
    press(page, page.locator("#invite-link"))
    expect(page.locator("#dialog-h")).to_be_focused()
    tab_to(page, page.locator("#addresses"))
    page.keyboard.type("max@")
    visitor.expected.add(422)
    press(page, page.locator("#invite .btn.pri"))
    expect(page.locator(f"{DIALOG} [role=alert]")).to_be_focused()
    expect(page.locator("#addresses")).to_have_value("max@")
    tab_to(page, page.locator("#addresses"))
    page.keyboard.press("End")
    page.keyboard.type("seats.example")
    press(page, page.locator("#invite .btn.pri"))
    page.wait_for_url("**?done=invited*")

    trigger = page.locator(f"{line(page, 'max@seats.example')} [popovertarget]")
    press(page, trigger)
    press(page, page.locator(":popover-open a"))
    tab_to(page, page.locator("#job_site"))
    page.keyboard.type("Quai 7")
    page.keyboard.press("Enter")
    expect(page.locator(LINES)).to_contain_text("Quai 7")
    expect(trigger).to_be_focused()

    press(page, trigger)
    press(page, page.locator(":popover-open .danger"))
    undo = page.locator(f"{LINES} .link-btn")
    expect(undo).to_be_focused()
    expect(page.locator("#licences")).to_contain_text("0")
    page.keyboard.press("Enter")
    expect(trigger).to_be_focused()
    expect(page.locator("#licences")).to_contain_text("1")
    assert len([text for text in visitor.said() if "max@seats.example" in text]) == 3, visitor.said()


@pytest.mark.parametrize("javascript", [True, False])
def test_users_are_invited_noted_removed_and_brought_back(
    visit: Visit, order: Ordered, javascript: bool
) -> None:
    visitor = at_the_users(visit, order, javascript=javascript, width=390)
    page, place = visitor.page, f"{order.path}/users"
    if javascript:
        invite(page, f"eva-{order.number}@seats.example")
    else:
        page.click("#invite-link")
        visitor.expect_path(f"{place}/invite")
        page.fill("#addresses", f"eva-{order.number}@seats.example")
        page.locator("#invite .btn.pri").click()
    visitor.expect_path(place)
    email = f"eva-{order.number}@seats.example"
    open_menu(page, email)
    page.locator(":popover-open a").click()
    page.fill("#cost_centre", "4711")
    page.locator(".seat-form .btn.pri").click()
    expect(page.locator(LINES)).to_contain_text("4711")
    open_menu(page, email)
    page.locator(":popover-open .danger").click()
    page.locator("main .link-btn").click()
    expect(page.locator(LINES).filter(has_text=email)).to_contain_text("4711")
    expect(page.locator("#licences")).to_contain_text("1")


@pytest.mark.parametrize("javascript", [True, False])
def test_a_long_file_is_checked_in_steps_and_all_valid_rows_invited(
    visit: Visit, order: Ordered, javascript: bool
) -> None:
    visitor = at_the_users(visit, order, javascript=javascript)
    page = visitor.page
    page.click("#file-link")
    rows = "\n".join(f"p{number}-{order.number}@seats.example" for number in range(2500))
    page.set_input_files("#file", {"name": "people.csv", "mimeType": "text/csv", "buffer": rows.encode()})
    page.locator("main form[enctype] .btn.pri").click()
    if not javascript:
        expect(page.locator("progress")).to_have_attribute("value", "1000")
        page.locator("main form[action$='/check'] button").click()
    expect(page.locator("#fate-h")).to_be_visible()
    if javascript:
        expect(page.locator("#fate-h")).to_be_focused()
    page.locator("main form[action$='/invite'] button").click()
    visitor.expect_path(f"{order.path}/users")
    expect(page.locator(LINES)).to_have_count(3)
    expect(page.locator("#licences")).to_contain_text("3")


def test_two_windows_see_both_versions(visit: Visit, order: Ordered) -> None:
    visitor = at_the_users(visit, order)
    page = visitor.page
    invite(page, f"eva-{order.number}@seats.example")
    key = line(page, f"eva-{order.number}@seats.example").removeprefix("#seat-")
    open_menu(page, f"eva-{order.number}@seats.example")
    page.locator(":popover-open a").click()
    page.fill("#job_site", "OF THE FIRST")
    second = visit(beside=visitor)
    second.open(f"/seats/{key}")
    second.page.fill("#job_site", "OF THE SECOND")
    second.page.locator(".seat-form .btn.pri").click()
    second.expect_path(f"{order.path}/users")
    visitor.expected.add(409)
    page.bring_to_front()
    page.locator(".seat-form .btn.pri").click()
    expect(page.locator(".diff")).to_contain_text("OF THE SECOND")
    expect(page.locator(".diff")).to_contain_text("OF THE FIRST")
    expect(page.locator(".seat-form [role=alert]")).to_be_focused()
    page.locator(".seat-form form .btn.pri").click()
    expect(page.locator(LINES)).to_contain_text("OF THE FIRST")
