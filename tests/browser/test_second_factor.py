"""A customer sets up an authenticator app, signs in with it, and gets in without the phone."""

from __future__ import annotations

from datetime import timedelta

import pytest
from playwright.sync_api import expect

from tests.browser import axe
from tests.browser.conftest import Visit
from tests.browser.server import PortalServer
from tests.browser.visitor import Visitor
from webapp.data.accounts import Person
from webapp.data.second_factors import SecondFactor
from webapp.demo.cast import PASSWORD
from webapp.domain import tokens
from webapp.domain.companies import accounts
from webapp.domain.people import passwords, totp


def newcomer(server: PortalServer, name: str) -> str:
    portal, email = server.portal, f"{name}@browser.example"
    with portal.at(portal.sites["fr"]):
        person = accounts.keep_person(email=email, name=name, language="fr", now=portal.clock())
        hashed = passwords.hash_password(PASSWORD)
        Person.update(password_hash=hashed).where(Person.id == person.id).execute()
    return email


def show_password(visitor: Visitor, email: str) -> None:
    visitor.open("/sign-in")
    visitor.page.fill("#email", email)
    visitor.page.fill("#password", PASSWORD)
    visitor.page.click("form[action='/sign-in'] button")
    visitor.expect_path("/sign-in/code")


def look(visitor: Visitor, javascript: bool) -> None:
    """axe needs JavaScript itself."""
    if javascript:
        assert not axe.violations(visitor.page, visitor.path)


@pytest.mark.parametrize("javascript", [True, False])
def test_an_app_is_set_up_used_and_lost(visit: Visit, server: PortalServer, javascript: bool) -> None:
    email = newcomer(server, f"camille{javascript}")
    visitor = visit(width=390, javascript=javascript)
    page = visitor.sign_in(email)
    visitor.open("/profile")
    page.click("a[href='/profile/second-factor']")
    page.fill("#password", PASSWORD)
    page.click("button[value=start]")
    look(visitor, javascript)
    key = "".join(page.locator(".secret").inner_text().split())
    page.fill("#code", totp.code_at(key, server.portal.clock()))
    page.locator("main form button.pri").click()
    expect(page.locator(".recovery li")).to_have_count(10)
    look(visitor, javascript)
    code = page.locator(".recovery li").first.inner_text()
    page.click("main a.btn.pri")
    visitor.expect_path("/profile")

    other = visit(width=390, javascript=javascript)
    show_password(other, email)
    look(other, javascript)
    other.expected.add(422)
    other.page.fill("#code", "000000")
    other.page.locator("main form button.pri").click()
    expect(other.page.locator("#code-error")).to_be_visible()
    other.page.fill("#code", code)
    other.page.locator("main form button.pri").click()
    other.expect_path("/subscriptions")

    lost = visit(width=390, javascript=javascript)
    show_password(lost, email)
    lost.page.click("a[href='/sign-in/lost']")
    look(lost, javascript)
    lost.page.locator("main form button.pri").click()
    expect(lost.page.locator(".note")).to_be_visible()
    with server.portal.at(server.portal.sites["fr"]):  # as if it had been mailed the day before
        person = SecondFactor.select().order_by(SecondFactor.id.desc()).get().person
        told = {"minutes": 60 * 24 * 7, "next_path": ""}
        now = server.portal.clock()
        link = tokens.mint(tokens.LOST_FACTOR, person=person, now=now - timedelta(days=2), **told)
    lost.open(f"/sign-in/lost/{link}")
    look(lost, javascript)
    lost.page.locator("main form button.pri").click()
    lost.expect_path("/sign-in")
    lost.sign_in(email)
    lost.expect_path("/subscriptions")
