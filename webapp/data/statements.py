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
_CONTAINS = {"sqlite": "instr", "postgresql": "strpos"}


@lru_cache(maxsize=512)
def _prepared(sql: str, engine: str) -> tuple[str, tuple[str, ...]]:
    """The engine's own text and the order of its parameters."""
    mark = "?" if engine == "sqlite" else "%s"
    names = tuple(_PARAMETER.findall(sql))
    text = sql if engine == "sqlite" else sql.replace("%", "%%")
    return _PARAMETER.sub(mark, text).replace("{contains}", _CONTAINS[engine]), names


@lru_cache(maxsize=512)
def _row_type(columns: tuple[str, ...]) -> Any:
    return namedtuple("Row", columns)


def engine_name() -> str:
    return "sqlite" if isinstance(database.obj, pw.SqliteDatabase) else "postgresql"


def rows(sql: str, **parameters: Any) -> Sequence[Any]:
    """All rows as named tuples. `{contains}(text, part)` is each engine's own search in a text."""
    text, names = _prepared(sql, engine_name())
    cursor = database.execute_sql(text, [parameters[name] for name in names])
    make = _row_type(tuple(column[0] for column in cursor.description))._make
    return [make(row) for row in cursor.fetchall()]


def run(sql: str, **parameters: Any) -> int:
    """A change; how many rows it reached."""
    text, names = _prepared(sql, engine_name())
    return int(database.execute_sql(text, [parameters[name] for name in names]).rowcount)


def row(sql: str, **parameters: Any) -> Any | None:
    found = rows(sql, **parameters)
    return found[0] if found else None
