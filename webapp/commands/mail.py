"""`portal mail …`: what went out, what waits, what could not be delivered."""

from __future__ import annotations

import json

import click
from rich.console import Console
from rich.table import Table

from webapp.assembly import Portal
from webapp.commands.context import CommandError, site_named, with_portal
from webapp.domain import outbox


@click.group()
def mail() -> None:
    """E-mails of a country site."""


@mail.command("list")
@click.option("--site", "code", required=True, help="Code of the country site, such as fr.")
@click.option("--state", type=click.Choice(["queued", "sent", "dead", "withdrawn"]), help="Only these.")
@click.option("--limit", default=1000, show_default=True, help="At most so many, newest first.")
@click.option("--json", "as_json", is_flag=True, help="Print a JSON list.")
@with_portal
def list_(portal: Portal, code: str, state: str | None, limit: int, as_json: bool) -> None:
    """List e-mails, newest first."""
    with portal.at(site_named(portal, code)):
        found = outbox.listing(state, limit=limit)
    if as_json:
        click.echo(json.dumps(found, ensure_ascii=False, indent=1))
        return
    table = Table("created", "kind", "to", "subject", "state", "tries", "last error")
    for row in found:
        table.add_row(
            row["created_at"][:16],
            row["kind"],
            row["to"],
            row["subject"],
            row["state"],
            str(row["attempts"]),
            row["last_error"],
        )
    Console().print(table)


@mail.command("retry")
@click.argument("message_id")
@click.option("--site", "code", required=True, help="Code of the country site, such as fr.")
@with_portal
def retry(portal: Portal, message_id: str, code: str) -> None:
    """Try a dead message again, with the same Message-ID."""
    with portal.at(site_named(portal, code)):
        if not outbox.retry(message_id, now=portal.clock()):
            raise CommandError(f"There is no dead message {message_id} at {code}.")
    click.echo("It is waiting to be delivered again.")
