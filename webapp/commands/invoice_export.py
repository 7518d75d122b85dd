"""`portal invoices export`: everything that a site has issued, as files in a folder."""

from __future__ import annotations

import csv
import io
import os
from datetime import date, datetime
from hashlib import sha256
from pathlib import Path

import click

from webapp.assembly import Portal
from webapp.commands.context import CommandError, site_named, with_portal
from webapp.commands.progress import progress
from webapp.data.billing import Invoice
from webapp.domain.invoices import invoice_export
from webapp.domain.invoices.documents import DocumentAltered
from webapp.domain.invoices.invoice_export import COLUMNS, Span

INDEX = "index.csv"
DAY = click.DateTime(["%Y-%m-%d"])
ALTERED = 1  # exit status


@click.command("export")
@click.option("--site", "code", required=True, help="Code of the country site, such as fr.")
@click.option(
    "--out", type=click.Path(file_okay=False, path_type=Path), required=True, help="Folder to fill."
)
@click.option("--from", "first", type=DAY, help="First day of issue; without it, from the beginning.")
@click.option("--to", "last", type=DAY, help="Last day of issue; without it, up to now.")
@with_portal
@click.pass_context
def export(
    ctx: click.Context, portal: Portal, code: str, out: Path, first: datetime | None, last: datetime | None
) -> None:
    """Write the PDF and e-invoice files of all invoices and credit notes to a folder.

    Beside them, index.csv has a line about each with the SHA-256 of its files. What is there already
    and unchanged is left alone: the same command again adds what is new.
    """
    span = Span(_day(first), _day(last))
    if span.first and span.last and span.last < span.first:
        raise CommandError("The last day lies before the first one.")
    try:
        out.mkdir(parents=True, exist_ok=True)
        with portal.at(site_named(portal, code)):
            lines, altered = _write_all(portal, span, out)
        _write(out / INDEX, _csv(lines))
    except OSError as problem:
        raise CommandError(f"{out} can't be written: {problem}") from problem
    click.echo(f"{len(lines)} invoices and credit notes are in {out}.")
    for file in altered:
        click.echo(str(file), err=True)
    if altered:
        ctx.exit(ALTERED)


def _day(value: datetime | None) -> date | None:
    return value.date() if value else None


def _write_all(portal: Portal, span: Span, out: Path) -> tuple[list[list[str]], list[DocumentAltered]]:
    lines: list[list[str]] = []
    altered: list[DocumentAltered] = []
    with progress("Invoices", total=invoice_export.count(span)) as done:
        for number, invoice in enumerate(invoice_export.issued(span), start=1):
            try:
                lines.append(_write_files(portal, invoice, out))
            except DocumentAltered as problem:
                altered.append(problem)
            done(number)
    return lines, altered


def _write_files(portal: Portal, invoice: Invoice, out: Path) -> list[str]:
    files = invoice_export.files_of(invoice, now=portal.clock())
    for file in files.values():
        _write(out / file.file_name, file.content)
    return invoice_export.line(invoice, files)


def _csv(lines: list[list[str]]) -> bytes:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerows([COLUMNS, *lines])
    return text.getvalue().encode()


def _write(path: Path, content: bytes) -> None:
    """Whole or not at all; what is there already stays untouched."""
    if path.is_file() and sha256(path.read_bytes()).digest() == sha256(content).digest():
        return
    part = path.with_name(f".{path.name}.part")
    with part.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    os.replace(part, path)
