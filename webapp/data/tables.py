"""What is in a database, told alike by both engines: tables, columns, and rows in the order of their keys.

Values are what JSON knows: numbers, texts, nothing; bytes as base64 text, and yes and no as 1 and 0, which is
how SQLite keeps them. So the same rows have the same checksum wherever they are.
"""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import peewee as pw

HISTORY = "schema_migration"
_OTHERS = ("sqlite_", "portal_queue_", HISTORY)
_BATCH = 1000
INTEGER, TEXT, BYTES, NUMBER = "integer", "text", "bytes", "number"
_KINDS = {
    **dict.fromkeys(("integer", "bigint", "smallint", "int", "boolean"), INTEGER),
    **dict.fromkeys(("text", "varchar", "character varying", "character", "char"), TEXT),
    **dict.fromkeys(("blob", "bytea"), BYTES),
    **dict.fromkeys(("real", "double precision", "float"), NUMBER),
}

Row = Sequence[Any]
Show = Callable[[int], None]  # how many rows are done


class UnknownType(RuntimeError):
    """A column of a kind that has no form in a backup."""


@dataclass(frozen=True, slots=True)
class Table:
    name: str
    columns: tuple[tuple[str, str], ...]  # name and kind, by name: engines may differ in their order
    key: tuple[str, ...]

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(name for name, _kind in self.columns)

    @property
    def numbered(self) -> bool:
        return self.key == ("id",)

    @property
    def byte_places(self) -> tuple[int, ...]:
        return tuple(place for place, (_name, kind) in enumerate(self.columns) if kind == BYTES)


def is_sqlite(opened: pw.Database) -> bool:
    return isinstance(opened, pw.SqliteDatabase)


def table_names(opened: pw.Database) -> list[str]:
    return sorted(name for name in opened.get_tables() if not name.startswith(_OTHERS))


def tables(opened: pw.Database) -> list[Table]:
    return [_table(opened, name) for name in table_names(opened)]


def _table(opened: pw.Database, name: str) -> Table:
    found = sorted(opened.get_columns(name), key=lambda column: column.name)
    columns = tuple((column.name, _kind(name, column.name, column.data_type)) for column in found)
    return Table(name, columns, tuple(opened.get_primary_keys(name)))


def _kind(table: str, column: str, declared: str) -> str:
    kind = _KINDS.get(declared.partition("(")[0].strip().lower())
    if kind is None:
        raise UnknownType(f"Column {column} of {table} is {declared}, for which a backup has no form.")
    return kind


def flags(opened: pw.Database, table: Table) -> frozenset[str]:
    """Columns that are yes or no to this engine."""
    if is_sqlite(opened):
        return frozenset()
    return frozenset(one.name for one in opened.get_columns(table.name) if one.data_type == "boolean")


def count(opened: pw.Database) -> int:
    return sum(rows_in(opened, name) for name in table_names(opened))


def rows_in(opened: pw.Database, name: str) -> int:
    return int(opened.execute_sql(f'SELECT count(*) FROM "{name}"').fetchone()[0])


def is_empty(opened: pw.Database) -> bool:
    return not any(
        opened.execute_sql(f'SELECT 1 FROM "{name}" LIMIT 1').fetchone() for name in table_names(opened)
    )


# ---- rows


@contextmanager
def snapshot(opened: pw.Database) -> Iterator[None]:
    """What is read inside is of one moment, whoever goes on writing."""
    sqlite = is_sqlite(opened)
    opened.execute_sql("BEGIN" if sqlite else "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")
    try:  # the moment is that of the first question, not of BEGIN
        opened.execute_sql(f"SELECT count(*) FROM {'sqlite_master' if sqlite else 'pg_class'}").fetchone()
        yield
    finally:
        opened.execute_sql("ROLLBACK")


def batches(opened: pw.Database, table: Table) -> Iterator[list[Row]]:
    """Inside a transaction: all rows in the order of their key, texts compared byte by byte."""
    cursor = _cursor(opened, _select(opened, table))
    try:
        while found := cursor.fetchmany(_BATCH):
            yield _plain(found, table.byte_places)
    finally:
        cursor.close()


