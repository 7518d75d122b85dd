"""What the sweep stands on: who asks, with which cookie, and what there is to ask for."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from flask import Flask

from tests.support.cast import (
    ALICE,
    CHARLIE,
    DORA,
    FRANK,
    GERD,
    HANDED_OVER,
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
from tests.web.routes import ROUTES, Route, Status
from webapp.assembly import Portal
from webapp.data.accounts import Person
from webapp.data.billing import InvoiceRecipient
from webapp.data.sign_in import Token
from webapp.domain import sign_in, tokens

OWNERS = {"fr": ALICE, "de": DORA}  # have rows in each state
ELSEWHERE = {"fr": "de", "de": "fr"}
LEAVERS = {"fr": FRANK, "de": GERD}  # got a new password
FEW = {"fr": (ALICE, CHARLIE), "de": (DORA, NAMESAKE)}
MISSING = {"row": "SUB-{}-999999", "order": "0399999999", "seat": "0123456789abcdef"}


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
        self.tokens = {site: self._mint_tokens(site) for site in SITES}
        self.address_tokens = {site: self._mint_address_tokens(site) for site in SITES}
        for site in SITES:
            owner, other = OWNERS[site], OWNERS[ELSEWHERE[site]]
            cookies.plant_same_token(self.visitors[owner].cookie, of=owner, at=other)

    def _mint_tokens(self, site: str) -> dict[str, str]:
        with self.portal.at(self.portal.sites[site]):
            person = Person.get_by_id(self.cast.person_ids[LEAVERS[site]])
            return self._minted(tokens.SET_PASSWORD, person=person)

    def _mint_address_tokens(self, site: str) -> dict[str, str]:
        with self.portal.at(self.portal.sites[site]):
            wanted = InvoiceRecipient.email == unconfirmed_address(OWNERS[site])
            recipient = InvoiceRecipient.get(wanted)
            minted = self._minted(tokens.INVOICE_ADDRESS, person=None, recipient=recipient)
        return {**minted, "of another purpose": self.tokens[site]["live"]}

    def _minted(self, purpose: str, **owner: Any) -> dict[str, str]:
        """Of mailed links, by what became of them."""
        now, minted = self.portal.clock(), {}
        for key, age in (("used", 0), ("expired", 60), ("live", 0)):
            past = now - timedelta(minutes=age)
            minted[key] = tokens.mint(purpose, **owner, minutes=60, next_path="", now=past)
        used = Token.token_hash == sign_in.hash_token(minted["used"])
        Token.update(used_at=now).where(used).execute()
        return {**minted, "invented": "A" * 43}

    # ---- questions

    def by(self, actor: Actor, endpoint: str, method: str, value: str, expected: int, **facts: Any) -> Case:
        route, visitor = ROUTES[endpoint], self.visitors[actor]
        sees = visitor.sees | (_colleagues(actor) if route.shows_colleagues else frozenset())
        facts = {**visitor.facts, "sees": sees, **facts}
        return Case(endpoint, actor.site, method, address(route, value), expected, **facts)

    def attack(self, route: Route, site: str) -> dict[str, str]:
        return dict(route.attack(self.portal.sites[site]))

    # ---- what there is to ask for

    def values(self, actor: Actor, route: Route) -> Iterator[tuple[str, str, Row | None]]:
        """Own rows (which come as rows), a colleague's, another account's, another site's, nobody's."""
        for row in self.cast.rows_of(actor):
            if named(row, route):
                yield f"own {row.state}", named(row, route), row
        for owner, _stories in TOLD[actor.site]:
            whose = "a colleague’s" if owner.company == actor.company else "another account’s"
            for row in self._rows_of_others(owner) if owner != actor else ():
                if named(row, route):
                    yield f"{whose} {row.state}", named(row, route), None
        for row in self._rows_elsewhere(actor.site, route):
            if named(row, route):
                yield f"another site’s {row.state}", named(row, route), None
        yield "nobody’s", MISSING[route.names].format(actor.site.upper()), None

    def _rows_of_others(self, owner: Actor) -> list[Row]:
        """A few, and what they handed over: that has a loader of its own."""
        rows = self.cast.rows_of(owner)
        return [*rows[:3], *(row for row in rows[3:] if row.state == HANDED_OVER)]

    def _rows_elsewhere(self, site: str, route: Route) -> list[Row]:
        """Not the order numbers that both sites have: the last of de's only de has."""
        if route.names in ("row", "seat"):
            return self.cast.rows_of(OWNERS[ELSEWHERE[site]])[:2]
        return self.cast.rows[-1:] if site == "fr" else []

    def tempting(self, site: str, route: Route) -> str:
        """An argument with which the route would answer who may ask."""
        row = self.cast.row(OWNERS[site], self.tempting_state(route))
        address_token = self.address_tokens[site]["live"]
        live = {
            "token": self.tokens[site]["live"],
            "address token": address_token,
            "mail": "no-mail",
            "asset": "css/app.css",
        }
        return named(row, route) if route.names in ("row", "order", "seat") else live.get(route.names, "")

    def tempting_state(self, route: Route) -> str:
        """Of a row for which the route answers its owner."""
        if "/take-back" in route.path:
            return HANDED_OVER
        managing = (
            "/purchase-order",
            "/cancellation",
            "/transfer",
            "/backup",
            "/billing",
            "/invoice",
            "/payment",
            "/users/",
            "/seats/",
        )
        return "active" if any(part in route.path for part in managing) else "pending"

    def arguments(self, site: str, route: Route) -> dict[str, str]:
        """Of what everybody may ask for, by the words of the table of routes."""
        if route.names == "token":
            return {**self.tokens[site], "another site’s": self.tokens[ELSEWHERE[site]]["live"]}
        if route.names == "address token":
            return {
                **self.address_tokens[site],
                "another site’s": self.address_tokens[ELSEWHERE[site]]["live"],
            }
        if route.names == "order":
            return {"pending": self.tempting(site, route), "missing": MISSING["order"]}
        if route.names == "asset":
            return {"there": "css/app.css", "missing": "css/none.css", "outside": "css/../../config.py"}
        return {"": ""}


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
    return {"row": row.public_id, "order": row.order_number, "seat": row.seat_key}[route.names]


def address(route: Route, value: str = "") -> str:
    before, _, after = route.path.partition("<")
    return before + value + after.partition(">")[2]


def pick(status: Status, *keys: str, unknown: int = 404) -> int:
    """What the table says for the first of these words that it mentions."""
    if isinstance(status, int):
        return status
    return next((status[key] for key in keys if key in status), unknown)
