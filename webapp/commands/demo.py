"""`portal demo`: the whole portal on this machine, with people and subscriptions to try."""

from __future__ import annotations

import os
import signal
import subprocess
import sys

import click

from webapp.assembly import Portal
from webapp.commands import server
from webapp.commands.context import CommandError, with_portal
from webapp.commands.jobs import run_for_ever
from webapp.demo import seed
from webapp.demo.cast import PASSWORD, PEOPLE, SAM
from webapp.sites import SUPPORT


@click.command()
@click.option("--serve/--no-serve", default=True, help="Only seed, or serve too.")
@with_portal
def demo(portal: Portal, serve: bool) -> None:
    """Seed every site with demo data, if it has none yet, and serve them all."""
    if portal.settings.production:
        raise CommandError("The demo does not run in production mode.")
    seeded = seed.seed_all(portal)
    if seeded:
        click.echo(f"Seeded: {', '.join(seeded)}.")
    _print_sign_ins(portal)
    if serve:
        _serve(portal)


@click.command()
@with_portal
def serve(portal: Portal) -> None:
    """Serve all sites as they are, without seeding anything."""
    _serve(portal)


def _print_sign_ins(portal: Portal) -> None:
    click.echo(f"\nCountries  {portal.settings.origin()}/\nMailbox    {portal.settings.origin()}/mailbox\n")
    for person in PEOPLE:
        site = portal.sites[person.site]
        click.echo(f"{site.origin:<28} {person.email:<30} {PASSWORD:<24} {person.role}")
    console = portal.settings.origin(SUPPORT)
    click.echo(f"{console:<28} {SAM.email:<30} {PASSWORD:<24} support, in {', '.join(SAM.regions)}")
    click.echo(f"{'':<28} an authenticator app takes the key {SAM.app_key}\n")


def _serve(portal: Portal) -> None:
    """Web server and worker as processes of their own; both end with this one."""
    environment = {**os.environ, **server.ENVIRONMENT, "PORT": str(portal.settings.port)}
    portal.databases.close_all()
    worker = subprocess.Popen([sys.executable, "-m", "webapp.commands", "work"], env=environment)
    web = subprocess.Popen(server.command(portal.settings.port), env=environment)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))  # ended by its process id: the children go too
    click.echo(f"Serving on port {portal.settings.port}. Ctrl-C ends it.")
    try:
        status = web.wait()
    except KeyboardInterrupt:
        status = 0
    finally:
        for process in (web, worker):
            process.terminate()
        for process in (web, worker):
            process.wait(10)
    sys.exit(status)


@click.command(hidden=True)
@with_portal
def work(portal: Portal) -> None:
    """The demo's worker."""
    run_for_ever(portal, every_seconds=1.0)
