"""`portal payments …`: take the ERP's file, publish the schema."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import click

from webapp.assembly import Portal
from webapp.commands.context import with_portal
from webapp.commands.intake_import import Intake, run_import
from webapp.commands.intake_report import IntakeReport
from webapp.domain.payments.payment_document import published_schema, read_payment
from webapp.domain.payments.payments import Outcome, site_of, take_payment


@click.group()
def payments() -> None:
    """Take payments from a file."""


class Report(IntakeReport[Outcome]):
    kinds = ("accepted", "known")

    def kind_of(self, outcome: Outcome) -> str:
        return outcome.kind

    def notes_of(self, outcome: Outcome) -> Iterator[str]:
        yield from outcome.warnings


@payments.command("import")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, readable=True, path_type=Path))
@click.option("--json", "as_json", is_flag=True, help="Print the report as JSON.")
@with_portal
@click.pass_context
def import_(ctx: click.Context, portal: Portal, file: Path, as_json: bool) -> None:
    """Take the payments of FILE, one JSON document a line.

    What was taken before is known and has no effect. Refused lines go to FILE.refused.jsonl: mend
    them there and import that file. The exit status is 0 if nothing was refused, 1 if something
    was, 2 if the import stopped because the database failed.
    """
    run_import(ctx, file, payment_intake(portal), as_json=as_json)


def payment_intake(portal: Portal) -> Intake[Outcome]:
    return Intake("Payments", lambda line: _take(portal, line), Report())


def _take(portal: Portal, line: bytes) -> Outcome:
    received = read_payment(line)
    with portal.at(site_of(received.document, sites=portal.sites)):
        return take_payment(received, now=portal.clock())


@payments.command("schema")
@click.argument(
    "file", type=click.Path(dir_okay=False, path_type=Path), default=Path("docs/payment.schema.json")
)
def schema(file: Path) -> None:
    """Write the JSON Schema of a payment to FILE."""
    file.write_text(published_schema(), encoding="utf-8")
    click.echo(f"Wrote {file}.")
