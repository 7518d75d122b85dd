"""A credit note takes back a whole invoice, once: numbered in a series of its own, linked, frozen, sent."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from webapp.data import records
from webapp.data.billing import CREDITED, GIVEN, OPEN, PAID, Invoice
from webapp.data.database import atomic, current_site
from webapp.data.issued import CREDIT_NOTE, INVOICE
from webapp.domain import audit
from webapp.domain.audit import Actor
from webapp.domain.calendar import local_date
from webapp.domain.intake.intake_fields import UNPRINTABLE, is_blank
from webapp.domain.invoices import documents, invoices
from webapp.domain.invoices.invoice_content import credit_note_content
from webapp.domain.invoices.invoice_numbers import next_number
from webapp.domain.refusals import Refusal
from webapp.domain.webhooks import webhooks

LONGEST_REASON = 200


@dataclass
class NotCreditable(Refusal):
    because: str

    def __str__(self) -> str:
        return f"Nothing was credited: {self.because}."


class ReasonInvalid(Refusal):
    def __str__(self) -> str:
        return f"Nothing was credited: a reason has 1 to {LONGEST_REASON} characters, on one line."


def credit(invoice: Invoice, *, reason: str, actor: Actor, now: datetime) -> Invoice:
    """The credit note. `reason` stands on it: in the invoice's language, if whoever gives it speaks that."""
    if is_blank(reason) or len(reason) > LONGEST_REASON or UNPRINTABLE.search(reason):
        raise ReasonInvalid
    with atomic():
        credited = _take_back(invoice)
        note = _note(credited, now=now)
        issued_on = local_date(now, current_site().time_zone)
        number = next_number(current_site().invoicing.credit_series, issued_on=issued_on)
        content = credit_note_content(
            invoices.content_of(credited), number=number, reason=reason.strip(), issued_on=issued_on, now=now
        )
        invoices.freeze(note, content)
        audit.record(
            audit.INVOICE_CREDITED,
            actor=actor,
            subscription=note.subscription,
            now=now,
            number=number,
            credited=credited.number,
            gross=content.gross,
            currency=content.currency,
            reason=reason.strip(),
        )
        webhooks.tell(webhooks.INVOICE_ISSUED, note, now=now)
        documents.send_invoice(note, now=now)
    return note


def _take_back(invoice: Invoice) -> Invoice:
    """Once: whoever is second hears that it is credited already."""
    change = Invoice.update(state=CREDITED)
    creditable = (Invoice.kind == INVOICE) & Invoice.state.in_((OPEN, PAID)) & Invoice.number.is_null(False)
    won = change.where(Invoice.id == invoice.id, creditable).execute() == 1
    current: Invoice = Invoice.get_by_id(invoice.id)
    if not won:
        raise NotCreditable(_why_not(current))
    return current


def _why_not(invoice: Invoice) -> str:
    if invoice.kind == CREDIT_NOTE:
        return f"{invoice.number} is a credit note itself"
    if invoice.state == CREDITED:
        return f"{invoice.number} is credited already"
    return "it is not issued yet"


def _note(credited: Invoice, *, now: datetime) -> Invoice:
    return records.create(
        Invoice,
        kind=CREDIT_NOTE,
        account=credited.account_id,
        subscription=credited.subscription,
        cause=f"credit {credited.number}",
        state=GIVEN,
        period_start=credited.period_start,
        period_end=credited.period_end,
        quantity=credited.quantity,
        unit_price=credited.unit_price,
        net=credited.net,
        currency=credited.currency,
        po_number=credited.po_number,
        recorded_at=now,
        credits=credited,
    )
