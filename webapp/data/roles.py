"""What may be done over each kind of connection, said once for both engines.

`all` is the portal's own. Over `look` nothing can be changed: what the support console shows comes over it.
Over `act` goes the audit event before each page of a visit, and what a support agent may cause: `ACTS` is all
of that. On PostgreSQL they are roles of their own, on SQLite an authorizer asks this module.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal, get_args
from urllib.parse import urlsplit

import peewee as pw

Mode = Literal["all", "look", "act"]
NARROW: tuple[Mode, ...] = tuple(mode for mode in get_args(Mode) if mode != "all")


@dataclass(frozen=True, slots=True)
class Grant:
    """Of one table, besides reading it."""

    insert: bool = False
    update: tuple[str, ...] = ()  # columns
    delete: bool = False


ACTS: dict[str, Grant] = {
    "audit_event": Grant(insert=True),
    "outbox_message": Grant(insert=True, update=("state", "claim")),
    "webhook_message": Grant(insert=True),
    "attempt": Grant(insert=True, delete=True),
    "person": Grant(insert=True),
    "membership": Grant(insert=True, delete=True),
    "subscription": Grant(update=("administrator_id", "backup_id")),
    "transfer": Grant(insert=True, update=("settled_at",)),
    "claim": Grant(update=("state", "waits_for", "closed_at", "decided_by", "decision")),
}


def grants(mode: Mode) -> dict[str, Grant]:
    return ACTS if mode == "act" else {}


# ---- PostgreSQL


class NoUserNamed(ValueError):
    def __init__(self) -> None:
        super().__init__(
            "The address of a PostgreSQL database must name its role, as postgresql://portal_fr@…."
        )


def role_url(url: str, mode: Mode) -> str:
    """The same database as another role: `portal_fr` looks as `portal_fr_look`."""
    parts = urlsplit(url)
    named, at, host = parts.netloc.rpartition("@")
    user, colon, password = named.partition(":")
    if not user:
        raise NoUserNamed
    return parts._replace(netloc=f"{user}_{mode}{colon}{password}{at}{host}").geturl()


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def _role(opened: pw.Database, mode: Mode) -> str | None:
    """Its name, if the server's administrator has made it."""
    found = opened.execute_sql(
        "SELECT rolname FROM pg_roles WHERE rolname = current_user || %s", (f"_{mode}",)
    ).fetchone()
    return str(found[0]) if found else None


def grant(opened: pw.Database) -> list[str]:
    """As the owner of the tables: gives these roles exactly what is said here. Those that are missing."""
    missing: list[str] = []
    for mode in NARROW:
        if role := _role(opened, mode):
            with opened.atomic():
                for sql in _statements(opened, _quoted(role), mode):
                    opened.execute_sql(sql)
        else:
            missing.append(mode)
    return missing


def _statements(opened: pw.Database, role: str, mode: Mode) -> Iterator[str]:
    (home,) = opened.execute_sql("SELECT current_schema()").fetchone()
    schema = _quoted(home)
    yield f"REVOKE ALL ON ALL TABLES IN SCHEMA {schema} FROM {role}"
    yield f"REVOKE ALL ON ALL SEQUENCES IN SCHEMA {schema} FROM {role}"
    yield f"GRANT USAGE ON SCHEMA {schema} TO {role}"
    yield f"GRANT SELECT ON ALL TABLES IN SCHEMA {schema} TO {role}"
    for table, allowed in grants(mode).items():
        yield from _of_table(opened, f"{schema}.{_quoted(table)}", role, allowed)


def _of_table(opened: pw.Database, table: str, role: str, allowed: Grant) -> Iterator[str]:
    if allowed.insert:
        yield f"GRANT INSERT ON {table} TO {role}"
        if sequence := _sequence(opened, table):
            yield f"GRANT USAGE ON SEQUENCE {sequence} TO {role}"
    if allowed.update:
        yield f"GRANT UPDATE ({', '.join(_quoted(name) for name in allowed.update)}) ON {table} TO {role}"
    if allowed.delete:
        yield f"GRANT DELETE ON {table} TO {role}"


def _sequence(opened: pw.Database, table: str) -> str | None:
    """That counts up its ids, if it has any."""
    sql = (
        "SELECT pg_get_serial_sequence(%s, attname) FROM pg_attribute"
        " WHERE attrelid = %s::regclass AND attname = 'id'"
    )
    found = opened.execute_sql(sql, (table, table)).fetchone()
    return str(found[0]) if found and found[0] else None


# ---- PostgreSQL, as the role itself: does it have what it needs, and nothing more?

_POWERS = """SELECT rolsuper OR rolcreaterole OR rolcreatedb OR rolreplication OR rolbypassrls,
 EXISTS (SELECT 1 FROM pg_auth_members m WHERE m.member = r.oid),
 has_database_privilege(current_database(), 'CREATE') OR has_database_privilege(current_database(), 'TEMP')
 OR has_schema_privilege(current_schema(), 'CREATE'),
 EXISTS (SELECT 1 FROM pg_class c WHERE c.relowner = r.oid)
 FROM pg_roles r WHERE rolname = current_user"""
_TABLES = """SELECT c.relname, has_table_privilege(c.oid, 'SELECT'), has_table_privilege(c.oid, 'INSERT'),
 has_table_privilege(c.oid, 'DELETE'), has_table_privilege(c.oid, 'TRUNCATE, TRIGGER'),
 ARRAY(SELECT a.attname::text FROM pg_attribute a WHERE a.attrelid = c.oid AND a.attnum > 0
  AND NOT a.attisdropped AND has_column_privilege(c.oid, a.attnum, 'UPDATE') ORDER BY 1)
 FROM pg_class c WHERE c.relnamespace = current_schema()::regnamespace AND c.relkind IN ('r', 'p', 'v')
 ORDER BY 1"""


def problems(opened: pw.Database, mode: Mode) -> list[str]:
    """Inside a connection of the role."""
    powerful, member, creates, owns = opened.execute_sql(_POWERS).fetchone()
    found = []
    if powerful or member or owns:
        found.append("it has powers, other roles or tables of its own")
    if creates:
        found.append("it may create tables (REVOKE ALL ON DATABASE … FROM PUBLIC)")
    wrong = [name for name, *rights in opened.execute_sql(_TABLES).fetchall() if rights != _right(name, mode)]
    if wrong:
        found.append(f"its rights are not as they should be at {', '.join(wrong)}: run “portal db migrate”")
    return found


def _right(table: str, mode: Mode) -> list[object]:
    allowed = grants(mode).get(table, Grant())
    return [True, allowed.insert, allowed.delete, False, sorted(allowed.update)]
