"""Invoices in a browser: found, read and downloaded, with and without JavaScript, and with the keyboard alone."""

from __future__ import annotations

import re
import zipfile
from collections.abc import Callable
from pathlib import Path

from playwright.sync_api import Page, expect

from tests.browser.conftest import Visit
from tests.browser.pages.shapes import administrator
from tests.browser.server import PortalServer
from tests.browser.test_keyboard import press, tab_to


def downloaded(page: Page, begin: Callable[[], object]) -> Path:
    with page.expect_download() as waiting:
        begin()
    return Path(waiting.value.path())


def numbers(page: Page) -> list[str]:
    return page.locator(".bills .name a").all_inner_texts()


def test_without_javascript_invoices_are_found_read_and_downloaded(visit_as: Visit) -> None:
    visitor = visit_as("fr", administrator("fr"), width=390, javascript=False)
    page = visitor.open("/invoices")
    page.fill("#q", "fieldwire")
    page.locator("#filters .search button").click()
    expect(page).to_have_url(re.compile(r"/invoices\?q=fieldwire"))
    found = numbers(page)
    assert len(found) > 0 and page.locator("nav.tabs a[aria-current]").count() == 1
    page.locator("details.filters summary").click()
    page.fill("#from", "2026-01-01")
    page.locator("details.filters button").click()
    expect(page.locator("#from")).to_have_value("2026-01-01")
    assert 0 < len(numbers(page)) < len(found)

    number = numbers(page)[0]
    page.locator(f".bills input[value='{number}']").check()
    packed = downloaded(page, page.locator("button[form=chosen]").click)
    names = zipfile.ZipFile(packed).namelist()
    assert [name for name in names if name.endswith(".pdf")] == [f"{number}.pdf"] and len(names) == 2

    page.locator(".bills .name a").first.click()
    expect(page.locator("h1")).to_contain_text(number)
    pdf = downloaded(page, page.locator("main .head a.btn").click)
    assert pdf.read_bytes().startswith(b"%PDF-")


def test_the_search_answers_in_place_and_says_so_once(visit_as: Visit) -> None:
    visitor = visit_as("fr", administrator("fr"))
    page = visitor.open("/invoices")
    page.locator("#q").press_sequentially("fieldwire pro")
    expect(page).to_have_url(re.compile("q=fieldwire"))
    expect(page.locator(".bills tbody tr")).to_have_count(2)
    expect(page.locator("#q")).to_be_focused()
    page.locator("nav.tabs a[href*='state=credited']").click()
    expect(page.locator("nav.tabs a[aria-current][href*='state=credited']")).to_be_focused()
    assert page.evaluate("window.said.length") >= 2
    page.go_back()
    expect(page.locator(".bills tbody tr")).to_have_count(2)


def test_invoices_need_no_mouse(visit_as: Visit) -> None:
    visitor = visit_as("fr", administrator("fr"))
    page = visitor.open("/invoices")
    press(page, page.locator("details.filters summary"))
    tab_to(page, page.locator("#po"))
    page.keyboard.type("BC-2026-0114")
    page.keyboard.press("Enter")
    expect(page).to_have_url(re.compile("po=BC-2026-0114"))
    expect(page.locator(".bills tbody tr")).to_have_count(2)
    box = page.locator(".bills input[type=checkbox]").first
    press(page, box, "Space")
    expect(box).to_be_checked()
    tab_to(page, page.locator("button[form=chosen]"))
    packed = downloaded(page, lambda: page.keyboard.press("Enter"))
    assert zipfile.ZipFile(packed).testzip() is None
    tab_to(page, page.locator(".bills .name a").first, key="Shift+Tab")
    page.keyboard.press("Enter")
    expect(page.locator("h1")).to_contain_text(re.compile(r"(FA|AV)-2026"))


def test_the_first_invoice_gets_what_is_typed_beside_the_agreement(
    visit: Visit, server: PortalServer
) -> None:
    order = server.order(purchase_order_number="")
    server.give_password("fr", order.email)
    visitor = visit(width=390, javascript=False)
    page = visitor.sign_in(order.email, path=f"/activate/{order.number}")
    page.fill("#po_number", "BC 2026-77")
    page.locator("form.accept button").click()
    visitor.expect_path(order.path)
    page.locator("#invoices .links a").first.click()
    expect(page.locator(".facts .po")).to_have_text("BC 2026-77")
