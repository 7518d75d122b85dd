"""`portal check`: what would keep this portal from starting, or from working, without starting it."""

from __future__ import annotations

from collections.abc import Iterator

import click
from limits.storage import storage_from_string

from webapp.assembly import Portal, assemble
from webapp.config import SettingsError
from webapp.data.probe import Probed
from webapp.jobs.storage import storage_for
from webapp.mail.failures import DeliveryFailure
from webapp.mail.transport import transport_for
from webapp.readiness import SHARED, moved_away, old_schemas, probe_all, shared_databases, wrong_roles
from webapp.sites import SiteConfigError


@click.command()
@click.pass_context
def check(ctx: click.Context) -> None:
    """Say all that is wrong with settings, sites, databases, mail server and Redis.

    Exit status 0 means that web server and workers would start and work.
    """
    problems = list(_problems())
    for problem in problems:
        click.echo(f"- {problem}", err=True)
    if problems:
        ctx.exit(1)


def _problems() -> Iterator[str]:
    try:
        portal = assemble()
    except (SettingsError, SiteConfigError) as problem:
        yield from problem.problems if isinstance(problem, SettingsError) else [str(problem)]
        return
    click.echo(f"Mode: {portal.settings.mode}. Sites: {', '.join(portal.sites.codes)}.")
    _say_what_is_made_up(portal)
    yield from _of_databases(portal)
    yield from _of_mail_server(portal)
    yield from _of_queue(portal)
    yield from _of_rate_limits(portal)
    portal.databases.close_all()


def _say_what_is_made_up(portal: Portal) -> None:
    """No reason not to start: somebody may try production with the sites as they are shipped."""
    made_up = [site.code for site in portal.sites if site.support_email.endswith(".example")]
    if portal.settings.production and made_up:
        sites = ", ".join(made_up)
        click.echo(f"Made up, as shipped: company, bank and support address in site.toml of {sites}.")


def _of_databases(portal: Portal) -> Iterator[str]:
    found: dict[str, Probed] = probe_all(portal)
    yield from shared_databases(portal)
    for name, one in found.items():
        if one.silent:
            whose = "that all sites share" if name == SHARED else f"of {name}"
            yield f"The database {whose} does not answer: {one.silent}"
    if portal.settings.production:
        yield from old_schemas(found)
    yield from moved_away(portal, found)
    yield from wrong_roles(portal, found)
    click.echo(f"Databases: {sum(one.ready for one in found.values())} of {len(found)} are ready.")


def _of_mail_server(portal: Portal) -> Iterator[str]:
    try:
        transport = transport_for(portal.settings)
        transport.greet()
    except (SettingsError, DeliveryFailure) as problem:
        yield f"The mail server of PORTAL_SMTP takes no mail from us: {problem}"
    else:
        transport.close()
        click.echo("Mail server: answers." if portal.settings.smtp else "Mail server: the demo’s mailbox.")


def _of_queue(portal: Portal) -> Iterator[str]:
    try:
        queue = storage_for(portal.settings.queue_url)("portal")
        click.echo(f"Queue: answers, {queue.queue_size()} tasks wait.")
        queue.close()
    except Exception as problem:  # whichever store it is
        yield f"The queue of PORTAL_QUEUE does not answer: {problem}"


def _of_rate_limits(portal: Portal) -> Iterator[str]:
    storage = storage_from_string(portal.settings.rate_limit_storage)
    if storage.check():
        click.echo("Rate limits: can be counted.")
    else:
        yield "Redis of PORTAL_RATE_LIMITS does not answer: each web process would count for itself."
