"""Agents of the console set up their second factors, and sign in with them."""

from __future__ import annotations

from itertools import count

import pytest
from playwright.sync_api import CDPSession, Page, expect

from tests.browser import axe
from tests.browser.conftest import Visit
from tests.browser.server import PortalServer
from tests.browser.visitor import Visitor
from webapp.domain.people import totp
from webapp.domain.support import agent_sign_in, agents

PASSWORD = "a ladder and a lantern"
_numbers = count(1)


def link_for_a_new_agent(server: PortalServer) -> tuple[str, str]:
    """Their address, and the path of the link that the operator hands over."""
    portal, email = server.portal, f"agent{next(_numbers)}@support.example"
    with portal.support.bound():
        made = agents.make(
            email,
            name="Toni Berg",
            language="en",
            regions=["dach"],
            known=portal.regions,
            now=portal.clock(),
        )
        return email, f"/agent/link/{agent_sign_in.make_link(made.id, now=portal.clock())}"


def authenticator(visitor: Visitor) -> tuple[CDPSession, str]:
    """A security key that is always touched."""
    session = visitor.context.new_cdp_session(visitor.page)
    session.send("WebAuthn.enable")
    options = {
        "protocol": "ctap2",
        "transport": "internal",
        "hasUserVerification": True,
        "isUserVerified": True,
        "automaticPresenceSimulation": True,
    }
    made = session.send("WebAuthn.addVirtualAuthenticator", {"options": options})
    return session, str(made["authenticatorId"])


def show_password(visitor: Visitor, email: str) -> Page:
    page = visitor.open("/agent/sign-in")
    page.fill("#email", email)
    page.fill("#password", PASSWORD)
    page.locator("main form.form button").click()
    return page


def begin(visitor: Visitor, link: str, *, javascript: bool = True) -> Page:
    page = visitor.open(link)
    assert not (javascript and axe.violations(page, "link"))  # axe needs JavaScript itself
    page.fill("#password", PASSWORD)
    page.locator("main form button.pri").click()
    visitor.expect_path("/agent/set-up")
    return page


def log_out(visitor: Visitor) -> None:
    visitor.page.click("[popovertarget='me-menu']")
    visitor.page.click("#me-menu form button")
    visitor.expect_path("/agent/sign-in")


def set_up_app(visitor: Visitor, server: PortalServer) -> str:
    """From the page with the QR code on; the key that it shows."""
    page = visitor.page
    key = "".join(page.locator(".secret").inner_text().split())
    assert page.locator("svg.qr").is_visible()
    page.fill("#code", totp.code_at(key, server.portal.clock()))
    page.locator("main form button.pri").click()
    return key


def test_a_passkey_is_set_up_used_and_taken_away(visit: Visit, server: PortalServer) -> None:
    email, link = link_for_a_new_agent(server)
    visitor = visit("support", width=390)
    key, number = authenticator(visitor)
    page = begin(visitor, link)
    found = axe.violations(page, "set-up")
    page.click("form[action='/agent/passkeys'] button")
    visitor.expect_path("/agent/passkeys/new")
    expect(page.locator("#no-passkeys")).to_be_hidden()
    found += axe.violations(page, "passkey-new")
    page.fill("#name", "Blue key")
    page.click("form[data-passkey] button")
    visitor.expect_path("/console")

    # The next time the key is asked for, and one that is not theirs does not help.
    log_out(visitor)
    show_password(visitor, email)
    visitor.expect_path("/agent/proof")
    found += axe.violations(page, "proof")
    kept = key.send("WebAuthn.getCredentials", {"authenticatorId": number})["credentials"]
    assert len(kept) == 1
    key.send(
        "WebAuthn.removeCredential", {"authenticatorId": number, "credentialId": kept[0]["credentialId"]}
    )
    page.click("form[data-passkey] button")
    expect(page.locator("form[data-passkey] [role=alert]")).not_to_be_empty()
    key.send("WebAuthn.addCredential", {"authenticatorId": number, "credential": kept[0]})
    page.click("form[data-passkey] button")
    visitor.expect_path("/console")

    # Beside it an app; then the key goes, and its challenge is no longer offered.
    visitor.open("/agent")
    expect(page.locator("main")).to_contain_text("Blue key")
    assert page.locator("a[href^='/agent/passkeys/remove']").count() == 0
    page.click("main a[href='/agent/app']")
    found += axe.violations(page, "app")
    page.fill("#password", PASSWORD)
    page.locator("main form button.pri").click()
    set_up_app(visitor, server)
    visitor.expect_path("/agent")
    found += axe.violations(page, "me")
    for path in ("/agent/passkeys", "/agent/app/remove", "/agent/password"):
        found += axe.violations(visitor.open(path), path)
    visitor.open("/agent")
    page.click("a[href^='/agent/passkeys/remove']")
    found += axe.violations(page, "passkey-remove")
    page.fill("#password", PASSWORD)
    page.locator("main form button.bad").click()
    visitor.expect_path("/agent")
    log_out(visitor)
    show_password(visitor, email)
    expect(page.locator("#code")).to_be_visible()
    assert page.locator("form[data-passkey]").count() == 0
    assert not found, "\n".join(found)


@pytest.mark.parametrize("javascript", [True, False])
def test_an_authenticator_app_is_set_up(visit: Visit, server: PortalServer, javascript: bool) -> None:
    _email, link = link_for_a_new_agent(server)
    visitor = visit("support", javascript=javascript)
    page = begin(visitor, link, javascript=javascript)
    page.click("form[action='/agent/app'] button")
    visitor.expected.add(422)
    page.fill("#code", "123")
    page.locator("main form button.pri").click()
    expect(page.locator("#code-error")).to_be_visible()
    if javascript:
        assert not axe.violations(page, "app-code")
    set_up_app(visitor, server)
    visitor.expect_path("/console")
    expect(page.locator("main")).to_contain_text("Austria")
