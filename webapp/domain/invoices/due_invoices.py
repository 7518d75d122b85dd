"""Issues what renewals have recorded as due, and tells the administrator that another term has begun."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from webapp.data.billing import DUE, Invoice
from webapp.data.database import atomic, current_site
from webapp.data.statements import rows
from webapp.data.subscriptions import Subscription
from webapp.domain import outbox
from webapp.domain.calendar import local_date
from webapp.domain.invoices import invoices
from webapp.domain.subscriptions.cancellation import last_day_before

BATCH = 200
MAILED = "annual"  # who renews each month hears of it by the invoice alone

_DUE_SQL = "SELECT i.id FROM invoice i WHERE i.state = 'due' AND i.id > :after ORDER BY i.id LIMIT :size"


def due(*, after: int = 0, size: int = BATCH) -> Sequence[int]:
    """Row numbers, in the order of their recording."""
    return [found.id for found in rows(_DUE_SQL, after=after, size=size)]


def issue(invoice_id: int, *, now: datetime) -> Invoice:
    """Issued, or waiting for a decision about its tax: in both cases a term that has begun is told of."""
    with atomic():
        invoice = invoices.issue_if_known(_claimed(invoice_id), now=now)
        if _begins_a_term(invoice):
            _tell(invoice, now=now)
    return invoice


def _claimed(invoice_id: int) -> Invoice:
    """Ours until the transaction ends: whoever is slower finds it due no more."""
    here = Invoice.id == invoice_id
    if Invoice.update(state=DUE).where(here, Invoice.state == DUE).execute() != 1:
        raise invoices.AlreadyIssued
    return Invoice.select(Invoice, Subscription).join(Subscription).where(here).get()


def _begins_a_term(invoice: Invoice) -> bool:
    """Not the first one, which the activation tells of; and of several that were missed only the last."""
    subscription = invoice.subscription
    first = local_date(subscription.activated_at, current_site().time_zone)
    begins = invoice.cause == f"period {subscription.term_start.isoformat()}"
    return begins and subscription.commitment == MAILED and subscription.term_start != first


def _tell(invoice: Invoice, *, now: datetime) -> None:
    subscription = invoice.subscription
    outbox.enqueue(
        "renewed",
        to=subscription.administrator,
        subscription=subscription,
        path=f"/subscriptions/{subscription.public_id}",
        invoice=invoice,
        last_day=last_day_before(subscription.term_end),
        now=now,
    )
