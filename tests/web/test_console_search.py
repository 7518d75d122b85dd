"""The console's search: the sites of the agent's regions, no more than it takes to choose, each search on record."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from flask import Flask

from tests.support.agents import TONI, console_client, keep_agent, show_password, signed_in_agent
from tests.support.cast import ALICE, CANARY, DORA, Cast
from tests.support.client import PARTIAL, SiteClient, page_of
from tests.web.conftest import on_sqlite
from webapp.assembly import Portal
from webapp.data.agents import AgentEvent
from webapp.domain.everywhere import Everywhere
from webapp.domain.support import agent_events


@pytest.fixture
def agent(app: Flask, portal: Portal) -> SiteClient:
    keep_agent(portal)
    return signed_in_agent(app)


def searches(portal: Portal) -> list[dict[str, Any]]:
    with portal.support.bound():
        found = AgentEvent.select().where(AgentEvent.action == agent_events.SEARCHED).order_by(AgentEvent.id)
        return [json.loads(event.details) for event in found]


def test_a_customer_is_found_and_no_more_is_shown_than_it_takes_to_choose(
    agent: SiteClient, portal: Portal, cast: Cast
) -> None:
    row = cast.row(ALICE, "active")
    page = agent.page("/console/search", query_string={"q": row.public_id})
    link = next(link for link in page.all("a") if link["href"].startswith("/visits/new"))
    assert link["href"] == f"/visits/new?site=fr&subscription={row.public_id}"
    assert "France" in page.text and "Active" in page.text
    assert set(CANARY.findall(page.text)) == {"kanari-fr-ouest"}  # the company, and nothing of its people
    for nothing in (ALICE.email, row.order_number, row.po_number):
        assert nothing not in page.text
    assert searches(portal) == [{"text": row.public_id, "sites": ["be", "fr", "gb", "nl"]}]


def test_everything_a_customer_can_tell_leads_there(agent: SiteClient, cast: Cast) -> None:
    row = cast.row(ALICE, "active")
    for text in (row.order_number, row.po_number, row.invoice, ALICE.email, "kanarie fr ouets"):
        found = agent.get("/console/search", query_string={"q": text}, headers=PARTIAL)
        assert row.public_id in found.text, text
        assert "<html" not in found.text


@on_sqlite
def test_other_regions_are_neither_searched_nor_named(app: Flask, portal: Portal, cast: Cast) -> None:
    keep_agent(portal, TONI)
    toni = signed_in_agent(app, TONI)
    german, french = cast.row(DORA, "active").public_id, cast.row(ALICE, "active").public_id
    assert german in toni.get("/console/search", query_string={"q": german}).text
    for address in ({"q": french}, {"q": french, "site": "fr"}, {"q": ALICE.email, "site": ["fr", "de"]}):
        answer = toni.get("/console/search", query_string=address)
        assert "kanari-fr" not in answer.text and "France" not in answer.text, address
    assert all("fr" not in one["sites"] for one in searches(portal))


@on_sqlite
def test_nobody_searches_without_both_factors(app: Flask, portal: Portal) -> None:
    keep_agent(portal)
    for client in (console_client(app), show_password(console_client(app))):
        assert client.get("/console/search?q=alice").status_code == 303
        assert client.get("/console/search?q=alice", headers=PARTIAL).status_code == 401
    assert not searches(portal)


@on_sqlite
def test_what_cannot_be_recorded_is_not_searched(
    agent: SiteClient, portal: Portal, cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    row = cast.row(ALICE, "active")
    with portal.support.bound() as opened:
        opened.execute_sql(
            "CREATE TRIGGER full BEFORE INSERT ON agent_event BEGIN SELECT RAISE(ABORT, 'full'); END"
        )

    def refuse(*_sites: object, **_more: object) -> None:
        raise AssertionError("It was asked all the same.")

    monkeypatch.setattr(Everywhere, "ask", refuse)
    answer = agent.get("/console/search", query_string={"q": row.public_id})
    assert answer.status_code >= 500 and "kanari" not in answer.text


@on_sqlite
def test_the_box_is_on_the_first_page_and_works_without_javascript(agent: SiteClient, cast: Cast) -> None:
    form = agent.page("/console").one("form", role="search")
    assert (form["action"], form["method"]) == ("/console/search", "get")
    nothing = agent.page("/console/search", query_string={"q": "zeppelin"})
    assert "Nothing found" in nothing.text
    assert nothing.one("input", id="q").get("value") == "zeppelin"


@on_sqlite
def test_too_little_is_neither_searched_nor_recorded(agent: SiteClient, portal: Portal) -> None:
    for text in ("", "a", "  ab "):
        page = agent.page("/console/search", query_string={"q": text})
        assert ("three characters" in page.text) == bool(text.strip())
    assert not searches(portal)


# ---- sites that are late, or broken


@pytest.fixture
def released() -> Iterator[threading.Event]:
    event = threading.Event()
    yield event
    event.set()


@on_sqlite
def test_a_late_site_is_shown_as_such_and_loads_itself(
    app: Flask,
    agent: SiteClient,
    portal: Portal,
    cast: Cast,
    released: threading.Event,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(
        "webapp.domain.everywhere.Everywhere.ask.__kwdefaults__", {"patience": 0.1, "longest": 3}
    )
    hold_up(app, portal, "gb", released)
    row = cast.row(ALICE, "active")
    first = agent.get("/console/search", query_string={"q": ALICE.email}, headers=PARTIAL)
    assert row.public_id in first.text
    page = page_of(first)
    late = page.one("div", id="late")
    again = late.one("a")  # who has no JavaScript presses it
    assert "United Kingdom" in late.text and "site=gb" in again["href"] and "load" in again["hx-trigger"]
    released.set()
    then = agent.get(again["hx-get"], headers=PARTIAL)
    assert "No answer" not in then.text and "Nothing found" in then.text
    assert searches(portal)[-1] == {"text": ALICE.email, "sites": ["gb"]}


@on_sqlite
def test_a_broken_site_is_shown_as_such_and_stops_no_other(
    agent: SiteClient, portal: Portal, cast: Cast
) -> None:
    with portal.at(portal.sites["gb"]) as _site:
        portal.databases.of(portal.sites["gb"]).execute_sql("DROP TABLE account_gram")
    page = agent.page("/console/search", query_string={"q": "kanari ouest"})
    assert cast.row(ALICE, "active").public_id in page.text
    assert "United Kingdom" in page.one("div", **{"class": "note bad"}).text


def hold_up(app: Flask, portal: Portal, code: str, released: threading.Event) -> None:
    @contextmanager
    def at(site: Any) -> Iterator[Any]:
        if site.code == code:
            released.wait(20)
        with portal.at(site, "look") as here:
            yield here

    for name in ("everywhere", "everywhere, patiently"):
        app.extensions[name] = Everywhere(at)
