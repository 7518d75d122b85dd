"""Hot reads: SQL written once, kept ready for each engine, run into named tuples.

Peewee spends about a millisecond to *build* a query with joins. The few reads that every page needs
are therefore plain SQL with named parameters (`:person`); everything else stays plain Peewee.
"""

from __future__ import annotations

import re
from collections import namedtuple
from collections.abc import Sequence
from functools import lru_cache
from typing import Any

import peewee as pw

from webapp.data.database import database

_PARAMETER = re.compile(r"(?<!:):([a-z_]+)")


@lru_cache(maxsize=512)
def _prepared(sql: str, engine: str) -> tuple[str, tuple[str, ...]]:
    """The engine's own text and the order of its parameters."""
    mark = "?" if engine == "sqlite" else "%s"
    names = tuple(_PARAMETER.findall(sql))
    text = sql if engine == "sqlite" else sql.replace("%", "%%")
    return _PARAMETER.sub(mark, text), names


_row_types: dict[str, Any] = {}  # by SQL: reading a cursor's description costs more than reading its rows


def _row_type(text: str, cursor: Any) -> Any:
    if text not in _row_types:
        _row_types[text] = namedtuple("Row", [column[0] for column in cursor.description])
    return _row_types[text]


def engine_name() -> str:
    return "sqlite" if isinstance(database.obj, pw.SqliteDatabase) else "postgresql"


def rows(sql: str, **parameters: Any) -> Sequence[Any]:
    """All rows as named tuples."""
    text, names = _prepared(sql, engine_name())
    cursor = database.execute_sql(text, [parameters[name] for name in names])
    make = _row_type(text, cursor)._make
    return [make(row) for row in cursor.fetchall()]


def rows_of_each(sql: str, given: Sequence[Sequence[Any]]) -> Sequence[Any]:
    """All rows of a statement in which `:each` stands for these lists of values: `VALUES :each`."""
    mark = "?" if engine_name() == "sqlite" else "%s"
    values = ", ".join([f"({', '.join([mark] * len(given[0]))})"] * len(given))
    cursor = database.execute_sql(sql.replace(":each", values), [value for one in given for value in one])
    make = _row_type(sql, cursor)._make
    return [make(row) for row in cursor.fetchall()]


def run(sql: str, **parameters: Any) -> int:
    """A change; how many rows it reached."""
    text, names = _prepared(sql, engine_name())
    return int(database.execute_sql(text, [parameters[name] for name in names]).rowcount)


def contains(column: str, parameter: str) -> str:
    """The condition that a folded column contains a part, given as `part_parameter(part)`.

    SQLite has nothing faster than `LIKE`. PostgreSQL guesses from `LIKE` how few rows it will find, and
    leaves the index that is in the list's order; `strpos` leaves it no guess.
    """
    if engine_name() == "postgresql":
        return f"strpos({column}, :{parameter}) > 0"
    return rf"{column} LIKE :{parameter} ESCAPE '\'"


def part_parameter(part: str) -> str:
    return part if engine_name() == "postgresql" else "%" + re.sub(r"([\\%_])", r"\\\1", part) + "%"


def row(sql: str, **parameters: Any) -> Any | None:
    found = rows(sql, **parameters)
    return found[0] if found else None
