from __future__ import annotations

import sqlite3
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from datetime import UTC, date, datetime, timedelta, timezone
from typing import Any

import peewee as pw
import pytest

from tests.support.cast import call_cast
from tests.support.engines import Engine
from tests.support.probes import probe_rows
from webapp.assembly import Portal
from webapp.data import database as data
from webapp.data.accounts import Person
from webapp.data.counters import Counter
from webapp.data.counters import take as take_number
from webapp.data.database import CrossSite, InstantField, LocalDateField, SiteNotBound, atomic, database
from webapp.data.pool import MAX_CONNECTIONS
from webapp.data.statements import rows
from webapp.sites import Site

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
THREADS, ROUNDS = 8, 30


def new_person(name: str, *, number: int = 0) -> Person:
    address = f"{name}.{number}@example.com"
    return Person.create(
        email=address, email_key=address, name=name, sort_key=name, language="en", created_at=NOW
    )


def connections_in_use(portal: Portal, site: Site) -> int:
    return len(portal.databases.of(site)._in_use)  # type: ignore[attr-defined]


# ---- nothing bound

UNBOUND: dict[str, Callable[[], Any]] = {
    "select": lambda: list(Person.select()),
    "get": lambda: Person.get_or_none(Person.id == 1),
    "a new row": lambda: Person(name="Nobody"),
    "insert": lambda: Person.insert(name="Nobody").execute(),
    "update": lambda: Person.update(name="Nobody").execute(),
    "delete": lambda: Person.delete().execute(),
    "plain SQL": lambda: rows("SELECT 1 AS one"),
    "a transaction": lambda: atomic(),
    "the proxy’s transaction": lambda: database.atomic(),
    "a savepoint": lambda: database.savepoint(),
    "the site": lambda: data.current_site(),
}


@pytest.mark.parametrize("use", UNBOUND)
def test_without_a_site_there_is_no_database(use: str) -> None:
    with pytest.raises(SiteNotBound):
        UNBOUND[use]()


def test_the_error_is_not_mistaken_for_a_missing_attribute() -> None:
    with pytest.raises(SiteNotBound):
        hasattr(database, "execute_sql")


# ---- bound to one, and to one only


def test_each_site_has_rows_of_its_own(portal: Portal, site_fr: Site, site_de: Site) -> None:
    with portal.at(site_fr):
        french = new_person("Alice")
    with portal.at(site_de):
        german = new_person("Dora")
        assert [person.name for person in Person.select()] == ["Dora"]
    assert french.id == german.id
    with portal.at(site_fr):
        assert [person.name for person in Person.select()] == ["Alice"]


@pytest.mark.parametrize("inside", ["de", "fr"])
def test_a_site_is_not_bound_inside_another_nor_inside_itself(
    inside: str, portal: Portal, site_fr: Site
) -> None:
    with portal.at(site_fr):
        with pytest.raises(CrossSite), portal.at(portal.sites[inside]):
            pass
        assert data.current_site() is site_fr
        assert list(Person.select()) == []


def test_after_an_error_nothing_is_bound_and_no_connection_is_kept(
    portal: Portal, site_fr: Site, site_de: Site
) -> None:
    with pytest.raises(ZeroDivisionError), portal.at(site_fr):
        new_person("Alice")
        _ = 1 / 0
    with pytest.raises(SiteNotBound):
        data.current_site()
    assert connections_in_use(portal, site_fr) == 0
    with portal.at(site_de):
        assert data.current_site() is site_de


def test_a_transaction_that_was_left_open_is_undone(portal: Portal, site_fr: Site) -> None:
    with portal.at(site_fr) as site:
        portal.databases.of(site).begin()
        portal.databases.of(site).push_transaction(object())
        new_person("Alice")
    with portal.at(site_fr):
        assert Person.select().count() == 0


def test_connections_come_back_to_a_bounded_pool(portal: Portal, site_fr: Site) -> None:
    for _turn in range(3 * MAX_CONNECTIONS):
        with portal.at(site_fr):
            rows("SELECT 1 AS one")
    pool = portal.databases.of(site_fr)
    assert connections_in_use(portal, site_fr) == 0
    assert len(pool._connections) == 1  # type: ignore[attr-defined]


def test_models_cannot_be_bound_for_the_whole_process(bound_fr: Site, portal: Portal) -> None:
    opened = portal.databases.of(bound_fr)
    for forbidden in (Person.bind, Person.bind_ctx):
        with pytest.raises(TypeError):
            forbidden(opened)
    with pytest.raises(TypeError), database:
        pass


def test_rows_of_another_site_are_refused_as_filter_as_foreign_key_and_when_saved(portal: Portal) -> None:
    assert list(probe_rows(portal, call_cast(portal))) == []


# ---- threads


