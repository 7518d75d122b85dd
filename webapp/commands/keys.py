"""`portal keys …`: API keys of a site, shown once and never again."""

from __future__ import annotations

import json
from datetime import datetime, timedelta

import click

from webapp.assembly import Portal
from webapp.commands.context import CommandError, site_named, with_portal
from webapp.commands.tables import print_table
from webapp.data.api_keys import ApiKey
from webapp.domain.refusals import Refusal
from webapp.domain.shop import api_keys
from webapp.domain.shop.api_keys import SCOPES

_site = click.option("--site", "code", required=True, help="Code of the country site, such as fr.")


@click.group()
def keys() -> None:
    """API keys of a country site."""


@keys.command("create")
@click.argument("name")
@_site
@click.option(
    "--scope", "scopes", multiple=True, required=True, type=click.Choice(list(SCOPES)), help="One or more."
)
@with_portal
def create(portal: Portal, name: str, code: str, scopes: tuple[str, ...]) -> None:
    """Make a key for the caller NAME and print it, once."""
    with portal.at(site_named(portal, code)):
        try:
            key = api_keys.create_key(name, scopes=scopes, now=portal.clock())
        except Refusal as refusal:
            raise CommandError(str(refusal)) from refusal
    _show(key)


@keys.command("rotate")
@click.argument("key_id")
@_site
@click.option(
    "--overlap-hours",
    type=click.IntRange(0, 720),
    default=24,
    show_default=True,
    help="How long the old one goes on working.",
)
@with_portal
def rotate(portal: Portal, key_id: str, code: str, overlap_hours: int) -> None:
    """Make a key that takes the place of KEY_ID and print it, once."""
    with portal.at(site_named(portal, code)):
        try:
            key = api_keys.rotate_key(key_id, overlap=timedelta(hours=overlap_hours), now=portal.clock())
        except Refusal as refusal:
            raise CommandError(str(refusal)) from refusal
    _show(key)
    click.echo(f"The key {key_id} works for {overlap_hours} hours more.", err=True)


def _show(key: str) -> None:
    click.echo(key)
    click.echo("Keep it now: it is stored nowhere and can’t be shown again.", err=True)


@keys.command("revoke")
@click.argument("key_id")
@_site
@with_portal
def revoke(portal: Portal, key_id: str, code: str) -> None:
    """Make KEY_ID worth nothing at once."""
    with portal.at(site_named(portal, code)):
        try:
            changed = api_keys.revoke_key(key_id, now=portal.clock())
        except Refusal as refusal:
            raise CommandError(str(refusal)) from refusal
    click.echo(
        f"The key {key_id} " + ("is revoked." if changed else "was revoked before; nothing was changed.")
    )


@keys.command("list")
@_site
@click.option("--json", "as_json", is_flag=True, help="Print a JSON list.")
@with_portal
def list_(portal: Portal, code: str, as_json: bool) -> None:
    """List keys by their public part, with scopes, state and last use."""
    with portal.at(site_named(portal, code)):
        found = [_as_dict(key, portal.clock()) for key in api_keys.all_keys()]
    if as_json:
        click.echo(json.dumps(found, ensure_ascii=False, indent=1))
        return
    headings = ("key", "name", "scopes", "state", "created", "works until", "last used")
    print_table(headings, (list(one.values()) for one in found))


def _as_dict(key: ApiKey, now: datetime) -> dict[str, str | None]:
    return {
        "key_id": key.key_id,
        "name": key.name,
        "scopes": key.scopes,
        "state": api_keys.state_of(key, now=now),
        "created_at": _minute(key.created_at),
        "expires_at": _minute(key.expires_at),
        "last_used_at": _minute(key.last_used_at),
    }


def _minute(instant: datetime | None) -> str | None:
    return instant.isoformat(timespec="minutes") if instant else None
