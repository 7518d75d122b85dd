"""A site moves to another database: closed for changes, copied, compared, closed for good where it was."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime
from pathlib import Path

import peewee as pw

from webapp.data import backups, closing, tables
from webapp.data.backup_file import BackupRefused, Manifest
from webapp.data.backups import Place
from webapp.data.tables import Show


def move(
    place: Place, to: str, *, folder: Path, replace_target: bool = False, now: datetime, show: Show
) -> Manifest:
    """Until the last step the old database is the one in force, whatever happens."""
    _refuse_senseless(place, to)
    backups.refuse_unusable(replace(place, url=to), replace=replace_target)
    path = folder / f".{place.name}.{secrets.token_hex(4)}.moving"
    target = replace(place, url=to)
    try:
        with backups.opened_at(place.url) as opened, closing.closed(opened):
            _refuse_moved(place, opened)
            with _standing_still(opened):
                manifest = _written(place, opened, path, now=now, show=show)
                backups.load(target, path, manifest, replace=replace_target, show=show)
                closing.mark_moved(opened)
    finally:
        path.unlink(missing_ok=True)
    return manifest


def _refuse_senseless(place: Place, to: str) -> None:
    if to == place.url:
        raise BackupRefused(f"{place.name} is there already.")
    if backups.is_missing(place.url):
        raise BackupRefused(f"{place.name} has no database yet: there is nothing to move.")


def _refuse_moved(place: Place, opened: pw.Database) -> None:
    if closing.is_moved(opened):
        raise BackupRefused(f"{place.name} was moved away from here: set its URL to where it is now.")


@contextmanager
def _standing_still(opened: pw.Database) -> Iterator[None]:
    """On SQLite the write lock is held to the end, so that not even a change that had begun comes between;
    on PostgreSQL those have ended before the triggers were there."""
    if not tables.is_sqlite(opened):
        yield
        return
    opened.execute_sql("BEGIN IMMEDIATE")
    try:
        yield
        opened.execute_sql("COMMIT")
    except BaseException:
        opened.execute_sql("ROLLBACK")
        raise


def _written(place: Place, opened: pw.Database, path: Path, *, now: datetime, show: Show) -> Manifest:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.touch(mode=0o600, exist_ok=False)
    if tables.is_sqlite(opened):
        return backups.write(place, opened, path, now=now, show=show)
    with tables.snapshot(opened):
        return backups.write(place, opened, path, now=now, show=show)
