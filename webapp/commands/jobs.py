"""`portal jobs run`: do what is due, once."""

from __future__ import annotations

import time
from collections.abc import Iterator
from itertools import product

import click
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TaskID, TextColumn

from webapp.assembly import Portal
from webapp.commands.context import CommandError, chosen_sites, with_portal
from webapp.jobs import turn
from webapp.jobs.registry import JOBS, Job, JobResult, UnknownJob, jobs_named, run_due, run_one
from webapp.jobs.turn import Turn
from webapp.sites import Site


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
    try:
        chosen = jobs_named([name] if name else None)
    except UnknownJob as problem:
        raise CommandError(str(problem)) from None
    results = list(_run_all(portal, chosen, chosen_sites(portal, code)))
    _report(results)
    if not all(result.ok for result in results):
        ctx.exit(1)


def _run_all(portal: Portal, chosen: list[Job], sites: list[Site]) -> Iterator[JobResult]:
    """The bar says which job is at which site, and how far it is there."""
    console = Console(stderr=True)
    columns = (SpinnerColumn(), TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as bar:
        steps = bar.add_task("", total=len(chosen) * len(sites))
        for job, site in product(chosen, sites):
            yield _run_telling(portal, job, site, bar, steps)
            bar.advance(steps)


def _run_telling(portal: Portal, job: Job, site: Site, bar: Progress, steps: TaskID) -> JobResult:
    at = f"{job.name} at {site.code}"
    bar.update(steps, description=at)

    def tell(done: int) -> None:
        bar.update(steps, description=f"{at}: {done}")

    with turn.taking(Turn(tell=tell)):
        return run_one(portal, job, site)


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
