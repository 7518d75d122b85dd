from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from tests.sites import TENANTS, origin
from webapp.sites import Catalogue, Sites, load_catalogue, load_sites


@pytest.fixture(scope="session")
def sites() -> Sites:
    return load_sites(TENANTS, origin)


@pytest.fixture(scope="session")
def catalogue(sites: Sites) -> Catalogue:
    return load_catalogue(TENANTS, sites)


@pytest.fixture
def tenants(tmp_path: Path) -> Path:
    """A folder with two of the sites, to be broken."""
    for name in ("ch", "us"):
        shutil.copytree(TENANTS / name, tmp_path / name)
    return tmp_path
