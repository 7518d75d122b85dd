"""`portal webhooks …`: whom a site tells what happens, what could not be told, and telling it again."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import Any

import click

from webapp.assembly import Portal
from webapp.commands.context import CommandError, site_named, with_portal
from webapp.commands.tables import print_table
from webapp.data.webhooks import WebhookEndpoint, WebhookMessage
from webapp.domain.refusals import Refusal
from webapp.domain.webhooks import webhook_deliveries as deliveries
from webapp.domain.webhooks import webhook_endpoints as endpoints
from webapp.domain.webhooks.webhook_document import published_schema

_ONCE = "Keep it: it is not shown again."
at_site = click.option("--site", "code", required=True, help="Code of the country site, such as fr.")
as_json = click.option("--json", "as_json", is_flag=True, help="Print a JSON list.")


@click.group()
def webhooks() -> None:
    """Tell the shop what happens at a country site."""


def _said(portal: Portal, code: str, do: Callable[[], Any]) -> Any:
    """At the site; what is refused ends the command with its words."""
    with portal.at(site_named(portal, code)):
        try:
            return do()
        except Refusal as problem:
            raise CommandError(str(problem)) from None


@webhooks.command("add")
@click.argument("url")
@at_site
@click.option("--event", "events", multiple=True, help="Only this one; may be given several times.")
@with_portal
def add(portal: Portal, url: str, code: str, events: tuple[str, ...]) -> None:
    """Tell URL what happens from now on, and print the secret that signs it."""

    def do() -> Any:
        return endpoints.add(url, events=events, vault=portal.vault, reach=portal.reach, now=portal.clock())

    endpoint, secret = _said(portal, code, do)
    click.echo(f"{endpoint.key} is told what happens at {code}. Its secret:\n{secret}")
    click.echo(_ONCE, err=True)


@webhooks.command("list")
@at_site
@as_json
@with_portal
def list_(portal: Portal, code: str, as_json: bool) -> None:
    """List who is told."""
    _print(_said(portal, code, lambda: [_endpoint(one) for one in endpoints.endpoints()]), as_json)


def _endpoint(one: WebhookEndpoint) -> dict[str, Any]:
    return {
        "endpoint": one.key,
        "url": one.url,
        "events": one.events or "all",
        "state": one.state,
        "failing since": one.failing_since and one.failing_since.isoformat(),
        "last error": one.last_error,
    }


@webhooks.command("rotate")
@click.argument("endpoint")
@at_site
@with_portal
def rotate(portal: Portal, endpoint: str, code: str) -> None:
    """Give ENDPOINT a new secret; for a day, the old one signs as well."""
    secret, until = _said(
        portal, code, lambda: endpoints.rotate(endpoint, vault=portal.vault, now=portal.clock())
    )
    click.echo(f"Until {until:%Y-%m-%d %H:%M} UTC both sign. The new secret:\n{secret}")
    click.echo(_ONCE, err=True)


@webhooks.command("disable")
@click.argument("endpoint")
@at_site
@with_portal
def disable(portal: Portal, endpoint: str, code: str) -> None:
    """Tell ENDPOINT nothing any more."""
    dead = _said(portal, code, lambda: endpoints.disable(endpoint, reason="Disabled by the operator."))
    click.echo(f"{endpoint} is told nothing any more. Dead now: {dead}.")


@webhooks.command("enable")
@click.argument("endpoint")
@at_site
@with_portal
def enable(portal: Portal, endpoint: str, code: str) -> None:
    """Tell ENDPOINT again what happens from now on."""
    _said(portal, code, lambda: endpoints.enable(endpoint))
    click.echo(f"{endpoint} is told what happens again. For what it missed: portal webhooks replay.")


@webhooks.command("dead")
@at_site
@click.option("--limit", default=1000, show_default=True, help="At most so many, newest first.")
@as_json
@with_portal
def dead(portal: Portal, code: str, limit: int, as_json: bool) -> None:
    """List what could not be told."""
    found = _said(portal, code, lambda: [_message(one) for one in deliveries.dead(limit=limit)])
    _print(found, as_json)


def _message(one: WebhookMessage) -> dict[str, Any]:
    return {
        "message": one.message_id,
        "happened": one.created_at.isoformat(),
        "event": one.event,
        "subscription": one.subject,
        "endpoint": one.endpoint.key,
        "tries": one.attempts,
        "last error": one.last_error,
    }


@webhooks.command("replay")
@click.argument("message_id", required=False)
@at_site
@click.option("--dead", "all_dead", is_flag=True, help="All that could not be told.")
@click.option(
    "--since", type=click.DateTime(["%Y-%m-%dT%H:%M:%S", "%Y-%m-%d"]), help="All from then on (UTC)."
)
@with_portal
def replay(portal: Portal, message_id: str | None, code: str, all_dead: bool, since: datetime | None) -> None:
    """Tell a message once more, delivered or dead, under the same id."""
    if sum((bool(message_id), all_dead, since is not None)) != 1:
        raise CommandError("Name one message, or say --dead, or --since.")
    now = portal.clock()

    def do() -> int:
        if message_id:
            deliveries.replay(message_id, now=now)
            return 1
        if since is not None:
            return deliveries.replay_since(since.replace(tzinfo=UTC), now=now)
        return deliveries.replay_dead(now=now)

    click.echo(f"Waiting to be told: {_said(portal, code, do)}.")


@webhooks.command("schema")
@click.argument("file", type=click.File("w", encoding="utf-8"), default="docs/webhook.schema.json")
def schema(file: Any) -> None:
    """Write the JSON Schema of what is told to FILE."""
    file.write(published_schema())


def _print(found: Sequence[dict[str, Any]], as_json: bool) -> None:
    if as_json:
        click.echo(json.dumps(found, ensure_ascii=False, indent=1))
        return
    headings = list(found[0] if found else ["nothing"])
    print_table(
        headings, ([None if value is None else str(value) for value in one.values()] for one in found)
    )
