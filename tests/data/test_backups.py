"""Backup and restore: exactly what was there, on whichever engine, all of it or nothing."""

from __future__ import annotations

import hashlib
import os
import signal
import zipfile
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from threading import Event, Thread

import pytest
from playhouse.migrations import Runner

from tests.data.backing import QUIET, back_up, contents, filled, of_site, one_more, place, rest
from tests.support.engines import PostgresEngine, SqliteEngine
from webapp.assembly import Portal
from webapp.data import backup_file, backups, closing, loading, soundness, tables
from webapp.data.accounts import Person
from webapp.data.backup_file import BackupRefused, Damaged
from webapp.data.database import STORAGE_FAILURES, atomic
from webapp.data.schema import MIGRATIONS, MODELS
from webapp.data.sign_in import Attempt
from webapp.data.support import SharedAttempt
from webapp.domain.limits import Limit

AnyEngine = SqliteEngine | PostgresEngine


@pytest.fixture
def cast(portal: Portal) -> Portal:
    filled(portal, now=portal.clock())
    return portal


def restore(portal: Portal, path: Path, **facts: object) -> None:
    backups.restore(place(portal), path, replace=True, show=QUIET, **facts)  # type: ignore[arg-type]


def file_hashes(portal: Portal, but: str) -> dict[str, str]:
    """Of what lies in the folder of SQLite databases, but for one site's."""
    urls = {code: url for code, url in portal.databases.urls.items() if code != but}
    paths = [Path(url.removeprefix("sqlite:///")) for url in urls.values()]
    return {str(path): hashlib.sha256(path.read_bytes()).hexdigest() for path in paths if path.exists()}


# ---- there and back


def test_what_was_backed_up_comes_back_and_other_sites_are_not_touched(cast: Portal, tmp_path: Path) -> None:
    before, others, path = of_site(cast), of_site(cast, "de"), tmp_path / "fr.backup"
    rest(cast)
    bytes_before = file_hashes(cast, "fr")
    manifest = back_up(cast, path)
    assert manifest.contents == before and manifest.rows > 100 and manifest.sealed
    late = one_more(cast, "late@example.com")
    with cast.at(cast.sites["fr"]), atomic():
        Person.update(name="changed").where(Person.id < late).execute()
    assert of_site(cast) != before
    restore(cast, path)
    assert of_site(cast) == before
    assert of_site(cast, "de") == others and file_hashes(cast, "fr") == bytes_before
    assert one_more(cast, "later@example.com") >= late  # through connections that were open all the time


def test_either_engine_reads_what_the_other_wrote(
    make_portal: Callable[..., Portal], sqlite_engine: AnyEngine, postgres_engine: AnyEngine, tmp_path: Path
) -> None:
    here, there, back = (make_portal(one) for one in (sqlite_engine, postgres_engine, sqlite_engine))
    back.databases.urls["fr"] = f"sqlite:///{tmp_path / 'back' / 'fr.sqlite3'}"  # nobody has made it
    filled(here, now=here.clock())
    with there.at(there.sites["fr"]):
        pass
    written = [back_up(here, tmp_path / "1")]
    restore(there, tmp_path / "1")
    written.append(back_up(there, tmp_path / "2"))
    restore(back, tmp_path / "2")
    written.append(back_up(back, tmp_path / "3"))
    assert {one.sha256 for one in written} == {written[0].sha256}
    assert {one.engine for one in written} == {"sqlite", "postgresql"}
    for portal in (there, back):
        with backups.opened_at(portal.databases.urls["fr"]) as opened:
            assert soundness.problems(opened, MIGRATIONS) == []
        assert one_more(portal, "next@example.com") > 0


