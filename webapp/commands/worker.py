"""`portal worker`: does what is due, at all sites, for as long as it runs."""

from __future__ import annotations

import logging

import click

from webapp.assembly import Portal
from webapp.commands.context import with_portal
from webapp.data.pool import MAX_CONNECTIONS, keep_few_files
from webapp.readiness import refuse_to_start

log = logging.getLogger(__name__)


@click.command()
@click.option(
    "--workers",
    "number",
    type=click.IntRange(1, MAX_CONNECTIONS),
    default=2,
    show_default=True,
    envvar="PORTAL_WORKERS",
    show_envvar=True,
    help="How many work at the same time.",
)
@click.option(
    "--kind",
    type=click.Choice(["thread", "process"]),
    default="thread",
    show_default=True,
    envvar="PORTAL_WORKER_KIND",
    show_envvar=True,
    help="Threads of one process, or a process each.",
)
@with_portal
def worker(portal: Portal, number: int, kind: str) -> None:
    """Deliver e-mails, note what lapsed, tidy up: all the time, at all sites.

    On SIGTERM it finishes what it is at and ends; Ctrl-C ends it at once, which is as safe as a crash. Any
    number may run, on any number of machines.
    """
    from webapp.jobs.queue import JobQueue, make_workers

    for silent in refuse_to_start(portal):
        log.warning("A database does not answer: %s", silent)
    workers = make_workers(JobQueue(portal), number=number, kind=kind)
    keep_few_files()
    portal.databases.close_all()  # before it forks
    log.info("Working at %s sites with %s × %s. SIGTERM ends it.", len(portal.sites), number, kind)
    workers.run()