def interleave(portal: Portal, sites: tuple[Site, Site]) -> list[str]:
    """Eight threads write and read at two sites in turn: what each sees that it must not."""
    barrier = threading.Barrier(THREADS)

    def work(number: int) -> Iterator[str]:
        barrier.wait()
        for turn in range(ROUNDS):
            site = sites[(number + turn) % 2]
            try:
                with portal.at(site):
                    with atomic():
                        new_person(site.code, number=number * ROUNDS + turn)
                    seen = {person.name for person in Person.select()}
                if seen != {site.code}:
                    yield f"{seen} at {site.code}"
            except Exception as problem:
                yield f"{problem!r} at {site.code}"

    with ThreadPoolExecutor(THREADS) as pool:
        return [
            problem
            for found in pool.map(lambda number: list(work(number)), range(THREADS))
            for problem in found
        ]


def test_eight_threads_at_two_sites_never_cross(portal: Portal, site_fr: Site, site_de: Site) -> None:
    assert interleave(portal, (site_fr, site_de)) == []
    for site in (site_fr, site_de):
        with portal.at(site):
            assert Person.select().count() == THREADS * ROUNDS // 2
        assert connections_in_use(portal, site) == 0


class OneForAll:
    """What a binding of the whole process would be."""

    def __init__(self) -> None:
        self.value: Any = None

    def get(self) -> Any:
        return self.value

    def set(self, value: Any) -> Any:
        before, self.value = self.value, value
        return before

    def reset(self, before: Any) -> None:
        self.value = before


def test_control_a_binding_of_the_whole_process_does_cross(
    portal: Portal, site_fr: Site, site_de: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    for site in (site_fr, site_de):
        portal.databases.of(site)
    monkeypatch.setattr(data, "_bound", OneForAll())
    assert interleave(portal, (site_fr, site_de)) != []


def test_another_thread_starts_unbound_and_a_copied_context_stays_bound(
    portal: Portal, bound_fr: Site
) -> None:
    def code() -> str:
        return data.current_site().code

    with ThreadPoolExecutor(1) as pool:
        assert isinstance(pool.submit(code).exception(), SiteNotBound)
        assert pool.submit(copy_context().run, code).result() == "fr"


def test_reading_and_then_writing_at_once_loses_nothing(portal: Portal, site_fr: Site) -> None:
    """A deferred BEGIN of SQLite fails here at once, whatever its timeout is."""

    def work(_number: int) -> None:
        with portal.at(site_fr):
            for _turn in range(10):
                with atomic():
                    before = Counter.get_or_none(Counter.name == "test")
                    take_number("test", first=1)
                    after = Counter.get(Counter.name == "test")
                    assert after.value > (before.value if before else 0)

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(work, range(4)))
    with portal.at(site_fr):
        assert Counter.get(Counter.name == "test").value == 40


# ---- what the columns hold


def test_instants_are_kept_to_the_microsecond_in_utc(bound_fr: Site) -> None:
    exact = datetime(2026, 10, 25, 2, 30, 0, 123457, tzinfo=timezone(timedelta(hours=2)))
    person = new_person("Alice")
    Person.update(first_signed_in_at=exact).where(Person.id == person.id).execute()
    found = Person.get_by_id(person.id).first_signed_in_at
    assert found == exact and found.utcoffset() == timedelta(0)
    assert Person.select().where(Person.first_signed_in_at == exact).count() == 1


def test_an_instant_without_its_zone_is_refused() -> None:
    with pytest.raises(ValueError, match="zone"):
        InstantField().db_value(NOW.replace(tzinfo=None))


def test_instants_outside_the_range_of_floats_and_before_1970_come_back_exactly() -> None:
    for exact in (datetime(1, 1, 1, tzinfo=UTC), datetime(9999, 12, 31, 23, 59, 59, 999999, tzinfo=UTC)):
        assert data.from_micros(data.to_micros(exact)) == exact


def test_local_dates_are_kept_as_text_that_sorts() -> None:
    field = LocalDateField()
    assert field.db_value(date(2027, 1, 5)) == "2027-01-05"
    assert field.python_value("2027-01-05") == date(2027, 1, 5)
    assert field.db_value(None) is None and field.python_value(None) is None


# ---- SQLite


def test_sqlite_is_durable_and_keeps_foreign_keys(
    make_portal: Callable[..., Portal], sqlite_engine: Engine
) -> None:
    portal = make_portal(sqlite_engine)
    with portal.at(portal.sites["fr"]):
        asked = ("journal_mode", "synchronous", "foreign_keys", "busy_timeout")
        found = {name: database.execute_sql(f"PRAGMA {name}").fetchone()[0] for name in asked}
        assert found == {"journal_mode": "wal", "synchronous": 2, "foreign_keys": 1, "busy_timeout": 10_000}
        with pytest.raises(pw.IntegrityError):
            database.execute_sql(
                "INSERT INTO membership (person_id, account_id, created_at) VALUES (7, 7, 0)"
            )


def test_a_transaction_of_sqlite_takes_the_lock_at_once(
    make_portal: Callable[..., Portal], sqlite_engine: Engine
) -> None:
    portal = make_portal(sqlite_engine)
    with portal.at(portal.sites["fr"]) as site, atomic():
        other = sqlite3.connect(str(portal.databases.of(site).database), timeout=0)
        with pytest.raises(sqlite3.OperationalError, match="locked"):
            other.execute("BEGIN IMMEDIATE")
        other.close()
