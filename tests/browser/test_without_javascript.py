"""With JavaScript switched off every control still does what it says."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import Visit
from tests.browser.pages import BY_NAME
from tests.browser.pages.shapes import administrator, person_of
from tests.browser.server import PortalServer
from tests.browser.visitor import Visitor

STILL = [name for name, case in BY_NAME.items() if case.act is None]

# Links lead somewhere, buttons send a form or open a popover, and what htmx asks for is what the markup asks for.
_DEAD = """() => {
  const dead = [];
  for (const e of document.querySelectorAll("a")) if (!e.getAttribute("href")) dead.push(e);
  for (const e of document.querySelectorAll("button"))
    if (!e.hasAttribute("popovertarget") && !(e.form && e.type === "submit")) dead.push(e);
  for (const e of document.querySelectorAll("form"))
    if (![...e.elements].some((one) => one.type === "submit")) dead.push(e);
  for (const e of document.querySelectorAll("[popovertarget]"))
    if (!document.getElementById(e.getAttribute("popovertarget"))?.hasAttribute("popover")) dead.push(e);
  for (const e of document.querySelectorAll("a[href^='#']"))
    if (!document.getElementById(e.getAttribute("href").slice(1))) dead.push(e);
  for (const e of document.querySelectorAll("[hx-get], [hx-post]")) {
    const real = e.matches("form") ? e.getAttribute("action") : e.getAttribute("href");
    const asked = e.getAttribute("hx-get") ?? e.getAttribute("hx-post");
    const isCancel = asked.endsWith("/value") && asked.startsWith(real);
    if (asked !== real && !isCancel) dead.push(e);
    if (e.hasAttribute("hx-post") && e.method !== "post") dead.push(e);
  }
  for (const e of document.querySelectorAll("*"))
    if ([...e.attributes].some((a) => a.name.startsWith("on") || a.name === "style")) dead.push(e);
  return dead.map((e) => e.outerHTML.slice(0, 160));
}"""


@pytest.mark.parametrize("name", STILL)
def test_no_control_is_dead(visit_as: Visit, name: str) -> None:
    case = BY_NAME[name]
    if case.endpoint == "front.show_mail":
        return  # a mail has no controls of ours, and must have inline styles
    visitor = visit_as("fr", person_of(case, "fr"), javascript=False)
    page = visitor.open(case.address(visitor.server, "fr"), site=case.place("fr"), status=case.status)
    assert page.evaluate(_DEAD) == []


@pytest.fixture
def visitor(visit_as: Visit) -> Visitor:
    window = visit_as("fr", administrator("fr"), width=390, javascript=False)
    window.open("/subscriptions")
    return window


def test_the_list_is_searched_filtered_and_sorted(visitor: Visitor) -> None:
    page = visitor.page
    rows = page.locator("#results tbody tr")
    page.fill("#q", "fieldwire")
    page.locator("form[role=search] button").click()
    expect(page).to_have_url(re.compile(r"[?&]q=fieldwire"))
    expect(rows).to_have_count(3)
    page.locator("nav.tabs a[href*='status=active']").click()
    expect(page).to_have_url(re.compile("status=active"))
    expect(page.locator("#q")).to_have_value("fieldwire")
    expect(rows).to_have_count(1)


def test_the_three_dot_menu_opens_and_leads_on(visitor: Visitor) -> None:
    page = visitor.page
    row = page.locator("#results tbody tr").filter(has_text="Fieldwire Business")
    row.locator("button[popovertarget]").click()
    page.locator(":popover-open a").nth(1).click()
    page.wait_for_url("**/SUB-*")
    expect(page.locator("h1")).to_contain_text("Fieldwire Business")


def test_a_purchase_order_number_that_is_too_long_is_explained_and_kept(
    visit: Visit, server: PortalServer
) -> None:
    order = server.active_order(purchase_order_number="4500071236")
    visitor = visit(javascript=False)
    page = visitor.sign_in(order.email)
    visitor.expected.update({409, 422})
    visitor.open(f"{order.path}/purchase-order")
    page.fill("#po_number", "8" * 71)
    page.locator("#po button.pri").click()
    expect(page.locator("#po [role=alert]")).to_be_visible()
    expect(page.locator("#po_number")).to_have_value("8" * 71)
    assert re.match(r"\S+\s?:", page.title()), "the title says that there is an error"

    second = visit(beside=visitor)
    second.open(f"{order.path}/purchase-order")
    second.page.fill("#po_number", "OF THE SECOND")
    second.page.locator("#po button.pri").click()
    second.expect_path(order.path)

    page.fill("#po_number", "OF THE FIRST")
    page.locator("#po button.pri").click()
    expect(page.locator(".diff")).to_contain_text("OF THE SECOND")
    expect(page.locator(".diff")).to_contain_text("OF THE FIRST")
    page.locator("#po form button.pri").click()
    visitor.expect_path(order.path)
    assert server.po_number(order) == "OF THE FIRST"


def test_cancelling_leads_back_to_the_subscription(visitor: Visitor) -> None:
    page = visitor.page
    page.locator("#results tbody tr").filter(has_text="Fieldwire Business").locator(".name a").click()
    page.click("#po-edit")
    page.locator("#po a.btn").click()
    expect(page).to_have_url(re.compile(r"/subscriptions/SUB-FR-\d+$"))


def test_the_language_is_switched_and_signing_out_ends_the_session(
    visit: Visit, server: PortalServer
) -> None:
    visitor = visit("ch", javascript=False, language="de-CH")
    page = visitor.sign_in(administrator("ch"))
    visitor.choose_language("fr_CH")
    expect(page.locator("#language-menu button[aria-current]")).to_have_attribute("value", "fr_CH")
    visitor.choose_language("de_CH")
    page.click("[popovertarget='me-menu']")
    page.locator("form[action='/sign-out'] button").click()
    visitor.expect_path("/sign-in")
    visitor.open("/subscriptions")
    visitor.expect_path("/sign-in")
