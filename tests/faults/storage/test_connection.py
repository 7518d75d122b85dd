"""The database drops its connections: an idle one is replaced before anybody notices, in the middle of a change
the change is undone and answered 503, and the next request works."""

from __future__ import annotations

import psycopg
import pytest

from tests.faults.storage.editing import Editing
from tests.support.cast import Cast
from tests.support.client import SiteClient
from tests.web.conftest import CastEngine
from webapp.assembly import Portal
from webapp.data import audit, pool, records
from webapp.jobs.registry import run_due

on_postgresql = pytest.mark.parametrize("engine", ["postgresql"], indirect=True)


class Server:
    """Ends the connections to the database of fr."""

    def __init__(self, engine: CastEngine, portal: Portal) -> None:
        self.admin: psycopg.Connection = engine.plain.admin
        self.name = engine.plain._name(portal.databases.urls["fr"])

    def drop_connections(self) -> int:
        ended = "SELECT count(pg_terminate_backend(pid, 5000)) FROM pg_stat_activity WHERE datname = %s"
        row = self.admin.execute(ended, (self.name,)).fetchone()
        assert row is not None
        return int(row[0])


@pytest.fixture
def server(engine: CastEngine, portal: Portal) -> Server:
    return Server(engine, portal)


@pytest.fixture
def editing(alice: SiteClient, portal: Portal, cast: Cast) -> Editing:
    return Editing(alice, portal, cast)


@pytest.fixture
def rested(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every connection has rested long enough to be asked whether it still lives."""
    monkeypatch.setattr(pool, "TRUSTED_SECONDS", 0.0)


@pytest.mark.row("dropped connection")
@on_postgresql
@pytest.mark.usefixtures("rested")
def test_an_idle_connection_that_was_dropped_fails_no_request(editing: Editing, server: Server) -> None:
    for _time in range(5):
        assert server.drop_connections() > 0
        assert editing.client.get("/subscriptions").status_code == 200
        server.drop_connections()
        assert editing.edit() == 303
    editing.check()


@pytest.mark.row("dropped connection", control=True)
@on_postgresql
def test_control_connections_that_nobody_asks_fail(
    editing: Editing, server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pool, "TRUSTED_SECONDS", 3600.0)
    editing.client.get("/subscriptions")
    assert server.drop_connections() > 0
    assert editing.client.get("/subscriptions").status_code == 503


@pytest.mark.row("dropped connection")
@on_postgresql
def test_a_busy_connection_that_was_dropped_costs_one_request(editing: Editing, server: Server) -> None:
    """It has answered within the last second, and nobody asks it again so soon."""
    editing.edit()
    server.drop_connections()
    answers = [editing.client.get("/subscriptions").status_code for _request in range(3)]
    assert answers[1:] == [200, 200]
    assert answers[0] in (200, 503)


@pytest.mark.row("dropped connection")
@on_postgresql
@pytest.mark.usefixtures("rested")
def test_a_connection_dropped_in_the_middle_of_a_change_undoes_it(
    editing: Editing, server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    editing.edit()
    insert, drops = records.insert, iter([True])

    def drop_before_the_audit(model, **values):
        if model is audit.AuditEvent and next(drops, False):
            server.drop_connections()
        return insert(model, **values)

    monkeypatch.setattr(records, "insert", drop_before_the_audit)
    assert editing.edit() == 503
    assert editing.edit() == 303
    editing.check()


@on_postgresql
@pytest.mark.usefixtures("rested")
def test_a_job_that_lost_its_connection_works_again_the_next_time(
    portal: Portal, server: Server, cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    fr = portal.sites["fr"]
    assert all(result.ok for result in run_due(portal, None, [fr]))
    server.drop_connections()
    assert all(result.ok for result in run_due(portal, None, [fr]))
