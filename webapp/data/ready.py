"""Rows as models, read by a query whose SQL is built once and kept.

Peewee spends milliseconds on building a query with joins, and a tenth of that on running it. The loaders
behind every page therefore write their query with blanks, `given("person")`, which are filled in each time.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar

import peewee as pw

from webapp.data.database import database
from webapp.data.statements import engine_name

Row = TypeVar("Row", bound=pw.Model)


@dataclass(frozen=True, slots=True)
class _Blank:
    name: str
    field: pw.Field | None

    def filled(self, values: dict[str, Any]) -> Any:
        value = values[self.name]
        return value if self.field is None else self.field.db_value(value)


@dataclass(frozen=True, slots=True)
class _Built:
    query: Any
    sql: str
    parameters: tuple[Any, ...]


_built: dict[tuple[Callable[[], Any], str], _Built] = {}


def given(name: str, field: pw.Field | None = None) -> pw.Value:
    """A value that is known when the query runs; stored as this field stores it."""
    return pw.Value(_Blank(name, field), converter=False)


def first(make: Callable[[], pw.ModelSelect[Row]], **values: Any) -> Row | None:
    """The first row of the query that `make` builds, as its model; `make` is called once for each engine."""
    key = (make, engine_name())
    if key not in _built:
        query = make().limit(1)
        sql, parameters = query.sql()
        _built[key] = _Built(query, sql, tuple(parameters))
    built = _built[key]
    filled = [one.filled(values) if isinstance(one, _Blank) else one for one in built.parameters]
    cursor = database.execute_sql(built.sql, filled)
    # Peewee's own reading of joined rows into models; there is no public way to it with ready SQL.
    return next(iter(list(built.query._get_cursor_wrapper(cursor))), None)
