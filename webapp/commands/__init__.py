"""The command line: `portal …`, which is Flask's command group with our groups added."""

from __future__ import annotations

import sys

import click
from flask.cli import FlaskGroup

from webapp import create_app
from webapp.commands.context import CommandError
from webapp.config import SettingsError


@click.group(cls=FlaskGroup, create_app=create_app, add_default_commands=False)
def cli() -> None:
    """The subscription portal's commands."""


def _add_groups() -> None:
    from webapp.commands import database, demo, invoices, jobs, mail, orders, payments, site, worker

    groups = (
        orders.orders,
        invoices.invoices,
        payments.payments,
        jobs.jobs,
        mail.mail,
        database.db,
        site.site,
    )
    for command in (*groups, worker.worker, demo.demo, demo.serve, demo.work):
        cli.add_command(command)


_add_groups()


def main() -> None:
    try:
        cli()
    except (SettingsError, CommandError) as problem:
        click.echo(str(problem), err=True)
        sys.exit(2)


if __name__ == "__main__":
    main()
