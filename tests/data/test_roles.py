"""Over the connections of the support console nothing can be written but what is said in one list, whatever
SQL is sent over them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import peewee as pw
import psycopg
import pytest

from tests.support.engines import Engine, PostgresEngine
from webapp.assembly import Portal
from webapp.data import roles, tables
from webapp.data.accounts import Account, Membership, Person
from webapp.data.audit import AuditEvent
from webapp.data.database import atomic, database
from webapp.data.outbox import OutboxMessage
from webapp.data.pool import open_database
from webapp.data.roles import Mode
from webapp.data.schema import MODELS
from webapp.data.sign_in import Attempt
from webapp.domain import audit

Send = Callable[[str], object]

_ROW = "('person.signed_in', 'portal', '', 0, '{}')"
_EVENT = f"INTO audit_event (action, actor_kind, actor_name, at, details) VALUES {_ROW}"
EVERYWHERE = (
    "UPDATE person SET name = 'Mallory'",
    "UPDATE person SET password_hash = NULL",
    "DELETE FROM person",
    "DELETE FROM audit_event",
    "UPDATE audit_event SET details = '{}'",
    "UPDATE subscription SET status = 'ended'",
    "UPDATE subscription SET administrator_id = 1, status = 'ended'",
    "UPDATE outbox_message SET to_email = 'mallory@example.com'",
    "DELETE FROM outbox_message",
    "UPDATE membership SET billing_since = 1",
    "INSERT INTO session (token_hash, person_id, created_at, last_seen_at) VALUES ('x', 1, 1, 1)",
    "INSERT INTO token (token_hash, purpose, created_at, expires_at) VALUES ('x', 'set_password', 1, 1)",
    "INSERT INTO invoice (id) VALUES (1)",
    "INSERT INTO audit_event SELECT * FROM audit_event ON CONFLICT (id) DO UPDATE SET details = ''",
    "WITH gone AS (SELECT 1) DELETE FROM account",
    "CREATE TABLE mine (id INTEGER)",
    "CREATE TEMP TABLE mine (id INTEGER)",
    "CREATE VIEW mine AS SELECT 1",
    "CREATE INDEX mine ON person (name)",
    "DROP TABLE audit_event",
    "ALTER TABLE person ADD COLUMN mine INTEGER",
    "REINDEX TABLE person",
)
SQLITE = (
    f"REPLACE {_EVENT}; DELETE FROM person",
    "INSERT OR REPLACE INTO audit_event (id, action, actor_kind, actor_name, at, details)"
    " SELECT id, action, actor_kind, actor_name, at, 'x' FROM audit_event",
    "INSERT OR REPLACE INTO person SELECT * FROM person",
    "UPDATE OR REPLACE person SET id = 1",
    "ATTACH '{file}' AS again",
    "ATTACH ':memory:' AS other",
    "DETACH main",
    "PRAGMA query_only = 0",
    "PRAGMA writable_schema = 1",
    "PRAGMA journal_mode = delete",
    "PRAGMA wal_checkpoint(truncate)",
    "PRAGMA user_version = 7",
    "PRAGMA foreign_keys = 0",
    "PRAGMA recursive_triggers = 0",
    "SELECT * FROM pragma_user_version",
    "VACUUM",
    "VACUUM INTO '{file}.copy'",
    "ANALYZE",
    "REINDEX",
    "UPDATE sqlite_master SET sql = ''",
    "DELETE FROM sqlite_master",
    "SELECT load_extension('mine')",
    "CREATE VIRTUAL TABLE mine USING fts5(text)",
    "CREATE TRIGGER mine AFTER INSERT ON person BEGIN DELETE FROM person; END",
    "CREATE TEMP TRIGGER mine AFTER INSERT ON audit_event BEGIN DELETE FROM person; END",
    "DROP TRIGGER audit_event_stays",
    "DROP TRIGGER invoice_stays",
)
POSTGRESQL = (
    "SET ROLE postgres",
    "SET SESSION AUTHORIZATION postgres",
    "RESET SESSION AUTHORIZATION; DELETE FROM person",
    "TRUNCATE audit_event",
    "COPY person FROM PROGRAM 'true'",
    "COPY (SELECT 1) TO '/tmp/mine'",
    "SELECT lo_create(0)",
    "SELECT lo_from_bytea(0, 'x')",
    "SELECT setval(pg_get_serial_sequence('person', 'id'), 1)",
    "SELECT 1 FROM person FOR UPDATE",
    "LOCK TABLE person IN ACCESS EXCLUSIVE MODE",
    "MERGE INTO person USING (SELECT 1) one ON true WHEN MATCHED THEN DELETE",
    "ALTER TABLE audit_event DISABLE TRIGGER ALL",
    "CREATE SCHEMA mine",
    "CREATE FUNCTION mine() RETURNS int LANGUAGE sql AS 'SELECT 1'",
    "DO $$ BEGIN DELETE FROM person; END $$",
    "SET session_replication_role = replica",
    "ALTER SYSTEM SET fsync = off",
    "CREATE ROLE mine SUPERUSER",
    "ALTER ROLE CURRENT_USER SUPERUSER",
    "CREATE EXTENSION file_fdw",
)
UNDOING = (  # what would be tried first: little of it is refused, and none of it helps
    "RESET ALL",
    "GRANT ALL ON audit_event TO CURRENT_USER",
    "SET default_transaction_read_only = off",
    "SET SESSION CHARACTERISTICS AS TRANSACTION READ WRITE",
    "SET transaction_read_only = off",
)


@pytest.fixture
def somebody(portal: Portal, now) -> Portal:  # type: ignore[no-untyped-def]
    with portal.at(portal.sites["fr"]):
        account = Account.create(
            customer_number="1", name="Ouest", line1="x", city="x", country="FR", search_key="", sort_key=""
        )
        person = Person.create(
            email="a@b.c", email_key="a@b.c", name="Alice", sort_key="", language="fr", created_at=now
        )
        Membership.create(person=person, account=account, created_at=now)
        audit.record(audit.SIGNED_IN, actor=audit.PORTAL, person=person, now=now)
    return portal


def everything(portal: Portal) -> dict[str, object]:
    with portal.at(portal.sites["fr"]):
        opened = database.obj
        assert isinstance(opened, pw.Database)
        with opened.atomic():
            return {table.name: tables.content(opened, table) for table in tables.tables(opened)}


def attacks(portal: Portal) -> Iterator[str]:
    url = portal.databases.urls["fr"]
    yield from EVERYWHERE
    own = SQLITE if url.startswith("sqlite") else POSTGRESQL
    for sql in own:
        yield sql.replace("{file}", url.removeprefix("sqlite:///"))


@contextmanager
def over(portal: Portal, mode: Mode) -> Iterator[Send]:
    with portal.at(portal.sites["fr"], mode):
        yield database.execute_sql


def refused(send: Send, sql: str) -> bool:
    try:
        send(sql)
    except (pw.DatabaseError, pw.InterfaceError, psycopg.Error):
        return True
    except Exception as problem:  # SQLite's driver refuses two statements at once in its own way
        return "one statement" in str(problem)
    return False


@pytest.mark.parametrize("mode", roles.NARROW)
def test_no_statement_writes_what_the_list_does_not_allow(somebody: Portal, mode: Mode) -> None:
    before = everything(somebody)
    with over(somebody, mode) as send:
        if isinstance(database.obj, pw.PostgresqlDatabase):
            for sql in UNDOING:
                refused(send, sql)
            assert database.execute_sql("SHOW transaction_read_only").fetchone() == ("off",)
        allowed = [sql for sql in attacks(somebody) if not refused(send, sql)]
    assert allowed == []
    assert everything(somebody) == before
    if not somebody.databases.urls["fr"].startswith("sqlite"):
        assert found_at(somebody.databases.urls["fr"], mode) == []


def test_the_portals_own_connection_may_do_it(somebody: Portal) -> None:
    """Control: these statements are refused because of who sends them, not because of how they are written."""
    works = [
        "UPDATE person SET name = 'Mallory'",
        "UPDATE audit_event SET details = '{}'",
        "INSERT INTO token (token_hash, purpose, created_at, expires_at, next_path, concerns)"
        " VALUES ('x', 'set_password', 1, 1, '', '')",
        f"INSERT {_EVENT}",
        "CREATE TABLE mine (id INTEGER)",
    ]
    with over(somebody, "all") as send:
        assert [sql for sql in works if refused(send, sql)] == []
    with over(somebody, "look") as send:
        assert [sql for sql in works if not refused(send, sql)] == []


def test_over_look_not_even_an_audit_event_is_written(somebody: Portal, now) -> None:  # type: ignore[no-untyped-def]
    with over(somebody, "look") as send:
        assert refused(send, f"INSERT {_EVENT}")
        with pytest.raises(pw.DatabaseError), atomic():
            audit.record(audit.SIGNED_IN, actor=audit.PORTAL, now=now)
        with atomic():  # who only reads inside a transaction may
            assert Person.get().name == "Alice"


def test_over_act_an_audit_event_and_what_is_listed_can_be_written(somebody: Portal, now) -> None:  # type: ignore[no-untyped-def]
    with over(somebody, "act"):
        with atomic():
            audit.record(audit.SIGNED_IN, actor=audit.PORTAL, now=now)
            Attempt.create(kind="sign_in", subject="a@b.c", at=now)
            Attempt.delete().execute()
            OutboxMessage.update(state="withdrawn", claim=None).where(OutboxMessage.id == 0).execute()
            Membership.delete().execute()
        assert AuditEvent.select().count() == 2
    assert everything(somebody)


def test_every_table_of_the_list_exists(somebody: Portal) -> None:
    columns = {
        model._meta.table_name: {field.column_name for field in model._meta.sorted_fields} for model in MODELS
    }
    assert roles.ACTS.keys() <= columns.keys()
    assert all(set(allowed.update) <= columns[table] for table, allowed in roles.ACTS.items())


def test_a_role_that_may_too_much_or_too_little_is_found(somebody: Portal, engine: Engine) -> None:
    if not isinstance(engine, PostgresEngine):
        return  # SQLite's guard is of this program, and has no rights that anybody could give
    url = somebody.databases.urls["fr"]
    owner = open_database(url)
    for mode in roles.NARROW:
        assert found_at(url, mode) == []
    with owner.connection_context():
        owner.execute_sql("GRANT UPDATE (name) ON person TO postgres_look")
        owner.execute_sql("REVOKE INSERT ON audit_event FROM postgres_act")
        assert "person" in found_at(url, "look")[0]
        assert "audit_event" in found_at(url, "act")[0]
        assert roles.grant(owner) == []
    owner.close_all()  # type: ignore[attr-defined]
    for mode in roles.NARROW:
        assert found_at(url, mode) == []


def found_at(url: str, mode: Mode) -> list[str]:
    opened = open_database(url, mode)
    try:
        with opened.connection_context():
            return roles.problems(opened, mode)
    finally:
        opened.close_all()  # type: ignore[attr-defined]
