"""Groups of sites, as `tenants/regions.toml` names them: an agent of the support console helps in some."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

from webapp.sites.countries import is_country
from webapp.sites.fields import Fields, LocalText, Shape, SiteConfigError, read_fields
from webapp.sites.site import Site, Sites

FILE = "regions.toml"
_CODE = Shape(re.compile(r"[a-z][a-z0-9-]{0,39}"), "western-europe")


@dataclass(frozen=True, slots=True)
class Region:
    code: str
    names: LocalText
    sites: tuple[str, ...]  # their codes

    def name_in(self, language: str) -> str:
        return self.names.in_language(language)


@dataclass(frozen=True, eq=False)
class Regions:
    """In the order of the file."""

    _by_code: Mapping[str, Region]
    _sites: Sites

    def __iter__(self) -> Iterator[Region]:
        return iter(self._by_code.values())

    @property
    def codes(self) -> tuple[str, ...]:
        return tuple(self._by_code)

    def by_code(self, code: str) -> Region | None:
        return self._by_code.get(code)

    def sites_of(self, codes: Collection[str]) -> tuple[Site, ...]:
        """Those that are served, each once, in the order of their codes. Regions that are gone have none."""
        wanted = {site for code in codes if (region := self.by_code(code)) for site in region.sites}
        return tuple(site for site in self._sites if site.code in wanted)


def load_regions(folder: Path, sites: Sites) -> Regions:
    """`sites` are those that are served. Without the file there is no region, and nobody helps anywhere.
    As in the catalogue, a country that is served elsewhere is no slip; a region of such alone is left out."""
    file = folder / FILE
    if not file.is_file():
        return Regions(MappingProxyType({}), sites)
    known = [path.name for path in sorted(folder.iterdir()) if (path / "site.toml").is_file()]
    fields = read_fields(file)
    regions = [region for code in fields.names if (region := _region(fields, code, known)).sites]
    _refuse_twice(file, regions)
    return Regions(MappingProxyType({region.code: region for region in regions}), sites)


def _region(fields: Fields, code: str, known: list[str]) -> Region:
    table = fields.table(fields.named(code, _CODE))
    region = Region(code, table.local_text("name"), _sites(table, known))
    table.end()
    return region


def _sites(table: Fields, known: list[str]) -> tuple[str, ...]:
    named = table.texts("sites")
    for code in named:
        if code not in known and not is_country(code):
            raise table.wrong("sites", f"“{code}” is not one of: {', '.join(known)}, or another country")
    return tuple(code for code in named if code in known)


def _refuse_twice(file: Path, regions: list[Region]) -> None:
    """Whose customers they are must be clear."""
    home: dict[str, str] = {}
    for region in regions:
        for site in region.sites:
            if site in home:
                raise SiteConfigError(file, f"{region.code}.sites", f"“{site}” is in {home[site]} already")
            home[site] = region.code