def _cursor(opened: pw.Database, sql: str) -> Any:
    """On PostgreSQL one of the server's: rows come as they are wanted."""
    cursor = opened.connection().cursor() if is_sqlite(opened) else opened.connection().cursor("portal_rows")
    cursor.execute(sql)
    return cursor


def _select(opened: pw.Database, table: Table) -> str:
    yes_or_no = flags(opened, table)
    columns = ", ".join(f'"{name}"::int' if name in yes_or_no else f'"{name}"' for name in table.names)
    kinds = dict(table.columns)
    as_bytes = "" if is_sqlite(opened) else ' COLLATE "C"'
    order = ", ".join(f'"{name}"{as_bytes if kinds[name] == TEXT else ""}' for name in table.key)
    return f'SELECT {columns} FROM "{table.name}" ORDER BY {order}'


def _plain(found: list[Row], places: tuple[int, ...]) -> list[Row]:
    if not places:
        return found
    turned = [list(row) for row in found]
    for row in turned:
        for place in places:
            if row[place] is not None:
                row[place] = base64.b64encode(row[place]).decode()
    return list(turned)


# ---- rows as lines, and their checksum

_encode = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"), allow_nan=False).encode


def head_line(table: Table) -> bytes:
    return (_encode([[name, kind] for name, kind in table.columns]) + "\n").encode()


def as_lines(found: Iterable[Row]) -> bytes:
    return "".join([_encode(row) + "\n" for row in found]).encode()


@dataclass(frozen=True, slots=True)
class Content:
    """How many rows a table has, and the SHA-256 of its lines."""

    rows: int
    sha256: str


def write_lines(
    opened: pw.Database, table: Table, write: Callable[[bytes], object], show: Show = lambda done: None
) -> Content:
    digest, rows = hashlib.sha256(), 0
    for part, number in _parts(opened, table):
        digest.update(part)
        write(part)
        rows += number
        show(number)
    return Content(rows, digest.hexdigest())


def _parts(opened: pw.Database, table: Table) -> Iterator[tuple[bytes, int]]:
    yield head_line(table), 0
    for found in batches(opened, table):
        yield as_lines(found), len(found)


def content(opened: pw.Database, table: Table, show: Show = lambda done: None) -> Content:
    return write_lines(opened, table, lambda part: None, show)


# ---- numbers that the database gives out itself


def next_ids(opened: pw.Database, found: Iterable[Table]) -> dict[str, int]:
    """Of each numbered table. PostgreSQL never gives a number again; SQLite goes on from the highest."""
    return {table.name: _next_id(opened, table.name) for table in found if table.numbered}


def _next_id(opened: pw.Database, name: str) -> int:
    coming, highest = sequence_and_highest(opened, name)
    return max(highest + 1, coming or 0)


def sequence_and_highest(opened: pw.Database, name: str) -> tuple[int | None, int]:
    """What the sequence gives next, if there is one, and the highest number that is there."""
    if is_sqlite(opened) or (sequence := _sequence(opened, name)) is None:
        return None, _highest(opened, name)
    last, called = opened.execute_sql(f"SELECT last_value, is_called FROM {sequence}").fetchone()
    return int(last + 1 if called else last), _highest(opened, name)


def _highest(opened: pw.Database, name: str) -> int:
    if "id" not in opened.get_primary_keys(name):
        return 0
    return int(opened.execute_sql(f'SELECT coalesce(max(id), 0) FROM "{name}"').fetchone()[0])


def _sequence(opened: pw.Database, name: str) -> str | None:
    if "id" not in opened.get_primary_keys(name):
        return None
    (found,) = opened.execute_sql("SELECT pg_get_serial_sequence(%s, 'id')", (f'"{name}"',)).fetchone()
    return str(found) if found else None


def set_next_ids(opened: pw.Database, wanted: dict[str, int]) -> None:
    if is_sqlite(opened):
        return
    for name, number in wanted.items():
        if sequence := _sequence(opened, name):
            free = max(number, _next_id(opened, name))
            opened.execute_sql("SELECT setval(%s::regclass, %s, false)", (sequence, free))
