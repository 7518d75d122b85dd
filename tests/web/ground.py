"""What the sweep stands on: who asks, with which cookie, and what there is to ask for."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from flask import Flask

from tests.support.cast import (
    ALICE,
    BACKUPS,
    BILLING,
    CHARLIE,
    DORA,
    ERIN,
    FRANK,
    GERD,
    GIVEN,
    GONE,
    HANDED_OVER,
    KIM,
    LENA,
    MANAGEABLE,
    NAMESAKE,
    PEOPLE,
    SITES,
    TOLD,
    Actor,
    Cast,
    Row,
    canary,
    unconfirmed_address,
)
from tests.support.forgery import Cookies
from tests.web.asking import Case
from tests.web.keys import Keys
from tests.web.routes import ROUTES
from tests.web.routes.shapes import Route, Status
from webapp.assembly import Portal
from webapp.data.accounts import Person
from webapp.data.billing import InvoiceRecipient
from webapp.data.email_changes import EmailChange
from webapp.data.sign_in import Token
from webapp.domain import tokens
from webapp.domain.claims import claims
from webapp.domain.hashing import hash_token
from webapp.domain.people import sessions, sign_in
from webapp.domain.subscriptions import calendar_feeds

OWNERS = {"fr": ALICE, "de": DORA}  # have rows in each state
ELSEWHERE = {"fr": "de", "de": "fr"}
LEAVERS = {"fr": FRANK, "de": GERD}  # got a new password
FEW = {"fr": (ALICE, CHARLIE, ERIN, KIM), "de": (DORA, NAMESAKE, LENA)}
MISSING = {
    "row": "SUB-{}-999999",
    "order": "0399999999",
    "seat": "0123456789abcdef",
    "invoice": "F{}-2026-999999",
}
OWNED = tuple(MISSING)  # what has an owner, by the words of the table of routes


@dataclass(frozen=True)
class Visitor:
    """Somebody at a site; without a cookie, nobody."""

    name: str = "nobody"
    cookie: str = ""
    sees: frozenset[str] = frozenset()

    @property
    def facts(self) -> dict[str, Any]:
        return {"who": self.name, "cookie": self.cookie, "sees": self.sees}


NOBODY = Visitor()


class Ground:
    def __init__(self, app: Flask, cast: Cast, *, thorough: bool) -> None:
        self.app, self.cast, self.thorough = app, cast, thorough
        self.portal: Portal = app.extensions["portal"]
        cookies = Cookies(app, cast)
        self.actors = PEOPLE if thorough else FEW
        # First: a new password ends all sessions of its person.
        self.worthless = {site: list(_worthless(cookies, site)) for site in SITES}
        everybody = [actor for site in SITES for actor in self.actors[site]]
        self.visitors = {actor: Visitor(actor.key, cookies.of(actor), actor.sees) for actor in everybody}
        self.tokens = {site: self._mint_tokens(site, tokens.SET_PASSWORD) for site in SITES}
        self.email_tokens = {site: self._mint_tokens(site, tokens.CONFIRM_EMAIL) for site in SITES}
        self.address_tokens = {site: self._mint_address_tokens(site) for site in SITES}
        self.reminder_tokens = {site: self._mint_tokens(site, tokens.UNSUBSCRIBE) for site in SITES}
        self.lost_tokens = {site: self._mint_tokens(site, tokens.LOST_FACTOR) for site in SITES}
        self.calendar_tokens = {site: self._open_calendars(site) for site in SITES}
        self.proof_tokens = {site: self._mint_proofs(site) for site in SITES}
        self.claims = {site: self._claim(site) for site in SITES}
        self.objection_tokens = {site: self._mint_objections(site) for site in SITES}
        self.keys = Keys(self.portal)
        for site in SITES:
            owner, other = OWNERS[site], OWNERS[ELSEWHERE[site]]
            cookies.plant_same_token(self.visitors[owner].cookie, of=owner, at=other)

    def _mint_tokens(self, site: str, purpose: str) -> dict[str, str]:
        with self.portal.at(self.portal.sites[site]):
            person = Person.get_by_id(self.cast.person_ids[LEAVERS[site]])
            address, now = f"new.{person.email}", self.portal.clock()
            change = EmailChange.create(person=person, email=address, asked_at=now)
            return self._minted(purpose, person=person, concerns=str(change.id))

    def _mint_address_tokens(self, site: str) -> dict[str, str]:
        with self.portal.at(self.portal.sites[site]):
            wanted = InvoiceRecipient.email == unconfirmed_address(OWNERS[site])
            recipient = InvoiceRecipient.get(wanted)
            return self._minted(tokens.INVOICE_ADDRESS, person=None, recipient=recipient)

    def _mint_proofs(self, site: str) -> dict[str, str]:
        """To the owner, who says that another administrator has left."""
        with self.portal.at(self.portal.sites[site]):
            person = Person.get_by_id(self.cast.person_ids[OWNERS[site]])
            named = [f"SUB-{site.upper()}-999999"]
            asked = claims.ask(person, named, reason="They left.", now=self.portal.clock())
            return self._minted(tokens.PROVE_CLAIM, person=person, concerns=str(asked.id))

    def _claim(self, site: str) -> str:
        """The backup of another one claims what the owner has cancelled."""
        owner, now = OWNERS[site], self.portal.clock()
        with self.portal.at(self.portal.sites[site]):
            person = Person.get_by_id(self.cast.person_ids[BACKUPS[owner]])
            named = [self.cast.row(owner, "cancelled").public_id]
            asked = claims.ask(person, named, reason="They left.", now=now)
            token = self._minted(tokens.PROVE_CLAIM, person=person, concerns=str(asked.id))["live"]
            (made,) = claims.prove(token, person=person, now=now)
            return str(made.key)

    def _mint_objections(self, site: str) -> dict[str, str]:
        with self.portal.at(self.portal.sites[site]):
            person = Person.get_by_id(self.cast.person_ids[OWNERS[site]])
            return self._minted(tokens.OBJECT_CLAIM, person=person, concerns=self.claims[site])

    def _open_calendars(self, site: str) -> dict[str, str]:
        """One that was replaced by the one that lives, and one that was closed."""
        owner, other = (self.cast.person_ids[actor] for actor in (OWNERS[site], LEAVERS[site]))
        now = self.portal.clock()
        with self.portal.at(self.portal.sites[site]):
            closed = calendar_feeds.open_feed(other, now=now)
            calendar_feeds.close_feed(other, now=now)
            replaced, live = (calendar_feeds.open_feed(owner, now=now) for _time in range(2))
        return {"used": replaced, "closed": closed, "live": live, "invented": "A" * 43}

    def _minted(self, purpose: str, **facts: Any) -> dict[str, str]:
        """Of mailed links, by what became of them."""
        now, minted = self.portal.clock(), {}
        for key, age in (("used", 0), ("expired", 60), ("live", 0)):
            past = now - timedelta(minutes=age)
            minted[key] = tokens.mint(purpose, **facts, minutes=60, next_path="", now=past)
        used = Token.token_hash == hash_token(minted["used"])
        Token.update(used_at=now).where(used).execute()
        return {**minted, "invented": "A" * 43}

    # ---- questions

    def by(self, actor: Actor, endpoint: str, method: str, value: str, expected: int, **facts: Any) -> Case:
        route, visitor = ROUTES[endpoint], self.visitors[actor]
        sees = visitor.sees | self.shown_besides(actor, route)
        facts = {**visitor.facts, "sees": sees, **facts}
        return Case(endpoint, actor.site, method, address(route, value), expected, **facts)

    def shown_besides(self, actor: Actor, route: Route) -> frozenset[str]:
        """What this route shows to who may ask, beyond what they see everywhere."""
        by_name = route.shows_colleagues or route.shows_past
        colleagues = _colleagues(actor) if by_name else frozenset()
        past = {canary(actor.site, key) for key in (GONE, GIVEN)} if route.shows_past else set()
        return colleagues | past

    def another_session(self, actor: Actor) -> str:
        """As the profile names it."""
        with self.portal.at(self.portal.sites[actor.site]):
            person = Person.get_by_id(self.cast.person_ids[actor])
            token = sign_in.start_session(person, user_agent="", now=self.portal.clock())
            return sessions.name_of(hash_token(token))

    def attack(self, route: Route, site: str) -> dict[str, str]:
        return dict(route.attack(self.portal.sites[site]))

    # ---- what there is to ask for

    def values(self, actor: Actor, route: Route) -> Iterator[tuple[str, str, str]]:
        """Own rows (which come with their state), a colleague's, another account's, another site's, nobody's."""
        for row in self.cast.rows_of(actor):
            if named(row, route):
                claimed = actor in BACKUPS or not route.path.endswith("/claim")
                yield f"own {row.state}", named(row, route), row.state if route.owners and claimed else ""
        for owner, _stories in TOLD[actor.site]:
            whose = "a colleague’s" if owner.company == actor.company else "another account’s"
            for row in self._rows_of_others(owner) if owner != actor else ():
                if named(row, route):
                    yield f"{whose} {row.state}", named(row, route), self.as_other(actor, row, route)
        for row in self.rows_elsewhere(actor.site, route):
            if named(row, route):
                yield f"another site’s {row.state}", named(row, route), ""
        yield "nobody’s", MISSING[route.names].format(actor.site.upper()), ""

    def as_other(self, actor: Actor, row: Row, route: Route) -> str:
        """The row's state, if this route is for who is there beside its administrator; else nothing."""
        roles = roles_in(actor, row)
        return running(row) if roles & route.also else ""

    def _rows_of_others(self, owner: Actor) -> list[Row]:
        """A few, and what they handed over: that has a loader of its own."""
        rows = self.cast.rows_of(owner)
        return [*rows[:4], *(row for row in rows[4:] if row.state == HANDED_OVER)]

    def rows_elsewhere(self, site: str, route: Route) -> list[Row]:
        """Not the order numbers that both sites have: the last of de's only de has."""
        if route.names in ("row", "seat", "invoice"):
            return self.cast.rows_of(OWNERS[ELSEWHERE[site]])[:2]
        return self.cast.rows[-1:] if site == "fr" else []

    def tempting(self, site: str, route: Route) -> str:
        """An argument with which the route would answer who may ask."""
        row = self.cast.row(OWNERS[site], self.tempting_state(route))
        live = {name: minted[site]["live"] for name, minted in self._mailed().items()}
        live |= {"mail": "no-mail", "asset": "css/app.css", "product": "fieldwire-business"}
        live["claim"] = self.claims[site]
        live |= {"agent token": "A" * 43, "visit entry": "A" * 43, "visit": "0" * 16}
        live["card session"] = f"cs_demo_{'0' * 32}"
        return named(row, route) if route.names in OWNED else live.get(route.names, "")

    def _mailed(self) -> dict[str, dict[str, dict[str, str]]]:
        """Tokens of mailed links by the words of the table of routes, then by their site."""
        return {
            "token": self.tokens,
            "email token": self.email_tokens,
            "address token": self.address_tokens,
            "reminder token": self.reminder_tokens,
            "calendar token": self.calendar_tokens,
            "proof token": self.proof_tokens,
            "objection token": self.objection_tokens,
            "lost token": self.lost_tokens,
        }

    def tempting_state(self, route: Route) -> str:
        """Of a row for which the route answers its owner."""
        if "/take-back" in route.path:
            return HANDED_OVER
        if route.path.endswith("/claim"):
            return "cancelled"
        managing = (
            "/purchase-order",
            "/cancellation",
            "/licenses",
            "/transfer",
            "/backup",
            "/billing",
            "/invoice",
            "/contract",
            "/payment",
            "/users/",
            "/seats/",
        )
        return "active" if any(part in route.path for part in managing) else "pending"

    def arguments(self, site: str, route: Route) -> dict[str, str]:
        """Of what everybody may ask for, by the words of the table of routes."""
        mailed = self._mailed()
        if minted := mailed.pop(route.names, None):
            others = {f"live {name} as a": other[site]["live"] for name, other in mailed.items()}
            return {**minted[site], **others, "another site’s": minted[ELSEWHERE[site]]["live"]}
        if route.names == "order":
            return {"pending": self.tempting(site, route), "missing": MISSING["order"]}
        if route.names == "asset":
            return {"there": "css/app.css", "missing": "css/none.css", "outside": "css/../../config.py"}
        return {"": ""}


