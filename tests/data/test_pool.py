"""Connections: never more than the pool holds, and none is kept that nobody needs."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest

from tests.support.engines import PostgresEngine
from webapp.assembly import Portal
from webapp.data import pool
from webapp.data.statements import rows

AT_ONCE = 4


def use(portal: Portal, code: str, *, at_once: int = AT_ONCE) -> None:
    together = Barrier(at_once)

    def ask(_number: int) -> None:
        with portal.at(portal.sites[code]):
            together.wait(10)
            rows("SELECT 1 AS one")

    with ThreadPoolExecutor(at_once) as threads:
        list(threads.map(ask, range(at_once)))


def open_connections(portal: Portal, *codes: str) -> int:
    return sum(len(portal.databases.of(portal.sites[code])._connections) for code in codes)


def test_connections_that_rest_are_closed_at_every_site(portal: Portal) -> None:
    for code in ("fr", "de"):
        use(portal, code)
    assert open_connections(portal, "fr", "de") == 2 * AT_ONCE
    pool.close_idle(3600)
    assert open_connections(portal, "fr", "de") == 2 * AT_ONCE, "control: they have not rested for an hour"
    pool.close_idle(0)
    assert open_connections(portal, "fr", "de") == 0
    use(portal, "fr")  # and new ones are made


def test_a_connection_in_use_is_not_closed(portal: Portal) -> None:
    with portal.at(portal.sites["fr"]):
        pool.close_idle(0)
        assert rows("SELECT 1 AS one")[0].one == 1


@pytest.mark.parametrize("engine", ["postgresql"], indirect=True)
def test_the_server_keeps_none_of_them(engine: PostgresEngine, portal: Portal) -> None:
    use(portal, "fr")
    name = engine._name(portal.databases.urls["fr"])

    def at_server() -> int:
        counted = "SELECT count(*) FROM pg_stat_activity WHERE datname = %s"
        row = engine.admin.execute(counted, (name,)).fetchone()
        return int(row[0]) if row else 0

    assert at_server() == AT_ONCE
    pool.close_idle(0)
    give_up = time.monotonic() + 5
    while at_server() and time.monotonic() < give_up:
        time.sleep(0.02)
    assert at_server() == 0


@pytest.mark.parametrize("engine", ["sqlite"], indirect=True)
def test_somebody_sweeps_without_being_asked(portal: Portal, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pool, "IDLE_SECONDS", 0.04)
    monkeypatch.setattr(pool, "_sweeping_in", 0)  # as in a process that has just begun
    use(portal, "fr")
    give_up = time.monotonic() + 5
    while open_connections(portal, "fr") and time.monotonic() < give_up:
        time.sleep(0.01)
    assert open_connections(portal, "fr") == 0
