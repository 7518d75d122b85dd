"""All that a site has issued, for the archive of an accountant: its files, and a line about each document."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from webapp.data.billing import Invoice
from webapp.data.documents import CII, PDF, UBL, StoredDocument
from webapp.data.issued import from_json
from webapp.domain.invoices import documents
from webapp.domain.money import in_major_units
from webapp.domain.spreadsheets import neutral

_BATCH = 200
_FORMS = (PDF, CII, UBL)
COLUMNS = (
    *("number", "kind", "issued_on", "company", "po_number", "net", "tax", "gross", "currency", "state"),
    *("paid", "due_on", "credits"),
    *(name for form in _FORMS for name in (f"{form}_file", f"{form}_sha256")),
)


@dataclass(frozen=True, slots=True)
class Span:
    """Of days of issue, both included; None: as far as there are any."""

    first: date | None = None
    last: date | None = None

    def condition(self) -> Any:
        """Dates are kept as text that sorts as they do."""
        found = Invoice.number.is_null(False)
        if self.first:
            found &= Invoice.issued_on >= self.first
        return found & (Invoice.issued_on <= self.last) if self.last else found


def count(span: Span) -> int:
    return int(Invoice.select().where(span.condition()).count())


def issued(span: Span) -> Iterator[Invoice]:
    """Invoices and credit notes in the order in which they came to be; in batches, whatever their number."""
    last = 0
    while batch := _batch(span, after=last):
        yield from batch
        last = batch[-1].id


def _batch(span: Span, *, after: int) -> list[Invoice]:
    later = span.condition() & (Invoice.id > after)
    return list(Invoice.select().where(later).order_by(Invoice.id).limit(_BATCH))


def files_of(invoice: Invoice, *, now: datetime) -> Mapping[str, StoredDocument]:
    """By form; each as it was handed out, or would be."""
    forms = documents.forms_of(from_json(invoice.content))
    return {form: documents.invoice_file(invoice, form, now=now) for form in forms}


def line(invoice: Invoice, files: Mapping[str, StoredDocument]) -> list[str]:
    """Amounts of a credit note are those of its paper: what is taken back, without a sign."""
    issued, credited = from_json(invoice.content), invoice.credits
    amounts = (issued.net, issued.tax, issued.gross)
    texts = (issued.number, issued.kind, issued.issued_on.isoformat(), issued.buyer.name, issued.po_number)
    return [
        *map(neutral, texts),
        *(str(in_major_units(amount, issued.currency)) for amount in amounts),
        *(issued.currency, invoice.state, str(in_major_units(invoice.paid, issued.currency))),
        *(invoice.due_on.isoformat() if invoice.due_on else "", credited.number if credited else ""),
        *(cell for form in _FORMS for cell in _about(files.get(form))),
    ]


def _about(file: StoredDocument | None) -> tuple[str, str]:
    return (file.file_name, file.sha256) if file else ("", "")