def roles_in(actor: Actor, row: Row) -> frozenset[str]:
    """Beside its administrator."""
    backup = BACKUPS.get(row.owner) == actor and row.state == "active"
    shown = row.state in (*MANAGEABLE, "ended", HANDED_OVER)
    pays = actor in BILLING and row.owner.company == actor.company and shown
    return frozenset(role for role, is_so in (("backup", backup), ("billing", pays)) if is_so)


def running(row: Row) -> str:
    """What was handed over is active: at its new administrator's."""
    return "active" if row.state == HANDED_OVER else row.state


def _worthless(cookies: Cookies, site: str) -> Iterator[Visitor]:
    """Whoever comes with these is nobody."""
    yield Visitor("somebody before a new password", cookies.before_a_new_password(LEAVERS[site]))
    for name, cookie in cookies.worthless(OWNERS[site]):
        yield Visitor(f"somebody {name}", cookie)


def _colleagues(actor: Actor) -> frozenset[str]:
    company = [person for person in PEOPLE[actor.site] if person.company == actor.company]
    return frozenset(canary(person.site, person.key) for person in company)


def named(row: Row, route: Route) -> str:
    """Nothing, if there is none: not each subscription has a seat."""
    return {"row": row.public_id, "order": row.order_number, "seat": row.seat_key, "invoice": row.invoice}[
        route.names
    ]


def address(route: Route, value: str = "") -> str:
    return re.sub("<[^>]*>", value, route.path)


def pick(status: Status, *keys: str, unknown: int = 404) -> int:
    """What the table says for the first of these words that it mentions."""
    if isinstance(status, int):
        return status
    return next((status[key] for key in keys if key in status), unknown)
