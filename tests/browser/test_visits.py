"""A support agent visits an account: the reason first, the banner on every page, and the customer reads of it."""

from __future__ import annotations

from itertools import count

import pytest
from playwright.sync_api import Page, expect

from tests.browser import axe
from tests.browser.conftest import Visit
from tests.browser.pages.shapes import administrator, is_active, is_pending
from tests.browser.server import PortalServer
from tests.browser.test_layout import sideways
from tests.browser.visitor import Visitor
from webapp.data.agents import Agent
from webapp.domain.people import passwords, totp
from webapp.domain.support import agents
from webapp.domain.support.agent_sign_in import VAULT_PLACE

PASSWORD, APP_KEY = "a ladder and a lantern", "SOMEBODYVISITSCUSTOMERS234567AAA"
_numbers = count(1)


def an_agent(server: PortalServer) -> str:
    """Of their own, since a code of the app works once and the clock stands still."""
    portal, email = server.portal, f"visits{next(_numbers)}@support.example"
    facts = {"name": "Robin Rat", "language": "fr", "regions": ["western-europe"]}
    with portal.support.bound():
        made = agents.make(email, **facts, known=portal.regions, now=portal.clock())
        sealed = portal.vault.seal(APP_KEY, place=VAULT_PLACE)
        change = Agent.update(password_hash=passwords.hash_password(PASSWORD), totp_secret=sealed)
        change.where(Agent.id == made.id).execute()
    return email


def signed_in(visitor: Visitor) -> Page:
    page = visitor.open("/agent/sign-in")
    page.fill("#email", an_agent(visitor.server))
    page.fill("#password", PASSWORD)
    page.locator("main form.form button").click()
    page.fill("#code", totp.code_at(APP_KEY, visitor.server.portal.clock()))
    page.locator("main form.form button").click()
    visitor.expect_path("/console")
    return page


def begin(visitor: Visitor, public_id: str) -> list[str]:
    """From the link of the search to the first page of the account."""
    page = visitor.open(f"/visits/new?site=fr&subscription={public_id}")
    found = axe.violations_in_all_looks(page, "visit-new")
    visitor.expected.add(422)
    page.locator("main form button.pri").click()
    expect(page.locator("[role=alert]")).to_be_focused()
    found += axe.violations(page, "visit-new-wrong")
    page.fill("#reason", "Vous avez demandé pourquoi une facture manque.")
    page.fill("#ticket", "T-4711")
    page.keyboard.press("Enter")
    visitor.site = "fr.support"
    visitor.expect_path(f"/subscriptions/{public_id}")
    return found


@pytest.mark.parametrize(("width", "javascript"), [(1280, True), (320, False)])
def test_an_account_is_visited(visit: Visit, server: PortalServer, width: int, javascript: bool) -> None:
    visitor = visit("support", width=width, javascript=javascript, language="fr-FR")
    page, active = signed_in(visitor), server.subscription_of("fr", administrator("fr"), *is_active).public_id
    found = begin(visitor, active) if javascript else enter_without_axe(visitor, active)
    pending = server.subscription_of("fr", administrator("fr"), *is_pending).public_id
    for path in (
        f"/subscriptions/{active}",
        f"/subscriptions/{active}/users",
        f"/subscriptions/{pending}/agreement",
        "/subscriptions",
        "/invoices",
        "/members",
        "/support-visits",
    ):
        visitor.open(path)
        expect(page.locator(".visit-banner")).to_contain_text("T-4711")
        expect(page.locator("main form[method=post]")).to_have_count(0)
        assert not sideways(page), path
        found += axe.violations_in_all_looks(page, path) if javascript else []
    assert not found, "\n".join(found)

    page.locator("form[action='/support/renew'] button").click()
    visitor.expect_path("/support-visits")
    page.locator("form[action='/support/end'] button").click()
    visitor.site = "support"
    expect(page.locator("main")).to_contain_text("T-4711")
    assert page.url.startswith(visitor.address("/visits/"))
    found = axe.violations_in_all_looks(page, "visit-over") if javascript else []
    assert not found, "\n".join(found)
    page.goto(visitor.address("/subscriptions", "fr.support"))
    assert page.url.startswith(visitor.address("/console")), "the browser has no visit any more"


def enter_without_axe(visitor: Visitor, public_id: str) -> list[str]:
    page = visitor.open(f"/visits/new?site=fr&subscription={public_id}")
    assert not sideways(page)
    page.fill("#reason", "Vous avez demandé pourquoi une facture manque.")
    page.fill("#ticket", "T-4711")
    page.locator("main form button.pri").click()
    visitor.site = "fr.support"
    visitor.expect_path(f"/subscriptions/{public_id}")
    return []
