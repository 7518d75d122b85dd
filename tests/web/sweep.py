"""The sweep: every route × method × site × who asks × whose id, and what each must answer.

`violations` yields what went wrong, one by one. The rules it holds the portal to: what the loader does not
return is 404, whatever the role; 403 comes from the same-origin check only; who is not signed in is led to
sign-in; no answer shows what is somebody else's; what was refused changed nothing.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from urllib.parse import quote

from flask import Flask

from tests.support.cast import ALICE, PEOPLE, SITES, Actor, Cast
from tests.support.client import PARTIAL
from tests.support.probes import probe_rows
from tests.web.asking import SAME_ORIGIN, Asker, Case
from tests.web.consoled import consoled
from tests.web.ground import ELSEWHERE, NOBODY, OWNED, OWNERS, Ground, Visitor, address, pick
from tests.web.keyed import keyed
from tests.web.listing import invoices, listings, people_of_accounts
from tests.web.routes import ROUTES
from tests.web.routes.shapes import Route
from tests.web.signed import signatures
from tests.web.visited import visited
from tests.web.walk import demo, walk
from webapp.sites import SUPPORT

READING = ("signed_out", "forged_origins", "places", "lists", "rows", "smuggled", "anybody", "methods")
STAGES = ("table", "probes", *READING, "console", "visits", "keys", "signatures", "walk", "demo", "unused")
METHODS = ("GET", "HEAD", "OPTIONS", "POST", "PUT", "PATCH", "DELETE")
STRANGE_HOSTS = ("xx.localhost", "fr.localhost.evil.example", "fr.fr.localhost", "localhost.evil.example")
FORGED_ORIGINS: tuple[dict[str, str], ...] = (
    {},
    {"Sec-Fetch-Site": "cross-site"},
    {"Sec-Fetch-Site": "same-site"},
    {"Sec-Fetch-Site": "none"},
    {"Origin": "http://de.localhost:8000"},
    {"Origin": "http://localhost:8000"},
    {"Origin": "null"},
    {"Origin": "http://fr.localhost:8000", "Sec-Fetch-Site": "same-site"},
    {"Referer": "http://fr.localhost:8000/subscriptions"},
)
IN_PLACE = SAME_ORIGIN | PARTIAL


def sweep(app: Flask, cast: Cast, *, thorough: bool = True) -> list[str]:
    return list(Sweep(app, cast, thorough=thorough).violations())


class Sweep:
    """`at`: of everybody's rows, only what the endpoints that begin so do with them."""

    def __init__(self, app: Flask, cast: Cast, *, thorough: bool = True, at: str = "") -> None:
        self.app, self.thorough, self.at = app, thorough, at
        self.ground = Ground(app, cast, thorough=thorough)
        self.asker = Asker(app, SITES)

    def violations(self, *stages: str) -> Iterator[str]:
        """Of these stages; of all in their order, if none is named."""
        for stage in stages or STAGES:
            yield from getattr(self, stage)()
            if stage in READING:
                yield from self.asker.settle(stage)

    def probes(self) -> Iterator[str]:
        yield from probe_rows(self.ground.portal, self.ground.cast)

    # ---- what there is

    def table(self) -> Iterator[str]:
        found: defaultdict[str, set[tuple[str, str]]] = defaultdict(set)
        for rule in self.app.url_map.iter_rules():
            for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}:
                found[rule.endpoint].add((rule.rule, method))
        for endpoint in sorted(found.keys() | ROUTES.keys()):
            route = ROUTES.get(endpoint)
            listed = {(route.path, method) for method in route.answers} if route else set()
            if listed != found[endpoint]:
                yield f"{endpoint}: the portal has {sorted(found[endpoint])}, listed is {sorted(listed)}"

    def unused(self) -> Iterator[str]:
        for endpoint, route in ROUTES.items():
            for method in route.answers:
                if (endpoint, method) not in self.asker.succeeded:
                    yield f"{method} {endpoint}: nobody may use it"

    # ---- whose rows

    def rows(self) -> Iterator[str]:
        """Everybody asks for everything that has an owner."""
        for site in SITES:
            for actor in self.ground.actors[site]:
                for endpoint, route in ROUTES.items():
                    if endpoint.startswith(self.at) and route.names in OWNED and route.who == "person":
                        yield from self._rows(actor, endpoint, route)

    def _rows(self, actor: Actor, endpoint: str, route: Route) -> Iterator[str]:
        attack = self.ground.attack(route, actor.site)
        for about, value, own in self.ground.values(actor, route):
            for method, status in route.answers.items():
                expected = pick(status, own, unknown=route.unknown) if own else route.unknown
                if route.once and expected < 400:
                    continue
                facts = {
                    "about": about,
                    "body": route.body if own else attack,
                    "writes": bool(own) and expected < 400,
                }
                yield from self.asker.ask(self.ground.by(actor, endpoint, method, value, expected, **facts))
                if method == "GET" and self.thorough:
                    if own and route.in_place:
                        expected = pick(route.in_place, own)
                    expected = 204 if expected == 303 else expected  # htmx is told where to go by a header
                    facts |= {"headers": IN_PLACE}
                    yield from self.asker.ask(
                        self.ground.by(actor, endpoint, method, value, expected, **facts)
                    )

    def lists(self) -> Iterator[str]:
        for site in SITES:
            for actor in self.ground.actors[site]:
                yield from listings(self.asker, self.ground, actor)
                yield from people_of_accounts(self.asker, self.ground, actor)
                yield from invoices(self.asker, self.ground, actor)

    def smuggled(self) -> Iterator[str]:
        """What belongs to one site, in the body of a request to another."""
        for site in SITES:
            owner, there = OWNERS[site], ELSEWHERE[site]
            pending = self.ground.tempting(site, ROUTES["activation.activate"])
            foreign = self.ground.attack(ROUTES["activation.activate"], there)
            facts = {"about": "with another site’s agreement", "body": foreign}
            yield from self.asker.ask(
                self.ground.by(owner, "activation.activate", "POST", pending, 409, **facts)
            )
            here = {(actor.email, actor.password) for actor in PEOPLE[site]}
            for other in self.ground.actors[there]:
                if (other.email, other.password) not in here:
                    facts = {
                        "about": f"as {other.key}",
                        "body": {"email": other.email, "password": other.password},
                    }
                    yield from self.asker.ask(
                        Case("sign_in.submit", site, "POST", "/sign-in", 422, writes=True, **facts)
                    )

    # ---- who is nobody

    def signed_out(self) -> Iterator[str]:
        """Nobody, and everybody whose cookie is worth nothing here, is led to sign-in."""
        for site in SITES:
            foreign = [self.ground.visitors[actor] for actor in self.ground.actors[ELSEWHERE[site]]]
            for visitor in (NOBODY, *foreign, *self.ground.worthless[site]):
                for endpoint, route in ROUTES.items():
                    if route.who == "person":
                        yield from self._signed_out(site, visitor, endpoint, route)

    def _signed_out(self, site: str, visitor: Visitor, endpoint: str, route: Route) -> Iterator[str]:
        path = address(route, self.ground.tempting(site, route))
        for method in route.answers:
            back = f"/sign-in?next={quote(path, safe='/')}" if method == "GET" else "/sign-in"
            facts = {
                **visitor.facts,
                "sees": NOBODY.sees,
                "location": back,
                "body": self.ground.attack(route, site),
            }
            yield from self.asker.ask(Case(endpoint, site, method, path, 303, **facts))
            yield from self.asker.ask(Case(endpoint, site, method, path, 401, **facts, headers=IN_PLACE))

    def keys(self) -> Iterator[str]:
        """The API: whose key opens what, and that nothing else does."""
        yield from keyed(self.asker, self.ground)

    def signatures(self) -> Iterator[str]:
        yield from signatures(self.asker, self.ground)

    def console(self) -> Iterator[str]:
        yield from consoled(self.asker, self.ground)

    def visits(self) -> Iterator[str]:
        yield from visited(self.asker, self.ground)

    # ---- what everybody may see

    def anybody(self) -> Iterator[str]:
        """Public pages, and those that every person has."""
        for site in SITES:
            for visitor in (NOBODY, self.ground.visitors[OWNERS[site]]):
                for endpoint, route in ROUTES.items():
                    personal = route.who == "person" and route.names in ("", "proof token")
                    here = route.place in ("site", "anywhere") and not route.ends_session
                    if here and (route.who == "public" or (visitor.cookie and personal)):
                        yield from self._anybody(site, visitor, endpoint, route)

    def _anybody(self, site: str, visitor: Visitor, endpoint: str, route: Route) -> Iterator[str]:
        who = "person" if visitor.cookie else "nobody"
        for key, value in self.ground.arguments(site, route).items():
            for method, status in route.answers.items():
                expected = pick(status, key, who, "site", unknown=route.unknown)
                if route.once and expected < 400 and method != "GET":
                    continue
                body = route.body if key in ("live", "") else self.ground.attack(route, site)
                sees = self._seen_by_anybody(site, visitor, route, key)
                facts = {**visitor.facts, "about": key, "body": body, "writes": True, "sees": sees}
                facts["location"] = route.leads
                yield from self.asker.ask(
                    Case(endpoint, site, method, address(route, value), expected, **facts)
                )

    def _seen_by_anybody(self, site: str, visitor: Visitor, route: Route, key: str) -> frozenset[str]:
        owner = OWNERS[site]
        if (
            route.names in ("address token", "calendar token", "objection token") and key == "live"
        ):  # they say whose, and what
            return visitor.sees | self.ground.visitors[owner].sees
        return visitor.sees | (self.ground.shown_besides(owner, route) if visitor.cookie else NOBODY.sees)

    # ---- where a request comes from, and goes to

    def forged_origins(self) -> Iterator[str]:
        """A page elsewhere makes alice's browser send it."""
        for endpoint, route in ROUTES.items():
            machines = route.who in ("key", "signature")
            guarded = "POST" in route.answers and not machines and route.place in ("site", "anywhere")
            for headers in FORGED_ORIGINS if guarded else ():
                value = self.ground.tempting("fr", route)
                facts = {"about": str(headers), "headers": headers, "body": self.ground.attack(route, "fr")}
                expected = pick(route.answers["POST"], "live") if route.from_anywhere else 403
                facts["writes"] = route.from_anywhere
                yield from self.asker.ask(self.ground.by(ALICE, endpoint, "POST", value, expected, **facts))

    def places(self) -> Iterator[str]:
        """A country's pages are not at the bare domain, its pages at no country; strange hosts are nothing."""
        for endpoint, route in ROUTES.items():
            for host in ("", "fr", *STRANGE_HOSTS):
                at_home = route.place in ("anywhere", "site" if host else "front")
                for method, status in route.answers.items():
                    if "." in host or not at_home:
                        yield from self._place(endpoint, host, method, 404, self.ground.visitors[ALICE])
                    elif host == "" and not route.names:
                        yield from self._place(endpoint, host, method, pick(status, "front"), NOBODY)

    def _place(self, endpoint: str, host: str, method: str, expected: int, visitor: Visitor) -> Iterator[str]:
        route = ROUTES[endpoint]
        path = address(route, self.ground.tempting("fr", route))
        facts = {**visitor.facts, "body": self.ground.attack(route, "fr")}
        yield from self.asker.ask(Case(endpoint, host, method, path, expected, **facts))

    def methods(self) -> Iterator[str]:
        """Those that an address does not offer."""
        if not self.thorough:
            return
        offered: defaultdict[str, dict[str, str]] = defaultdict(dict)
        for endpoint, route in ROUTES.items():
            if route.place != "visit":
                offered[route.path] |= dict.fromkeys(route.answers, endpoint)
        for endpoints in offered.values():
            for method in METHODS:
                if method not in endpoints:
                    for visitor in (NOBODY, self.ground.visitors[ALICE]):
                        yield from self._method(method, endpoints, visitor)

    def _method(self, method: str, endpoints: dict[str, str], visitor: Visitor) -> Iterator[str]:
        endpoint = endpoints.get("GET", next(iter(endpoints.values())))
        route = ROUTES[endpoint]
        answered = method == "OPTIONS" or (method == "HEAD" and "GET" in endpoints)
        facts, expected = visitor.facts, 405
        if answered and route.who == "person" and not visitor.cookie:
            expected, facts = 303, {**facts, "location": "/sign-in"}
        elif answered and route.who in ("agent", "half_agent"):
            expected, facts = 303, {**facts, "location": "/agent/sign-in"}
        elif answered and route.who == "key":
            expected = 401
        elif answered:
            expected = 200 if method == "OPTIONS" else self._as_read(route, visitor)
            facts = {**facts, "location": route.leads if expected == 303 else ""}
        path = address(route, self.ground.tempting("fr", route))
        host = {"front": "", "support": SUPPORT}.get(route.place, "fr")
        yield from self.asker.ask(Case(endpoint, host, method, path, expected, **facts))

    def _as_read(self, route: Route, visitor: Visitor) -> int:
        if route.place == "support":  # where a customer is nobody
            return pick(route.answers["GET"], NOBODY.name, unknown=route.unknown)
        if visitor.cookie and not route.owners:
            return route.unknown
        who, there = "person" if visitor.cookie else "nobody", "there" if route.names == "asset" else ""
        keys = (self.ground.tempting_state(route), who, "site", "live", there)
        return pick(route.answers["GET"], *keys, unknown=route.unknown)

    # ---- that it works at all

    def walk(self) -> Iterator[str]:
        yield from walk(self.asker, self.ground)

    def demo(self) -> Iterator[str]:
        yield from demo(self.asker, self.ground)
