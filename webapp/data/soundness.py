"""Whether a database is whole: what the engine itself finds, references, and numbers that come next."""

from __future__ import annotations

from pathlib import Path

import peewee as pw
from playhouse.migrations import Runner

from webapp.data import closing, tables


def problems(opened: pw.Database, migrations: Path) -> list[str]:
    found = [f"waits for migration {name}" for name in _waiting(opened, migrations)]
    if closing.is_moved(opened):
        found.append("was moved away from here and is closed for changes")
    return found + (_of_sqlite(opened) if tables.is_sqlite(opened) else _of_postgresql(opened))


def _waiting(opened: pw.Database, migrations: Path) -> list[str]:
    return [one.name for one in Runner(opened, str(migrations)).status() if one.path and not one.applied]


def _of_sqlite(opened: pw.Database) -> list[str]:
    told = [text for (text,) in opened.execute_sql("PRAGMA integrity_check(20)").fetchall()]
    found = [] if told == ["ok"] else told
    for table, row, other, _key in opened.execute_sql("PRAGMA foreign_key_check").fetchmany(20):
        found.append(f"row {row} of {table} points to none of {other}")
    return found


def _of_postgresql(opened: pw.Database) -> list[str]:
    found = []
    for name in tables.table_names(opened):
        for key in opened.get_foreign_keys(name):
            sql = (
                f'SELECT count(*) FROM "{name}" t WHERE t."{key.column}" IS NOT NULL AND NOT EXISTS'
                f' (SELECT 1 FROM "{key.dest_table}" o WHERE o."{key.dest_column}" = t."{key.column}")'
            )
            (dangling,) = opened.execute_sql(sql).fetchone()
            if dangling:
                found.append(f"{dangling} rows of {name} point to none of {key.dest_table}")
    return found + _numbers_behind(opened)


def _numbers_behind(opened: pw.Database) -> list[str]:
    """A sequence that would give out what is there already stops every new row."""
    found = []
    for name in tables.table_names(opened):
        coming, highest = tables.sequence_and_highest(opened, name)
        if coming is not None and coming <= highest:
            found.append(f"the next number of {name} is {coming}, and there is {highest} already")
    return found
