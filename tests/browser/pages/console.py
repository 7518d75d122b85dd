"""The support console: the way in with a second factor, one's own page, what leads to customers."""

from __future__ import annotations

from dataclasses import replace

from playwright.sync_api import expect

from tests.browser.pages.shapes import (
    AGENT,
    CONSOLE,
    NO_TOKEN,
    PageCase,
    Who,
    administrator,
    at,
    submit_nothing,
)
from tests.browser.pages.visits import dispute
from tests.browser.server import PortalServer
from tests.browser.visitor import Visitor
from tests.browser.ways_in import LOU, NIA, agent_row, as_signed_in, open_visit
from webapp.data.agents import AgentPasskey
from webapp.demo.cast import SAM
from webapp.domain.support import agent_factors, agent_passkeys, agent_sign_in

WITH_PASSKEY: Who = "agent with a passkey"
HALF: Who = "agent half-way"
NEW: Who = "new agent"


def link(server: PortalServer, site: str) -> str:
    """That the operator hands over, to choose a password."""
    now = server.portal.clock()
    with server.portal.support.bound():
        return f"/agent/link/{agent_sign_in.make_link(agent_row(server, NIA).id, now=now)}"


def new_app(server: PortalServer, site: str) -> str:
    with server.portal.support.bound():
        who, now = as_signed_in(server, NIA, factor=""), server.portal.clock()
        agent_factors.start_app(who, vault=server.portal.vault, now=now)
    return "/agent/app/code"


def new_passkey(server: PortalServer, site: str) -> str:
    with server.portal.support.bound():
        agent_passkeys.start(as_signed_in(server, NIA, factor=""), now=server.portal.clock())
    return "/agent/passkeys/new"


def remove_passkey(server: PortalServer, site: str) -> str:
    with server.portal.support.bound():
        passkey = AgentPasskey.get(AgentPasskey.agent == agent_row(server, LOU))
    return f"/agent/passkeys/remove?passkey={agent_passkeys.name_of(passkey)}"


def disputed(server: PortalServer, site: str) -> str:
    dispute(server)
    return "/console/claims"


def visit_new(server: PortalServer, site: str) -> str:
    bought = server.subscription_of("de", administrator("de"))
    return f"/visits/new?site=de&subscription={bought.public_id}"


def visit_going_on(server: PortalServer, site: str) -> str:
    """Of one's own, at a site where no other case visits."""
    key, _entry = open_visit(server, SAM, "at", administrator("at"))
    return f"/visits/{key}"


def visit_over(server: PortalServer, site: str) -> str:
    """The next one ends it."""
    key, _entry = open_visit(server, SAM, "de", administrator("de"))
    open_visit(server, SAM, "de", administrator("de"))
    return f"/visits/{key}"


# ---- what brings a state about


def no_code(visitor: Visitor) -> None:
    visitor.page.locator("form[action='/agent/proof'] button").click()
    expect(visitor.page.locator("#code-error")).to_be_visible()


CASES = tuple(
    replace(case, host=CONSOLE)
    for case in (
        PageCase("console-sign-in", "agent_sign_in.show", at("/agent/sign-in")),
        PageCase("console-link", "agent_sign_in.choose", link),
        PageCase("console-dead-link", "agent_sign_in.choose", at(f"/agent/link/{NO_TOKEN}"), status=410),
        PageCase("console-set-up", "agent.choose", at("/agent/set-up"), NEW),
        PageCase("console-new-app", "agent.show_app", new_app, NEW),
        PageCase("console-new-passkey", "agent_passkeys.show_new", new_passkey, NEW),
        PageCase("console-proof", "agent_sign_in.proof", at("/agent/proof"), HALF),
        PageCase("console-proof-no-code", "agent_sign_in.proof", at("/agent/proof"), HALF, no_code, 422),
        PageCase("console-home", "console.show", at("/console"), AGENT),
        PageCase("console-search", "console_search.show", at("/console/search?q=exemple"), AGENT),
        PageCase("console-claims", "support_claims.show", disputed, AGENT),
        PageCase("console-no-claims", "support_claims.show", at("/console/claims"), WITH_PASSKEY),
        PageCase("console-visit", "support_visits.ask", visit_new, AGENT),
        PageCase("console-visit-no-reason", "support_visits.ask", visit_new, AGENT, submit_nothing, 422),
        PageCase("console-visit-going-on", "support_visits.show", visit_going_on, AGENT),
        PageCase("console-visit-over", "support_visits.show", visit_over, AGENT),
        PageCase("console-me", "agent.show", at("/agent"), AGENT),
        PageCase("console-me-with-passkey", "agent.show", at("/agent"), WITH_PASSKEY),
        PageCase("console-app", "agent.ask_app", at("/agent/app"), AGENT),
        PageCase("console-app-remove", "agent.ask_remove_app", at("/agent/app/remove"), WITH_PASSKEY),
        PageCase("console-passkey", "agent_passkeys.ask", at("/agent/passkeys"), AGENT),
        PageCase("console-passkey-remove", "agent_passkeys.ask_remove", remove_passkey, WITH_PASSKEY),
        PageCase("console-password", "agent.edit_password", at("/agent/password"), AGENT),
    )
)
