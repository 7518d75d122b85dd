"""`portal db backup|restore|check|move|reopen`: one country's data kept, brought back, and moved."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

import click
import peewee as pw

from webapp.assembly import Portal
from webapp.commands.context import CommandError, site_named, with_portal
from webapp.commands.progress import progress
from webapp.data import backup_file, backups, closing, moving, soundness, tables
from webapp.data.backup_file import BackupRefused, Manifest
from webapp.data.backups import SUPPORT, Place
from webapp.data.closing import ClosedAlready
from webapp.data.tables import Show, UnknownType

_SITE = click.argument("name", metavar="SITE")
_REPLACE = click.option("--replace", is_flag=True, help="Give up what the database holds now.")
_PASSES = 3  # a restore reads the file, loads it, and reads what was loaded


def _place(portal: Portal, name: str) -> Place:
    url = portal.support.url if name == SUPPORT else portal.databases.urls[site_named(portal, name).code]
    return Place(name, url, portal.settings.vault_key)


@contextmanager
def _in_words() -> Iterator[None]:
    try:
        yield
    except (BackupRefused, ClosedAlready, UnknownType) as refusal:
        raise CommandError(str(refusal)) from refusal
    except (pw.DatabaseError, pw.InterfaceError) as problem:
        raise CommandError(f"The database does not do it, nothing was changed: {problem}") from problem
    except OSError as problem:
        raise CommandError(f"Nothing was changed: {problem}") from problem


@contextmanager
def _bar(what: str, rows: int) -> Iterator[Show]:
    done = 0
    with progress(what, total=max(1, rows)) as show:

        def add(number: int) -> None:
            nonlocal done
            done += number
            show(done)

        yield add


def _rows_at(place: Place) -> int:
    if backups.is_missing(place.url):
        return 0
    with backups.opened_at(place.url) as opened:
        return tables.count(opened)


def _told(manifest: Manifest) -> str:
    return f"{len(manifest.tables)} tables, {manifest.rows} rows, SHA-256 {manifest.sha256}"


def _key_told(manifest: Manifest) -> None:
    if manifest.sealed:
        click.echo(
            f"It holds {manifest.sealed} sealed account numbers or keys of apps: keep PORTAL_VAULT_KEY"
            " (or PORTAL_SECRET, where that is not set) in another safe place. Without it nobody"
            " can read them."
        )


@click.command()
@_SITE
@click.argument("file", type=click.Path(path_type=Path))
@with_portal
def backup(portal: Portal, name: str, file: Path) -> None:
    """Write everything that SITE (or “support”) holds into FILE, while it is being served."""
    with _in_words():
        place = _place(portal, name)
        with _bar("Backing up", _rows_at(place)) as show:
            manifest = backups.back_up(place, file, now=portal.clock(), show=show)
    click.echo(f"{name}: {_told(manifest)}")
    _key_told(manifest)


@click.command()
@_SITE
@click.argument("file", type=click.Path(path_type=Path))
@_REPLACE
@click.option("--other-key", is_flag=True, help="Even if account numbers were sealed with another key.")
@with_portal
def restore(portal: Portal, name: str, file: Path, replace: bool, other_key: bool) -> None:
    """Bring SITE back from FILE: all of it or nothing. While it lasts, changes are answered 503."""
    with _in_words():
        place = _place(portal, name)
        with _bar("Restoring", _PASSES * backup_file.read_manifest(file).rows) as show:
            manifest = backups.restore(place, file, replace=replace, other_key=other_key, show=show)
    click.echo(f"{name}: restored what was there at {manifest.made_at}: {_told(manifest)}")
    _key_told(manifest)


@click.command()
@_SITE
@click.argument("file", type=click.Path(path_type=Path), required=False)
@click.option("--same", is_flag=True, help="Exit with 1 if FILE and database differ.")
@with_portal
def check(portal: Portal, name: str, file: Path | None, same: bool) -> None:
    """Look whether SITE's database is whole; or whether FILE is, and what has changed since."""
    with _in_words():
        place = _place(portal, name)
        failed = _check_file(place, file, same=same) if file else _check_database(place)
    if failed:
        raise click.exceptions.Exit(1)


def _check_database(place: Place) -> bool:
    if backups.is_missing(place.url):
        raise BackupRefused(f"{place.name} has no database yet.")
    with backups.opened_at(place.url) as opened:
        found = soundness.problems(opened, place.migrations)
        rows = tables.count(opened)
    for problem in found:
        click.echo(f"{place.name}: {problem}")
    if not found:
        click.echo(f"{place.name}: whole, {rows} rows")
    return bool(found)


def _check_file(place: Place, file: Path, *, same: bool) -> bool:
    manifest = backup_file.read_manifest(file)
    backups.refuse_what_does_not_fit(place, manifest, file, other_key=True)
    with _bar("Checking", manifest.rows + _rows_at(place)) as show:
        backup_file.verify(file, manifest, show)
        missing = backups.is_missing(place.url)
        different = [] if missing else backups.compare(place, manifest, show)
    click.echo(f"{file}: whole, of {manifest.made_at}: {_told(manifest)}")
    if manifest.sealed and not backups.is_same_key(manifest, place.vault_key):
        click.echo(
            f"{file}: its {manifest.sealed} account numbers or keys of apps were sealed with another key than"
            " today's"
        )
    for one in different:
        click.echo(f"  {one.table}: {one.in_file} rows in the file, {one.in_database} in the database")
    if missing or different:
        click.echo(f"{place.name}: " + ("no database yet" if missing else "has changed since, see above"))
        return same
    click.echo(f"{place.name}: the database holds the same")
    return False


@click.command()
@_SITE
@click.option("--to", "to", required=True, metavar="URL", help="sqlite:///… or postgresql://…, empty.")
@_REPLACE
@with_portal
def move(portal: Portal, name: str, to: str, replace: bool) -> None:
    """Move SITE to another database. While it lasts the site can be read, and changes are answered 503."""
    if urlsplit(to).scheme not in ("sqlite", "postgresql"):
        raise CommandError("The new database's URL begins with sqlite:/// or postgresql://.")
    with _in_words():
        place = _place(portal, name)
        with _bar("Moving", _PASSES * _rows_at(place)) as show:
            manifest = moving.move(
                place, to, folder=portal.settings.data, replace_target=replace, now=portal.clock(), show=show
            )
    click.echo(f"{name}: moved, checksums equal: {_told(manifest)}")
    click.echo(
        f"Set PORTAL_DATABASE_{name.upper()} to the new URL for every process and start each again. Until"
        " then the site can be read, and not changed. The old database stays as it is, closed for changes."
    )


@click.command()
@_SITE
@with_portal
def reopen(portal: Portal, name: str) -> None:
    """Take back that SITE was moved away from here: what was changed elsewhere since is not here."""
    with _in_words(), backups.opened_at(_place(portal, name).url) as opened:
        reopened = closing.reopen(opened)
    click.echo(f"{name}: " + ("open for changes again" if reopened else "is open for changes"))


COMMANDS = (backup, restore, check, move, reopen)
