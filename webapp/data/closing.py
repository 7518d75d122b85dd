"""A site that is closed: what is there can be read, and nothing can be changed, whoever tries.

While a command works at it, the closing ends with that command's process or connection, so a crash opens
the site again by itself. On SQLite the sign is a locked file beside the database, on PostgreSQL an advisory
lock that triggers look for. A database that was moved away stays closed: its triggers refuse for good.
"""

from __future__ import annotations

import fcntl
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO

import peewee as pw

from webapp.data.tables import is_sqlite, table_names

_ADVISORY_LOCK = 7_064_127_002
WORDS = "this site is closed for changes"
MOVED = f"{WORDS}: its data were moved to another database"
_BEING_WORKED_AT = f"{WORDS} while a command works at its database"
_LOOKS = 10
_ACTS = ("INSERT", "UPDATE", "DELETE")


class SiteClosed(pw.OperationalError):
    """Nothing was changed; asking again later may help."""


class ClosedAlready(RuntimeError):
    def __init__(self) -> None:
        super().__init__("Another command works at this database: wait until it is done.")


# ---- the sign on SQLite: who holds the file's lock lives


def _sign(path: str) -> Path:
    return Path(f"{path}.closed")


def refuse_if_closed(path: str) -> None:
    """Asked before each change, so that nobody waits for a lock that a command holds for minutes."""
    sign = f"{path}.closed"
    if not os.path.exists(sign):
        return
    try:
        with open(sign, "rb") as file:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        raise SiteClosed(_BEING_WORKED_AT) from None
    except FileNotFoundError:
        return


@contextmanager
def _file_held(path: str) -> Iterator[None]:
    sign = _sign(path)
    sign.parent.mkdir(parents=True, exist_ok=True)
    with _locked(sign):
        try:
            yield
        finally:
            sign.unlink(missing_ok=True)


def _locked(sign: Path) -> IO[bytes]:
    """Who looks whether it is held holds it for a moment too; and it may just have been taken away."""
    for _try in range(_LOOKS):
        file = sign.open("ab")
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            if os.fstat(file.fileno()).st_ino == sign.stat().st_ino:
                return file
        except (BlockingIOError, FileNotFoundError):
            time.sleep(0.02)
        file.close()
    raise ClosedAlready


# ---- the sign on PostgreSQL: a lock of the session, and triggers that look for it


def _refuse_sql(words: str, *, always: bool) -> str:
    # 57P03 is “not now”: every driver takes it for a failure of the storage, not for a mistake of the caller.
    refuse = f"RAISE EXCEPTION '{words}' USING ERRCODE = '57P03';"
    unless_free = f"IF NOT pg_try_advisory_xact_lock_shared({_ADVISORY_LOCK}) THEN {refuse} END IF;"
    return (
        "CREATE OR REPLACE FUNCTION portal_closed() RETURNS trigger LANGUAGE plpgsql AS "
        f"$$ BEGIN {refuse if always else unless_free} RETURN NULL; END $$"
    )


@contextmanager
def _session_held(opened: pw.Database) -> Iterator[None]:
    """Table by table, each for itself: who is in the midst of a change ends it before its table's trigger is
    there, and nobody waits in a circle."""
    (got,) = opened.execute_sql(f"SELECT pg_try_advisory_lock({_ADVISORY_LOCK})").fetchone()
    if not got:
        raise ClosedAlready
    moved = is_moved(opened)
    try:
        if not moved:
            opened.execute_sql(_refuse_sql(_BEING_WORKED_AT, always=False))
            _add_triggers(opened)
        yield
    finally:
        if not opened.is_closed():
            if not moved and not is_moved(opened):
                _drop_triggers_if_free(opened)
            opened.execute_sql(f"SELECT pg_advisory_unlock({_ADVISORY_LOCK})")


def _add_triggers(opened: pw.Database) -> None:
    for table in table_names(opened):
        opened.execute_sql(
            f'CREATE OR REPLACE TRIGGER portal_closed BEFORE {" OR ".join(_ACTS)} ON "{table}"'
            " FOR EACH STATEMENT EXECUTE FUNCTION portal_closed()"
        )


def _drop_triggers_if_free(opened: pw.Database) -> None:
    """Who reads for minutes, as a backup does, is not waited for, since everybody would wait behind us: while
    nobody holds the lock the triggers let everything pass."""
    opened.execute_sql("SET lock_timeout = '2s'")
    with suppress(pw.OperationalError):
        _drop_triggers(opened)
    opened.execute_sql("SET lock_timeout = 0")


def _drop_triggers(opened: pw.Database) -> None:
    opened.execute_sql("DROP FUNCTION IF EXISTS portal_closed() CASCADE")


# ---- both


@contextmanager
def closed(opened: pw.Database) -> Iterator[None]:
    """Inside a connection: changes are refused until the end, or until this process dies."""
    if is_sqlite(opened):
        with _file_held(str(opened.database)):
            yield
    else:
        with _session_held(opened):
            yield


def mark_moved(opened: pw.Database) -> None:
    """For good, in the transaction that is running, if one is."""
    if not is_sqlite(opened):
        opened.execute_sql(_refuse_sql(MOVED, always=True))
        return
    for table in table_names(opened):
        for act in _ACTS:
            opened.execute_sql(
                f'CREATE TRIGGER "portal_closed_{table}_{act.lower()}" BEFORE {act} ON "{table}"'
                f" BEGIN SELECT RAISE(ABORT, '{MOVED}'); END"
            )


def _sqlite_triggers(opened: pw.Database) -> list[str]:
    found = opened.execute_sql(
        "SELECT name FROM sqlite_master WHERE type = 'trigger' AND substr(name, 1, 14) = 'portal_closed_'"
    )
    return [str(name) for (name,) in found.fetchall()]


def is_moved(opened: pw.Database) -> bool:
    if is_sqlite(opened):
        return bool(_sqlite_triggers(opened))
    found = opened.execute_sql(
        "SELECT prosrc FROM pg_proc WHERE proname = 'portal_closed'"
        " AND pronamespace = current_schema()::regnamespace"
    ).fetchone()
    return bool(found and MOVED in found[0])


def reopen(opened: pw.Database) -> bool:
    """Takes back that it was moved; whether it was."""
    if not is_moved(opened):
        return False
    if is_sqlite(opened):
        with opened.atomic():
            for name in _sqlite_triggers(opened):
                opened.execute_sql(f'DROP TRIGGER "{name}"')
    else:
        _drop_triggers(opened)
    return True
