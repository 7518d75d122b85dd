"""`portal db backup|restore|check|move`, as an operator types them."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import Result

from tests.data.backing import filled, of_site, one_more, rest
from tests.support.engines import SqliteEngine
from webapp.assembly import Portal
from webapp.readiness import moved_away, probe_all

Portals = Callable[..., Result]


@pytest.fixture
def engine(sqlite_engine: SqliteEngine) -> SqliteEngine:
    """What is typed is the same on both; what happens then is tried in tests/data."""
    return sqlite_engine


def test_an_operator_backs_up_checks_and_restores(portal: Portal, type_in: Portals, tmp_path: Path) -> None:
    filled(portal, now=portal.clock())
    path, before = tmp_path / "fr.backup", of_site(portal)
    written = type_in("db", "backup", "fr", path)
    assert written.exit_code == 0 and "SHA-256" in written.stdout
    assert "keep PORTAL_VAULT_KEY" in written.stdout, "it holds sealed account numbers"
    assert path.stat().st_mode & 0o077 == 0
    same = type_in("db", "check", "fr", path, "--same")
    assert same.exit_code == 0 and "holds the same" in same.stdout
    one_more(portal, "late@example.com")
    other = type_in("db", "check", "fr", path, "--same")
    assert other.exit_code == 1 and "person: " in other.stdout
    assert type_in("db", "check", "fr", path).exit_code == 0
    rest(portal)
    careful = type_in("db", "restore", "fr", path)
    assert careful.exit_code == 1 and "--replace" in careful.output
    restored = type_in("db", "restore", "fr", path, "--replace")
    assert restored.exit_code == 0, restored.output
    assert of_site(portal) == before
    whole = type_in("db", "check", "fr")
    assert whole.exit_code == 0 and "fr: whole" in whole.stdout


def test_an_operator_moves_a_site(portal: Portal, type_in: Portals, tmp_path: Path) -> None:
    one_more(portal, "one@example.com")
    moved = type_in("db", "move", "fr", "--to", f"sqlite:///{tmp_path / 'there.sqlite3'}")
    assert moved.exit_code == 0 and "PORTAL_DATABASE_FR" in moved.stdout, moved.output
    told = type_in("db", "check", "fr")
    assert told.exit_code == 1 and "was moved away" in told.stdout
    (left,) = moved_away(portal, probe_all(portal))  # as `portal check` says it, until the setting is changed
    assert "The database of fr was moved" in left and "PORTAL_DATABASE_FR" in left
    assert "open for changes again" in type_in("db", "reopen", "fr").stdout
    assert moved_away(portal, probe_all(portal)) == []
    assert one_more(portal, "two@example.com")


def test_a_folder_that_is_not_ours_is_said_in_words(
    portal: Portal, type_in: Portals, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    one_more(portal, "one@example.com")
    may = os.access
    monkeypatch.setattr("os.access", lambda path, right: path != tmp_path and may(path, right))
    refused = type_in("db", "backup", "fr", tmp_path / "fr.backup")
    assert refused.exit_code == 1 and f"{tmp_path} can’t be written by the user" in refused.output
    assert list(tmp_path.glob("*fr.backup*")) == []


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("backup", "xx", "f"), "There is no site “xx”"),
        (("backup", "support", "/no/such/folder/f"), "There is no folder"),
        (("restore", "fr", "/no/such/file"), "can’t be read"),
        (("check", "de"), "has no database yet"),
        (("move", "fr", "--to", "mysql://x"), "begins with sqlite:/// or postgresql://"),
    ],
)
def test_what_can_not_be_done_is_said_in_words(
    portal: Portal, type_in: Portals, arguments: tuple[str, ...], words: str
) -> None:
    with portal.support.bound():
        pass
    refused = type_in("db", *arguments)
    assert refused.exit_code == 1 and words in refused.output and "Traceback" not in refused.output
