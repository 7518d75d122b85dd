"""`portal jobs run`: do what is due, once."""

from __future__ import annotations

import time

import click
from rich.console import Console
from rich.progress import track

from webapp.assembly import Portal
from webapp.commands.context import CommandError, chosen_sites, with_portal
from webapp.jobs.registry import JOBS, JobResult, UnknownJob, run_due


@click.group()
def jobs() -> None:
    """Periodic work: deliver e-mails, look for people at all sites, note what lapsed, tidy up."""


@jobs.command("run")
@click.argument("name", required=False)
@click.option("--site", "code", help="One country site; without it, all.")
@with_portal
@click.pass_context
def run(ctx: click.Context, portal: Portal, name: str | None, code: str | None) -> None:
    """Run job NAME, or all of them, once."""
    sites = chosen_sites(portal, code)
    console = Console(stderr=True)
    try:
        results = [
            result
            for site in track(sites, console=console, transient=True, disable=not console.is_terminal)
            for result in run_due(portal, [name] if name else None, [site])
        ]
    except UnknownJob as problem:
        raise CommandError(str(problem)) from None
    _report(results)
    if not all(result.ok for result in results):
        ctx.exit(1)


def _report(results: list[JobResult]) -> None:
    for job in JOBS:
        done = [result for result in results if result.job == job]
        totals: dict[str, int] = {}
        for result in done:
            for key, value in result.counts.items():
                totals[key] = totals.get(key, 0) + int(value)
        if done:
            click.echo(f"{job}: " + ", ".join(f"{value} {key}" for key, value in totals.items()))
        for result in done:
            if not result.ok:
                click.echo(f"{job} failed at {result.site}: {result.error}", err=True)


def run_for_ever(portal: Portal, *, every_seconds: float) -> None:
    """The demo's worker: does what is due, again and again, until it is ended."""
    while True:
        run_due(portal)
        time.sleep(every_seconds)
