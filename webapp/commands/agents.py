"""`portal agents …`: who helps customers from the support console, and in which regions."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager

import click

from webapp.assembly import Portal
from webapp.commands.context import CommandError, with_portal
from webapp.commands.tables import print_table
from webapp.data.agents import Agent, AgentPasskey
from webapp.domain.refusals import Refusal
from webapp.domain.support import agent_sign_in
from webapp.domain.support import agents as rules
from webapp.sites import SUPPORT
from webapp.web.language import FRONT_LANGUAGES

_regions = click.option(
    "--region",
    "regions",
    multiple=True,
    required=True,
    help="As in regions.toml, beside the country sites; one or more.",
)


@click.group()
def agents() -> None:
    """Agents of the support console."""


@contextmanager
def _deciding(portal: Portal) -> Iterator[None]:
    with portal.support.bound():
        try:
            yield
        except Refusal as refusal:
            raise CommandError(str(refusal)) from refusal


@agents.command("add")
@click.argument("email")
@click.option("--name", required=True, help="Customers see it.")
@_regions
@click.option("--language", type=click.Choice(FRONT_LANGUAGES), default="en", show_default=True)
@with_portal
def add(portal: Portal, email: str, name: str, regions: tuple[str, ...], language: str) -> None:
    """Make an agent and print the link by which they choose their password, once."""
    with _deciding(portal):
        made = rules.make(
            email, name=name, language=language, regions=regions, known=portal.regions, now=portal.clock()
        )
        token = agent_sign_in.make_link(made.id, now=portal.clock())
    _show_link(portal, token)


def _show_link(portal: Portal, token: str) -> None:
    click.echo(f"{portal.settings.origin(SUPPORT)}/agent/link/{token}")
    hours = int(agent_sign_in.LINK.total_seconds()) // 3600
    click.echo(
        f"The link works once, for {hours} hours: give it to nobody but the agent. "
        "A second factor is set up there too.",
        err=True,
    )


@agents.command("list")
@click.option("--json", "as_json", is_flag=True, help="Print a JSON list.")
@with_portal
def list_(portal: Portal, as_json: bool) -> None:
    """List all agents with regions, second factors and state."""
    with _deciding(portal):
        found = [_as_dict(agent) for agent in rules.all_agents()]
    if as_json:
        click.echo(json.dumps(found, ensure_ascii=False, indent=1))
        return
    headings = ("email", "name", "regions", "second factors", "state")
    print_table(headings, (list(one.values()) for one in found))


def _as_dict(agent: Agent) -> dict[str, str]:
    app = agent.totp_secret is not None
    passkeys = AgentPasskey.select().where(AgentPasskey.agent == agent).count()
    factors = [*(["app"] if app else []), *([f"passkeys: {passkeys}"] if passkeys else [])]
    return {
        "email": agent.email,
        "name": agent.name,
        "regions": ", ".join(rules.regions_of(agent)),
        "factors": ", ".join(factors),
        "state": "disabled" if agent.disabled_at else "active",
    }


@agents.command("disable")
@click.argument("email")
@with_portal
def disable(portal: Portal, email: str) -> None:
    """Shut EMAIL out at once: sessions and visits end."""
    with _deciding(portal):
        changed = rules.disable(rules.find(email), now=portal.clock())
    click.echo(f"{email} is disabled." if changed else f"{email} was disabled before; nothing was changed.")


@agents.command("enable")
@click.argument("email")
@with_portal
def enable(portal: Portal, email: str) -> None:
    """Let EMAIL sign in again, with the password and the factors they had."""
    with _deciding(portal):
        changed = rules.enable(rules.find(email), now=portal.clock())
    click.echo(f"{email} may sign in." if changed else f"{email} was not disabled; nothing was changed.")


@agents.command("regions")
@click.argument("email")
@_regions
@with_portal
def regions(portal: Portal, email: str, regions: tuple[str, ...]) -> None:
    """Give EMAIL these regions instead of those they had; from their next page on."""
    with _deciding(portal):
        agent = rules.find(email)
        rules.set_regions(agent, regions, known=portal.regions, now=portal.clock())
        click.echo(f"{email} helps in: {', '.join(rules.regions_of(agent))}.")


@agents.command("link")
@click.argument("email")
@with_portal
def link(portal: Portal, email: str) -> None:
    """Print a link to choose a new password, for who forgot it. The second factor stays."""
    with _deciding(portal):
        agent = rules.find(email)
        if agent.disabled_at:
            raise CommandError(f"{email} is disabled: portal agents enable {email}")
        token = agent_sign_in.make_link(agent.id, now=portal.clock())
    _show_link(portal, token)


@agents.command("reset-factor")
@click.argument("email")
@with_portal
def reset_factor(portal: Portal, email: str) -> None:
    """For who lost phone and key: password, second factors and sessions go; print a link to begin anew.

    Make sure by another way that it is they who ask.
    """
    with _deciding(portal):
        token = rules.reset_factors(rules.find(email), now=portal.clock())
    _show_link(portal, token)
