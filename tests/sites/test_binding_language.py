"""Whose words count where an agreement is there in several languages."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.sites import origin
from webapp.sites import SiteConfigError, Sites, load_sites


@pytest.fixture
def choose(tenants: Path) -> Path:
    """Switzerland, whose file says which language binds."""
    file = tenants / "ch" / "site.toml"
    file.write_text(f'binding_language = "fr_CH"\n{file.read_text(encoding="utf-8")}', encoding="utf-8")
    return file


def test_a_site_with_one_language_has_nothing_to_say(sites: Sites) -> None:
    assert sites["fr"].binding_text("software", "4.2", "fr") == ""


def test_the_accepted_version_binds_unless_the_site_says_otherwise(sites: Sites) -> None:
    assert sites["ch"].binding_text("software", "4.2", "de_CH") == "de_CH"


def test_the_language_of_the_sites_choice_binds_once_there_is_a_text(choose: Path) -> None:
    site = load_sites(choose.parents[1], origin)["ch"]
    assert site.binding_text("software", "4.2", "de_CH") == "fr_CH"
    (site.folder / "agreements" / "software-4.2.fr_CH.md").unlink()
    assert site.binding_text("software", "4.2", "de_CH") == "de_CH"


def test_a_language_that_the_site_does_not_speak_is_refused(choose: Path) -> None:
    choose.write_text(choose.read_text(encoding="utf-8").replace('"fr_CH"\n', '"ja"\n', 1), encoding="utf-8")
    with pytest.raises(SiteConfigError, match="binding_language: is none of the site’s languages"):
        load_sites(choose.parents[1], origin)
