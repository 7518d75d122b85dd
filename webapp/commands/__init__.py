"""The command line: `portal …`, which is Flask's command group with our groups added."""

from __future__ import annotations

import os
import sys

import click
from flask.cli import FlaskGroup

from webapp import create_app, logs
from webapp.commands.context import CommandError
from webapp.config import SettingsError
from webapp.sites import SiteConfigError


@click.group(cls=FlaskGroup, create_app=create_app, add_default_commands=False, add_version_option=False)
@click.version_option(package_name="subscription-portal", message="Subscription portal %(version)s")
def cli() -> None:
    """The subscription portal's commands."""


def _add_groups() -> None:
    from webapp.commands import (
        agents,
        check,
        database,
        demo,
        invoices,
        jobs,
        keys,
        mail,
        metrics,
        orders,
        payments,
        site,
        web,
        webhooks,
        worker,
    )

    groups = (
        orders.orders,
        invoices.invoices,
        payments.payments,
        jobs.jobs,
        mail.mail,
        keys.keys,
        webhooks.webhooks,
        agents.agents,
        database.db,
        site.site,
    )
    running = (web.web, worker.worker, metrics.metrics, check.check)
    for command in (*groups, *running, demo.demo, demo.serve, demo.work):
        cli.add_command(command)


_add_groups()


def main() -> None:
    logs.set_up(production=os.environ.get("PORTAL_MODE") == "production")
    try:
        cli()
    except SettingsError as problem:
        click.echo("\n".join(f"- {one}" for one in problem.problems), err=True)
        sys.exit(2)
    except (SiteConfigError, CommandError) as problem:
        click.echo(str(problem), err=True)
        sys.exit(2)


if __name__ == "__main__":
    main()
