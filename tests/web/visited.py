"""The sweep's questions to the host of visits: who may look, at what, and that each look is in the trail."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from tests.support.agents import AnAgent, keep_agent, signed_in_agent
from tests.support.cast import ALICE, CHARLIE, DORA, ERIN, FRANK, GIVEN, GONE, Row, canary
from tests.support.client import PARTIAL
from tests.support.visits import visiting
from tests.web.asking import SAME_ORIGIN, Asker, Case
from tests.web.ground import Ground, address, named, pick
from tests.web.routes import ROUTES
from tests.web.routes.shapes import Route
from tests.web.routes.visits import VISITED
from webapp.data.agents import AgentSession, Visit
from webapp.data.audit import AuditEvent
from webapp.domain import limits
from webapp.domain.hashing import hash_token
from webapp.domain.people import sign_in
from webapp.domain.support import visits
from webapp.sites import SUPPORT

HOST = "fr.support.localhost"
BESIDE = ("facts.", "acts.")  # pages that no customer sees


@dataclass(frozen=True)
class Looking:
    """Somebody with a cookie of a visit; whether it opens anything."""

    name: str
    cookie: str
    looks: bool = False


class Visited:
    def __init__(self, asker: Asker, ground: Ground) -> None:
        self.asker, self.ground, self.portal = asker, ground, ground.portal
        self.row = ground.cast.row(ALICE, "active")
        self.sam = AnAgent(
            "vera@support.example", "Vera Visit", ("western-europe",), "VERALOOKSATCUSTOMERS2345"
        )
        keep_agent(self.portal, self.sam)
        self.console = signed_in_agent(ground.app, self.sam)
        self.kinds = list(self._kinds())

    def _kinds(self) -> Iterator[Looking]:
        """Each has a visit of their own in the database, so that only one thing is wrong with it."""
        yield Looking("nobody", "")
        yield Looking("somebody with an invented cookie", "A" * 43)
        live = self._opened()
        now = self.portal.clock()
        with self.portal.support.bound():
            found = Visit.get(Visit.token_hash == hash_token(live))
            facts = {name: value for name, value in found.__data__.items() if name != "id"}
        for name, change in (
            ("an expired visit", {"valid_until": now}),
            ("a visit that was ended", {"ended_at": now}),
            ("a visit at another site", {"site": "gb"}),
            ("a visit of a session that is gone", {"session_hash": "0" * 64}),
        ):
            yield Looking(name, self._forged(facts, name, **change))
        yield Looking("an agent of another region", self._of_another_region(facts))
        yield Looking("sam", live, looks=True)

    def _opened(self) -> str:
        client = visiting(self.ground.app, self.console, self.row.public_id)
        cookie = client.get_cookie("visit", domain="fr.support.localhost")
        assert cookie
        for endpoint, method in (
            ("support_visits.ask", "GET"),
            ("support_visits.open_visit", "POST"),
            ("visiting.enter", "GET"),
        ):
            self.asker.succeeded.add((endpoint, method))
        return cookie.value

    def _forged(self, facts: dict[str, object], name: str, **change: object) -> str:
        key, token = visits.new_key(), name.replace(" ", "-").ljust(43, "x")
        with self.portal.support.bound():
            Visit.create(**{**facts, "key": key, "token_hash": hash_token(token), **change})
        return token

    def _of_another_region(self, facts: dict[str, object]) -> str:
        who = AnAgent("wim@support.example", "Wim Weit", ("dach",), "WIMHELPSCUSTOMERSELSEWHERE234567")
        number = keep_agent(self.portal, who)
        signed_in_agent(self.ground.app, who)
        with self.portal.support.bound():
            session = AgentSession.get(AgentSession.agent == number).token_hash
        return self._forged(facts, "out of region", agent=number, session_hash=session)

    # ---- questions

    def violations(self) -> Iterator[str]:
        yield from self.asker.changed_only("fr", "audit_event")  # that the visit was opened
        for endpoint, route in ROUTES.items():
            for who in self.kinds:
                yield from self._of_route(endpoint, route, who)
        yield from self.asker.changed_only("fr", "audit_event")
        yield from self._act(self.kinds[-1])
        yield from self._on_the_console()
        yield from self._walk()
        yield from self.asker.changed_only("fr", "audit_event")

    def _of_route(self, endpoint: str, route: Route, who: Looking) -> Iterator[str]:
        for method in route.answers:
            if endpoint in VISITED:
                yield from self._shown(endpoint, route, method, who)
            elif route.place == "visit" and route.who == "visit":
                if not who.looks:
                    beside = named(self.row, route) if route.names == "row" else ""
                    path = address(route, beside or self.ground.tempting("fr", route))
                    yield from self._led(self._case(endpoint, method, path, who))
                elif endpoint.startswith(BESIDE):
                    yield from self._beside(endpoint, route, method, who)
            elif route.place in ("site", "front", "support"):
                path = address(route, self.ground.tempting("fr", route))
                yield from self._ask(self._case(endpoint, method, path, who), 404)

    def _shown(self, endpoint: str, route: Route, method: str, who: Looking) -> Iterator[str]:
        for row, status in self._rows(route, method):
            case = self._case(endpoint, method, address(route, named(row, route) if row else ""), who)
            if not who.looks:
                yield from self._led(case)
                continue
            before = self._looks()
            yield from self._ask(case, status)
            if self._looks() != before + 1:
                yield f"{case}: {self._looks() - before} events"

    def _rows(self, route: Route, method: str) -> Iterator[tuple[Row | None, int]]:
        """What alice has, as she sees it; and of others nothing, of her own company neither."""
        if not route.names:
            yield None, pick(route.answers[method])
            return
        for row in self.ground.cast.rows_of(ALICE):
            if named(row, route):
                yield row, pick(route.answers[method], row.state, unknown=route.unknown)
        for owner in (FRANK, CHARLIE, DORA):
            row = self.ground.cast.row(owner, "active")
            if owner != DORA or named(row, route) not in {
                named(one, route) for one in self.ground.cast.rows_of(ALICE)
            }:
                yield row, 404

    def _beside(self, endpoint: str, route: Route, method: str, who: Looking) -> Iterator[str]:
        """Of the account, whoever in it administers it; of others nothing. What is done once, the walk does."""
        if not route.names:
            path = f"{address(route)}?{route.query}" if route.query else address(route)
            case = replace(self._case(endpoint, method, path, who), body=route.body, writes=True)
            yield from self._ask(case, pick(route.answers[method]))
            return
        for owner in (ALICE, FRANK, CHARLIE, DORA):
            for row in self.ground.cast.rows_of(owner):
                status = pick(route.answers[method], row.state) if owner in (ALICE, FRANK) else 404
                if not (route.once and status < 400):
                    case = self._case(endpoint, method, address(route, row.public_id), who)
                    yield from self._ask(replace(case, body=route.body, writes=True), status)

    def _act(self, sam: Looking) -> Iterator[str]:
        """Each of the three once, over what may be written then."""
        row = self.ground.cast.row(ALICE, "pending")
        mail, unlock = ROUTES["acts.send_activation_mail"], ROUTES["acts.unlock"]
        case = self._case("acts.send_activation_mail", "POST", address(mail, row.public_id), sam)
        yield from self._ask(replace(case, writes=True), 303)
        yield from self.asker.changed_only("fr", "audit_event", "outbox_message")
        correct = ROUTES["acts.correct_purchaser"]
        typed = {"email": "new@example.com", "name": "New", "shown": ALICE.email}
        case = self._case("acts.correct_purchaser", "POST", address(correct, row.public_id), sam)
        yield from self._ask(replace(case, body=typed, writes=True), 200)  # what it would do
        yield from self.asker.changed_only("fr", "audit_event")
        strangers = {"email": CHARLIE.email}
        case = self._case("acts.unlock", "POST", address(unlock), sam)
        yield from self._ask(replace(case, body=strangers, writes=True), 404)
        with self.portal.at(self.portal.sites["fr"]):
            for _time in range(sign_in.SIGN_INS.times):
                limits.count(sign_in.SIGN_INS, ALICE.email, now=self.portal.clock())
        path = f"{address(unlock)}?{ROUTES['acts.ask_unlock'].query}"
        yield from self._ask(self._case("acts.ask_unlock", "GET", path, sam), 200)
        case = replace(self._case("acts.unlock", "POST", address(unlock), sam), body=unlock.body, writes=True)
        yield from self._ask(case, 303)
        yield from self.asker.changed_only("fr", "audit_event")

    def _looks(self) -> int:
        with self.portal.at(self.portal.sites["fr"]):
            return int(AuditEvent.select().where(AuditEvent.action == "support.looked").count())

    def _case(self, endpoint: str, method: str, path: str, who: Looking) -> Case:
        sees = self.ground.visitors[ALICE].sees | self.ground.shown_besides(ALICE, ROUTES[endpoint])
        if endpoint.startswith(BESIDE):  # all of the company, what is gone as well
            sees |= {canary("fr", key) for key in (ALICE.company.key, FRANK.key, ERIN.key, GIVEN, GONE)}
        return Case(endpoint, HOST, method, path, 0, who=who.name, cookie=who.cookie, sees=frozenset(sees))

    def _send(self, case: Case) -> Case:
        """Under the name that the cookie has there."""
        cookie = {"Cookie": f"visit={case.cookie}"} if case.cookie else {}
        return replace(case, cookie="", headers={**case.headers, **cookie})

    def _ask(self, case: Case, expected: int) -> Iterator[str]:
        yield from self.asker.ask(replace(self._send(case), expected=expected))

    def _led(self, case: Case) -> Iterator[str]:
        console = self.portal.settings.origin(SUPPORT)
        answer = self.asker.send(self._send(case))
        if answer.status_code != 303 or not answer.headers["Location"].startswith(console):
            yield f"{case}: {answer.status_code} instead of 303 to the console"
        answer = self.asker.send(self._send(replace(case, headers=SAME_ORIGIN | PARTIAL)))
        if answer.status_code != 401 or answer.data:
            yield f"{case} (htmx): {answer.status_code} instead of 401"

    def _on_the_console(self) -> Iterator[str]:
        """What sam visited is sam's own; subscriptions of other regions are nobody's."""
        with self.portal.support.bound():
            mine = Visit.select().order_by(Visit.id).first().key
        status = self.console.get(f"/visits/{mine}").status_code
        if status != 200:
            yield f"/visits/{mine}: {status}"
        self.asker.succeeded.add(("support_visits.show", "GET"))
        elsewhere = self.ground.cast.row(DORA, "active").public_id
        for query in (f"site=de&subscription={elsewhere}", "site=fr&subscription=SUB-FR-999999", "site=xx"):
            if (status := self.console.get(f"/visits/new?{query}").status_code) != 404:
                yield f"/visits/new?{query}: {status}"

    def _walk(self) -> Iterator[str]:
        sam = self.kinds[-1]
        for endpoint in ("disputes.show_list", "disputes.show", "disputes.decide"):
            route = ROUTES[endpoint]
            for method, status in route.answers.items():
                path = address(route, self.ground.tempting("fr", route))
                yield from self._ask(self._case(endpoint, method, path, sam), pick(status))
        for endpoint in ("visiting.renew", "visiting.end"):
            for headers in ({}, {"Sec-Fetch-Site": "same-site"}, {"Origin": "http://support.localhost:8000"}):
                case = self._case(endpoint, "POST", address(ROUTES[endpoint]), sam)
                yield from self._ask(replace(case, headers=headers), 403)
            yield from self._ask(self._case(endpoint, "POST", address(ROUTES[endpoint]), sam), 303)


def visited(asker: Asker, ground: Ground) -> Iterator[str]:
    yield from Visited(asker, ground).violations()
