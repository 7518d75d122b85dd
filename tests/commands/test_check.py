"""`portal check` says all that is wrong, without starting anything."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from tests.mail.conftest import mail_server
from tests.mail.server import MailServer
from tests.sites import TENANTS, change
from tests.support.production import PRODUCTION
from webapp.assembly import assemble
from webapp.commands import cli
from webapp.config import SettingsError, read_settings
from webapp.readiness import refuse_to_start

__all__ = ["mail_server"]


@pytest.fixture
def settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, mail_server: MailServer) -> dict[str, str]:
    chosen = {**PRODUCTION, "PORTAL_DATA": str(tmp_path / "data"), "PORTAL_SMTP": mail_server.url}
    for name, value in chosen.items():
        monkeypatch.setenv(name, value)
    return chosen


def check() -> Result:
    return CliRunner().invoke(cli, ["check"])


def test_everything_wrong_is_said_at_once(settings: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("PORTAL_SECRET")
    monkeypatch.setenv("PORTAL_CLOCK", "2026-11-22T12:00:00Z")
    told = check()
    assert told.exit_code == 1
    assert [line.split()[1] for line in told.stderr.splitlines()] == ["PORTAL_SECRET", "PORTAL_CLOCK"]


def test_what_does_not_answer_and_what_is_old_is_said(
    settings: dict[str, str], monkeypatch: pytest.MonkeyPatch, mail_server: MailServer
) -> None:
    mail_server.stop()
    monkeypatch.setenv("PORTAL_QUEUE", "redis://127.0.0.1:1/0")
    monkeypatch.setenv("PORTAL_RATE_LIMITS", "redis://127.0.0.1:1/1")
    monkeypatch.setenv("PORTAL_DATABASE_DE", "postgresql://127.0.0.1:1/nowhere")
    told = check()
    words = ("The database of de does not answer", "PORTAL_SMTP", "PORTAL_QUEUE", "PORTAL_RATE_LIMITS")
    assert told.exit_code == 1 and all(word in told.stderr for word in words), told.stderr
    assert "portal db migrate" in told.stderr and "Traceback" not in told.stderr


def test_a_portal_that_is_set_up_passes_and_starts(settings: dict[str, str]) -> None:
    portal = assemble(read_settings(settings))
    with pytest.raises(SettingsError, match="portal db migrate"):
        refuse_to_start(portal)
    assert CliRunner().invoke(cli, ["db", "migrate"]).exit_code == 0
    told = check()
    assert (told.exit_code, told.stderr) == (0, ""), told.stderr
    assert "Made up, as shipped" in told.stdout and "ae, at, be" in told.stdout
    assert refuse_to_start(portal) == []


def test_two_sites_in_one_database_do_not_start(settings: dict[str, str], tmp_path: Path) -> None:
    shared = f"sqlite:///{tmp_path}/shared.sqlite3"
    two = {"PORTAL_DATABASE_FR": shared, "PORTAL_DATABASE_DE": shared}
    with pytest.raises(SettingsError, match="de and fr have the same database"):
        refuse_to_start(assemble(read_settings({**settings, **two})))


def test_more_processes_than_were_said_do_not_start(settings: dict[str, str]) -> None:
    told = CliRunner().invoke(cli, ["web", "--processes", "3"])
    assert told.exit_code == 1 and "PORTAL_WEB_PROCESSES must be 3 or more" in told.output


def test_a_database_that_is_away_stops_no_start(settings: dict[str, str]) -> None:
    assert CliRunner().invoke(cli, ["db", "migrate"]).exit_code == 0
    away = {**settings, "PORTAL_DATABASE_DE": "postgresql://127.0.0.1:1/nowhere"}
    (told,) = refuse_to_start(assemble(read_settings(away)))
    assert told.startswith("de: ")


def test_a_site_with_its_own_company_is_not_called_made_up(
    settings: dict[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shutil.copytree(TENANTS / "fr", tmp_path / "tenants" / "fr")
    shutil.copy(TENANTS / "catalogue.toml", tmp_path / "tenants")
    change(tmp_path / "tenants" / "fr" / "site.toml", "support@fr.portal.example", "aide@compagnie.fr")
    monkeypatch.setenv("PORTAL_TENANTS", str(tmp_path / "tenants"))
    told = check()
    assert "Sites: fr." in told.stdout and "Made up" not in told.stdout


def test_the_version_is_told() -> None:
    told = CliRunner().invoke(cli, ["--version"])
    assert re.fullmatch(r"Subscription portal \d+\.\d+\.\d+\n", told.output)
