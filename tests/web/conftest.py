"""Pages are asked of a portal where the cast lives already: its databases are copies of ones filled once."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import peewee as pw
import pytest
from flask import Flask
from jinja2.bccache import Bucket, BytecodeCache

from tests.conftest import TestClock, build_portal
from tests.support.cast import ALICE, SITES, Cast, call_cast
from tests.support.client import SiteClient, client_at, signed_in
from tests.support.engines import PostgresEngine, SqliteEngine
from webapp import create_app
from webapp.assembly import Portal
from webapp.web import assets


class CastEngine:
    """An engine whose databases of the cast's sites are copies of filled ones."""

    def __init__(self, engine: SqliteEngine | PostgresEngine, folder: Path) -> None:
        self.name, self.plain = engine.name, engine
        self._first = build_portal(engine, folder, TestClock())
        self.cast = call_cast(self._first)
        self._first.databases.close_all()
        self._site_of: dict[str, str] = {}
        self._filled = {code: self._copying(engine, code) for code in SITES}

    def _copying(self, engine: SqliteEngine | PostgresEngine, code: str) -> SqliteEngine | PostgresEngine:
        url = self._first.databases.urls[code]
        copying = copy.copy(engine)
        if isinstance(copying, SqliteEngine):
            copying.template = Path(url.removeprefix("sqlite:///"))
        else:
            copying.template = copying._name(url)
        return copying

    def url(self, site_code: str, folder: Path) -> str:
        url = self.plain.url(site_code, folder)
        self._site_of[url.removeprefix("sqlite:///")] = site_code
        return url

    def prepare(self, opened: pw.Database) -> None:
        code = self._site_of[str(opened.database)]
        self._filled.get(code, self.plain).prepare(opened)

    def support_url(self, folder: Path) -> str:
        return self.plain.support_url(folder)

    def prepare_support(self, opened: pw.Database) -> None:
        self.plain.prepare_support(opened)

    def forget(self, portal: Portal) -> None:
        self.plain.forget(portal)

    def close(self) -> None:
        self.plain.forget(self._first)


@pytest.fixture(scope="session")
def sqlite_cast(sqlite_engine: SqliteEngine, tmp_path_factory: pytest.TempPathFactory) -> CastEngine:
    return CastEngine(sqlite_engine, tmp_path_factory.mktemp("cast"))


@pytest.fixture(scope="session")
def postgres_cast(
    postgres_engine: PostgresEngine, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[CastEngine]:
    filled = CastEngine(postgres_engine, tmp_path_factory.mktemp("cast"))
    yield filled
    filled.close()


@pytest.fixture(params=["sqlite", "postgresql"])
def engine(request: pytest.FixtureRequest) -> CastEngine:
    """Each test runs on both engines, with the cast in the databases of its sites."""
    return request.getfixturevalue("sqlite_cast" if request.param == "sqlite" else "postgres_cast")


# For what has nothing to do with the database: headers, redirects, HTML.
on_sqlite = pytest.mark.parametrize("engine", ["sqlite"], indirect=True)


@pytest.fixture
def cast(engine: CastEngine) -> Cast:
    return engine.cast


@pytest.fixture(scope="session", autouse=True)
def _assets_read_once() -> Iterator[None]:
    """Compressing them for each test's app would take longer than most tests."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(assets, "_read_all", cache(assets._read_all))
        yield


class CompiledOnce(BytecodeCache):
    """Each app has a template environment of its own; the templates stay the same."""

    def __init__(self) -> None:
        self._kept: dict[str, bytes] = {}

    def load_bytecode(self, bucket: Bucket) -> None:
        if bucket.key in self._kept:
            bucket.bytecode_from_string(self._kept[bucket.key])

    def dump_bytecode(self, bucket: Bucket) -> None:
        self._kept[bucket.key] = bucket.bytecode_to_string()


_compiled = CompiledOnce()


def new_app(portal: Portal) -> Flask:
    app = create_app(portal)
    app.jinja_env.bytecode_cache = _compiled
    return app


@pytest.fixture
def app(portal: Portal) -> Flask:
    return new_app(portal)


@pytest.fixture
def fr(app: Flask) -> SiteClient:
    return client_at(app, "fr")


@pytest.fixture
def de(app: Flask) -> SiteClient:
    return client_at(app, "de")


@pytest.fixture
def front(app: Flask) -> SiteClient:
    return client_at(app, None)


@pytest.fixture
def alice(app: Flask) -> SiteClient:
    """A browser at fr where alice is signed in."""
    return signed_in(app, ALICE)
