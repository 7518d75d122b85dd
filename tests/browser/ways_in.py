"""How those get into a window who don't just sign in: agents on their way through the console, an agent on a
visit, a person with an authenticator app. Who they are is made once a server.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

from tests.browser.server import PortalServer
from tests.browser.visitor import Visitor
from tests.support.forgery import serializer_of
from webapp.data.accounts import Account, Person
from webapp.data.agents import Agent, AgentPasskey
from webapp.data.keys import email_key
from webapp.data.second_factors import SecondFactor
from webapp.data.subscriptions import Subscription
from webapp.demo.cast import PASSWORD, SAM, DemoAgent
from webapp.domain.companies import accounts
from webapp.domain.people import passwords, second_factor, totp
from webapp.domain.support import agent_sign_in, agents, visit_trail, visits
from webapp.domain.support.agent_sign_in import SignedInAgent
from webapp.domain.support.visits import Destination
from webapp.sites import SUPPORT

LOU = DemoAgent("lou@support.example", "Lou Berger", "en", ("dach",), "LOUHASAKEYBESIDESTHEAPP234567AAA")
NIA = DemoAgent("nia@support.example", "Nia Neu", "en", ("dach",), "")  # and no second factor yet
AGENTS = (SAM, LOU, NIA)
CAMILLE = "camille@demo.example"  # has an authenticator app

BROWSER = "Mozilla/5.0 (X11; Linux x86_64; rv:145.0) Gecko/20100101 Firefox/145.0"
REASON, TICKET = "Vous avez demandé pourquoi une facture manque.", "T-4711"
VISITED, QUIET = "charlie@demo.example", "gb"  # an account in which much happened, a site where nothing did


# ---- agents


def agent_row(server: PortalServer, who: DemoAgent) -> Agent:
    """The shared database is bound."""
    found: Agent | None = Agent.get_or_none(Agent.email_key == email_key(who.email))
    return found or _new_agent(server, who)


def _new_agent(server: PortalServer, who: DemoAgent) -> Agent:
    portal, now = server.portal, server.portal.clock()
    facts = {"name": who.name, "language": who.language, "regions": who.regions}
    made = agents.make(who.email, **facts, known=portal.regions, now=now)
    sealed = portal.vault.seal(who.app_key, place=agent_sign_in.VAULT_PLACE) if who.app_key else None
    hashed = passwords.hash_password(PASSWORD)
    Agent.update(password_hash=hashed, totp_secret=sealed).where(Agent.id == made.id).execute()
    if who is LOU:
        AgentPasskey.create(agent=made, credential_id="bG91", public_key=b"-", name="Blue key", added_at=now)
    return made


def session_of(server: PortalServer, who: DemoAgent, *, factor: str) -> str:
    """The token of one of their sessions; by the password alone, if there is no `factor`. The shared database
    is bound."""
    known = SignedInAgent(agent_row(server, who).id, who.name, who.email, who.language, (), "", "", False, 0)
    return agent_sign_in.enter(known, factor, user_agent=BROWSER, now=server.portal.clock())


def as_signed_in(server: PortalServer, who: DemoAgent, *, factor: str = "app") -> SignedInAgent:
    """What the rules want to know. The shared database is bound."""
    token = session_of(server, who, factor=factor)
    found = agent_sign_in.agent_of_session(token, now=server.portal.clock())
    assert found
    return found


def by_session(who: DemoAgent, *, factor: str = "app") -> Callable[[Visitor], None]:
    """With the cookie that the console's forms would give: each of them counts for who tries too often."""

    def come(visitor: Visitor) -> None:
        portal = visitor.server.portal
        with portal.support.bound():
            token = session_of(visitor.server, who, factor=factor)
        cookie = serializer_of(portal.settings.secret, SUPPORT).dumps({"agent": token})
        here = visitor.server.origin(SUPPORT)
        visitor.context.add_cookies([{"name": "session", "value": str(cookie), "url": here}])

    return come


# ---- visits


