"""What became of the demo's invoices: paid, overdue, open, credited; and one that waits for its tax."""

from __future__ import annotations

from datetime import datetime, timedelta

from webapp.data.billing import OPEN, PAID, WAITING, Invoice, Payment
from webapp.data.outbox import QUEUED, SENT, OutboxMessage
from webapp.domain.audit import OPERATOR
from webapp.domain.invoices import credit_notes, invoices
from webapp.domain.invoices.tax import checked_decision

CREDITED_PRODUCT = "fieldwire-pro"
UNPAID_PRODUCT = "ontrack-pro"  # overdue, and open
_REASONS = {
    "fr": "Adresse de facturation erronée",
    "de": "Falsche Rechnungsadresse",
    "it": "Indirizzo di fatturazione errato",
    "es": "Dirección de facturación errónea",
    "nl": "Verkeerd factuuradres",
    "pl": "Błędny adres na fakturze",
    "pt": "Endereço de faturação errado",
    "cs": "Chybná fakturační adresa",
    "sk": "Chybná fakturačná adresa",
    "hu": "Hibás számlázási cím",
    "ja": "請求先住所の誤り",
    "ar": "عنوان الفوترة غير صحيح",
}


def settle(*, now: datetime) -> None:
    """Of the bound site, once all its people are there."""
    _decide_taxes(now=now)
    for invoice in Invoice.select().where(Invoice.state == OPEN).order_by(Invoice.issued_at, Invoice.id):
        product = invoice.subscription.product_key
        if product == CREDITED_PRODUCT:
            reason = _REASONS.get(invoice.language.partition("_")[0], "Wrong billing address")
            later = invoice.issued_at + timedelta(days=6)
            credit_notes.credit(invoice, reason=reason, actor=OPERATOR, now=later)
        elif product != UNPAID_PRODUCT:
            _pay(invoice)
    # What happened long ago was mailed long ago.
    old = (OutboxMessage.state == QUEUED) & (OutboxMessage.created_at < now)
    OutboxMessage.update(state=SENT, sent_at=OutboxMessage.created_at).where(
        old, OutboxMessage.kind.in_(("invoice", "credit_note"))
    ).execute()


def _decide_taxes(*, now: datetime) -> None:
    """Where no rule knows the tax: all but that of the latest invoice."""
    for invoice in invoices.unissued(WAITING)[:-1]:
        decision = checked_decision(category="S", rate="8.25", reason="Texas 6.25 %, Austin 2 %")
        decided_at = min(invoice.recorded_at + timedelta(days=2), now)
        invoices.decide_tax(invoice, decision, actor=OPERATOR, now=decided_at)


def _pay(invoice: Invoice) -> None:
    """As a file of the ERP leaves it, some days before it was due."""
    paid_on = invoice.due_on - timedelta(days=4)
    Payment.create(
        reference=f"DEMO-{invoice.number}",
        invoice=invoice,
        amount=invoice.gross,
        currency=invoice.currency,
        paid_on=paid_on,
        content_hash="",
        received_at=invoice.issued_at + (paid_on - invoice.issued_on),
    )
    Invoice.update(state=PAID, paid=invoice.gross).where(Invoice.id == invoice.id).execute()
