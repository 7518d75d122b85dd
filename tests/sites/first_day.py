"""A site's first day: the main job, from the order to the invoice, and the pages that everybody sees."""

from __future__ import annotations

from decimal import Decimal

from tests.support.billed import an_issued
from tests.support.client import client_at
from webapp import create_app
from webapp.assembly import Portal
from webapp.data.documents import PDF
from webapp.data.issued import from_json
from webapp.data.outbox import OutboxMessage
from webapp.domain.invoices import documents

PUBLIC = ("/sign-in", "/help", "/imprint", "/privacy", "/accessibility", "/missing-subscriptions")


def first_day(portal: Portal, code: str) -> None:
    with portal.at(portal.sites[code]) as site:
        invoice = an_issued(portal, now=portal.clock(), unit_price="480")
        mailed = [message.kind for message in OutboxMessage.select().order_by(OutboxMessage.id)]
        assert mailed[0] == "activation" and len(mailed) > 1, mailed
        if site.tax_rate is not None:
            assert invoice.number and invoice.currency == site.currency
            assert invoice.gross == invoice.net + round(invoice.net * site.tax_rate / Decimal(100))
            issued = from_json(invoice.content)
            file = documents.invoice_file(invoice, PDF, now=portal.clock())
            assert PDF in documents.forms_of(issued) and bytes(file.content).startswith(b"%PDF")
    visitor = client_at(create_app(portal), code)
    for path in PUBLIC:
        assert visitor.get(path).status_code == 200, path
    portal.databases.close_all()
