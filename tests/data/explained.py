"""What both engines say of how they will read."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import peewee as pw

from webapp.data.database import database
from webapp.data.statements import engine_name


@dataclass
class Plan:
    """One statement's plan as lines, the same for both engines: `SEARCH index (conditions)`, `SORT`, `SCAN`."""

    sql: str
    inner: list[str] = field(default_factory=list)  # what finds the rows of a page, below its limit
    outer: list[str] = field(default_factory=list)


@contextmanager
def statements() -> Iterator[list[Any]]:
    """What is sent to the bound database meanwhile."""
    opened = database.obj
    assert isinstance(opened, pw.Database)
    seen: list[Any] = []
    opened.query_hooks.append(seen.append)
    try:
        yield seen
    finally:
        opened.query_hooks.clear()


def plans(ask: Callable[[], object]) -> list[Plan]:
    with statements() as seen:
        ask()
    explain = _explained_by_sqlite if engine_name() == "sqlite" else _explained_by_postgresql
    return [explain(event.sql, event.params) for event in list(seen)]


def _explained_by_sqlite(sql: str, parameters: Any) -> Plan:
    plan, insides = Plan(sql), set()
    for number, parent, _unused, detail in database.execute_sql(
        f"EXPLAIN QUERY PLAN {sql}", parameters
    ).fetchall():
        inside = parent in insides
        if inside or detail.startswith(("MATERIALIZE", "CO-ROUTINE", "SCALAR SUBQUERY")):
            insides.add(number)
        line = detail.replace("USE TEMP B-TREE FOR ORDER BY", "SORT").replace("COVERING INDEX", "INDEX ONLY")
        (plan.inner if inside else plan.outer).append(line)
    return plan


def _explained_by_postgresql(sql: str, parameters: Any) -> Plan:
    found = database.execute_sql(f"EXPLAIN (FORMAT JSON, VERBOSE) {sql}", parameters).fetchone()[0]
    tree = found if isinstance(found, list) else json.loads(found)
    plan = Plan(sql)
    _walk(tree[0]["Plan"], plan, inside=False)
    return plan


_NODES = {"Sort": "SORT", "Incremental Sort": "SORT"}
_INDEX = {"Index Scan": "INDEX", "Index Only Scan": "INDEX ONLY", "Bitmap Index Scan": "INDEX"}


def _walk(node: dict[str, Any], plan: Plan, *, inside: bool) -> None:
    kind = node["Node Type"]
    if kind == "Seq Scan":
        line = f"SCAN {node['Relation Name']}"
    elif kind in _INDEX:
        line = f"SEARCH USING {_INDEX[kind]} {node['Index Name']} {node.get('Index Cond', '')}"
    else:
        line = f"{_NODES.get(kind, kind)} {node.get('Alias', '')}".strip()
    (plan.inner if inside else plan.outer).append(line)
    for child in node.get("Plans", []):
        _walk(child, plan, inside=inside or kind == "Limit")


@contextmanager
def as_if_everything_were_big() -> Iterator[None]:
    """PostgreSQL reads what is small, or nearly all one administrator's, without an index, and rightly."""
    settings = ("enable_seqscan", "enable_bitmapscan") if engine_name() == "postgresql" else ()
    for setting in settings:
        database.execute_sql(f"SET {setting} = off")
    yield
    for setting in settings:
        database.execute_sql(f"RESET {setting}")


def of_table(lines: list[str], *words: str) -> list[str]:
    return [line for line in lines if line.startswith(words)]
