"""Looks at a database from outside: does it answer, and is its schema the one this version needs?

Over a connection of its own that is closed at once, so that looking neither waits for the pool nor keeps
connections open at sites that nobody visits.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable
from contextlib import closing
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import psycopg
from playhouse.migrations import Migration

_SECONDS = 2
_APPLIED = "SELECT name FROM schema_migration"


@dataclass(frozen=True, slots=True)
class Probed:
    """`waiting`: migrations that were not applied; `silent`: why the database does not answer."""

    waiting: tuple[str, ...] = ()
    silent: str = ""

    @property
    def ready(self) -> bool:
        return not self.waiting and not self.silent


@cache
def _needed(folder: Path) -> tuple[str, ...]:
    return tuple(migration.name for migration in Migration.load_directory(str(folder)))


def probe(url: str, folder: Path) -> Probed:
    """At most some seconds. Nothing is changed, and a file that is not there is not made."""
    try:
        applied = _applied_on_server(url) if urlsplit(url).scheme == "postgresql" else _applied_in_file(url)
    except (psycopg.Error, sqlite3.Error) as problem:
        return Probed(silent=" ".join(str(problem).split()) or type(problem).__name__)
    return Probed(waiting=tuple(name for name in _needed(folder) if name not in applied))


def _applied_on_server(url: str) -> set[str]:
    limit = f"-c statement_timeout={_SECONDS * 1000}"
    with psycopg.connect(url, connect_timeout=_SECONDS, options=limit, autocommit=True) as connection:
        try:
            return _names(connection.execute(_APPLIED))
        except psycopg.errors.UndefinedTable:
            return set()


def _applied_in_file(url: str) -> set[str]:
    path = Path(url.removeprefix("sqlite:///"))
    if not path.exists():
        return set()
    address = f"{path.absolute().as_uri()}?mode=ro"
    with closing(sqlite3.connect(address, uri=True, timeout=_SECONDS)) as opened:
        if not opened.execute("SELECT 1 FROM sqlite_master WHERE name = 'schema_migration'").fetchone():
            return set()
        return _names(opened.execute(_APPLIED))


def _names(rows: Iterable[Any]) -> set[str]:
    return {str(name) for (name,) in rows}
