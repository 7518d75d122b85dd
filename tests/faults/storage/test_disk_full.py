"""The disk is full: what was acknowledged stays, reading works, writing answers 503, and it is over when there
is room again. First by SQLite's own limit of pages; the soak run fills a real file system."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import peewee as pw
import pytest

from tests.conftest import TestClock
from tests.faults.storage.editing import Editing
from tests.support.cast import Cast
from tests.support.client import SiteClient
from webapp.assembly import Portal
from webapp.data.database import database
from webapp.domain.people import sign_in

on_sqlite = pytest.mark.parametrize("engine", ["sqlite"], indirect=True)


class Disk:
    """Lets the database of fr have no more pages than it has."""

    def __init__(self, portal: Portal) -> None:
        self.portal, self.site = portal, portal.sites["fr"]
        self.opened: Any = portal.databases.of(self.site)

    def fill(self) -> None:
        with self.portal.at(self.site):
            pages = database.execute_sql("PRAGMA page_count").fetchone()[0]
        self._pragma(pages)
        with self.portal.at(self.site):
            database.execute_sql("CREATE TABLE IF NOT EXISTS ballast (content blob)")
            with pytest.raises(pw.OperationalError, match="full"):
                while True:
                    database.execute_sql("INSERT INTO ballast VALUES (randomblob(400))")

    def free(self) -> None:
        self._pragma(2**31 - 2)

    def _pragma(self, pages: int) -> None:
        self.opened.close_all()
        kept = [(name, value) for name, value in self.opened._pragmas if name != "max_page_count"]
        self.opened._pragmas = [*kept, ("max_page_count", pages)]


@pytest.fixture
def disk(portal: Portal) -> Disk:
    with portal.at(portal.sites["fr"]):
        database.execute_sql("CREATE TABLE ballast (content blob)")
    return Disk(portal)


@pytest.fixture
def editing(alice: SiteClient, portal: Portal, cast: Cast) -> Editing:
    return Editing(alice, portal, cast)


def until_refused(editing: Editing, times: int = 3) -> None:
    for _edit in range(500):
        editing.edit()
        if editing.refused >= times:
            return
    raise AssertionError("the disk did not get full")


@on_sqlite
def test_a_full_disk_refuses_changes_and_keeps_what_was_acknowledged(disk: Disk, editing: Editing) -> None:
    editing.edit()
    disk.fill()
    until_refused(editing)
    editing.check()
    assert editing.client.get("/subscriptions").status_code == 200
    disk.free()
    assert editing.edit() == 303
    editing.check()


@pytest.fixture
def read_only(portal: Portal, monkeypatch: pytest.MonkeyPatch) -> Callable[[], list[str]]:
    """From then on every write fails; the list holds what was tried."""
    opened = portal.databases.of(portal.sites["fr"])
    sound = opened.execute_sql

    def only_read(sql: str, *more: Any, **named: Any) -> Any:
        if sql.split(maxsplit=1)[0].upper() in ("INSERT", "UPDATE", "DELETE"):
            tried.append(sql)
            raise pw.OperationalError("database or disk is full")
        return sound(sql, *more, **named)

    tried: list[str] = []

    def start() -> list[str]:
        monkeypatch.setattr(opened, "execute_sql", only_read)
        return tried

    return start


def test_pages_are_read_while_nothing_can_be_written_by_who_was_away_for_hours_too(
    editing: Editing, read_only: Callable[[], list[str]], clock: TestClock, fr: SiteClient
) -> None:
    """Noting that somebody is here again is a write; it may fail without anybody being turned away."""
    editing.edit()
    tried = read_only()
    clock.now += sign_in.SEEN_STEP * 3
    for path in ("/subscriptions", editing.page):
        assert editing.client.get(path).status_code == 200
    assert fr.get("/sign-in").status_code == 200
    assert any("session" in sql for sql in tried)
    assert editing.edit() == 503


@pytest.mark.row("disk full", control=True)
@on_sqlite
def test_control_without_a_full_disk_nothing_is_refused(editing: Editing) -> None:
    for _edit in range(30):
        assert editing.edit() == 303
    editing.check()


@pytest.mark.row("disk full")
@pytest.mark.soak
def test_a_file_system_without_room_refuses_changes_and_keeps_what_was_acknowledged(
    tmp_path: Path, figure
) -> None:
    assert shutil.which("unshare"), "a small file system of its own needs unshare (util-linux)"
    script = 'mount -t tmpfs -o size=24m tmpfs "$1" && exec "$2" -m tests.faults.storage.small_disk "$1"'
    began = time.monotonic()
    command = ["unshare", "-Urm", "sh", "-c", script, "sh", str(tmp_path), sys.executable]
    done = subprocess.run(command, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout.splitlines()[-1])
    figure("changes stored and still there, refused with 503", (told["stored"], told["refused"]))
    figure("pages read while full", told["read"])
    figure("seconds until the first change is stored again", told["seconds_to_recover"])
    assert told["seconds_to_recover"] <= 5 and told["refused"] >= 20 and told["read"] >= 20
    assert time.monotonic() - began < 300
