"""`portal db …`: the schema of each site's database."""

from __future__ import annotations

import click

from webapp.assembly import Portal
from webapp.commands.context import chosen_sites, with_portal
from webapp.data import schema
from webapp.data.database import open_database


@click.group()
def db() -> None:
    """Databases of the country sites."""


@db.command("migrate")
@click.option("--site", "code", help="One country site; without it, all.")
@with_portal
def migrate(portal: Portal, code: str | None) -> None:
    """Bring the schema up to date. In production nothing else does."""
    for site in chosen_sites(portal, code):
        opened = open_database(portal.databases.urls[site.code])
        applied = schema.migrate(opened)
        opened.close_all()  # type: ignore[attr-defined]
        click.echo(f"{site.code}: {', '.join(applied) or 'up to date'}")
