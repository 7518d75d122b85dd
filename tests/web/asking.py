"""One question to the portal and what is wrong with the answer."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from itertools import count
from typing import Any

from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from tests.support.cast import CANARY
from tests.support.client import SAFE_METHODS
from tests.web.routes.shapes import Body
from webapp.assembly import Portal
from webapp.data.api_keys import ApiKey
from webapp.data.database import database
from webapp.data.documents import StoredDocument
from webapp.data.schema import MODELS
from webapp.data.sign_in import Attempt, Session

# Written by questions too: what was tried, when somebody was last seen, what was made when it was asked for.
_KEPT_COUNT = {Attempt, Session, StoredDocument, ApiKey}

SAME_ORIGIN = {"Sec-Fetch-Site": "same-origin"}


@dataclass(frozen=True)
class Case:
    """`host` is a site's code, nothing for the bare domain, or a whole host name of somebody else's."""

    endpoint: str
    host: str
    method: str
    path: str
    expected: int
    who: str = "nobody"
    cookie: str = ""
    sees: frozenset[str] = frozenset()
    about: str = ""
    location: str = ""  # where it must lead; without one: anywhere but to sign-in
    headers: Mapping[str, str] = field(default_factory=lambda: SAME_ORIGIN)
    body: Body | bytes = field(default_factory=dict)
    content: str = ""  # instead of a form
    writes: bool = False

    def __str__(self) -> str:
        htmx = " (htmx)" if "HX-Request" in self.headers else ""
        return f"{self.method} {self.host or 'front'}{self.path} by {self.who}{htmx} {self.about}".rstrip()


class Asker:
    """Sends cases and judges the answers: status, where they lead, what they show, what they changed."""

    def __init__(self, app: Flask, sites: tuple[str, ...]) -> None:
        self.portal: Portal = app.extensions["portal"]
        self.client = FlaskClient(app, app.response_class, use_cookies=False)
        self.cookie_name = app.config["SESSION_COOKIE_NAME"]
        self.succeeded: set[tuple[str, str]] = set()
        self.asked = 0
        self._addresses = (f"10.{n >> 16 & 255}.{n >> 8 & 255}.{n & 255}" for n in count(1))
        self._known = {code: self.digest(code) for code in sites}

    def ask(self, case: Case) -> Iterator[str]:
        try:
            answer = self.send(case)
        except Exception as problem:
            yield f"{case}: raised {problem!r}"
            return
        yield from self._judge(case, answer)
        if case.method not in SAFE_METHODS and case.host in self._known:
            yield from self._changes(case)

    def send(self, case: Case) -> TestResponse:
        self.asked += 1
        headers = {**case.headers, **({"Cookie": f"{self.cookie_name}={case.cookie}"} if case.cookie else {})}
        return self.client.open(
            case.path,
            method=case.method,
            base_url=self.base_url(case.host),
            headers=headers,
            data=(case.content or case.body) if case.method not in SAFE_METHODS else None,
            environ_overrides={"REMOTE_ADDR": next(self._addresses)},
            buffered=True,
        )

    def base_url(self, host: str) -> str:
        settings = self.portal.settings
        return f"http://{host}:8000" if "." in host else settings.origin(host or None)

    def _judge(self, case: Case, answer: TestResponse) -> Iterator[str]:
        if answer.status_code != case.expected:
            yield f"{case}: {answer.status_code} instead of {case.expected}"
        elif answer.status_code < 400 and not case.location.startswith(("/sign-in?", "/agent/sign-in")):
            self.succeeded.add((case.endpoint, case.method))
        lead = answer.headers.get("Location") or answer.headers.get("HX-Redirect") or ""
        if case.location and lead != case.location:
            yield f"{case}: leads to {lead} instead of {case.location}"
        if not case.location and lead.startswith("/sign-in"):
            yield f"{case}: led to sign-in"
        shown = set(CANARY.findall(f"{answer.headers} {said(answer)}".lower()))
        if foreign := shown - case.sees:
            yield f"{case}: shows {', '.join(sorted(foreign))}"

    def _changes(self, case: Case) -> Iterator[str]:
        before, after = self._known[case.host], self.digest(case.host)
        self._known[case.host] = after
        if not case.writes and before != after:
            tables = [name for name in after if before[name] != after[name]]
            yield f"{case}: changed {', '.join(tables)}"

    def changed_only(self, code: str, *tables: str) -> Iterator[str]:
        """Of what was asked since: nothing else changed there."""
        before, after = self._known[code], self.digest(code)
        self._known[code] = after
        if wrong := [name for name in after if before[name] != after[name] and name not in tables]:
            yield f"changed {', '.join(wrong)} of {code}"

    def settle(self, stage: str) -> Iterator[str]:
        """After a stage: reading has changed nothing anywhere."""
        for code, before in self._known.items():
            self._known[code] = after = self.digest(code)
            if before != after:
                tables = [name for name in after if before[name] != after[name]]
                yield f"{stage}: reading changed {', '.join(tables)} of {code}"

    def digest(self, code: str) -> dict[str, int]:
        """Table → hash of its rows. Forgets what was tried too often, as support may."""
        with self.portal.at(self.portal.sites[code]):
            if Attempt.select().exists():
                Attempt.delete().execute()
            tables = [model._meta.table_name for model in MODELS if model not in _KEPT_COUNT]
            return {table: hash(frozenset(_rows(table))) for table in tables}


def said(answer: TestResponse) -> str:
    """Of files, what is legible; the lines of a calendar are folded anywhere."""
    return answer.get_data().decode(errors="replace").replace("\r\n ", "")


def _rows(table: str) -> list[tuple[Any, ...]]:
    found: list[tuple[Any, ...]] = database.execute_sql(f'SELECT * FROM "{table}"').fetchall()
    return found
