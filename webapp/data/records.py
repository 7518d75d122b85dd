"""Hot rows: found and inserted with SQL that is built once a model.

Peewee builds its SQL anew for every query, and taking in an order makes a dozen of them. Fields convert
and check their values here exactly as they do there; rows of another site are refused as well.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from functools import cache
from typing import Any, TypeVar

import peewee as pw

from webapp.data.database import SiteModel, database
from webapp.data.statements import engine_name

Record = TypeVar("Record", bound=SiteModel)


def _mark() -> str:
    return "?" if engine_name() == "sqlite" else "%s"


@cache
def _fields(model: type[SiteModel]) -> tuple[pw.Field, ...]:
    """All but a key that the database counts up itself."""
    fields = model._meta.sorted_fields
    return tuple(field for field in fields if not isinstance(field, pw.AutoField))


@cache
def _converters(model: type[SiteModel]) -> tuple[tuple[str, Callable[[Any], Any], Any], ...]:
    """Name, conversion and default of each field."""
    defaults = model._meta.get_default_dict()
    return tuple((field.name, field.db_value, defaults.get(field.name)) for field in _fields(model))


def _key(model: type[SiteModel]) -> pw.Field:
    key = model._meta.primary_key
    assert isinstance(key, pw.Field)
    return key


@cache
def _insert_sql(model: type[SiteModel], mark: str, if_new: bool) -> str:
    columns = [f'"{field.column_name}"' for field in _fields(model)]
    conflict = " ON CONFLICT DO NOTHING" if if_new else ""
    return (
        f'INSERT INTO "{model._meta.table_name}" ({", ".join(columns)}) '
        f"VALUES ({', '.join([mark] * len(columns))}){conflict}"
    )


@cache
def _insert_returning_sql(model: type[SiteModel], mark: str, if_new: bool) -> str:
    return f'{_insert_sql(model, mark, if_new)} RETURNING "{_key(model).column_name}"'


@cache
def _find_sql(model: type[SiteModel], names: tuple[str, ...], mark: str) -> str:
    columns = ", ".join(f'"{field.column_name}"' for field in model._meta.sorted_fields)
    conditions = " AND ".join(f'"{model._meta.fields[name].column_name}" = {mark}' for name in names)
    return f'SELECT {columns} FROM "{model._meta.table_name}" WHERE {conditions}'


def _insert(model: type[SiteModel], values: dict[str, Any], *, if_new: bool) -> Any:
    if unknown := values.keys() - model._meta.fields.keys():
        raise AttributeError(f"{model.__name__} has no field {', '.join(unknown)}.")
    parameters = [convert(values.get(name, default)) for name, convert, default in _converters(model)]
    found = database.execute_sql(_insert_returning_sql(model, _mark(), if_new), parameters).fetchall()
    return found[0][0] if found else None


def insert(model: type[SiteModel], **values: Any) -> Any:
    """The new row's key."""
    return _insert(model, values, if_new=False)


def insert_if_new(model: type[SiteModel], **values: Any) -> bool:
    """False: a row that must be the only one of its kind is there already."""
    return _insert(model, values, if_new=True) is not None


def insert_many(model: type[SiteModel], values: Sequence[dict[str, Any]], *, if_new: bool = False) -> int:
    """All of them (`if_new`: but those that are there already); how many. They name the same fields, and what
    stands in row after row is converted once."""
    if not values:
        return 0
    columns = [
        _converted(convert, [row[name] for row in values])
        if name in values[0]
        else [convert(default)] * len(values)
        for name, convert, default in _converters(model)
    ]
    cursor = database.cursor()
    cursor.executemany(_insert_sql(model, _mark(), if_new), list(zip(*columns, strict=True)))
    return int(cursor.rowcount)


def _converted(convert: Callable[[Any], Any], values: Iterable[Any]) -> list[Any]:
    found, previous, last = [], None, None
    for value in values:
        if value is not previous:
            previous, last = value, convert(value)
        found.append(last)
    return found


def create(model: type[Record], **values: Any) -> Record:
    """Inserts, and gives the row as an object."""
    key = insert(model, **values)
    return model(**{_key(model).name: key}, **values)


def find(model: type[Record], **equal: Any) -> Record | None:
    fields = model._meta.fields
    parameters = [fields[name].db_value(value) for name, value in equal.items()]
    found = database.execute_sql(_find_sql(model, tuple(equal), _mark()), parameters).fetchall()
    if not found:
        return None
    pairs = zip(model._meta.sorted_fields, found[0], strict=True)
    record = model(__no_default__=1, **{field.name: field.python_value(value) for field, value in pairs})
    record._dirty.clear()  # type: ignore[attr-defined]
    return record
