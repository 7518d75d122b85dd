"""`portal orders …`: take a shop's file, correct what is still pending, publish the schema."""

from __future__ import annotations

from pathlib import Path

import click

from webapp.assembly import Portal
from webapp.commands.context import CommandError, site_named, with_portal
from webapp.commands.intake_import import run_import
from webapp.commands.order_import import order_intake
from webapp.domain.audit import OPERATOR
from webapp.domain.orders import order_corrections
from webapp.domain.orders.order_document import published_schema
from webapp.domain.refusals import Refusal


@click.group()
def orders() -> None:
    """Take orders from a file and correct pending ones."""


@orders.command("import")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, readable=True, path_type=Path))
@click.option("--json", "as_json", is_flag=True, help="Print the report as JSON.")
@with_portal
@click.pass_context
def import_(ctx: click.Context, portal: Portal, file: Path, as_json: bool) -> None:
    """Take the orders of FILE, one JSON document a line.

    What was taken before is known and has no effect. Refused lines go to FILE.refused.jsonl: mend
    them there and import that file. The exit status is 0 if nothing was refused, 1 if something
    was, 2 if the import stopped because the database failed.
    """
    run_import(ctx, file, order_intake(portal), as_json=as_json)


@orders.command("correct-purchaser")
@click.argument("order_number")
@click.option("--site", "site_code", required=True, help="Code of the country site, such as fr.")
@click.option("--email", required=True, help="The right e-mail address.")
@click.option("--name", help="The name of somebody who is new at this site.")
@with_portal
def correct_purchaser(
    portal: Portal, order_number: str, site_code: str, email: str, name: str | None
) -> None:
    """Give a pending order to another purchaser: the old link is dead, a new e-mail goes out."""
    with portal.at(site_named(portal, site_code)):
        try:
            correction = order_corrections.correct_purchaser(
                order_number, email=email, name=name, actor=OPERATOR, now=portal.clock()
            )
        except Refusal as refusal:
            raise CommandError(str(refusal)) from refusal
        address = correction.subscription.administrator.email
    if correction.changed:
        click.echo(f"Order {order_number} belongs to {address} now; a new activation e-mail is on its way.")
    else:
        click.echo(f"Order {order_number} belongs to {address} already; nothing was changed.")


@orders.command("withdraw")
@click.argument("order_number")
@click.option("--site", "site_code", required=True, help="Code of the country site, such as fr.")
@click.option("--reason", required=True, help="Why; for the audit trail.")
@with_portal
def withdraw(portal: Portal, order_number: str, site_code: str, reason: str) -> None:
    """Withdraw a pending order: it can't be activated any more, and its administrator is told."""
    with portal.at(site_named(portal, site_code)):
        try:
            correction = order_corrections.withdraw_order(
                order_number, reason=reason, actor=OPERATOR, now=portal.clock()
            )
        except Refusal as refusal:
            raise CommandError(str(refusal)) from refusal
    happened = "is withdrawn" if correction.changed else "was withdrawn before; nothing was changed"
    click.echo(f"Order {order_number} {happened}.")


@orders.command("schema")
@click.argument(
    "file", type=click.Path(dir_okay=False, path_type=Path), default=Path("docs/order.schema.json")
)
def schema(file: Path) -> None:
    """Write the JSON Schema of an order to FILE."""
    file.write_text(published_schema(), encoding="utf-8")
    click.echo(f"Wrote {file}.")
