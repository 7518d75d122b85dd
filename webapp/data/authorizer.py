"""SQLite's own guard: it is asked while a statement is prepared, before anything of it happens."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable

from webapp.data.roles import ACTS, Mode, grants

Verdict = Callable[[int, str | None, str | None, str | None, str | None], int]

_READING = frozenset(
    {
        sqlite3.SQLITE_SELECT,
        sqlite3.SQLITE_READ,
        sqlite3.SQLITE_RECURSIVE,
        sqlite3.SQLITE_TRANSACTION,
        sqlite3.SQLITE_SAVEPOINT,
    }
)
_REPLACED = "what is here is neither replaced nor deleted over this connection"


def guard(connection: sqlite3.Connection, mode: Mode) -> None:
    """From now on it refuses ATTACH, PRAGMA, every kind of CREATE, and all writes but those allowed."""
    if mode == "act":
        _refuse_replacing(connection)
    connection.set_authorizer(_verdict(mode))


def _verdict(mode: Mode) -> Verdict:
    inserted = {table for table, allowed in grants(mode).items() if allowed.insert}
    deleted = {table for table, allowed in grants(mode).items() if allowed.delete}
    updated = {(table, column) for table, allowed in grants(mode).items() for column in allowed.update}

    def allows(action: int, first: str | None, second: str | None, home: str | None) -> bool:
        if action in _READING:
            return True
        if action == sqlite3.SQLITE_FUNCTION:
            return second != "load_extension"
        if home != "main":
            return False
        if action == sqlite3.SQLITE_INSERT:
            return first in inserted
        if action == sqlite3.SQLITE_DELETE:
            return first in deleted
        return action == sqlite3.SQLITE_UPDATE and (first, second) in updated

    def verdict(action: int, first: str | None, second: str | None, home: str | None, by: str | None) -> int:
        return sqlite3.SQLITE_OK if allows(action, first, second, home) else sqlite3.SQLITE_DENY

    return verdict


def _refuse_replacing(connection: sqlite3.Connection) -> None:
    """INSERT OR REPLACE deletes a row without asking the authorizer; triggers of this connection see it."""
    connection.execute("PRAGMA recursive_triggers = 1")
    for table in (table for table, allowed in ACTS.items() if not allowed.delete):
        connection.execute(
            f'CREATE TEMP TRIGGER "{table}_stays" BEFORE DELETE ON main."{table}"'
            f" BEGIN SELECT RAISE(ABORT, '{_REPLACED}'); END"
        )
