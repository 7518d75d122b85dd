"""A site moves between databases while people go on: nothing that was acknowledged is lost."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext, suppress
from pathlib import Path
from threading import Event, Thread

import pytest

from tests.data.backing import QUIET, contents, filled, of_site, one_more, place, rest
from tests.support.engines import PostgresEngine, SqliteEngine
from webapp.assembly import Portal
from webapp.data import backups, closing, loading, moving, tables
from webapp.data.accounts import Person
from webapp.data.backup_file import BackupRefused
from webapp.data.closing import ClosedAlready
from webapp.data.database import STORAGE_FAILURES, open_database

AnyEngine = SqliteEngine | PostgresEngine


@pytest.fixture
def target(
    make_portal: Callable[..., Portal], sqlite_engine: AnyEngine, postgres_engine: AnyEngine, portal: Portal
) -> str:
    """An empty database of the other engine."""
    other = postgres_engine if portal.databases.urls["fr"].startswith("sqlite") else sqlite_engine
    there = make_portal(other)
    url = there.databases.urls["fr"]
    if other is sqlite_engine:
        return url.replace("/fr.sqlite3", "/moved/fr.sqlite3")
    other.prepare(open_database(url))
    there.databases.close_all()
    return url


def move(portal: Portal, to: str, tmp_path: Path, **facts: bool) -> backups.Manifest:
    return moving.move(place(portal), to, folder=tmp_path, now=portal.clock(), show=QUIET, **facts)


@contextmanager
def writers(portal: Portal, number: int = 3) -> Iterator[tuple[list[str], list[float]]]:
    """They go on and on; what was acknowledged, and when something was refused."""
    stop, stored, refused = Event(), list[str](), list[float]()

    def write(writer: int) -> None:
        for turn in range(100_000):
            if stop.is_set():
                return
            email = f"{writer}-{turn}@example.com"
            try:
                one_more(portal, email)
                stored.append(email)
            except STORAGE_FAILURES:
                refused.append(time.monotonic())
                time.sleep(0.005)

    threads = [Thread(target=write, args=(number,)) for number in range(number)]
    for thread in threads:
        thread.start()
    try:
        while len(stored) < 10:
            time.sleep(0.01)
        yield stored, refused
    finally:
        stop.set()
        for thread in threads:
            thread.join()


def emails(url: str) -> set[str]:
    with backups.opened_at(url) as opened:
        return {email for (email,) in opened.execute_sql("SELECT email FROM person").fetchall()}


def test_a_site_moves_to_the_other_engine_and_back_while_others_write(
    portal: Portal, target: str, tmp_path: Path
) -> None:
    filled(portal, now=portal.clock())
    source = portal.databases.urls["fr"]
    with writers(portal) as (stored, refused):
        manifest = move(portal, target, tmp_path)
        time.sleep(0.05)
    assert refused, "there was somebody to refuse"
    assert set(stored) <= emails(target) and emails(target) == emails(source)
    assert contents(target) == manifest.contents == of_site(portal)
    with portal.at(portal.sites["fr"]):
        assert Person.select().count() == manifest.contents["person"].rows, "it is still read"
    for late in ("late@example.com", "later@example.com"):
        with pytest.raises(STORAGE_FAILURES, match="moved to another database"):
            one_more(portal, late)
    assert one_more(portal, "elsewhere@example.com", "de")
    assert not list(tmp_path.glob(".*.moving"))
    there = place(portal, url=target)
    with pytest.raises(BackupRefused, match="is not empty"):
        moving.move(there, source, folder=tmp_path, now=portal.clock(), show=QUIET)
    moving.move(there, source, folder=tmp_path, replace_target=True, now=portal.clock(), show=QUIET)
    assert one_more(portal, "home@example.com") and set(stored) <= emails(source)


def test_without_the_closing_something_is_lost(
    portal: Portal, target: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The control."""
    one_more(portal, "first@example.com")
    monkeypatch.setattr(moving.closing, "closed", lambda opened: nullcontext())
    monkeypatch.setattr(moving, "_standing_still", lambda opened: nullcontext())
    monkeypatch.setattr(moving.closing, "mark_moved", lambda opened: time.sleep(0.2))
    with writers(portal) as (stored, _refused):
        move(portal, target, tmp_path)
    assert set(stored) - emails(target)


@pytest.mark.parametrize("step", ["load", "mark_moved"])
def test_a_move_that_is_killed_leaves_the_old_database_in_force(
    portal: Portal, target: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    one_more(portal, "first@example.com")
    rest(portal)
    if (child := os.fork()) == 0:
        room = backups if step == "load" else closing
        monkeypatch.setattr(room, step, lambda *facts, **more: os.kill(os.getpid(), signal.SIGKILL))
        with suppress(BaseException):
            move(portal, target, tmp_path)
        os._exit(0)
    assert os.WTERMSIG(os.waitpid(child, 0)[1]) == signal.SIGKILL
    for _try in range(100):  # PostgreSQL notices a moment later that its client is gone
        with suppress(STORAGE_FAILURES):
            one_more(portal, "second@example.com")
            break
        time.sleep(0.05)
    move(portal, target, tmp_path, replace_target=True)
    assert emails(target) == {"first@example.com", "second@example.com"}


def test_a_move_that_fails_changes_nothing(
    portal: Portal, target: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    one_more(portal, "first@example.com")
    monkeypatch.setattr(loading, "_refuse_others", _fails)
    with pytest.raises(BackupRefused, match="on purpose"):
        move(portal, target, tmp_path)
    assert one_more(portal, "second@example.com")
    with pytest.raises(BackupRefused, match="is there already"):
        move(portal, portal.databases.urls["fr"], tmp_path)


def _fails(*facts: object) -> None:
    raise BackupRefused("on purpose")


def test_only_one_command_works_at_a_database(portal: Portal, target: str, tmp_path: Path) -> None:
    one_more(portal, "first@example.com")
    with (
        backups.opened_at(portal.databases.urls["fr"]) as opened,
        closing.closed(opened),
        pytest.raises(ClosedAlready),
    ):
        move(portal, target, tmp_path)


def test_what_was_moved_away_can_be_opened_again(portal: Portal, target: str, tmp_path: Path) -> None:
    one_more(portal, "first@example.com")
    move(portal, target, tmp_path)
    with backups.opened_at(portal.databases.urls["fr"]) as opened:
        assert closing.reopen(opened) and not closing.reopen(opened)
    assert one_more(portal, "second@example.com")


def test_a_site_moves_from_one_server_to_another(
    make_portal: Callable[..., Portal], postgres_engine: AnyEngine, tmp_path: Path
) -> None:
    here, there = make_portal(postgres_engine), make_portal(postgres_engine)
    one_more(here, "first@example.com")
    with there.at(there.sites["fr"]):
        pass
    to = there.databases.urls["fr"]
    with backups.opened_at(here.databases.urls["fr"]) as reader, tables.snapshot(reader):
        assert move(here, to, tmp_path).contents == contents(to), "whoever reads meanwhile"
    assert one_more(there, "second@example.com") == 2
