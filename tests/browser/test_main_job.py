"""The main job: the shop's order file becomes an active, managed subscription, on a phone and at a desk,
in the customer's language, with and without JavaScript.

Elements are addressed by where they lead, not by their words: these are the translators'.
"""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import Visit
from tests.browser.server import Ordered, PortalServer
from tests.browser.visitor import Visitor

NEW_PASSWORD = "sept grues jaunes au matin"
WAYS = [
    pytest.param("fr", "fr", 390, True, id="fr-phone"),
    pytest.param("fr", "fr", 390, False, id="fr-phone-without-javascript"),
    pytest.param("de", "de", 1280, True, id="de-desk"),
    pytest.param("de", "de", 1280, False, id="de-desk-without-javascript"),
]


def from_mail_to_agreement(visitor: Visitor, order: Ordered) -> None:
    server, page = visitor.server, visitor.page
    server.deliver_mail(order.site)
    visitor.open_newest_mail(order.number)
    page.locator(f"section a[href$='/activate/{order.number}']").click()

    visitor.expect_path("/sign-in")  # the mail's link opens nothing by itself
    expect(page.locator("main h2").first).to_contain_text(order.number)
    page.locator(f"form[action='/activate/{order.number}/password'] button").click()
    visitor.expect_path("/password/sent")

    server.deliver_mail(order.site)
    visitor.open_newest_mail(order.email)
    page.locator("section a[href*='/password/set/']").click()
    expect(page.locator("main")).to_contain_text(order.email)
    page.fill("#password", NEW_PASSWORD)
    page.locator("form:has(#password) button").click()
    visitor.expect_path(f"{order.path}/agreement")


def activate(visitor: Visitor, order: Ordered) -> None:
    page = visitor.page
    agreement = page.locator("article .agreement")
    assert len(agreement.inner_text()) > 3000, "the full text is on the page"
    form = page.locator(f"article form[action='{order.path}/activate']")
    form.locator("button").click()
    visitor.expect_path(order.path)
    expect(page.locator(".meta .badge.ok")).to_be_visible()
    expect(page.locator("main .note.ok")).to_be_visible()


def change_po_number(visitor: Visitor, order: Ordered, number: str) -> None:
    page = visitor.page
    page.click("#po-edit")
    expect(page.locator("#po_number")).to_be_visible()
    page.fill("#po_number", number)
    page.locator(f"form[action='{order.path}/purchase-order'] button.pri").click()
    expect(page.locator("#po dd .po")).to_have_text(number)


@pytest.mark.parametrize(("site", "language", "width", "javascript"), WAYS)
def test_an_order_becomes_an_active_managed_subscription(
    visit: Visit, server: PortalServer, site: str, language: str, width: int, javascript: bool
) -> None:
    order = server.order(site)
    visitor = visit(site, width=width, javascript=javascript)
    from_mail_to_agreement(visitor, order)
    expect(visitor.page.locator("html")).to_have_attribute("lang", language)
    expect(visitor.page.locator(".agreement")).to_have_attribute("lang", language)
    activate(visitor, order)

    before = server.po_number(order)
    change_po_number(visitor, order, "CHANTIER 0042/É")
    assert server.po_number(order) == "CHANTIER 0042/É"

    visitor.page.locator("#po button.link-btn").click()
    expect(visitor.page.locator("#po dd .po")).to_have_text(before)
    assert server.po_number(order) == before

    visitor.open("/subscriptions")
    expect(visitor.page.locator(f"a[href='{order.path}']").first).to_be_visible()
    server.deliver_mail(site)
    page = visitor.open_newest_mail(
        order.path.rpartition("/")[2]
    )  # the confirmation leads to the subscription
    expect(page.locator(f"section a[href$='{order.path}']")).to_be_visible()
    expect(page.locator("section a[href$='.pdf']")).to_be_visible()  # the contract
    page = visitor.open_newest_mail(order.email)  # the invoice leads to its page
    page.locator("section a[href*='/invoices/']").click()
    expect(page.locator("main a[href$='.pdf']").first).to_be_visible()


def test_who_has_a_password_signs_in_and_stands_before_the_agreement(
    visit: Visit, server: PortalServer
) -> None:
    order = server.order()
    server.give_password("fr", order.email)
    visitor = visit(width=390)
    visitor.sign_in(order.email, path=f"/activate/{order.number}")
    visitor.expect_path(f"{order.path}/agreement")


def test_a_lost_mail_is_no_obstacle(visit: Visit, server: PortalServer) -> None:
    order = server.order()
    server.give_password("fr", order.email)
    visitor = visit(width=390)
    page = visitor.sign_in(order.email)
    page.locator(f".todo a[href='{order.path}/agreement']").click()
    visitor.expect_path(f"{order.path}/agreement")

    visitor.open(order.path)
    page.locator(f"form[action='{order.path}/activation-mail'] button").click()
    expect(page.locator("main .note.ok")).to_contain_text(order.email)
    expect(page.locator("#status")).to_contain_text(order.email)
    assert len(visitor.said()) == 1
    server.deliver_mail("fr")
    visitor.open("/mailbox", site=None)
    expect(page.locator("a[href^='/mailbox/']").filter(has_text=order.number)).to_have_count(2)


def test_a_link_of_one_country_is_worth_nothing_in_another(visit: Visit, server: PortalServer) -> None:
    order = server.order("fr")
    server.give_password("fr", order.email)
    visitor = visit("de")
    visitor.expected.add(422)
    visitor.open(f"/activate/{order.number}")
    visitor.page.fill("#email", order.email)
    visitor.page.fill("#password", "a wrench and a ladder")
    visitor.page.locator("form[action='/sign-in'] button").click()
    expect(visitor.page.locator("[role=alert]")).to_be_visible()
    expect(visitor.page).to_have_title(re.compile(r"^\S+\s?:"))
    expect(visitor.page.locator("#email")).to_have_value(order.email)
