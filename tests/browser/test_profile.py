"""Profile, roles and the search over all sites, as people walk through them."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import Visit
from tests.browser.pages.shapes import administrator, backup, billing
from tests.browser.server import PortalServer
from tests.browser.test_keyboard import press, tab_to
from webapp.demo.cast import PASSWORD
from webapp.jobs.registry import run_due


def test_a_name_is_changed_in_place_with_the_keyboard(visit: Visit, server: PortalServer) -> None:
    order = server.active_order()
    visitor = visit(width=390)
    page = visitor.sign_in(order.email)
    visitor.open("/profile")
    press(page, page.locator("#name-edit"))
    expect(page.locator("#name")).to_be_focused()
    visitor.expected.add(422)
    page.keyboard.press("ControlOrMeta+a")
    page.keyboard.press("Delete")
    page.keyboard.press("Enter")
    expect(page.locator("#name-row [role=alert]")).to_be_focused()
    tab_to(page, page.locator("#name"))
    page.keyboard.type("Camille Nouveau")
    page.keyboard.press("Enter")
    expect(page.locator("#name-row strong")).to_have_text("Camille Nouveau")
    expect(page.locator("#name-edit")).to_be_focused()
    assert any("nom" in said.lower() for said in page.evaluate("window.said"))
    press(page, page.locator("#name-edit"))
    expect(page.locator("#name")).to_be_focused()
    press(page, page.locator("#name-row a.btn"))
    expect(page.locator("#name-edit")).to_be_focused()


@pytest.mark.parametrize("javascript", [True, False])
def test_an_address_is_changed_by_the_link_that_was_mailed_there(
    visit: Visit, server: PortalServer, javascript: bool
) -> None:
    order = server.active_order()
    new = f"new.{order.email}"
    visitor = visit(width=390, javascript=javascript)
    page = visitor.sign_in(order.email)
    visitor.open("/profile")
    page.click("a[href='/profile/email']")
    page.fill("#email", new)
    page.fill("#password", PASSWORD)
    page.locator("main form button.pri").click()
    page.wait_for_url("**?done=email-asked")
    server.deliver_mail("fr")
    reader = visit(javascript=javascript)
    reader.open("/mailbox", site=None)
    reader.page.locator("a[href^='/mailbox/']").filter(has_text=new).first.click()
    reader.page.locator("section a[href*='/profile/email/confirm/']").click()
    reader.page.locator("main form button.pri").click()
    reader.expect_path("/sign-in")
    reader.page.fill("#email", new)
    reader.page.fill("#password", PASSWORD)
    reader.page.locator("main form.form button").click()
    expect(reader.page.locator("main")).to_contain_text(new)


@pytest.mark.parametrize("javascript", [True, False])
def test_billing_is_given_on_a_page_that_names_the_person(visit: Visit, javascript: bool) -> None:
    visitor = visit(javascript=javascript)
    page = visitor.sign_in(billing("fr"))
    visitor.open("/members?q=Zo%20nobody")
    expect(page.locator(".empty")).to_be_visible()
    visitor.open("/members?q=Bob")
    page.locator(".members form button").click()
    page.wait_for_url("**/members/billing")
    expect(page.locator("main form button.pri")).to_contain_text("Bob Girard")
    page.locator("main form button.pri").click()
    page.wait_for_url("**done=granted")
    visitor.open("/members?q=Bob")
    expect(page.locator(".members .badge.ok")).to_be_visible()
    page.locator(".members form button").click()
    page.wait_for_url("**/members/billing")
    page.locator("main form button.pri").click()
    page.wait_for_url("**done=taken")


def test_members_are_searched_while_typing(visit: Visit) -> None:
    visitor = visit()
    page = visitor.sign_in(administrator("fr"))
    visitor.open("/members")
    tab_to(page, page.locator("#q"))
    page.keyboard.type("erin")
    expect(page.locator(".members > li")).to_have_count(1)
    expect(page).to_have_url(re.compile("q=erin$"))
    expect(page.locator("#q")).to_be_focused()


@pytest.mark.parametrize("javascript", [True, False])
def test_who_has_two_companies_switches_between_them(visit: Visit, javascript: bool) -> None:
    visitor = visit(width=390, javascript=javascript)
    page = visitor.sign_in(backup("fr"))
    visitor.open("/subscriptions")
    shown = page.locator("#results tbody tr")
    expect(shown).to_have_count(1)
    page.click("[popovertarget='me-menu']")
    page.locator("#me-menu button[name=account]:not([aria-current])").click()
    page.wait_for_url("**/subscriptions")
    expect(shown).not_to_have_count(1)
    page.click("[popovertarget='me-menu']")
    page.locator("#me-menu button[name=account]").first.click()
    page.wait_for_url("**/subscriptions")
    expect(shown).to_have_count(1)


@pytest.mark.parametrize("javascript", [True, False])
def test_who_misses_subscriptions_is_found_at_other_sites(
    visit: Visit, server: PortalServer, javascript: bool
) -> None:
    """The address is known at de; it is asked for at fr."""
    order = server.active_order("de", **{"purchaser.email": f"lost{int(javascript)}@browser.example"})
    visitor = visit(width=390, javascript=javascript)
    page = visitor.page
    visitor.open("/sign-in")
    page.locator("main a[href='/missing-subscriptions']").click()
    press(page, page.locator("#email"), "End")
    page.keyboard.type(order.email)
    page.keyboard.press("Enter")
    visitor.expect_path("/missing-subscriptions/asked")
    assert all(result.ok for result in run_due(server.portal, ["whereabouts"]))
    server.deliver_mail("de")
    visitor.open("/mailbox", site=None)
    page.locator("a[href^='/mailbox/']").filter(has_text=order.email).first.click()
    expect(page.locator("section a[href*='de.localhost'][href$='/sign-in']")).to_be_visible()


def test_sessions_are_ended_from_the_profile(visit: Visit, server: PortalServer) -> None:
    order = server.active_order()
    visitor, other = visit(), visit()
    page = visitor.sign_in(order.email)
    other.sign_in(order.email)
    visitor.open("/profile")
    page.locator("form[action='/profile/sessions'] button").click()
    page.wait_for_url("**done=session")
    other.open("/profile")
    other.expect_path("/sign-in")
    page.locator("form[action='/profile/sessions/all'] button").click()
    visitor.expect_path("/sign-in")
