"""Files of invoices and credit notes, and the e-mails that bring them."""

from __future__ import annotations

from datetime import datetime

from webapp.data.billing import Invoice


def send_invoice(invoice: Invoice, *, now: datetime) -> None:
    """To the account's recipients, in the transaction that issues it."""
