"""The sweep's questions to the support console: who has shown what, and what each of them is shown."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import timedelta
from urllib.parse import urlencode

from webauthn.helpers import bytes_to_base64url

from tests.support.agents import (
    AGENT_PASSWORD,
    SAM,
    TONI,
    AnAgent,
    console_client,
    keep_agent,
    show_password,
    signed_in_agent,
)
from tests.support.authenticator import Authenticator
from tests.support.cast import ALICE, SITES
from tests.support.client import PARTIAL, SiteClient
from tests.web.asking import SAME_ORIGIN, Asker, Case
from tests.web.ground import Ground, address, pick
from tests.web.routes import ROUTES
from tests.web.routes.shapes import Route
from webapp.data.agents import AGENT_MODELS, Agent, AgentEvent, AgentPasskey, AgentSession, AgentToken
from webapp.data.support import support_database
from webapp.domain.support import agent_passkeys, agent_sign_in, agents
from webapp.domain.support.agent_passkeys import Console
from webapp.sites import SUPPORT

CONSOLE = Console("support.localhost", "http://support.localhost:8000", "")
FORGED: tuple[dict[str, str], ...] = (
    {},
    {"Sec-Fetch-Site": "cross-site"},
    {"Sec-Fetch-Site": "same-site"},
    {"Origin": "http://fr.support.localhost:8000"},
    {"Origin": "http://fr.localhost:8000"},
)
_KEPT_COUNT = {AgentSession, AgentEvent}


@dataclass(frozen=True)
class AtConsole:
    """`standing`: nobody, half (password only), new (and no second factor yet), agent."""

    name: str
    standing: str
    cookie: str = ""


class Consoled:
    def __init__(self, asker: Asker, ground: Ground) -> None:
        self.asker, self.ground, self.portal = asker, ground, ground.portal
        self.newcomer = AnAgent("new@support.example", "Noa Neu", ("dach",), "NOAHASNOTHINGYET")
        self.leaver = AnAgent("gone@support.example", "Gil Gone", ("dach",), "GILHASGONEALREADY3333333")
        for who, app in ((SAM, True), (TONI, True), (self.newcomer, False), (self.leaver, True)):
            keep_agent(self.portal, who, app=app)
        self.links = self._links()
        self.nobodies = list(self._nobodies())
        self.agents = list(self._agents())

    def _links(self) -> dict[str, str]:
        now = self.portal.clock()
        with self.portal.support.bound():
            number = agents.find(TONI.email).id
            replaced = agent_sign_in.make_link(number, now=now)
            live = agent_sign_in.make_link(number, now=now)
            late = agent_sign_in.make_link(agents.find(SAM.email).id, now=now - timedelta(hours=24))
        return {"live": live, "replaced": replaced, "expired": late, "invented": "A" * 43}

    def _nobodies(self) -> Iterator[AtConsole]:
        yield AtConsole("nobody", "nobody")
        yield AtConsole("a customer", "nobody", self.ground.visitors[ALICE].cookie)
        gone = _cookie(signed_in_agent(self.ground.app, self.leaver))
        with self.portal.support.bound():  # not by the rule, which ends their sessions besides
            Agent.update(disabled_at=self.portal.clock()).where(Agent.name == self.leaver.name).execute()
        yield AtConsole("somebody who was disabled", "nobody", gone)

    def _agents(self) -> Iterator[AtConsole]:
        app = self.ground.app
        yield AtConsole("half", "half", _cookie(show_password(console_client(app))))
        newcomer = show_password(console_client(app), self.newcomer)
        assert newcomer.post("/agent/app").status_code == 303  # has begun to set one up
        yield AtConsole("new", "new", _cookie(newcomer))
        yield AtConsole("sam", "agent", _cookie(signed_in_agent(app)))

    # ---- questions

    def violations(self) -> Iterator[str]:
        for endpoint, route in ROUTES.items():
            if route.place == "support":
                yield from self._refused(endpoint, route)
                yield from self._answered(endpoint, route)
        yield from self._searches()
        yield from self._walk()

    def _searches(self) -> Iterator[str]:
        """Companies of the agent's own regions, and nobody's name: whatever is asked, by whatever address."""
        sam, rows = self.agents[-1], self.ground.cast.rows
        theirs = frozenset(f"kanari-fr-{row.owner.company.key}" for row in rows if row.owner.site == "fr")
        told = {text for row in rows for text in (row.public_id, row.order_number, row.owner.email)}
        for text in sorted(told | {"kanari"}):
            for at in ({}, {"site": "de", "again": "yes"}):
                path = f"/console/search?{urlencode({'q': text, **at})}"
                case = Case("console_search.show", SUPPORT, "GET", path, 200, sees=theirs)
                yield from self.asker.ask(replace(case, who="sam", cookie=sam.cookie))

    def _cases(self, endpoint: str, route: Route, who: AtConsole) -> Iterator[tuple[Case, str]]:
        values = {"agent token": self.links, "visit": {"nobody’s": "0" * 16}}.get(route.names, {"": ""})
        for key, value in values.items():
            for method in route.answers:
                about = f"{who.name} {key}".strip()
                yield (
                    Case(
                        endpoint,
                        SUPPORT,
                        method,
                        address(route, value),
                        0,
                        who=who.name,
                        cookie=who.cookie,
                        about=about,
                        body=route.body,
                    ),
                    key,
                )

    def _refused(self, endpoint: str, route: Route) -> Iterator[str]:
        """Who is not signed in sees nothing but the way in; pages elsewhere send nothing in an agent's name."""
        before = self._digest()
        for who in self.nobodies:
            for case, _key in self._cases(endpoint, route, who):
                if route.who != "public":
                    yield from self._led(case, "/agent/sign-in")
        half, new, sam = self.agents
        for who, way in ((half, "/agent/proof"), (new, "/agent/set-up")):
            for case, _key in self._cases(endpoint, route, who):
                if route.who not in ("public", "half_agent"):
                    yield from self._led(case, way)
        for case, _key in self._cases(endpoint, route, sam):
            for headers in FORGED if case.method == "POST" else ():
                yield from self.asker.ask(replace(case, expected=403, headers=headers, about=str(headers)))
            for host in ("", *SITES, *(f"{site}.support.localhost" for site in SITES)):
                if (case.path, case.method) not in _elsewhere():
                    yield from self._not_there(replace(case, host=host, about=f"at {host}"))
        if before != self._digest():
            yield f"{endpoint}: a refusal changed the shared database"

    def _led(self, case: Case, way: str) -> Iterator[str]:
        answer = self.asker.send(case)
        lead = answer.headers.get("Location", "")
        if answer.status_code != 303 or lead.partition("?")[0] != way:
            yield f"{case}: {answer.status_code} to {lead} instead of 303 to {way}"
        answer = self.asker.send(replace(case, headers=SAME_ORIGIN | PARTIAL))
        if answer.status_code != 401 or answer.data or "HX-Redirect" not in answer.headers:
            yield f"{case} (htmx): {answer.status_code}"

    def _not_there(self, case: Case) -> Iterator[str]:
        answer = self.asker.send(case)
        led_away = answer.status_code == 303 and not answer.data.startswith(b"<!doctype")
        if answer.status_code not in (403, 404, 405) and not led_away:
            yield f"{case}: {answer.status_code} instead of 404"

    def _answered(self, endpoint: str, route: Route) -> Iterator[str]:
        for who in (self.nobodies[0], *self.agents) if not route.ends_session else ():
            allowed = route.who == "public" or who.standing == "agent" or route.who == "half_agent"
            if not allowed or (who.standing == "nobody" and route.who != "public"):
                continue
            for case, key in self._cases(endpoint, route, who):
                status = pick(route.answers[case.method], who.standing, key, unknown=route.unknown)
                yield from self._answer(replace(case, expected=status))

    def _answer(self, case: Case) -> Iterator[str]:
        answer = self.asker.send(case)
        if answer.status_code != case.expected:
            yield f"{case}: {answer.status_code} instead of {case.expected}"
        elif answer.status_code < 400:
            self.asker.succeeded.add((case.endpoint, case.method))

    def _walk(self) -> Iterator[str]:
        """Each change, made by who may make it."""
        app, again = self.ground.app, {"password": AGENT_PASSWORD}
        first = console_client(app)
        steps = [
            (first, "agent_sign_in.save", self.links["live"], {"password": "a hammer and a chisel"}),
            (
                first,
                "agent_sign_in.show_code",
                "",
                {"code": TONI.code(self.portal.clock() + timedelta(seconds=30))},
            ),
            (first, "agent.change_password", "", {"current": "a hammer and a chisel", **again}),
        ]
        for client, endpoint, value, body in steps:
            yield from self._step(client, endpoint, value, body)
        with self.portal.support.bound():
            number = agents.find(TONI.email).id
            AgentPasskey.insert(
                agent=number, credential_id="AAAA", public_key=b"", added_at=self.portal.clock()
            ).execute()
            name = agent_passkeys.name_of(AgentPasskey.get())
        page = first.get(f"/agent/passkeys/remove?passkey={name}")
        if page.status_code != 200:
            yield f"agent_passkeys.ask_remove: {page.status_code} instead of 200, in the walk"
        self.asker.succeeded.add(("agent_passkeys.ask_remove", "GET"))
        yield from self._step(first, "agent_passkeys.remove", "", {**again, "passkey": name})
        yield from self._step(first, "agent_passkeys.start", "", again)
        options = self._options_to_add()
        key = Authenticator(CONSOLE.origin, CONSOLE.host)
        yield from self._step(first, "agent_passkeys.add", "", {"answer": key.made(options), "name": "Key"})
        yield from self._step(first, "agent.remove_app", "", again)
        yield from self._step(first, "agent_sign_in.leave", "", {})
        fresh = {"email": SAM.email, **again}
        yield from self._step(console_client(app), "agent_sign_in.submit", "", fresh)

    def _options_to_add(self) -> str:
        """What the page offers the browser."""
        with self.portal.support.bound():
            purpose = AgentToken.purpose == "passkey_add"
            started = AgentToken.select().where(purpose, AgentToken.used_at.is_null())
            challenge = started.order_by(AgentToken.id.desc()).get().data
        return json.dumps({"challenge": bytes_to_base64url(challenge.encode())})

    def _step(self, client: SiteClient, endpoint: str, value: str, body: dict[str, str]) -> Iterator[str]:
        answer = client.post(address(ROUTES[endpoint], value), data=body)
        if answer.status_code != 303:
            yield f"{endpoint}: {answer.status_code} instead of 303, in the walk"
        self.asker.succeeded.add((endpoint, "POST"))

    def _digest(self) -> int:
        """Of what refusals must leave as it is."""
        with self.portal.support.bound():
            tables = [model._meta.table_name for model in AGENT_MODELS if model not in _KEPT_COUNT]
            return hash(
                tuple(
                    (table, *support_database.execute_sql(f'SELECT * FROM "{table}"').fetchall())
                    for table in tables
                )
            )


def _cookie(client: SiteClient) -> str:
    cookie = client.get_cookie("session", domain="support.localhost")
    assert cookie
    return cookie.value


def _elsewhere() -> set[tuple[str, str]]:
    """Addresses that other places have, too."""
    return {
        (route.path, method)
        for route in ROUTES.values()
        if route.place != "support"
        for method in route.answers
    }


def consoled(asker: Asker, ground: Ground) -> Iterator[str]:
    yield from Consoled(asker, ground).violations()
