"""`portal db …`: the schema of each site's database, and its backups."""

from __future__ import annotations

from pathlib import Path

import click

from webapp.assembly import Portal
from webapp.commands import backup
from webapp.commands.context import chosen_sites, with_portal
from webapp.data import schema
from webapp.data.pool import open_database
from webapp.domain import sorting
from webapp.readiness import NO_ROLES
from webapp.sites import Site


@click.group()
def db() -> None:
    """Databases of the country sites, and the one they share."""


for _command in backup.COMMANDS:
    db.add_command(_command)


@db.command("migrate")
@click.option("--site", "code", help="One country site; without it, all, and what they share.")
@with_portal
def migrate(portal: Portal, code: str | None) -> None:
    """Bring the schema up to date, and what the support console's roles may do. In production nothing else
    does. Lists are put into the order of each site's default language, in case that has changed."""
    for site in chosen_sites(portal, code):
        _migrate(site.code, portal.databases.urls[site.code], schema.MIGRATIONS)
        _sort_again(portal, site)
    if code is None:
        _migrate("support", portal.support.url, schema.SUPPORT_MIGRATIONS)


def _sort_again(portal: Portal, site: Site) -> None:
    with portal.at(site):
        moved = sorting.sort_again()
    if moved:
        click.echo(f"{site.code}: {moved} names sorted anew, for {site.default_language}")


def _migrate(name: str, url: str, folder: Path) -> None:
    opened = open_database(url)
    applied = schema.migrate(opened, folder)
    with opened.connection_context():
        missing = schema.grant(opened) if folder == schema.MIGRATIONS else []
    opened.close_all()  # type: ignore[attr-defined]
    click.echo(f"{name}: {', '.join(applied) or 'up to date'}")
    if missing:
        click.echo(f"{name}: {NO_ROLES}", err=True)
