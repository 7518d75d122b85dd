"""`portal mail …`: what went out, what waits, what could not be delivered."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import click

from webapp.assembly import Portal
from webapp.commands.context import CommandError, chosen_sites, site_named, with_portal
from webapp.commands.progress import progress
from webapp.commands.tables import print_table
from webapp.domain import deliveries, outbox
from webapp.domain.deliveries import Undelivered
from webapp.jobs import bounces
from webapp.sites import Site


@click.group()
def mail() -> None:
    """E-mails of a country site."""


@mail.command("list")
@click.option("--site", "code", required=True, help="Code of the country site, such as fr.")
@click.option(
    "--state", type=click.Choice(["queued", "sent", "dead", "bounced", "withdrawn"]), help="Only these."
)
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
    names = ("kind", "to", "state", "subject", "attempts", "last_error")
    print_table(
        ("created", "kind", "to", "state", "subject", "tries", "last error"),
        ((row["created_at"][:16], *(str(row[name]) for name in names)) for row in found),
    )


@mail.command("dead")
@click.option("--site", "code", help="One country site; without it, all.")
@click.option("--limit", default=1000, show_default=True, help="At most so many a site, newest first.")
@click.option("--json", "as_json", is_flag=True, help="Print a JSON list.")
@with_portal
def dead(portal: Portal, code: str | None, limit: int, as_json: bool) -> None:
    """List e-mails that servers refused or that came back."""
    found = [(site, one) for site in chosen_sites(portal, code) for one in _problems_at(portal, site, limit)]
    if as_json:
        click.echo(json.dumps([_as_dict(site, one) for site, one in found], ensure_ascii=False, indent=1))
        return
    print_table(
        ("site", "written", "kind", "to", "state", "Message-ID", "the servers’ words"),
        (_as_row(site, one) for site, one in found),
    )


def _as_row(site: Site, one: Undelivered) -> tuple[str, ...]:
    written = f"{one.written_at:%Y-%m-%d %H:%M}"
    return (site.code, written, one.kind, one.to_email, one.state, one.message_id, one.reason)


def _problems_at(portal: Portal, site: Site, limit: int) -> Sequence[Undelivered]:
    with portal.at(site):
        return deliveries.all_problems(most=limit)


def _as_dict(site: Site, one: Undelivered) -> dict[str, Any]:
    told = dataclasses.asdict(one)
    for instant in ("written_at", "bounced_at"):
        told[instant] = told[instant] and told[instant].isoformat()
    return {"site": site.code, **told}


@mail.command("retry")
@click.argument("message_id", required=False)
@click.option("--all", "everything", is_flag=True, help="All of them.")
@click.option("--site", "code", help="One country site; without it, all.")
@with_portal
def retry(portal: Portal, message_id: str | None, everything: bool, code: str | None) -> None:
    """Try a message that was not delivered again, with the same Message-ID."""
    if bool(message_id) == everything:
        raise CommandError("Name one Message-ID, or say --all.")
    sites, now, waiting = chosen_sites(portal, code), portal.clock(), 0
    for site in sites:
        with portal.at(site):
            waiting += deliveries.retry(message_id, now=now) if message_id else deliveries.retry_all(now=now)
    if message_id and not waiting:
        raise CommandError(
            f"There is no undelivered message {message_id}" + (f" at {code}." if code else ".")
        )
    click.echo(f"Waiting to be delivered again: {waiting}.")


@mail.command("bounces")
@click.argument("maildir", type=click.Path(exists=True, file_okay=False, path_type=Path))
@with_portal
@click.pass_context
def bounces_(ctx: click.Context, portal: Portal, maildir: Path) -> None:
    """Read what mail servers reported into MAILDIR, a mailbox of all sites.

    What was read is moved from its folder new to cur. Read it every few minutes.
    """
    try:
        with progress("Reports", total=len(bounces.arrived(maildir))) as done:
            counts = bounces.read_mailbox(portal, maildir, told=done)
    except bounces.NoMaildir as problem:
        raise CommandError(str(problem)) from None
    click.echo("bounces: " + ", ".join(f"{number} {what}" for what, number in counts.items()))
    if counts[bounces.FAILED]:
        ctx.exit(1)
