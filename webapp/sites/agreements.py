"""The published agreement texts of a site: `agreements/<agreement>-<version>.<lang>.md`."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from hashlib import sha256
from pathlib import Path

FILE_NAME = re.compile(
    r"(?P<key>[a-z][a-z-]*)-(?P<version>\d+(\.\d+)*)\.(?P<language>[a-z]{2}(_[A-Z]{2})?)\.md"
)


class AgreementMissing(LookupError):
    """The site has no text at all for this agreement."""


@dataclass(frozen=True, slots=True)
class AgreementText:
    key: str
    version: str
    language: str  # of this text, which may not be the one that was asked for
    text: str
    sha256: str  # of the exact text in UTF-8


@dataclass(frozen=True, slots=True)
class PublishedVersion:
    version: str
    files: Mapping[str, Path]  # language → file


def published_versions(site_folder: Path, key: str) -> list[PublishedVersion]:
    """Newest first."""
    by_version: dict[str, dict[str, Path]] = {}
    for name, path in _published_files(site_folder):
        if name["key"] == key:
            by_version.setdefault(name["version"], {})[name["language"]] = path
    newest_first = sorted(by_version, key=_order, reverse=True)
    return [PublishedVersion(version, by_version[version]) for version in newest_first]


def _published_files(site_folder: Path) -> Iterator[tuple[re.Match[str], Path]]:
    # Listed each time (microseconds): a folder's time stamp is too coarse to show a file just published.
    folder = site_folder / "agreements"
    for path in folder.iterdir() if folder.is_dir() else ():
        if name := FILE_NAME.fullmatch(path.name):
            yield name, path


def _order(version: str) -> tuple[int, ...]:
    """4.10 is newer than 4.2."""
    return tuple(int(part) for part in version.split("."))


def read_agreement(key: str, published: PublishedVersion, language: str) -> AgreementText:
    path = published.files[language]
    seen = path.stat()
    text, digest = _read_text(path, (seen.st_mtime_ns, seen.st_size, seen.st_ino))
    return AgreementText(key, published.version, language, text, digest)


@lru_cache(maxsize=512)
def _read_text(path: Path, unchanged_since: tuple[int, int, int]) -> tuple[str, str]:
    """Text and SHA-256, kept while the file is the same; the second argument is there for the cache's key."""
    content = path.read_bytes()
    return content.decode("utf-8"), sha256(content).hexdigest()
