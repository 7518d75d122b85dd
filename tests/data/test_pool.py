"""Connections: never more than the pool holds, and none is kept that nobody needs."""

from __future__ import annotations

import gc
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
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


def test_a_process_keeps_no_more_than_it_needs_over_all_sites(
    portal: Portal, monkeypatch: pytest.MonkeyPatch
) -> None:
    pool.close_idle(0)
    monkeypatch.setattr(pool, "MAX_RESTING", AT_ONCE + 1)
    for code in ("fr", "de", "at"):
        use(portal, code)
    assert open_connections(portal, "fr", "de", "at") == AT_ONCE + 1
    pool.close_idle(0)
    use(portal, "at")
    assert open_connections(portal, "at") == AT_ONCE, "those that were closed count no more"


@pytest.mark.parametrize("engine", ["sqlite"], indirect=True)
def test_who_goes_round_all_sites_keeps_few_files_open(
    portal: Portal, monkeypatch: pytest.MonkeyPatch
) -> None:
    pool.close_idle(0)
    monkeypatch.setattr(pool, "_few_files", False)
    pool.keep_few_files()
    codes = [site.code for site in portal.sites][: pool.FEW_RESTING + 2]
    for code in codes:
        use(portal, code, at_once=1)
    assert open_connections(portal, *codes) == pool.FEW_RESTING


def test_a_pool_that_nobody_knows_any_more_takes_no_place(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    pool.close_idle(0)
    monkeypatch.setattr(pool, "MAX_RESTING", 1)
    for name in ("first", "second"):
        opened = pool.open_database(f"sqlite:///{tmp_path / name}.sqlite3")
        with opened.connection_context():
            opened.execute_sql("SELECT 1")
        assert len(opened._connections) == 1, name  # type: ignore[attr-defined]
        del opened
        gc.collect()


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