def open_visit(server: PortalServer, who: DemoAgent, site: str, email: str) -> tuple[str, str]:
    """Of the account of this administrator: the visit's key, and what opens it."""
    portal, now, key = server.portal, server.portal.clock(), visits.new_key()
    public_id = server.subscription_of(site, email, Subscription.activated_at.is_null(False)).public_id
    with portal.at(portal.sites[site]):
        to: Destination = visit_trail.destination(public_id)
        why = {"reason": REASON, "ticket": TICKET}
        visit_trail.note_opened(to, key=key, agent_name=who.name, **why, now=now)
    with portal.support.bound():
        entry = visits.open_visit(as_signed_in(server, who), to, key=key, **why, now=now)
    return key, entry


def visiting(visitor: Visitor) -> None:
    """Not through the console: only the cookies of two visits."""
    portal, cookies = visitor.server.portal, []
    grace = next(iter(_administrators(visitor.server, QUIET)))
    for site, email in (("fr", VISITED), (QUIET, grace)):
        _key, entry = open_visit(visitor.server, SAM, site, email)
        with portal.support.bound():
            token = visits.enter(entry, site=portal.sites[site], now=portal.clock())
        cookies.append({"name": "visit", "value": token, "url": visitor.server.origin(f"{site}.{SUPPORT}")})
    visitor.context.add_cookies(cookies)  # type: ignore[arg-type]


def _administrators(server: PortalServer, site: str) -> Iterable[str]:
    with server.portal.at(server.portal.sites[site]):
        return [row.administrator.email for row in Subscription.select().limit(1)]


# ---- people


def person(server: PortalServer, email: str, name: str, *, of: str = "") -> Person:
    """One more at the site that is bound; `of`: in the company of this administrator."""
    now = server.portal.clock()
    found: Person | None = Person.get_or_none(Person.email_key == email_key(email))
    if found is None:
        found = accounts.keep_person(email=email, name=name, language="fr", now=now)
        hashed = passwords.hash_password(PASSWORD)
        Person.update(password_hash=hashed).where(Person.id == found.id).execute()
        if of:
            administers = Subscription.administrator == Person.id
            theirs = Account.select().join(Subscription).join(Person, on=administers)
            accounts.join(found, theirs.where(Person.email_key == email_key(of)).get(), now=now)
    return found


def camille(server: PortalServer) -> Person:
    """The site is bound."""
    found = person(server, CAMILLE, "Camille Deux Facteurs")
    if not SecondFactor.select().where(SecondFactor.person == found).exists():
        start_app(server, found)
        vault, now = server.portal.vault, server.portal.clock()
        secret = second_factor.pending_secret(found.id, vault=vault, now=now)
        second_factor.confirm(found.id, totp.code_at(str(secret), now), vault=vault, now=now)
    return found


def start_app(server: PortalServer, found: Person) -> None:
    second_factor.start(found.id, password=PASSWORD, vault=server.portal.vault, now=server.portal.clock())


def show_password(visitor: Visitor) -> None:
    with visitor.server.portal.at(visitor.server.portal.sites["fr"]):
        camille(visitor.server)
    visitor.show_password(CAMILLE)
    visitor.expect_path("/sign-in/code")


def show_code(visitor: Visitor) -> None:
    show_password(visitor)
    with visitor.server.portal.at(visitor.server.portal.sites["fr"]):
        number = camille(visitor.server).id
        codes = second_factor.new_codes(number, password=PASSWORD, now=visitor.server.portal.clock())
    visitor.page.fill("#code", codes[0])
    visitor.page.locator("main form button.pri").click()
    visitor.expect_path("/subscriptions")


WAYS_IN: dict[str, Callable[[Visitor], None]] = {
    "agent": by_session(SAM),
    "agent with a passkey": by_session(LOU, factor="passkey"),
    "agent half-way": by_session(LOU, factor=""),
    "new agent": by_session(NIA, factor=""),
    "agent on a visit": visiting,
    "person half-way": show_password,
    "person with an app": show_code,
}
