"""A new country: `portal site add`, what it still lacks, and the main job at it on the first day."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from tests.conftest import TestClock
from tests.sites import CODES, TENANTS, change, origin
from tests.sites.first_day import first_day
from webapp.assembly import assemble
from webapp.commands import cli
from webapp.config import read_settings
from webapp.sites import Sites, load_catalogue, load_sites
from webapp.sites.adding import add, missing, proposed
from webapp.sites.countries import COUNTRIES

Type = Callable[..., Result]


@pytest.fixture
def tenants(tmp_path: Path) -> Path:
    folder = tmp_path / "tenants"
    folder.mkdir()
    shutil.copyfile(TENANTS / "catalogue.toml", folder / "catalogue.toml")
    for code in CODES:
        shutil.copytree(TENANTS / code, folder / code)
    return folder


@pytest.fixture
def site_command(tenants: Path, tmp_path: Path) -> Type:
    environment = {"PORTAL_TENANTS": str(tenants), "PORTAL_DATA": str(tmp_path / "var")}
    return lambda *typed: CliRunner(env=environment).invoke(cli, ["site", *typed])


def test_a_country_is_added_and_says_what_it_lacks(site_command: Type, tenants: Path) -> None:
    added = site_command("add", "se", "--company", "Exempel Verktyg AB")
    assert added.exit_code == 0, added.output
    site = load_sites(tenants, origin)["se"]
    assert (site.currency, site.time_zone.key, site.languages) == ("SEK", "Europe/Stockholm", ("sv",))
    assert (site.name_in("sv"), site.legal_entity_in("sv")) == ("Sverige", "Exempel Verktyg AB")
    assert "DRAFT" in site.agreement("software", "sv").text
    checked = site_command("check", "se")
    assert checked.exit_code == 1 and "7 to do" in checked.stdout
    assert all(
        words in checked.stdout for words in ("[bank]", "[tax]", "agreement “software” is a draft", "sv")
    )
    assert "(sv: software, service in English only" in checked.stdout
    assert "no agent sees se before a group in regions.toml names it" in added.stdout
    again = site_command("add", "se")
    assert again.exit_code == 1 and "nothing is overwritten" in again.output


def test_the_drafts_begin_with_shipped_agreements_where_britain_is_not_served(
    site_command: Type, tenants: Path
) -> None:
    shutil.rmtree(tenants / "gb")
    added = site_command("add", "se")
    assert added.exit_code == 0, added.output
    assert (
        "It is the text of United Kingdom"
        in load_sites(tenants, origin)["se"].agreement("service", "sv").text
    )


def test_a_folder_that_others_own_is_said_in_words(
    site_command: Type, tenants: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def not_ours(folder: Path, *_rights: object) -> None:
        raise PermissionError(13, "Permission denied", str(folder))

    with monkeypatch.context() as patched:
        patched.setattr(Path, "mkdir", not_ours)
        refused = site_command("add", "se")
    assert refused.exit_code == 1 and f"{tenants} can’t be written by this user" in refused.output
    assert not (tenants / "se").exists()


def test_a_completed_country_lacks_nothing(site_command: Type, tenants: Path) -> None:
    site_command("add", "se")
    complete(tenants / "se")
    checked = site_command("check", "se")
    assert checked.exit_code == 0 and "se: complete" in checked.stdout, checked.output


def test_what_was_left_to_be_completed_is_found_though_no_list_names_it(
    site_command: Type, tenants: Path
) -> None:
    site_command("add", "se")
    complete(tenants / "se")
    change(tenants / "se" / "site.toml", "+46 8 000 00 00", "to be completed")
    checked = site_command("check", "se")
    assert checked.exit_code == 1 and "“to be completed”" in checked.stdout


def complete(folder: Path) -> None:
    text = (folder / "site.toml").read_text(encoding="utf-8")
    text = text.replace('phone = "to be completed"', 'phone = "+46 8 000 00 00"')
    (folder / "site.toml").write_text(text.replace(" to be completed", " 1"), encoding="utf-8")
    change(
        folder / "site.toml", 'draft = ["tax", "legal_entity", "contact", "bank", "invoices"]', "draft = []"
    )
    for key in ("software", "service"):
        (folder / "agreements" / f"{key}-1.0.sv.md").write_text(f"# {key}\n\nGodkänd.\n", encoding="utf-8")


def test_production_serves_no_draft_and_all_the_others(
    site_command: Type, tenants: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    site_command("add", "se")
    environment = {
        "PORTAL_MODE": "production",
        "PORTAL_SECRET": "0123456789abcdef0123456789abcdef",
        "PORTAL_SMTP": "smtp://127.0.0.1:1",
        "PORTAL_MAIL_FROM": "portal@company.example",
        "PORTAL_DOMAIN": "portal.company.example",
        "PORTAL_PROXIES": "127.0.0.1",
        "PORTAL_RATE_LIMITS": "redis://127.0.0.1:1/0",
        "PORTAL_DATA": str(tmp_path / "var"),
        "PORTAL_TENANTS": str(tenants),
    }
    codes = assemble(read_settings(environment)).sites.codes
    assert "se" not in codes and "fr" in codes and "se" in caplog.text
    complete(tenants / "se")
    assert "se" in assemble(read_settings(environment)).sites.codes


def test_every_known_country_has_sound_defaults(sites: Sites, tmp_path: Path) -> None:
    shutil.copyfile(TENANTS / "catalogue.toml", tmp_path / "catalogue.toml")
    for code in TENANTS.iterdir():
        if code.is_dir():
            (tmp_path / code.name).symlink_to(code)
    new = [code for code in COUNTRIES if code not in sites.codes]
    for code in new:
        add(tmp_path, proposed(code), like=sites["gb"])
    made = load_sites(tmp_path, origin)
    load_catalogue(tmp_path, made)
    for site in (made[code] for code in new):
        own = {language.partition("_")[0] for language in site.languages}
        assert {"en", "fr", "de"} | own <= set(site.names.by_language) and len(missing(site)) == 7


@pytest.mark.parametrize(
    ("typed", "words"),
    [
        (("add", "sweden"), "two small letters"),
        (("add", "zz"), "--time-zone"),
        (("add", "se", "--like", "xx"), "There is no site “xx”"),
        (("add", "se", "--like", "es"), "not in English"),
        (("add", "se", "--time-zone", "Europe/Stokholm"), "no time zone is called"),
        (("check", "zz"), "There is no site “zz”"),
    ],
)
def test_what_can_not_be_added_is_said_in_words(
    site_command: Type, tenants: Path, typed: tuple[str, ...], words: str
) -> None:
    refused = site_command(*typed)
    assert refused.exit_code == 1 and words in refused.output
    assert not (tenants / "se").exists() and not list(tenants.glob(".*"))


def test_the_main_job_is_done_at_it_on_the_first_day(
    site_command: Type, tenants: Path, tmp_path: Path, clock: TestClock
) -> None:
    site_command("add", "se")
    settings = read_settings({"PORTAL_TENANTS": str(tenants), "PORTAL_DATA": str(tmp_path / "var")})
    first_day(replace(assemble(settings), clock=clock), "se")
