"""`portal invoices …`: what waits for a decision about its tax, deciding it, issuing, crediting."""

from __future__ import annotations

import click

from webapp.assembly import Portal
from webapp.commands.context import CommandError, chosen_sites, site_named, with_portal
from webapp.commands.invoice_export import export
from webapp.commands.progress import progress
from webapp.data.billing import OPEN, WAITING, Invoice
from webapp.domain import money
from webapp.domain.audit import OPERATOR
from webapp.domain.invoices import credit_notes, tax
from webapp.domain.invoices import invoices as rules
from webapp.domain.refusals import Refusal
from webapp.sites import Site


@click.group()
def invoices() -> None:
    """Issue invoices, decide about the tax of those that wait, take issued ones back, export them all."""


invoices.add_command(export)


@invoices.command("waiting")
@click.option("--site", "code", help="One country site; without it, all.")
@with_portal
def waiting(portal: Portal, code: str | None) -> None:
    """List the invoices that no rule has a tax for, each with the question to answer."""
    found = [line for site in chosen_sites(portal, code) for line in _waiting_at(portal, site)]
    for line in found:
        click.echo(line)
    click.echo(f"{len(found)} waiting" + (". Decide with: portal invoices decide" if found else ""), err=True)


def _waiting_at(portal: Portal, site: Site) -> list[str]:
    with portal.at(site):
        return [_described(site, invoice) for invoice in rules.unissued(WAITING)]


def _described(site: Site, invoice: Invoice) -> str:
    net = money.in_major_units(invoice.net, invoice.currency)
    head = f"{site.code}  {rules.reference_of(invoice)}  {invoice.account.name}"
    return f"{head}  {net} {invoice.currency} net\n    {invoice.tax_question}"


@invoices.command("decide")
@click.argument("reference", metavar="REF")
@click.option("--site", "code", required=True, help="Code of the country site, such as us.")
@click.option("--category", required=True, help=f"One of {', '.join(tax.CATEGORIES)} (UNCL 5305).")
@click.option("--rate", required=True, help="In percent, such as 8.25; 0 where nothing is charged.")
@click.option(
    "--reason", required=True, help="Why; printed on the invoice where nothing is charged (E, AE, G, O)."
)
@with_portal
def decide(portal: Portal, reference: str, code: str, category: str, rate: str, reason: str) -> None:
    """Decide the tax of invoice REF, as `portal invoices waiting` names it, and issue it at once."""
    with portal.at(site_named(portal, code)):
        try:
            decision = tax.checked_decision(category=category, rate=rate, reason=reason)
            issued = rules.decide_tax(
                rules.waiting_invoice(reference), decision, actor=OPERATOR, now=portal.clock()
            )
        except Refusal as refusal:
            raise CommandError(str(refusal)) from refusal
        gross = money.in_major_units(rules.content_of(issued).gross, issued.currency)
    click.echo(f"Invoice {issued.number} is issued: {gross} {issued.currency}.")


@invoices.command("issue")
@click.option("--site", "code", help="One country site; without it, all.")
@with_portal
def issue(portal: Portal, code: str | None) -> None:
    """Try again to issue what was recorded and is not issued: a company may have given its VAT number."""
    sites = chosen_sites(portal, code)
    issued = left = 0
    with progress("Issuing", total=len(sites)) as show:
        for done, site in enumerate(sites, 1):
            with portal.at(site):
                states = [rules.issue_if_known(one, now=portal.clock()).state for one in rules.unissued()]
            issued, left = issued + states.count(OPEN), left + states.count(WAITING)
            show(done)
    click.echo(f"{issued} issued, {left} waiting")


@invoices.command("credit")
@click.argument("number")
@click.option("--site", "code", required=True, help="Code of the country site, such as fr.")
@click.option("--reason", required=True, help="Why; printed on the credit note, so in its language.")
@with_portal
def credit(portal: Portal, number: str, code: str, reason: str) -> None:
    """Take invoice NUMBER back with a credit note over the whole of it."""
    with portal.at(site_named(portal, code)):
        try:
            note = credit_notes.credit(
                rules.by_number(number), reason=reason, actor=OPERATOR, now=portal.clock()
            )
        except Refusal as refusal:
            raise CommandError(str(refusal)) from refusal
    click.echo(f"Credit note {note.number} takes back invoice {number}.")
