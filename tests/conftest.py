"""Fixtures: a portal of all sites in databases of its own, on both engines; a clock that tests move."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path

import peewee as pw
import pytest

from tests.support.engines import PostgresEngine, SqliteEngine
from tests.support.figures import _of_a_row, figure, pytest_terminal_summary
from webapp.assembly import Portal
from webapp.config import Settings, read_settings
from webapp.data.database import Databases, database
from webapp.data.support import SupportStore
from webapp.i18n import SOURCE_LANGUAGE, speaking, speech
from webapp.sites import Catalogue, Site, Sites, load_catalogue, load_sites

__all__ = ["_of_a_row", "figure", "pytest_terminal_summary"]

NOON = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
_LONGEST_NAME = 80


def pytest_make_parametrize_id(val: object) -> str | None:
    """Long texts are called by their beginning: pytest puts a test's name into the environment, and no program
    can be started any more when that is too long."""
    if not isinstance(val, str | bytes) or len(val) <= _LONGEST_NAME:
        return None
    text = val.decode("latin-1") if isinstance(val, bytes) else val
    return f"{text[:_LONGEST_NAME]}… ({len(val)})"


class TestClock:
    """A clock that stands still until a test moves it."""

    __test__ = False

    def __init__(self, start: datetime = NOON) -> None:
        self.now = start

    def __call__(self) -> datetime:
        return self.now

    def forward(self, **span: float) -> datetime:
        self.now += timedelta(**span)
        return self.now


@pytest.fixture(autouse=True)
def _nobody_has_spoken() -> Iterator[None]:
    """Each test starts in the source language, whatever the one before it left."""
    with speaking(speech(SOURCE_LANGUAGE, "GB")):
        yield


@pytest.fixture
def clock() -> TestClock:
    return TestClock()


@pytest.fixture
def now(clock: TestClock) -> datetime:
    return clock.now


@pytest.fixture(scope="session")
def sqlite_engine(tmp_path_factory: pytest.TempPathFactory) -> SqliteEngine:
    return SqliteEngine(tmp_path_factory.mktemp("sqlite"))


@pytest.fixture(scope="session")
def postgres_engine(testrun_uid: str, worker_id: str) -> Iterator[PostgresEngine]:
    engine = PostgresEngine(testrun_uid, worker_id)
    yield engine
    engine.stop()


@pytest.fixture(params=["sqlite", "postgresql"])
def engine(request: pytest.FixtureRequest) -> SqliteEngine | PostgresEngine:
    """Each test that touches a database runs on both engines."""
    return request.getfixturevalue("sqlite_engine" if request.param == "sqlite" else "postgres_engine")


@cache
def _sold_everywhere(origin: str) -> tuple[Sites, Catalogue]:
    """The sites of this checkout and what they sell, read once for all tests."""
    settings = read_settings({})
    sites = load_sites(settings.tenants, lambda code: origin.format(site=code))
    return sites, load_catalogue(settings.tenants, sites)


def sites_of(settings: Settings) -> tuple[Sites, Catalogue]:
    if settings.tenants == read_settings({}).tenants:
        return _sold_everywhere(settings.origin("{site}"))
    sites = load_sites(settings.tenants, settings.origin)
    return sites, load_catalogue(settings.tenants, sites)


def build_portal(
    engine: SqliteEngine | PostgresEngine, folder: Path, clock: TestClock, **environment: str
) -> Portal:
    settings = read_settings({"PORTAL_DATA": str(folder / "var"), **environment})
    sites, catalogue = sites_of(settings)
    return Portal(
        settings=settings,
        sites=sites,
        catalogue=catalogue,
        clock=clock,
        databases=Databases(
            {site.code: engine.url(site.code, folder) for site in sites}, prepare=engine.prepare
        ),
        support=SupportStore(engine.support_url(folder), prepare=engine.prepare_support),
    )


@pytest.fixture
def make_portal(tmp_path: Path, clock: TestClock) -> Iterator[Callable[..., Portal]]:
    """Builds a portal on an engine; its databases are made from a migrated template when first used.

    Settings are given by name: `make_portal(engine, PORTAL_TENANTS="…")` has other sites.
    """
    made: list[tuple[Portal, SqliteEngine | PostgresEngine]] = []

    def make(engine: SqliteEngine | PostgresEngine, **environment: str) -> Portal:
        portal = build_portal(engine, tmp_path, clock, **environment)
        made.append((portal, engine))
        return portal

    yield make
    for portal, engine in made:
        portal.databases.close_all()
        portal.support.close_all()
        engine.forget(portal)
    shutil.rmtree(tmp_path / "var", ignore_errors=True)


@pytest.fixture
def portal(make_portal: Callable[..., Portal], engine: SqliteEngine | PostgresEngine) -> Portal:
    return make_portal(engine)


@pytest.fixture
def site_fr(portal: Portal) -> Site:
    return portal.sites["fr"]


@pytest.fixture
def site_de(portal: Portal) -> Site:
    return portal.sites["de"]


@pytest.fixture
def bound_fr(portal: Portal, site_fr: Site) -> Iterator[Site]:
    with portal.at(site_fr):
        yield site_fr


@pytest.fixture
def count_queries() -> Callable[[], list[str]]:
    """Call it inside a bound site: the SQL sent from then on is in the list."""

    def start() -> list[str]:
        seen: list[str] = []
        bound = database.obj
        assert isinstance(bound, pw.Database)
        bound.query_hooks.append(lambda event: seen.append(event.sql))
        return seen

    return start
