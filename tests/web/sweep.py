"""The sweep: every route × method × site × who asks × whose id, and what each must answer.

`violations` yields what went wrong, one by one. The rules it holds the portal to: what the loader does not
return is 404, whatever the role; 403 comes from the same-origin check only; who is not signed in is led to
sign-in; no answer shows what is somebody else's; what was refused changed nothing.
"""

from __future__ import annotations

import base64
import json
import re
from collections import defaultdict
from collections.abc import Iterator
from datetime import timedelta
from urllib.parse import quote, urlencode

from flask import Flask

from tests.support import cast as people
from tests.support.cast import ALICE, DORA, FRANK, GERD, PEOPLE, SITES, TOLD, VISIBLE, Actor, Cast, Row
from tests.support.client import PARTIAL
from tests.support.forgery import Cookies
from tests.support.page import Page
from tests.web.asking import SAME_ORIGIN, Asker, Case
from tests.support.probes import probe_rows
from tests.web.routes import ROUTES, Route, Status
from webapp.assembly import Portal
from webapp.data.accounts import Person
from webapp.data.subscriptions import Subscription
from webapp.domain import sign_in, tokens

METHODS = ("GET", "HEAD", "OPTIONS", "POST", "PUT", "PATCH", "DELETE")
STRANGE_HOSTS = ("xx.localhost", "fr.localhost.evil.example", "fr.fr.localhost", "evil.example", "localhost.evil.example")
FORGED_ORIGINS = (
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
OWNERS = {"fr": ALICE, "de": DORA}  # have rows in each state
ELSEWHERE = {"fr": "de", "de": "fr"}
LEAVERS = {"fr": FRANK, "de": GERD}  # got a new password


def sweep(app: Flask, cast: Cast, *, thorough: bool = True) -> list[str]:
    return list(Sweep(app, cast, thorough=thorough).violations())


class Sweep:
    def __init__(self, app: Flask, cast: Cast, *, thorough: bool = True) -> None:
        self.app, self.cast, self.thorough = app, cast, thorough
        self.portal: Portal = app.extensions["portal"]
        self.cookies = Cookies(app, cast)
        self.worthless = {site: self._worthless(site) for site in SITES}
        self.actors = {site: self._actors(site) for site in SITES}
        self.cookie_of = {actor: self.cookies.of(actor) for site in SITES for actor in self.actors[site]}
        for site in SITES:
            owner, other = OWNERS[site], OWNERS[ELSEWHERE[site]]
            self.cookies.plant_same_token(self.cookie_of[owner], of=owner, at=other)
        self.tokens = {site: self._tokens(site) for site in SITES}
        self.asker = Asker(app, SITES)

    def _actors(self, site: str) -> tuple[Actor, ...]:
        return PEOPLE[site] if self.thorough else (OWNERS[site], people.CHARLIE if site == "fr" else people.NAMESAKE)

    def _worthless(self, site: str) -> list[tuple[str, str]]:
        made = [("before a new password", self.cookies.before_a_new_password(LEAVERS[site]))]
        return [*made, *self.cookies.worthless(OWNERS[site])]

    def violations(self) -> Iterator[str]:
        yield from self.table()
        yield from probe_rows(self.portal, self.cast)
        stages = [self.signed_out, self.forged_origins, self.places, self.lists, self.rows, self.smuggled]
        for stage in [*stages, self.anybody, *([self.methods] if self.thorough else [])]:
            yield from stage()
            yield from self.asker.settle(stage.__name__)
        yield from self.walk()
        yield from self.unused()

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
            for actor in self.actors[site]:
                for endpoint, route in ROUTES.items():
                    if route.names in ("row", "order") and route.who == "person":
                        yield from self._rows(actor, endpoint, route)

    def _rows(self, actor: Actor, endpoint: str, route: Route) -> Iterator[str]:
        for about, value, own in self.values(actor, route):
            for method, status in route.answers.items():
                expected = pick(status, own.state, unknown=route.unknown) if own else route.unknown
                if route.once and expected < 400:
                    continue
                body = route.body if own else route.attack(self.portal.sites[actor.site])
                facts = {"about": about, "body": body, "writes": own is not None and expected < 400}
                yield from self.asker.ask(self.case(endpoint, actor, method, value, expected, **facts))
                if method == "GET":
                    in_place = expected if route.in_place is None or not own else pick(route.in_place, own.state)
                    facts |= {"headers": SAME_ORIGIN | PARTIAL}
                    in_place = 204 if in_place == 303 else in_place
                    yield from self.asker.ask(self.case(endpoint, actor, method, value, in_place, **facts))

    def values(self, actor: Actor, route: Route) -> Iterator[tuple[str, str, Row | None]]:
        """What is asked for: own rows, a colleague's, another account's, another site's, nobody's."""
        name = (lambda row: row.public_id) if route.names == "row" else (lambda row: row.order_number)
        for row in self.cast.rows_of(actor):
            yield f"own {row.state}", name(row), row
        for owner, _stories in TOLD[actor.site]:
            if owner != actor:
                whose = "a colleague’s" if owner.company == actor.company else "another account’s"
                rows = self.cast.rows_of(owner)
                for row in [*rows[:3], *(row for row in rows if row.state == people.HANDED_OVER)]:
                    yield f"{whose} {row.state}", name(row), None
        yield from self._values_elsewhere(actor.site, route)

    def _values_elsewhere(self, site: str, route: Route) -> Iterator[tuple[str, str, Row | None]]:
        there = ELSEWHERE[site]
        if route.names == "row":
            for row in self.cast.rows_of(OWNERS[there])[:2]:
                yield f"another site’s {row.state}", row.public_id, None
        elif site == "fr":  # de has one order more
            yield "another site’s", self.cast.rows[-1].order_number, None
        missing = {"row": f"SUB-{site.upper()}-999999", "order": "0399999999"}
        yield "nobody’s", missing[route.names], None

    def case(self, endpoint: str, actor: Actor, method: str, value: str, expected: int, **facts: object) -> Case:
        path = self.address(ROUTES[endpoint], value)
        sees = actor.sees | (self._colleagues(actor) if ROUTES[endpoint].shows_colleagues else frozenset())
        who = {"who": actor.key, "cookie": self.cookie_of[actor], "sees": sees}
        return Case(endpoint, actor.site, method, path, expected, **{**who, **facts})  # type: ignore[arg-type]

    def _colleagues(self, actor: Actor) -> frozenset[str]:
        company = [person for person in PEOPLE[actor.site] if person.company == actor.company]
        return frozenset(people.canary(person.site, person.key) for person in company)

    def address(self, route: Route, value: str = "") -> str:
        before, _, after = route.path.partition("<")
        return before + value + after.partition(">")[2]

    # ---- who is nobody

    def signed_out(self) -> Iterator[str]:
        """Nobody, and everybody whose cookie is worth nothing here, is led to sign-in."""
        for site in SITES:
            foreign = [(f"{actor.key} of {actor.site}", self.cookie_of[actor]) for actor in self.actors[ELSEWHERE[site]]]
            for who, cookie in [("nobody", ""), *foreign, *self.worthless[site]]:
                for endpoint, route in ROUTES.items():
                    if route.who == "person":
                        yield from self._signed_out(site, who, cookie, endpoint, route)

    def _signed_out(self, site: str, who: str, cookie: str, endpoint: str, route: Route) -> Iterator[str]:
        path, body = self.address(route, self.tempting(site, route)), route.attack(self.portal.sites[site])
        for method in route.answers:
            back = f"/sign-in?next={quote(path, safe='/')}" if method == "GET" else "/sign-in"
            facts = {"who": who, "cookie": cookie, "location": back, "body": body}
            yield from self.asker.ask(Case(endpoint, site, method, path, 303, **facts))  # type: ignore[arg-type]
            facts |= {"headers": SAME_ORIGIN | PARTIAL}
            yield from self.asker.ask(Case(endpoint, site, method, path, 401, **facts))  # type: ignore[arg-type]

    def tempting(self, site: str, route: Route) -> str:
        """An argument with which the route would answer its owner."""
        if route.names in ("row", "order"):
            row = self.cast.row(OWNERS[site], tempting_state(route))
            return row.public_id if route.names == "row" else row.order_number
        return {"token": self.tokens[site]["live"], "mail": "no-mail", "asset": "css/app.css"}.get(route.names, "")

    # ---- what everybody may see

    def anybody(self) -> Iterator[str]:
        for site in SITES:
            owner = OWNERS[site]
            for who, cookie, sees in (("nobody", "", frozenset()), (owner.key, self.cookie_of[owner], owner.sees)):
                for endpoint, route in ROUTES.items():
                    plain_page = route.names not in ("row", "order") and route.who == "person" and cookie
                    if (route.who == "public" or plain_page) and not route.ends_session:
                        yield from self._anybody(site, who, cookie, sees, endpoint)

    def _anybody(self, site: str, who: str, cookie: str, sees: frozenset[str], endpoint: str) -> Iterator[str]:
        route, keys = ROUTES[endpoint], ("nobody" if not cookie else "person", "site")
        for key, value in self.arguments(site, route).items():
            for method, status in route.answers.items():
                expected = pick(status, key, *keys, unknown=route.unknown)
                body = route.body if key in ("live", "") else route.attack(self.portal.sites[site])
                facts = {"who": who, "cookie": cookie, "sees": sees, "about": key, "body": body}
                case = Case(endpoint, site, method, self.address(route, value), expected, writes=True, **facts)  # type: ignore[arg-type]
                yield from self.asker.ask(case)

    def arguments(self, site: str, route: Route) -> dict[str, str]:
        """By what is said of them in the table of routes."""
        match route.names:
            case "token":
                return {**self.tokens[site], "another site’s": self.tokens[ELSEWHERE[site]]["live"]}
            case "asset":
                return {"there": "css/app.css", "missing": "css/none.css", "outside": "css/../../config.py"}
            case "order":
                own = self.cast.row(OWNERS[site], "pending").order_number
                return {"pending": own, "missing": "0399999999"}
        return {"": ""}

    def _tokens(self, site: str) -> dict[str, str]:
        now = self.portal.clock()
        with self.portal.at(self.portal.sites[site]):
            person = Person.get_by_id(self.cast.person_ids[LEAVERS[site]])
            ages = {"used": 0, "expired": 60, "live": 0}
            minted = {
                key: tokens.mint(
                    tokens.SET_PASSWORD, person=person, minutes=60, next_path="", now=now - timedelta(minutes=age)
                )
                for key, age in ages.items()
            }
            from webapp.data.sign_in import Token

            Token.update(used_at=now).where(Token.token_hash == sign_in.hash_token(minted["used"])).execute()
        return {**minted, "invented": "A" * 43}

    # ---- where a request comes from, and goes to

    def forged_origins(self) -> Iterator[str]:
        for endpoint, route in ROUTES.items():
            for headers in FORGED_ORIGINS if "POST" in route.answers else ():
                path = self.address(route, self.tempting("fr", route))
                yield from self.asker.ask(
                    Case(
                        endpoint,
                        "fr",
                        "POST",
                        path,
                        403,
                        who="alice, unawares",
                        cookie=self.cookie_of[ALICE],
                        sees=ALICE.sees,
                        headers=headers,
                        about=str(headers),
                        body=route.attack(self.portal.sites["fr"]),
                    )
                )

    def places(self) -> Iterator[str]:
        """Pages of a country are not at the bare domain, and its pages at no country; strange hosts are nothing."""
        for endpoint, route in ROUTES.items():
            path = self.address(route, self.tempting("fr", route))
            for host in ("", "fr", *STRANGE_HOSTS):
                at_home = route.place == "anywhere" or (route.place == "front") == (host == "")
                if "." in host or not at_home:
                    for method in route.answers:
                        facts = {"who": "alice", "cookie": self.cookie_of[ALICE], "sees": ALICE.sees}
                        body = route.attack(self.portal.sites["fr"])
                        yield from self.asker.ask(Case(endpoint, host, method, path, 404, body=body, **facts))  # type: ignore[arg-type]
                elif host == "" and not route.names:
                    for method, status in route.answers.items():
                        yield from self.asker.ask(Case(endpoint, host, method, path, pick(status, "front")))

    def methods(self) -> Iterator[str]:
        paths: defaultdict[str, dict[str, str]] = defaultdict(dict)
        for endpoint, route in ROUTES.items():
            paths[route.path] |= dict.fromkeys(route.answers, endpoint)
        for path, endpoints in paths.items():
            for method in METHODS:
                if method not in endpoints:
                    yield from self._method(method, next(iter(endpoints.values())), "GET" in endpoints)

    def _method(self, method: str, endpoint: str, readable: bool) -> Iterator[str]:
        route, host = ROUTES[endpoint], "" if ROUTES[endpoint].place == "front" else "fr"
        path = self.address(route, self.tempting("fr", route))
        for who, cookie, sees in (("nobody", "", frozenset()), ("alice", self.cookie_of[ALICE], ALICE.sees)):
            led = route.who == "person" and not cookie
            facts = {"who": who, "cookie": cookie, "sees": sees}
            if method == "HEAD" and readable:
                expected = self._as_read(endpoint, route, bool(cookie))
            elif method == "OPTIONS":
                expected = 303 if led else 200
            else:
                expected, led = 405, False
            facts |= {"location": "/sign-in"} if led else {}
            yield from self.asker.ask(Case(endpoint, host, method, path, expected, **facts))  # type: ignore[arg-type]

    def _as_read(self, endpoint: str, route: Route, signed_in: bool) -> int:
        if route.who == "person" and not signed_in:
            return 303
        keys = (tempting_state(route), "person" if signed_in else "nobody", "site", "live", "there" if route.names == "asset" else "")
        return pick(route.answers["GET"], *keys, unknown=route.unknown)

    # ---- the list, and ids in query strings and bodies

    def lists(self) -> Iterator[str]:
        """Whatever is asked of the list, it holds rows of who asks, and counts them only."""
        for site in SITES:
            for actor in self.actors[site]:
                yield from self._counted(actor)
                for arguments in self._list_arguments(actor):
                    yield from self._listed(actor, arguments)

    def _list_arguments(self, actor: Actor) -> Iterator[dict[str, str]]:
        for shelf in ("all", "pending", "active", "cancelled", "gone", "lapsed"):
            yield {"status": shelf}
        yield from ({"q": text} for text in ("sub-", "0314", "kanari", "fieldwire", "' OR 1=1 --", "%"))
        for row in self._edges(actor.site):
            for sort, key in (("name", row.sort_key), ("renewal", row.renewal_key), ("newest", row.micros)):
                edge = base64.urlsafe_b64encode(json.dumps([key, row.id]).encode()).decode().rstrip("=")
                yield from ({"sort": sort, way: edge} for way in ("after", "before"))

    def _edges(self, site: str) -> list[Subscription]:
        """Rows of everybody, as the edges that cursors name."""
        from webapp.data.database import to_micros

        with self.portal.at(self.portal.sites[site]):
            found = list(Subscription.select().order_by(Subscription.id))
        for row in found:
            row.micros = to_micros(row.ordered_at)
        return [found[1], found[-1]]

    def _listed(self, actor: Actor, arguments: dict[str, str]) -> Iterator[str]:
        path = f"/subscriptions?{urlencode(arguments)}"
        case = self.case("subscriptions.show_list", actor, "GET", "", 200)
        answer = self.asker.send(Case(**{**vars(case), "path": path}))
        own = {row.public_id for row in self.cast.rows_of(actor) if row.state in (*VISIBLE, people.HANDED_OVER)}
        if (foreign := linked(answer.text) - own) or answer.status_code != 200:
            yield f"{path} by {actor.key}: {answer.status_code}, lists {foreign}"
        if f"kanari-{actor.site}" in _without(answer.text, actor.sees):
            yield f"{path} by {actor.key}: shows a canary of somebody else"

    def _counted(self, actor: Actor) -> Iterator[str]:
        page = Page(self.asker.send(self.case("subscriptions.show_list", actor, "GET", "", 200)).text)
        states = [row.state for row in self.cast.rows_of(actor) if row.state in VISIBLE]
        parts = [sum(state in of for state in states) for of in (people.PENDING, ("active",), ("cancelled", "ended"))]
        expected = [str(number) for number in (sum(parts), *parts)] if states else []
        shown = [link.one("span").text for link in page.all("a") if link.within("nav") and link.within("form")]
        if shown != expected:
            yield f"the list counts {shown} for {actor.key}, not {expected}"

    def smuggled(self) -> Iterator[str]:
        """Ids, versions and hashes of others in what is sent."""
        for site in SITES:
            owner, there = OWNERS[site], ELSEWHERE[site]
            foreign_hash = ROUTES["activation.activate"].attack(self.portal.sites[there])
            pending = self.cast.row(owner, "pending").public_id
            facts = {"about": "with another site’s agreement", "body": foreign_hash}
            yield from self.asker.ask(self.case("activation.activate", owner, "POST", pending, 409, **facts))
            for other in self.actors[ELSEWHERE[site]]:
                facts = {"about": f"as {other.key} of {there}", "body": {"email": other.email, "password": other.password}}
                if other.email not in [actor.email for actor in PEOPLE[site]] or other.password != owner.password:
                    case = Case("sign_in.submit", site, "POST", "/sign-in", 422, writes=True, **facts)  # type: ignore[arg-type]
                    yield from self.asker.ask(case)

    # ---- that it works at all

    def walk(self) -> Iterator[str]:
        """Each change, made by who may make it."""
        active, last = self.cast.row(ALICE, "active").public_id, self.cast.row(ALICE, "last-days").public_id
        handed_over = self.cast.row(ALICE, people.HANDED_OVER).public_id
        colleague = ROUTES["transfer.submit"].attack(self.portal.sites["fr"])
        for endpoint, value, body in (
            ("sign_in.submit", "", {"email": ALICE.email, "password": ALICE.password}),
            ("passwords.send_link", "", {"email": ALICE.email}),
            ("passwords.save", self.tokens["fr"]["live"], {"password": "a spade and a shovel"}),
            ("activation.activate", last, ROUTES["activation.activate"].attack(self.portal.sites["fr"])),
            ("purchase_orders.save", active, {"po_number": "4500071236", "version": "0"}),
            ("transfer.take_back", handed_over, {}),
            ("backup.save", active, colleague),
            ("transfer.submit", active, colleague),
        ):
            yield from self.asker.ask(self.case(endpoint, ALICE, "POST", value, 303, body=body, writes=True))
        out = self.case("sign_in.leave", ALICE, "POST", "", 303, writes=True, location="/sign-in")
        yield from self.asker.ask(out)
        yield from self._demo()

    def _demo(self) -> Iterator[str]:
        """The mailbox is the bare domain's."""
        name = "fr-1@localhost.eml"
        folder = self.portal.settings.data / "mailbox"
        folder.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(_MAIL, encoding="utf-8")
        for endpoint, value in (("front.list_mail", ""), ("front.read_mail", name), ("front.show_mail", name)):
            yield from self.asker.ask(Case(endpoint, "", "GET", self.address(ROUTES[endpoint], value), 200))
            missing = self.address(ROUTES[endpoint], "fr-2@localhost.eml")
            if value:
                yield from self.asker.ask(Case(endpoint, "", "GET", missing, 404))
        yield from self.asker.ask(Case("static", "", "GET", "/static/css/app.css", 200))


_LINK = re.compile(r'(?:href|action)="/subscriptions/(SUB-[A-Z]{2}-[0-9]+)')
_MAIL = """\
From: a@example.com
To: b@example.com
Subject: Hello
Date: Sun, 22 Nov 2026 12:00:00 +0000
Message-ID: <fr-1@localhost>
X-Portal-Site: fr
Content-Type: text/html; charset="utf-8"

<p>Hello</p>
"""


def tempting_state(route: Route) -> str:
    """Of a row for which the route answers its owner."""
    if "/take-back" in route.path:
        return people.HANDED_OVER
    managing = ("/purchase-order", "/transfer", "/backup")
    return "active" if any(part in route.path for part in managing) else "pending"


def pick(status: Status, *keys: str, unknown: int = 404) -> int:
    """What the table says for the first of these words that it mentions."""
    if isinstance(status, int):
        return status
    return next((status[key] for key in keys if key in status), unknown)


def linked(html: str) -> set[str]:
    """The public ids of the subscriptions that a page leads to."""
    return set(_LINK.findall(html))


def _without(text: str, words: frozenset[str]) -> str:
    for word in words:
        text = text.replace(word, "")
    return text
