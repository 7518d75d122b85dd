"""A site of any size: what one company went through, as often as wanted, copied by the database itself.

Each copy has rows of its own in every table that the pattern has rows in, tables of tomorrow included.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import peewee as pw

from webapp.data.agreements import AcceptedText
from webapp.data.counters import Counter
from webapp.data.database import SiteModel, atomic, database
from webapp.data.documents import StoredDocument
from webapp.data.schema import MODELS
from webapp.data.statements import engine_name, row, rows, run

STRIDE = 1_000  # between the row numbers of a copy and the next
_SHARED = (AcceptedText, Counter, StoredDocument)  # of the site, or made anew when they are asked for
_STEP = 500
_DIGITS = 7  # of a copy's number, with its dash
_IN_HASTE = {  # who loses power while filling begins anew, and copies are as sound as their pattern
    "sqlite": (
        "PRAGMA journal_mode = OFF",
        "PRAGMA synchronous = OFF",
        "PRAGMA foreign_keys = OFF",
        "PRAGMA cache_size = -1000000",
    ),
    "postgresql": (
        "SET synchronous_commit = off",
        "SET session_replication_role = replica",
        "SET maintenance_work_mem = '512MB'",
    ),
}
_LONG = 60  # characters that a copy keeps of a text


def clone(copies: int) -> None:
    """At the bound site, which holds the pattern and nothing else."""
    models = [model for model in MODELS if model not in _SHARED and _rows_of(model)]
    for setting in _IN_HASTE[engine_name()]:
        database.execute_sql(setting)
    with _indexes_made_afterwards():
        for first in range(1, copies + 1, _STEP):
            with atomic():
                for model in models:
                    run(_clone_sql(model), first=first, last=min(first + _STEP - 1, copies), stride=STRIDE)
    settle(models)


_INDEXES = {
    "sqlite": "SELECT name, sql AS made FROM sqlite_master WHERE type = 'index' AND sql IS NOT NULL",
    "postgresql": "SELECT indexname AS name, indexdef AS made FROM pg_indexes"
    " WHERE schemaname = 'public' AND indexname NOT LIKE '%_pkey'",
}


@contextmanager
def _indexes_made_afterwards() -> Iterator[None]:
    """All but those of keys: into one that is there already every row goes by itself."""
    found = rows(_INDEXES[engine_name()])
    for index in found:
        database.execute_sql(f'DROP INDEX "{index.name}"')
    yield
    for index in found:
        database.execute_sql(index.made)


def settle(models: list[type[SiteModel]]) -> None:
    """Sequences behind the copies; and what autovacuum would have done a minute later."""
    if engine_name() != "postgresql":
        return
    for model in models:
        if isinstance(model._meta.primary_key, pw.AutoField):
            table = model._meta.table_name
            database.execute_sql(
                f"SELECT setval(pg_get_serial_sequence('{table}', 'id'), max(id)) FROM {table}"
            )
    database.execute_sql("VACUUM ANALYZE")


def _rows_of(model: type[SiteModel]) -> int:
    """The pattern's, whose row numbers must not reach into the first copy's."""
    key = model._meta.primary_key
    if isinstance(key, pw.AutoField):
        last = row(f"SELECT coalesce(max(id), 0) AS id FROM {model._meta.table_name}").id
        if last >= STRIDE:
            raise RuntimeError(f"The pattern has more than {STRIDE} rows in {model._meta.table_name}.")
    return int(row(f"SELECT count(*) AS number FROM {model._meta.table_name}").number)


def _clone_sql(model: type[SiteModel]) -> str:
    table, fields = model._meta.table_name, model._meta.sorted_fields
    columns = ", ".join(f'"{field.column_name}"' for field in fields)
    copied = ", ".join(_copied(field) for field in fields)
    return (
        "WITH RECURSIVE copies (i) AS (SELECT CAST(:first AS integer) UNION ALL"
        " SELECT i + 1 FROM copies WHERE i < CAST(:last AS integer)),"
        " step (width) AS (SELECT CAST(:stride AS integer))"
        f' INSERT INTO "{table}" ({columns}) SELECT {copied}'
        f' FROM copies CROSS JOIN step CROSS JOIN (SELECT * FROM "{table}" {_first_only(model)}) p'
    )


def _first_only(model: type[SiteModel]) -> str:
    """The pattern's rows: those of copies have higher numbers, or a number in their key."""
    key = model._meta.primary_key
    if isinstance(key, pw.AutoField):
        return f"WHERE id < {STRIDE}"
    return f"WHERE substr(\"{key.column_name}\", 1, 1) <> '~'"


def _copied(field: pw.Field) -> str:
    column = f'p."{field.column_name}"'
    of_a_copy = isinstance(field, pw.ForeignKeyField) and field.rel_model not in _SHARED
    if isinstance(field, pw.AutoField) or of_a_copy:
        return f"{column} + copies.i * step.width"
    if field.primary_key:
        return f"'~' || copies.i || substr({column}, 1, {field.max_length - _DIGITS})"
    if field.unique:
        kept = (
            f"substr({column}, 1, {field.max_length - _DIGITS})" if hasattr(field, "max_length") else column
        )
        return f"{kept} || '-' || copies.i"
    if type(field) is pw.TextField:
        return f"substr({column}, 1, {_LONG})"
    return column
