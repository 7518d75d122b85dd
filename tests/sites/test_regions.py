"""`regions.toml`: groups of sites, of a portal that serves some of the countries or all of them."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from tests.sites import TENANTS, origin
from webapp.sites import Regions, SiteConfigError, load_regions, load_sites


@pytest.fixture
def two_countries(tmp_path: Path) -> Path:
    for code in ("de", "fr"):
        shutil.copytree(TENANTS / code, tmp_path / code)
    return tmp_path


def regions_of(folder: Path) -> Regions:
    return load_regions(folder, load_sites(folder, origin))


def test_the_shipped_groups_serve_a_portal_of_two_countries(two_countries: Path) -> None:
    shutil.copy(TENANTS / "regions.toml", two_countries)
    regions = regions_of(two_countries)
    assert regions.codes == ("dach", "western-europe")
    assert [site.code for site in regions.sites_of(regions.codes)] == ["de", "fr"]


@pytest.mark.parametrize(
    ("sites", "words"),
    [
        ('["fr", "uu"]', "“uu” is not one of: de, fr, or another country"),
        ('["fr", "fr"]', "each of them once"),
        ("[1]", "sites"),
    ],
)
def test_a_slip_is_refused_by_its_group(two_countries: Path, sites: str, words: str) -> None:
    (two_countries / "regions.toml").write_text(f'[west]\nname = "West"\nsites = {sites}\n', encoding="utf-8")
    with pytest.raises(SiteConfigError, match=r"west\.sites") as refused:
        regions_of(two_countries)
    assert words in str(refused.value)


def test_without_the_file_nobody_helps_anywhere(two_countries: Path) -> None:
    assert regions_of(two_countries).codes == ()