def test_indexes_references_and_triggers_are_there_afterwards(cast: Portal, tmp_path: Path) -> None:
    def shape() -> object:
        with backups.opened_at(cast.databases.urls["fr"]) as opened:
            names = [model._meta.table_name for model in MODELS]
            indexes = {n: sorted((i.name, i.columns, i.unique) for i in opened.get_indexes(n)) for n in names}
            keys = {name: sorted(opened.get_foreign_keys(name)) for name in names}
            of_sqlite = "SELECT name FROM sqlite_master WHERE type = 'trigger' ORDER BY name"
            of_postgresql = "SELECT tgname FROM pg_trigger WHERE NOT tgisinternal ORDER BY tgname"
            triggers = opened.execute_sql(of_sqlite if tables.is_sqlite(opened) else of_postgresql).fetchall()
            return indexes, keys, triggers

    before = shape()
    back_up(cast, tmp_path / "f")
    restore(cast, tmp_path / "f")
    assert shape() == before


def test_numbers_that_were_given_are_not_given_again(cast: Portal, tmp_path: Path) -> None:
    """PostgreSQL remembers those of rows that are gone, and a restored one does too."""
    gone = one_more(cast, "gone@example.com")
    with cast.at(cast.sites["fr"]):
        Person.delete().where(Person.id == gone).execute()
    back_up(cast, tmp_path / "f")
    restore(cast, tmp_path / "f")
    new = one_more(cast, "new@example.com")
    assert new == gone if cast.databases.urls["fr"].startswith("sqlite") else new > gone


def test_the_shared_database_is_backed_up_too(portal: Portal, tmp_path: Path) -> None:
    with portal.support.bound():
        SharedAttempt.create(kind="whereabouts", subject="a", at=portal.clock())
    shared, path = place(portal, "support", url=portal.support.url), tmp_path / "support"
    before = backups.back_up(shared, path, now=portal.clock(), show=QUIET)
    with portal.support.bound():
        SharedAttempt.delete().execute()
    backups.restore(shared, path, show=QUIET)
    assert contents(portal.support.url) == before.contents and before.rows == 1


def test_a_backup_is_of_one_moment_while_others_write(cast: Portal, tmp_path: Path) -> None:
    """Pairs of rows are written together, and read together."""
    done = Event()

    def write() -> None:
        number = 0
        while not done.is_set():
            number += 1
            with cast.at(cast.sites["fr"]), atomic():
                limit = {"kind": Limit.__name__, "subject": f"{number}", "at": cast.clock()}
                Person.create(
                    email=f"{number}@w.example", email_key=f"{number}@w.example", name="w", sort_key="w",
                    language="fr", created_at=cast.clock(),
                )  # fmt: skip
                Attempt.create(**limit)

    base = {name: of_site(cast)[name].rows for name in ("person", "attempt")}
    writer = Thread(target=write)
    writer.start()
    try:
        found = [back_up(cast, tmp_path / f"{number}").contents for number in range(3)]
    finally:
        done.set()
        writer.join()
    more = [{name: one[name].rows - base[name] for name in base} for one in found]
    assert all(one["person"] == one["attempt"] for one in more) and more[-1]["person"] > more[0]["person"]


def test_an_older_backup_is_brought_up_to_date(portal: Portal, engine: AnyEngine, tmp_path: Path) -> None:
    with portal.at(portal.sites["fr"]) as site:
        opened = portal.databases.of(site)
        newest = [one.stem for one in sorted(MIGRATIONS.glob("[0-9]*.py"))]
        Runner(opened, str(MIGRATIONS)).down("0012_time_passes")
        opened.execute_sql(
            "INSERT INTO person (email, email_key, name, sort_key, language, created_at)"
            " VALUES ('old@example.com', 'old@example.com', 'Old', 'old', 'fr', 1)"
        )
    assert back_up(portal, tmp_path / "old").schema[-1] == "0011_bounces"
    restore(portal, tmp_path / "old")
    assert back_up(portal, tmp_path / "new").schema == tuple(newest)
    with portal.at(portal.sites["fr"]):
        assert Person.get().name == "Old"


# ---- refused


