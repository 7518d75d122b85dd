"""What came after an invoice was issued: payments, and credit notes."""

from __future__ import annotations

from collections.abc import Sequence

from webapp.data.billing import Invoice, Payment

MOST = 50


def payments(invoice: Invoice) -> Sequence[Payment]:
    """As they arrived, newest first."""
    found = Payment.select().where(Payment.invoice == invoice)
    return list(found.order_by(Payment.paid_on.desc(), Payment.id.desc()).limit(MOST))


def credit_notes(invoice: Invoice) -> Sequence[Invoice]:
    """Those that take it back, newest first."""
    return list(Invoice.select().where(Invoice.credits == invoice).order_by(Invoice.id.desc()).limit(MOST))
