"""Rows of a backup into a database: built apart, counted and compared there, then put in force at once.

On SQLite apart is a file beside the database, on PostgreSQL a schema inside the one transaction that also
puts it in force. Whatever fails, and wherever it is killed, the database stays what it was.
"""

from __future__ import annotations

import base64
import os
import secrets
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import peewee as pw
from playhouse.migrations import Runner

from webapp.data import backup_file, tables
from webapp.data.backup_file import BackupRefused, Manifest
from webapp.data.tables import Row, Show, Table

_APART = "portal_incoming"
_TRIES = 20
_PATIENCE = "3s"
_FOR_BUILDING = {"journal_mode": "off", "synchronous": 0, "cache_size": -64_000, "foreign_keys": 0}


def into_new_file(url: str, path: Path, manifest: Manifest, migrations: Path, show: Show) -> None:
    target = Path(url.removeprefix("sqlite:///"))
    target.parent.mkdir(parents=True, exist_ok=True)
    with _built_beside(target, path, manifest, migrations, show) as built:
        try:
            os.link(built, target)
        except FileExistsError:
            raise BackupRefused(f"{target} has appeared meanwhile: nothing was changed.") from None


def into_database(
    opened: pw.Database, url: str, path: Path, manifest: Manifest, migrations: Path, show: Show
) -> None:
    """What is in it is given up."""
    if tables.is_sqlite(opened):
        target = Path(str(opened.database))
        with _built_beside(target, path, manifest, migrations, show) as built:
            _copy_over(built, target)
        opened.execute_sql("PRAGMA wal_checkpoint(TRUNCATE)")
    else:
        _into_postgresql(opened, path, manifest, migrations, show)
        opened.execute_sql("ANALYZE")


# ---- SQLite


@contextmanager
def _built_beside(
    target: Path, path: Path, manifest: Manifest, migrations: Path, show: Show
) -> Iterator[Path]:
    built = target.with_name(f".{target.name}.{secrets.token_hex(4)}.incoming")
    try:
        built.touch(mode=0o600)
        opened = pw.SqliteDatabase(str(built), pragmas=_FOR_BUILDING)
        with opened.connection_context():
            _fill(opened, path, manifest, migrations, show)
        with built.open("rb") as file:
            os.fsync(file.fileno())
        yield built
    finally:
        built.unlink(missing_ok=True)


def _copy_over(built: Path, target: Path) -> None:
    """SQLite's own online copy, as one transaction: who reads meanwhile sees the old rows to the end."""
    with closing(sqlite3.connect(built)) as source, closing(sqlite3.connect(target, timeout=60)) as live:
        live.execute("PRAGMA synchronous = full")
        source.backup(live)


# ---- PostgreSQL


def _into_postgresql(
    opened: pw.Database, path: Path, manifest: Manifest, migrations: Path, show: Show
) -> None:
    (home,) = opened.execute_sql("SELECT current_schema()").fetchone()
    with opened.atomic():
        opened.execute_sql(f"DROP SCHEMA IF EXISTS {_APART} CASCADE")
        opened.execute_sql(f"CREATE SCHEMA {_APART}")
        opened.execute_sql(f"SET LOCAL search_path TO {_APART}")
        _fill(opened, path, manifest, migrations, show)
        opened.execute_sql(f'SET LOCAL search_path TO "{home}"')
        _put_in_force(opened, home)


def _put_in_force(opened: pw.Database, home: str) -> None:
    """A moment's work: tables change places, and who waits for them goes on with the new ones."""
    grants = _grants(opened, home)
    old = [name for name in opened.get_tables(home) if not name.startswith("portal_queue_")]
    named = ", ".join(f'"{home}"."{name}"' for name in old)
    if old:
        _lock(opened, named)
        opened.execute_sql(f"DROP TABLE {named} CASCADE")
    opened.execute_sql(f'DROP FUNCTION IF EXISTS "{home}".portal_closed() CASCADE')
    for function in _functions(opened):
        opened.execute_sql(f'DROP FUNCTION IF EXISTS "{home}"."{function}"() CASCADE')
        opened.execute_sql(f'ALTER FUNCTION {_APART}."{function}"() SET SCHEMA "{home}"')
    new = opened.get_tables(_APART)
    for name in new:
        opened.execute_sql(f'ALTER TABLE {_APART}."{name}" SET SCHEMA "{home}"')
    opened.execute_sql(f"DROP SCHEMA {_APART}")
    for name, grantee, privilege in grants:
        if name in new:
            opened.execute_sql(f'GRANT {privilege} ON "{home}"."{name}" TO "{grantee}"')


def _functions(opened: pw.Database) -> list[str]:
    sql = "SELECT proname FROM pg_proc WHERE pronamespace = %s::regnamespace ORDER BY proname"
    return [str(name) for (name,) in opened.execute_sql(sql, (_APART,)).fetchall()]


def _grants(opened: pw.Database, home: str) -> list[tuple[str, str, str]]:
    """What others than the owner may do, such as reading only."""
    return list(
        opened.execute_sql(
            "SELECT table_name, grantee, privilege_type FROM information_schema.role_table_grants"
            " WHERE table_schema = %s AND grantee <> current_user AND grantee <> 'PUBLIC'",
            (home,),
        ).fetchall()
    )


