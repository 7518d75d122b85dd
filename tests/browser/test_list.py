"""The list: search while typing, status links, sorting and pages, each with an address of its own."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Route, expect

from tests.browser.conftest import Visit
from tests.browser.pages.shapes import administrator
from tests.browser.server import PortalServer
from tests.browser.visitor import Visitor

ROWS = "#results tbody tr"


@pytest.fixture
def visitor(visit_as: Visit) -> Visitor:
    """Alice in front of her list; these tests change nothing."""
    window = visit_as("fr", administrator("fr"))
    window.open("/subscriptions")
    return window


def test_typing_searches_updates_the_address_and_says_how_many(visitor: Visitor) -> None:
    page = visitor.page
    everything = page.locator(ROWS).count()
    page.locator("#q").press_sequentially("fieldw", delay=20)
    expect(page).to_have_url(re.compile(r"[?&]q=fieldw(&|$)"))
    expect(page.locator(ROWS)).to_have_count(3)
    assert everything > 3
    expect(page.locator("#q")).to_be_focused()
    expect(page.locator("#q")).to_have_value("fieldw")
    page.wait_for_timeout(600)
    assert len(visitor.said()) == 1, visitor.said()

    page.reload()
    expect(page.locator("#q")).to_have_value("fieldw")
    expect(page.locator(ROWS)).to_have_count(3)


def test_going_on_typing_loses_no_letter(visitor: Visitor) -> None:
    """The answer to the first letters must not overwrite those that were typed meanwhile."""
    page = visitor.page
    held: list[Route] = []
    page.route("**/subscriptions?q=*", lambda route: route.continue_() if held else held.append(route))
    page.locator("#q").press_sequentially("fieldwi")
    while not held:
        page.wait_for_timeout(20)
    page.locator("#q").press_sequentially("re business")
    held[0].continue_()
    expect(page.locator(ROWS)).to_have_count(1)
    expect(page).to_have_url(re.compile("q=fieldwire(%20|[+])business$"))
    expect(page.locator("#q")).to_have_value("fieldwire business")
    expect(page.locator("#q")).to_be_focused()


def test_the_back_button_brings_the_earlier_list_back(visitor: Visitor) -> None:
    page = visitor.page
    everything = page.locator(ROWS).count()
    page.locator("nav.tabs a[href$='status=pending']").click()
    expect(page).to_have_url(re.compile("status=pending$"))
    expect(page.locator(ROWS)).to_have_count(2)
    page.locator("nav.tabs a[href$='status=cancelled']").click()
    expect(page).to_have_url(re.compile("status=cancelled$"))
    page.go_back()
    expect(page).to_have_url(re.compile("status=pending$"))
    expect(page.locator(ROWS)).to_have_count(2)
    page.go_back()
    expect(page).to_have_url(re.compile("/subscriptions$"))
    expect(page.locator(ROWS)).to_have_count(everything)
    page.go_forward()
    expect(page.locator(ROWS)).to_have_count(2)
    assert page.locator("header.top").count() == 1, "the page, not a page inside the page"
    active = page.locator("nav.tabs a[href$='status=active']")
    size = int(active.locator("span").inner_text())
    active.click()
    expect(page).to_have_url(re.compile("status=active$"))
    expect(page.locator(ROWS)).to_have_count(size)
    assert visitor.said(), "what came back is alive"


def test_status_links_say_where_one_is_and_keep_the_focus(visitor: Visitor) -> None:
    page = visitor.page
    link = "nav.tabs a[href$='status=active']"
    page.locator(link).focus()
    page.keyboard.press("Enter")
    expect(page.locator(link)).to_have_attribute("aria-current", "true")
    expect(page.locator("nav.tabs [aria-current]")).to_have_count(1)
    expect(page.locator(link)).to_be_focused()
    assert len(visitor.said()) == 1


def test_sorting_says_by_what(visitor: Visitor) -> None:
    page = visitor.page
    page.locator("th a[href*='sort=renewal']").click()
    expect(page.locator("th[aria-sort]")).to_have_count(1)
    expect(page.locator("th[aria-sort] a[href*='sort=renewal']")).to_be_focused()


def test_nothing_found_offers_a_way_back(visitor: Visitor) -> None:
    page = visitor.page
    page.fill("#q", "zeppelin")
    expect(page.locator("#results .empty")).to_contain_text("zeppelin")
    page.locator("#results .empty a.btn").click()
    expect(page.locator(ROWS).first).to_be_visible()
    expect(page.locator("#q")).to_have_value("")
    assert visitor.focused() != "body"


def test_a_failing_search_says_so_and_keeps_the_list(visitor: Visitor) -> None:
    page = visitor.page
    visitor.expected.add(503)
    before = page.locator(ROWS).count()
    page.route("**/subscriptions?q=*", lambda route: route.fulfill(status=503, body="broken"))
    page.fill("#q", "fieldwire")
    expect(page.locator("#status")).not_to_be_empty()
    expect(page.locator(ROWS)).to_have_count(before)
    expect(page.locator("#q")).to_have_value("fieldwire")


def test_long_lists_have_pages_that_can_be_walked_in_both_directions(
    visit: Visit, server: PortalServer
) -> None:
    orders = server.orders(27)
    server.give_password("fr", orders[0].email)
    visitor = visit()
    page = visitor.sign_in(orders[0].email)
    expect(page.locator(ROWS)).to_have_count(25)
    expect(page.locator("a[rel=prev]")).to_have_count(0)
    page.locator("a[rel=next]").click()
    expect(page.locator(ROWS)).to_have_count(2)
    assert visitor.focused() != "body"
    assert len(visitor.said()) == 1
    page.locator("a[rel=prev]").click()
    expect(page.locator(ROWS)).to_have_count(25)
    assert visitor.focused() != "body"


@pytest.mark.parametrize("width", [390, 1280])
def test_what_is_done_with_chosen_rows_stays_in_sight_and_covers_no_focus(
    visit_as: Visit, width: int
) -> None:
    page = visit_as("fr", administrator("fr"), width=width, height=700).open("/subscriptions")
    button, ticks = page.locator("button[form=chosen][value=po]"), page.locator("#results .tick input")
    page.evaluate("scrollTo(0, 0)")
    expect(button).not_to_be_in_viewport()
    ticks.first.check()
    expect(button).to_be_in_viewport()
    bar = page.locator(".takeaway")
    for _step in range(12):
        page.keyboard.press("Tab")
        focused, covers = page.locator(":focus").bounding_box(), bar.bounding_box()
        inside = page.evaluate("document.querySelector('.takeaway').contains(document.activeElement)")
        assert focused and covers and (inside or focused["y"] + focused["height"] <= covers["y"])