def test_what_does_not_fit_is_refused_and_changes_nothing(
    cast: Portal, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path, before = tmp_path / "fr.backup", of_site(cast)
    back_up(cast, path)
    bytes_before = path.read_bytes()
    with pytest.raises(BackupRefused, match="nothing is overwritten"):
        back_up(cast, path)
    assert path.read_bytes() == bytes_before and [one.name for one in tmp_path.glob("*.partial")] == []
    with pytest.raises(BackupRefused, match="is a backup of fr, not of de"):
        backups.restore(place(cast, "de"), path, replace=True, show=QUIET)
    with pytest.raises(BackupRefused, match="is not empty"):
        backups.restore(place(cast), path, show=QUIET)
    with pytest.raises(BackupRefused, match="PORTAL_VAULT_KEY"):
        backups.restore(place(cast, key="another key"), path, replace=True, show=QUIET)
    manifest = backup_file.read_manifest(path)
    newer = replace(manifest, schema=(*manifest.schema, "0999_of_tomorrow"))
    monkeypatch.setattr(backup_file, "read_manifest", lambda path: newer)
    with pytest.raises(BackupRefused, match="newer portal"):
        restore(cast, path)
    assert of_site(cast) == before


def test_a_damaged_file_is_found_wherever_it_is_damaged(
    make_portal: Callable[..., Portal], sqlite_engine: AnyEngine, tmp_path: Path
) -> None:
    """Every 97th byte, one at a time: refused, or it says what it said before."""
    portal = make_portal(sqlite_engine)
    one_more(portal, "one@example.com")
    whole, broken = tmp_path / "whole", tmp_path / "broken"
    said, content = back_up(portal, whole), bytearray(whole.read_bytes())
    refused = 0
    for at in range(0, len(content), 97):
        content[at] ^= 0x20
        broken.write_bytes(content)
        content[at] ^= 0x20
        try:
            manifest = backup_file.read_manifest(broken)
            backup_file.verify(broken, manifest, QUIET)
            assert manifest == said
        except Damaged:
            refused += 1
    assert refused > 50
    broken.write_bytes(content[: len(content) // 2])
    with pytest.raises(Damaged):
        backup_file.read_manifest(broken)


def test_rows_that_were_swapped_for_others_are_found(cast: Portal, tmp_path: Path) -> None:
    """Whole in itself as a ZIP, and not what was written."""
    path, forged = tmp_path / "f", tmp_path / "g"
    back_up(cast, path)
    with zipfile.ZipFile(path) as old, zipfile.ZipFile(forged, "w") as new:
        for entry in old.infolist():
            content = old.read(entry)
            new.writestr(entry, content.replace(b"kanari-fr-alice", b"kanari-fr-mallo"))
    before = of_site(cast)
    with pytest.raises(Damaged, match="checksum"):
        restore(cast, forged)
    assert of_site(cast) == before


# ---- all or nothing


def test_a_restore_that_is_killed_leaves_everything_as_it_was(
    cast: Portal, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """When everything is loaded and nothing is in force yet."""
    path = tmp_path / "f"
    back_up(cast, path)
    one_more(cast, "late@example.com")
    before = of_site(cast)
    rest(cast)
    if (child := os.fork()) == 0:
        monkeypatch.setattr(loading, "_refuse_others", lambda *facts: os.kill(os.getpid(), signal.SIGKILL))
        with suppress(BaseException):
            restore(cast, path)
        os._exit(0)
    assert os.WTERMSIG(os.waitpid(child, 0)[1]) == signal.SIGKILL
    assert of_site(cast) == before
    assert one_more(cast, "later@example.com"), "and it is open"
    restore(cast, path)
    assert "late@example.com" not in _emails(cast)


def _emails(portal: Portal) -> set[str]:
    with portal.at(portal.sites["fr"]):
        return {person.email for person in Person.select()}


def test_while_a_site_is_closed_it_is_read_and_not_changed(cast: Portal) -> None:
    with backups.opened_at(cast.databases.urls["fr"]) as opened:
        with closing.closed(opened):
            other = backups.opened_at(cast.databases.urls["fr"])
            with pytest.raises(closing.ClosedAlready), other as second, closing.closed(second):
                pass
            with pytest.raises(STORAGE_FAILURES):
                one_more(cast, "late@example.com")
            with cast.at(cast.sites["fr"]), pytest.raises(STORAGE_FAILURES):
                Person.update(name="changed").execute()
            assert "late@example.com" not in _emails(cast)
            assert one_more(cast, "elsewhere@example.com", "de")
        assert one_more(cast, "late@example.com")