def _lock(opened: pw.Database, named: str) -> None:
    """Who reads has them for a moment each; in a circle with others we are the ones who try again."""
    opened.execute_sql(f"SET LOCAL lock_timeout = '{_PATIENCE}'")
    for left in reversed(range(_TRIES)):
        try:
            with opened.atomic():
                opened.execute_sql(f"LOCK TABLE {named} IN ACCESS EXCLUSIVE MODE")
            return
        except pw.OperationalError:
            if not left:
                raise


# ---- both


def _fill(opened: pw.Database, path: Path, manifest: Manifest, migrations: Path, show: Show) -> None:
    """As it was when the file was written; what has been added to the schema since comes last."""
    if manifest.schema:
        Runner(opened, str(migrations)).up(manifest.schema[-1])
    if tuple(tables.tables(opened)) != manifest.tables:
        raise BackupRefused(
            f"{path} has other tables than this portal makes: restore it with the one of then."
        )
    with _bare(opened):
        for table in manifest.tables:
            _load(opened, path, manifest, table, show)
    tables.set_next_ids(opened, dict(manifest.next_ids))
    _refuse_dangling(opened)
    _refuse_others(opened, manifest, show)
    Runner(opened, str(migrations)).up()


def _refuse_others(opened: pw.Database, manifest: Manifest, show: Show) -> None:
    for table in manifest.tables:
        if tables.content(opened, table, show) != manifest.contents[table.name]:
            raise BackupRefused(
                f"What was loaded into {table.name} is not what the file holds: nothing was changed."
            )


def _refuse_dangling(opened: pw.Database) -> None:
    if tables.is_sqlite(opened) and (found := opened.execute_sql("PRAGMA foreign_key_check").fetchone()):
        raise BackupRefused(
            f"A row of {found[0]} points to one of {found[2]} that is not there: nothing was changed."
        )


def _load(opened: pw.Database, path: Path, manifest: Manifest, table: Table, show: Show) -> None:
    def rows() -> Iterator[Row]:
        for found in backup_file.read(path, manifest, table):
            yield from _turned(found, table, yes_or_no)
            show(len(found))

    yes_or_no = tables.flags(opened, table)
    columns = ", ".join(f'"{name}"' for name in table.names)
    if tables.is_sqlite(opened):
        marks = ", ".join("?" * len(table.names))
        sql = f'INSERT INTO "{table.name}" ({columns}) VALUES ({marks})'
        with opened.atomic():
            opened.connection().executemany(sql, rows())
        return
    with opened.connection().cursor().copy(f'COPY "{table.name}" ({columns}) FROM STDIN') as copy:
        for row in rows():
            copy.write_row(row)


def _turned(found: list[Any], table: Table, yes_or_no: frozenset[str]) -> list[Any]:
    """Back into what the driver takes."""
    for place in table.byte_places:
        for row in found:
            row[place] = None if row[place] is None else base64.b64decode(row[place])
    for place, name in enumerate(table.names):
        if name in yes_or_no:
            for row in found:
                row[place] = None if row[place] is None else bool(row[place])
    return found


@contextmanager
def _bare(opened: pw.Database) -> Iterator[None]:
    """Without indexes and references: to build and check them once costs a fraction."""
    again = _without_them(opened)
    yield
    for sql in again:
        opened.execute_sql(sql)


def _without_them(opened: pw.Database) -> list[str]:
    """Takes them away; the statements that bring them back."""
    if tables.is_sqlite(opened):
        found = opened.execute_sql(
            "SELECT name, sql FROM sqlite_master WHERE type = 'index' AND sql IS NOT NULL"
        )
        indexes = list(found.fetchall())
        _all(opened, [f'DROP INDEX "{name}"' for name, _sql in indexes])
        return [sql for _name, sql in indexes]
    references = list(opened.execute_sql(_REFERENCES).fetchall())
    indexes = list(opened.execute_sql(_INDEXES).fetchall())
    _all(opened, [f'ALTER TABLE {table} DROP CONSTRAINT "{name}"' for table, name, _sql in references])
    _all(opened, [f'DROP INDEX "{name}"' for name, _sql in indexes])
    added = [f'ALTER TABLE {table} ADD CONSTRAINT "{name}" {sql}' for table, name, sql in references]
    return [*[sql for _name, sql in indexes], *added]


def _all(opened: pw.Database, statements: list[str]) -> None:
    for sql in statements:
        opened.execute_sql(sql)


_SQLITE_INDEXES = "SELECT name, sql FROM sqlite_master WHERE type = 'index' AND sql IS NOT NULL"
_REFERENCES = """
SELECT conrelid::regclass::text, conname, pg_get_constraintdef(oid) FROM pg_constraint
WHERE contype = 'f' AND connamespace = current_schema()::regnamespace ORDER BY conname
"""
_INDEXES = """
SELECT i.indexname, i.indexdef FROM pg_indexes i WHERE i.schemaname = current_schema()
AND NOT EXISTS (SELECT 1 FROM pg_constraint c
 WHERE c.connamespace = current_schema()::regnamespace AND c.conname = i.indexname)
ORDER BY i.indexname
"""
