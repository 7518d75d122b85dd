"""Migrations: they make what the models say, once, whoever runs them; production waits until somebody did."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from pathlib import Path
from threading import Barrier
from typing import Any

import peewee as pw
import pytest
from playhouse.migrations import Runner
from playhouse.schema_diff import diff_models

from tests.support.cast import keep_person
from tests.support.engines import PostgresEngine, SqliteEngine
from tests.support.production import PRODUCTION
from webapp.assembly import Portal, assemble
from webapp.config import read_settings
from webapp.data.accounts import Person
from webapp.data.database import Databases, SiteModel, database
from webapp.data.pool import open_database
from webapp.data.schema import MIGRATIONS, MODELS, OldSchema, migrate, refuse_old_schema
from webapp.sites import Site

ALL = [path.stem for path in sorted(MIGRATIONS.glob("[0-9]*.py"))]
RUNNERS = 6
Opener = Callable[[], pw.Database]


@pytest.fixture
def empty(engine: SqliteEngine | PostgresEngine, tmp_path: Path) -> Iterator[str]:
    """The URL of a database in which nothing is yet."""
    if isinstance(engine, SqliteEngine):
        yield f"sqlite:///{tmp_path / 'empty.sqlite3'}"
        return
    name = f"empty_{uuid.uuid4().hex[:12]}_fr"
    engine._create(name, "template0")
    yield engine.uri(name)
    engine.admin.execute(f'DROP DATABASE "{name}" WITH (FORCE)')  # type: ignore[arg-type]


@pytest.fixture
def open_one(empty: str) -> Iterator[Opener]:
    """Each call is another process' way to the same database."""
    opened: list[pw.Database] = []

    def open_it() -> pw.Database:
        opened.append(open_database(empty))
        return opened[-1]

    yield open_it
    for one in opened:
        one.close_all()  # type: ignore[attr-defined]


def tables(opened: pw.Database) -> set[str]:
    with opened.connection_context():
        return {name for name in opened.get_tables() if not name.startswith("sqlite_")}


def described(opened: Any) -> dict[str, object]:
    """Columns, foreign keys and indexes of every model's table."""
    found: dict[str, object] = {}
    for table in (model._meta.table_name for model in MODELS):
        columns = {
            one.name: (one.data_type.lower(), one.null, one.primary_key) for one in opened.get_columns(table)
        }
        keys = {(one.column, one.dest_table, one.dest_column) for one in opened.get_foreign_keys(table)}
        indexes = sorted((tuple(one.columns), bool(one.unique)) for one in opened.get_indexes(table))
        found[table] = (columns, keys, indexes)
    return found


# ---- models and migrations


def test_the_migrations_make_what_the_models_say(bound_fr: Site) -> None:
    assert not diff_models(database, MODELS)


def test_types_keys_and_indexes_are_those_of_the_models(portal: Portal, site_fr: Site, empty: str) -> None:
    with portal.at(site_fr):
        migrated = described(database)
    apart = Databases({site_fr.code: empty})
    with apart.bound(site_fr):
        database.create_tables(MODELS)
        assert described(database) == migrated
    apart.close_all()


def test_every_model_of_the_portal_is_migrated() -> None:
    assert set(SiteModel.__subclasses__()) == set(MODELS)


def test_a_migration_can_be_undone_and_done_again(open_one: Opener) -> None:
    opened = open_one()
    assert migrate(opened) == ALL
    with opened.connection_context():
        undone = list(Runner(opened, str(MIGRATIONS)).down())
    assert undone == ALL[-1:]
    assert migrate(opened) == ALL[-1:]
    assert {model._meta.table_name for model in MODELS} <= tables(opened)


def test_transfers_can_be_migrated_down_and_up_again(portal: Portal, site_fr: Site) -> None:
    with portal.at(site_fr) as site:
        opened = portal.databases.of(site)
        runner = Runner(opened, str(MIGRATIONS))
        assert runner.down("0002_transfers")[-1] == "0002_transfers"
        assert diff_models(opened, MODELS), "what is missing is seen"
        assert "transfer" not in opened.get_tables()
        assert "0002_transfers" in runner.up()
        assert not diff_models(opened, MODELS)


def test_a_second_run_has_nothing_to_do_and_keeps_the_rows(
    portal: Portal, site_fr: Site, now: datetime
) -> None:
    with portal.at(site_fr):
        keep_person("alice@example.com", name="Alice", password=None, now=now)
    assert migrate(portal.databases.of(site_fr)) == []
    with portal.at(site_fr):
        assert Person.select().count() == 1


# ---- several runners


def test_runners_that_start_at_once_migrate_once(open_one: Opener) -> None:
    together = Barrier(RUNNERS)

    def run(_number: int) -> list[str]:
        opened = open_one()
        together.wait(timeout=30)
        return migrate(opened)

    with ThreadPoolExecutor(RUNNERS) as threads:
        applied = sorted(threads.map(run, range(RUNNERS)))
    assert applied == [[]] * (RUNNERS - 1) + [ALL]
    assert {model._meta.table_name for model in MODELS} <= tables(open_one())


def test_without_the_lock_runners_get_in_each_others_way(
    open_one: Opener, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The control: all look, see the same work, and begin it."""
    seen = Barrier(2)

    def nobody_waits(opened: pw.Database) -> Any:
        seen.wait(timeout=30)
        return opened.atomic()

    monkeypatch.setattr("webapp.data.schema._one_runner", nobody_waits)

    def run(_number: int) -> str:
        try:
            return " ".join(migrate(open_one()))
        except pw.PeeweeException as problem:
            return type(problem).__name__

    with ThreadPoolExecutor(2) as threads:
        assert sorted(threads.map(run, range(2))) != ["", " ".join(ALL)]


# ---- production


def production(tmp_path: Path, url: str) -> dict[str, str]:
    return {**PRODUCTION, "PORTAL_DATA": str(tmp_path / "var"), "PORTAL_DATABASE_FR": url}


def test_production_refuses_an_old_schema_until_it_is_migrated(
    tmp_path: Path, empty: str, open_one: Opener
) -> None:
    portal = assemble(read_settings(production(tmp_path, empty)))
    for _time in range(2):
        with pytest.raises(OldSchema) as refusal, portal.at(portal.sites["fr"]):
            pass
    assert all(words in str(refusal.value) for words in (*ALL, "portal db migrate"))
    migrate(open_one())
    with portal.at(portal.sites["fr"]):
        assert Person.select().count() == 0
    portal.databases.close_all()


def test_looking_whether_a_schema_is_old_changes_nothing_of_it(open_one: Opener) -> None:
    with pytest.raises(OldSchema):
        refuse_old_schema(open_one())
    assert not {model._meta.table_name for model in MODELS} & tables(open_one())


def test_a_demo_migrates_by_itself(tmp_path: Path, empty: str) -> None:
    settings = read_settings({"PORTAL_DATA": str(tmp_path / "var"), "PORTAL_DATABASE_FR": empty})
    portal = assemble(settings)
    with portal.at(portal.sites["fr"]):
        assert Person.select().count() == 0
    portal.databases.close_all()
