"""`portal web`: the web server, as production runs it."""

from __future__ import annotations

import logging
import os

import click

from webapp.assembly import assemble
from webapp.commands import server
from webapp.commands.context import CommandError
from webapp.readiness import refuse_to_start

log = logging.getLogger(__name__)


@click.command()
@click.option("--host", default="127.0.0.1", show_default=True, help="Where the proxy reaches it.")
@click.option(
    "--port",
    type=click.IntRange(1, 65535),
    default=8000,
    show_default=True,
    envvar="PORT",
    show_envvar=True,
)
@click.option(
    "--processes",
    type=click.IntRange(1, 256),
    default=1,
    show_default=True,
    help="How many of them at this port. PORTAL_WEB_PROCESSES is how many there are at all ports together.",
)
def web(host: str, port: int, processes: int) -> None:
    """Serve all sites: no worker, no demo data. A process that dies is replaced.

    On SIGTERM it answers what was asked and ends.
    """
    portal = assemble()  # the pages are made by the processes that it becomes
    if portal.settings.production and processes > portal.settings.web_processes:
        raise CommandError(f"PORTAL_WEB_PROCESSES must be {processes} or more: limits depend on it.")
    for silent in refuse_to_start(portal):
        log.warning("A database does not answer: %s", silent)
    command = server.command(port, host=host, processes=processes, lasting=True)
    environment = {**server.ENVIRONMENT, **os.environ}
    if "PORTAL_PUBLIC_PORT" not in environment and not portal.settings.production:
        environment["PORT"] = str(port)  # a demo's addresses are those it is served at
    os.execvpe(command[0], command, environment)
