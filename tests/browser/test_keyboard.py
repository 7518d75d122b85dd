"""Every flow with the keyboard alone: Tab, Enter, Space, Escape. Where the focus is can always be seen."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.browser.conftest import Visit
from tests.browser.pages import BY_NAME, show
from tests.browser.pages.shapes import FRONT, administrator, is_active, of, person_of
from tests.browser.server import PortalServer
from tests.browser.visitor import Visitor

MOST_STEPS = 80

_RING = """() => {
  const at = document.activeElement, style = getComputedStyle(at);
  return at === document.body || (style.outlineStyle !== "none" && parseFloat(style.outlineWidth) >= 2);
}"""
_COVERED = """() => {
  const at = document.activeElement, box = at.getBoundingClientRect();
  if (at === document.body || !box.width || at.closest(".vh")) return false;
  const top = document.elementFromPoint(box.left + box.width / 2, box.top + box.height / 2);
  return Boolean(top) && !at.contains(top) && !top.contains(at);
}"""


def is_focused(target: Locator) -> bool:
    return bool(target.evaluate("(element) => element === document.activeElement"))


def tab_to(page: Page, target: Locator, key: str = "Tab") -> None:
    """Step by step, as somebody without a mouse; each stop shows its ring and lies under nothing."""
    for _step in range(MOST_STEPS):
        if is_focused(target):
            return
        stop(page, key)
    raise AssertionError(f"{target} can’t be reached with {MOST_STEPS} times {key}")


def stop(page: Page, key: str = "Tab") -> None:
    page.wait_for_load_state()  # before its styles are there nothing has a ring
    page.keyboard.press(key)
    at = page.evaluate("document.activeElement.outerHTML.slice(0, 120)")
    assert page.evaluate(_RING), f"no focus ring on {at}"
    assert not page.evaluate(_COVERED), f"something lies over {at}"


def press(page: Page, target: Locator, key: str = "Enter") -> None:
    tab_to(page, target)
    page.keyboard.press(key)


def test_the_main_job_needs_no_mouse(visit: Visit, server: PortalServer) -> None:
    order = server.order()
    visitor = visit(width=390)
    page = visitor.page
    visitor.open(f"/activate/{order.number}")
    press(page, page.locator(f"form[action='/activate/{order.number}/password'] button"))
    visitor.expect_path("/password/sent")

    server.deliver_mail("fr")
    visitor.open("/mailbox", site=None)
    press(page, page.locator("a[href^='/mailbox/']").filter(has_text=order.email).first)
    page.wait_for_url("**/mailbox/*")
    press(page, page.locator("section a[href*='/password/set/']"))
    tab_to(page, page.locator("#password"))
    page.keyboard.type("sept grues jaunes au matin")
    page.keyboard.press("Enter")

    visitor.expect_path(f"{order.path}/agreement")
    press(page, page.locator(f"form[action='{order.path}/activate'] button"))
    visitor.expect_path(order.path)

    press(page, page.locator("#po-edit"))
    expect(page.locator("#po_number")).to_be_focused()
    page.keyboard.press("ControlOrMeta+a")
    page.keyboard.type("BC 2026-200")
    page.keyboard.press("Enter")
    expect(page.locator("#po dd .po")).to_have_text("BC 2026-200")
    expect(page.locator("#po-edit")).to_be_focused()
    press(page, page.locator("#po button.link-btn"))
    expect(page.locator("#po dd .po")).not_to_have_text("BC 2026-200")
    expect(page.locator("#po-edit")).to_be_focused()


@pytest.mark.parametrize("host", sorted({case.host for case in BY_NAME.values()} - {"", FRONT}))
def test_each_stop_of_the_pages_of_support_can_be_seen(visit_as: Visit, host: str) -> None:
    for case in BY_NAME.values():
        if case.host == host and case.act is None:
            page = show(case, visit_as("fr", person_of(case, "fr"), width=390))
            for _step in range(MOST_STEPS):
                stop(page)
                if not page.evaluate("document.activeElement.matches('body *')"):
                    break  # once around
            page.close()


@pytest.fixture
def visitor(visit_as: Visit) -> Visitor:
    window = visit_as("fr", administrator("fr"))
    window.open("/subscriptions")
    return window


@pytest.mark.parametrize("popover", ["menu-SUB-", "language-menu", "me-menu"])
def test_a_menu_opens_closes_on_escape_and_gives_the_focus_back(visitor: Visitor, popover: str) -> None:
    page = visitor.page
    trigger = page.locator(f"[popovertarget^='{popover}']").first
    press(page, trigger)
    expect(page.locator(":popover-open")).to_be_visible()
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.closest(':popover-open') !== null"), "inside the menu next"
    page.keyboard.press("Escape")
    expect(page.locator(":popover-open")).to_have_count(0)
    expect(trigger).to_be_focused()


def test_the_three_dots_lead_to_the_users_and_to_the_subscription(visitor: Visitor) -> None:
    page = visitor.page
    row = page.locator("#results tbody tr").filter(has_text="Fieldwire Business")
    press(page, row.locator("button[popovertarget]"), "Space")
    entries = page.locator(":popover-open a")
    expect(entries).to_have_count(2)
    press(page, entries.nth(0))
    page.wait_for_url("**/users")
    page.go_back()
    press(page, row.locator("button[popovertarget]"))
    press(page, entries.nth(1))
    page.wait_for_url("**/SUB-*")


def test_the_first_stop_skips_to_the_content(visitor: Visitor) -> None:
    page = visitor.page
    page.keyboard.press("Tab")
    skip = page.locator("a.skip")
    expect(skip).to_be_focused()
    expect(skip).to_be_in_viewport()
    page.keyboard.press("Enter")
    expect(page.locator("main")).to_be_focused()
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.closest('main') !== null")


def test_the_list_is_searched_filtered_and_sorted_without_losing_the_focus(visitor: Visitor) -> None:
    page = visitor.page
    tab_to(page, page.locator("#q"))
    page.keyboard.type("fieldwire")
    expect(page).to_have_url(re.compile("q=fieldwire$"))
    expect(page.locator("#results tbody tr")).to_have_count(3)
    press(page, page.locator("nav.tabs a[href*='status=active']"))
    expect(page.locator("nav.tabs a[aria-current][href*='status=active']")).to_be_focused()
    press(page, page.locator("th a[href*='sort=renewal']"))
    expect(page.locator("th[aria-sort] a[href*='sort=renewal']")).to_be_focused()


def test_the_language_is_switched_by_keyboard(visit: Visit) -> None:
    visitor = visit("ch", language="de-CH")
    page = visitor.page
    visitor.open("/sign-in")
    press(page, page.locator("[popovertarget='language-menu']"))
    press(page, page.locator("#language-menu button[value='fr_CH']"))
    expect(page.locator("#language-menu button[aria-current]")).to_have_attribute("value", "fr_CH")
    visitor.expect_path("/sign-in")


def test_a_subscription_is_cancelled_and_kept(visit: Visit, server: PortalServer) -> None:
    visitor = visit("fr", width=390)
    visitor.sign_in(administrator("fr"))
    place = of(*is_active)(server, "fr")
    visitor.open(place)
    page = visitor.page
    press(page, page.locator(f"a[href='{place}/cancellation']"))
    visitor.expect_path(f"{place}/cancellation")
    tab_to(page, page.locator("#reason"))
    page.keyboard.type("Chantier terminé")
    press(page, page.locator("main form .btn.bad"))
    page.wait_for_url("**?done=cancelled")
    press(page, page.locator("main .note button"))
    page.wait_for_url("**?done=kept")
    expect(page.locator("main .note[role=status]")).to_be_visible()
