"""Bounded pools of connections, one a site and process; those that nobody needs any more are closed.

Peewee's pool closes an old connection when the next one asks for a connection. Here it is closed too where
nobody asks: a site that nobody visits at night holds no connection until the morning.
"""

from __future__ import annotations

import heapq
import os
import re
import sqlite3
import threading
import time
import weakref
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import peewee as pw
from playhouse.pool import PooledPostgresqlDatabase, PooledSqliteDatabase

from webapp.data.authorizer import guard
from webapp.data.closing import WORDS, SiteClosed, refuse_if_closed
from webapp.data.roles import Mode, role_url

MAX_CONNECTIONS = 8  # a site and process
MAX_RESTING = 64  # a process, over all sites: each takes half a MiB here, and at a server ten times that
FEW_RESTING = 8
IDLE_SECONDS = 60.0
OLDEST_SECONDS = 300
CONNECT_SECONDS = 5
TRUSTED_SECONDS = 1.0
_CHANGES = re.compile(r"\s*(INSERT|UPDATE|DELETE|REPLACE)", re.IGNORECASE)
SQLITE_PRAGMAS = {"journal_mode": "wal", "synchronous": "full", "foreign_keys": 1, "busy_timeout": 10_000}
_LOOKING_PRAGMAS = {"query_only": 1, "busy_timeout": 10_000}

_pools: weakref.WeakSet[_Resting] = weakref.WeakSet()
_resting: dict[int, float] = {}  # since when, by the connection's id: those of all pools
_few_files = False
_sweeping_in = 0  # the process whose sweeper runs; a fork has none


class _Resting:
    """Knows since when each connection rests, and keeps none while the process has enough of them."""

    _connections: list[Any]
    _pool_lock: threading.RLock

    def _can_reuse(self, conn: Any) -> bool:
        """Asked when a connection is given back."""
        if len(_resting) >= self.most_resting() or not super()._can_reuse(conn):  # type: ignore[misc]
            return False
        _resting[id(conn)] = time.monotonic()
        return True

    def most_resting(self) -> int:
        return MAX_RESTING

    def _is_closed(self, conn: Any) -> bool:
        """Asked when it is taken again."""
        rested = _rested(conn)
        _resting.pop(id(conn), None)
        return self._ended(conn, rested)

    def _ended(self, conn: Any, rested: float) -> bool:
        return bool(super()._is_closed(conn))  # type: ignore[misc]

    def _close_raw(self, conn: Any) -> None:
        _resting.pop(id(conn), None)
        super()._close_raw(conn)  # type: ignore[misc]

    def __del__(self) -> None:
        for entry in getattr(self, "_connections", ()):
            self._close_raw(entry[-1])

    def close_rested(self, seconds: float) -> None:
        with self._pool_lock:
            idle = [entry for entry in self._connections if _rested(entry[-1]) >= seconds]
            for entry in idle:
                self._connections.remove(entry)
                self._close_raw(entry[-1])
            heapq.heapify(self._connections)


def _rested(conn: Any) -> float:
    return time.monotonic() - _resting.get(id(conn), 0.0)


class _PostgresPool(_Resting, PooledPostgresqlDatabase):  # type: ignore[misc]
    """Asks a connection whether it still lives only if it rested: a busy one has just answered."""

    def _ended(self, conn: Any, rested: float) -> bool:
        if rested < TRUSTED_SECONDS:
            return bool(conn.closed)
        return super()._ended(conn, rested)


class _SqlitePool(_Resting, PooledSqliteDatabase):  # type: ignore[misc]
    """Refuses changes at once while the site is closed, instead of waiting for a lock."""

    def most_resting(self) -> int:
        return FEW_RESTING if _few_files else MAX_RESTING

    def begin(self, lock_type: str | None = None) -> None:
        refuse_if_closed(str(self.database))
        super().begin(lock_type)

    def execute_sql(self, sql: str, params: Any = None) -> Any:
        if _CHANGES.match(sql) and not self.in_transaction():
            refuse_if_closed(str(self.database))
        try:
            return super().execute_sql(sql, params)
        except pw.IntegrityError as refusal:  # what a trigger of a database that was moved away says
            if WORDS in str(refusal):
                raise SiteClosed(str(refusal)) from refusal
            raise


class _ActingFile(_SqlitePool):
    """Over its connections nothing can be written but what `roles` allows."""

    def _add_conn_hooks(self, conn: sqlite3.Connection) -> None:
        super()._add_conn_hooks(conn)  # type: ignore[misc]
        guard(conn, "act")


class _LookingFile(_SqlitePool):
    """Over its connections nothing can be written. Who begins a transaction only to read gets one."""

    def _add_conn_hooks(self, conn: sqlite3.Connection) -> None:
        super()._add_conn_hooks(conn)  # type: ignore[misc]
        guard(conn, "look")

    def begin(self, lock_type: str | None = None) -> None:
        super().begin(None)


def _of_server(url: str, mode: Mode, **pool: Any) -> _PostgresPool:
    if mode == "all":
        return _PostgresPool(url, prefer_psycopg3=True, connect_timeout=CONNECT_SECONDS, **pool)
    if mode == "look":  # the role can't write either way; this says so before it tries
        pool["options"] = "-c default_transaction_read_only=on"
    url = role_url(url, mode)
    return _PostgresPool(url, prefer_psycopg3=True, connect_timeout=CONNECT_SECONDS, **pool)


def _of_file(url: str, mode: Mode, **pool: Any) -> _SqlitePool:
    path = Path(url.removeprefix("sqlite:///"))
    pool["check_same_thread"] = False
    if mode == "look":
        address = f"{path.absolute().as_uri()}?mode=ro"
        return _LookingFile(address, pragmas=_LOOKING_PRAGMAS, uri=True, **pool)
    path.parent.mkdir(parents=True, exist_ok=True)
    kind = _ActingFile if mode == "act" else _SqlitePool
    return kind(str(path), pragmas=SQLITE_PRAGMAS, **pool)


def open_database(url: str, mode: Mode = "all") -> pw.Database:
    pool: dict[str, Any] = {
        "max_connections": MAX_CONNECTIONS,
        "stale_timeout": OLDEST_SECONDS,
        "timeout": 10,
        "autoconnect": False,
    }
    on_server = urlsplit(url).scheme == "postgresql"
    opened = _of_server(url, mode, **pool) if on_server else _of_file(url, mode, **pool)
    _pools.add(opened)
    _sweep_from_now_on()
    return opened


def keep_few_files() -> None:
    """For a process that goes round all sites: to keep what it will need again is to keep all of them, and a
    file is opened in a millisecond."""
    global _few_files
    _few_files = True


def close_idle(seconds: float) -> None:
    """Of every pool of this process."""
    for pool in list(_pools):
        pool.close_rested(seconds)


def _sweep_from_now_on() -> None:
    global _sweeping_in
    if _sweeping_in != os.getpid():
        _sweeping_in = os.getpid()
        threading.Thread(target=_sweep, name="idle connections", daemon=True).start()


def _sweep() -> None:
    while True:
        time.sleep(IDLE_SECONDS / 4)
        close_idle(IDLE_SECONDS)
