"""Backup and restore of one database, on either engine; what is restored is checked before it is in force."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import peewee as pw
from playhouse.migrations import Runner

from webapp.data import backup_file, closing, loading, tables
from webapp.data.backup_file import BackupRefused, Manifest
from webapp.data.database import open_database
from webapp.data.schema import MIGRATIONS, SUPPORT_MIGRATIONS, grant
from webapp.data.tables import Show

SUPPORT = "support"
_SEALED_TABLES = ("mandate", "second_factor", "agent")  # account numbers, keys of authenticator apps


@dataclass(frozen=True, slots=True)
class Place:
    """A site's database, or the one that all share; `vault_key` opens the account numbers in it."""

    name: str
    url: str
    vault_key: str

    @property
    def migrations(self) -> Path:
        return SUPPORT_MIGRATIONS if self.name == SUPPORT else MIGRATIONS


@contextmanager
def opened_at(url: str) -> Iterator[pw.Database]:
    """A connection that is closed at the end, pool and all."""
    opened = open_database(url)
    try:
        with opened.connection_context():
            yield opened
    finally:
        opened.close_all()  # type: ignore[attr-defined]


def is_missing(url: str) -> bool:
    """An SQLite file that nobody has made yet: opening it would make it."""
    return url.startswith("sqlite:///") and not Path(url.removeprefix("sqlite:///")).exists()


# ---- backup


def back_up(place: Place, path: Path, *, now: datetime, show: Show) -> Manifest:
    """While the site is served: everything in it is of one moment."""
    if is_missing(place.url):
        raise BackupRefused(f"{place.name} has no database yet.")
    with backup_file.appearing(path) as partial, opened_at(place.url) as opened, tables.snapshot(opened):
        return write(place, opened, partial, now=now, show=show)


def write(place: Place, opened: pw.Database, path: Path, *, now: datetime, show: Show) -> Manifest:
    """What the running transaction sees."""

    def describe(found: dict[str, Any]) -> Manifest:
        return Manifest(
            site=place.name,
            engine="sqlite" if tables.is_sqlite(opened) else "postgresql",
            made_at=now.isoformat(),
            schema=tuple(_applied(opened, place)),
            next_ids=tables.next_ids(opened, found["tables"]),
            sealed=sum(
                found["contents"][table].rows for table in _SEALED_TABLES if table in found["contents"]
            ),
            key_check=key_check(place.vault_key),
            **found,
        )

    return backup_file.write(path, opened, describe, show)


def _applied(opened: pw.Database, place: Place) -> list[str]:
    return sorted(Runner(opened, str(place.migrations)).applied())


def key_check(key: str, salt: str = "") -> str:
    """Tells keys apart without telling a key: slow to try, salted anew for each file."""
    salt = salt or secrets.token_hex(8)
    return f"{salt}:{hashlib.scrypt(key.encode(), salt=salt.encode(), n=1 << 14, r=8, p=1, dklen=12).hex()}"


def is_same_key(manifest: Manifest, key: str) -> bool:
    return key_check(key, manifest.key_check.partition(":")[0]) == manifest.key_check


# ---- restore


def restore(
    place: Place, path: Path, *, replace: bool = False, other_key: bool = False, show: Show
) -> Manifest:
    """All or nothing: the file is checked first, and what was loaded once more before it is in force."""
    manifest = backup_file.read_manifest(path)
    refuse_what_does_not_fit(place, manifest, path, other_key=other_key)
    backup_file.verify(path, manifest, show)
    load(place, path, manifest, replace=replace, show=show)
    return manifest


def load(place: Place, path: Path, manifest: Manifest, *, replace: bool, show: Show) -> None:
    if is_missing(place.url):
        loading.into_new_file(place.url, path, manifest, place.migrations, show)
        return
    with opened_at(place.url) as opened:
        _refuse_full(place, opened, replace=replace)
        with closing.closed(opened):
            loading.into_database(opened, place.url, path, manifest, place.migrations, show)
        if place.name != SUPPORT:
            grant(opened)


def refuse_unusable(place: Place, *, replace: bool) -> None:
    """Before anything is closed or written: it can be reached, and there is room for what comes."""
    if is_missing(place.url):
        return
    with opened_at(place.url) as opened:
        _refuse_full(place, opened, replace=replace)


def _refuse_full(place: Place, opened: pw.Database, *, replace: bool) -> None:
    if not replace and not tables.is_empty(opened):
        raise BackupRefused(
            f"The database of {place.name} is not empty: back it up, then add --replace to give up"
            " what it holds."
        )


def refuse_what_does_not_fit(
    place: Place, manifest: Manifest, path: Path, *, other_key: bool = False
) -> None:
    if manifest.site != place.name:
        raise BackupRefused(f"{path} is a backup of {manifest.site}, not of {place.name}.")
    known = [found.stem for found in sorted(place.migrations.glob("[0-9]*.py"))]
    if unknown := [name for name in manifest.schema if name not in known]:
        raise BackupRefused(
            f"{path} is of a newer portal (it has {', '.join(unknown)}): install that one first."
        )
    if list(manifest.schema) != known[: len(manifest.schema)]:
        raise BackupRefused(f"{path} is of a portal with other migrations: restore it with that one.")
    if manifest.sealed and not other_key and not is_same_key(manifest, place.vault_key):
        raise BackupRefused(
            f"{path} holds {manifest.sealed} account numbers or keys of apps that were sealed with another"
            " key: set PORTAL_VAULT_KEY to that one (or to the PORTAL_SECRET of then), or add --other-key to"
            " restore without it."
        )


# ---- check


@dataclass(frozen=True, slots=True)
class Difference:
    table: str
    in_file: int
    in_database: int


def compare(place: Place, manifest: Manifest, show: Show) -> list[Difference]:
    """Where the database holds other rows than the file."""
    with opened_at(place.url) as opened, tables.snapshot(opened):
        here = {table.name: tables.content(opened, table, show) for table in tables.tables(opened)}
    names = sorted({*here, *manifest.contents})
    none = tables.Content(0, "")
    pairs = {name: (manifest.contents.get(name, none), here.get(name, none)) for name in names}
    return [Difference(name, one.rows, other.rows) for name, (one, other) in pairs.items() if one != other]
