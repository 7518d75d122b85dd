"""What commands share: the portal they work on and the site they were given."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

import click
from flask.cli import ScriptInfo

from webapp.assembly import Portal
from webapp.sites import Site


class CommandError(click.ClickException):
    """Something the operator can mend; shown without a traceback."""


def with_portal(command: Callable[..., Any]) -> Callable[..., Any]:
    """Passes the assembled portal as the command's first argument."""

    @functools.wraps(command)
    @click.pass_context
    def wrapper(ctx: click.Context, /, *args: Any, **kwargs: Any) -> Any:
        portal: Portal = ctx.ensure_object(ScriptInfo).load_app().extensions["portal"]
        return command(portal, *args, **kwargs)

    return wrapper


def site_named(portal: Portal, code: str) -> Site:
    site = portal.sites.by_code(code)
    if site is None:
        raise CommandError(f"There is no site “{code}”. Sites: {', '.join(portal.sites.codes)}.")
    return site


def chosen_sites(portal: Portal, code: str | None) -> list[Site]:
    return [site_named(portal, code)] if code else list(portal.sites)
