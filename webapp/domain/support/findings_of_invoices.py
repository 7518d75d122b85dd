"""“The invoice is wrong”: what is on it, and since when the customer's data is different."""

from __future__ import annotations

from typing import Any

from webapp.data.billing import CREDITED, DUE, OPEN, WAITING
from webapp.data.subscriptions import PENDING
from webapp.domain.support.findings import Finding, at, on_day
from webapp.domain.support.findings_of_mail import undelivered
from webapp.domain.support.findings_of_sight import lapsed, withdrawn
from webapp.domain.support.support_facts import Case
from webapp.i18n import _


def never_any(c: Case) -> Finding | None:
    """Of a subscription that never was active."""
    if not c.public_id or not c.subscriptions:
        return None
    s = c.subscriptions[0]
    if found := lapsed(c, s) or withdrawn(c, s):
        return found
    if s.status != PENDING:
        return None
    return Finding(
        "not_invoiced_yet",
        _(
            "%(id)s is not activated yet: the first invoice is written when the agreement is accepted.",
            id=s.public_id,
        ),
        _("If the customer holds an invoice, it is not from this portal: ask for its number."),
        public_id=s.public_id,
    )


def no_invoice(c: Case) -> Finding | None:
    if c.invoices:
        return None
    return Finding(
        "no_invoice",
        _("No invoice was written for %(company)s.", company=c.account_name),
        _("If the customer holds an invoice, it is not from this portal: ask for its number."),
    )


def of_latest(c: Case) -> Finding | None:
    """Of the newest one: what was credited is told, and the one that replaced it looked at."""
    i = c.invoices[0] if c.invoices else None
    return next((found for rule in _OF_ONE if (found := rule(i))), None) if i else None


def waits_for_tax(i: Any) -> Finding | None:
    if i.state != WAITING:
        return None
    return Finding(
        "waits_for_tax",
        _(
            "The invoice of %(id)s for the time from %(date)s on waits for a decision "
            "about its tax: %(question)s",
            id=i.public_id,
            date=on_day(i.period_start),
            question=i.tax_question,
        ),
        _("Ask the operator to decide; it is issued and mailed at once then."),
        public_id=i.public_id,
    )


def not_issued_yet(i: Any) -> Finding | None:
    if i.state != DUE:
        return None
    return Finding(
        "not_issued_yet",
        _(
            "The invoice of %(id)s for the time from %(date)s on is recorded and not issued yet.",
            id=i.public_id,
            date=on_day(i.period_start),
        ),
        _("It is issued within the hour. If it still waits then, tell the operator."),
        public_id=i.public_id,
    )


def credited(i: Any) -> Finding | None:
    if i.state != CREDITED:
        return None
    return Finding(
        "credited",
        _("Invoice %(number)s was credited in full by %(note)s.", number=i.number, note=i.credit_note),
        _("Nothing is to be paid for it. The credit note is in the list of invoices."),
        public_id=i.public_id,
    )


def mail_failed(i: Any) -> Finding | None:
    if i.mail_to is None:
        return None
    return undelivered(
        "invoice_mail_failed",
        to=i.mail_to,
        state=i.mail_state,
        error=i.mail_error,
        written=i.mail_at,
        bounced=i.mail_bounced_at,
        public_id=i.public_id,
    )


def _correct_it() -> str:
    return _("An issued invoice never changes: ask the operator for a credit note and a new invoice.")


def details_changed(i: Any) -> Finding | None:
    if i.details_changed_at is None or i.details_changed_at <= i.issued_at:
        return None
    return Finding(
        "details_changed",
        _(
            "Invoice %(number)s was issued on %(issued)s; %(name)s changed the billing data on %(date)s.",
            number=i.number,
            issued=at(i.issued_at),
            name=i.details_changed_by,
            date=at(i.details_changed_at),
        ),
        _correct_it(),
        public_id=i.public_id,
    )


def po_missing(i: Any) -> Finding | None:
    if i.po_number:
        return None
    if i.po_now:
        sentence = _(
            "Invoice %(number)s has no purchase order number; %(po)s was entered later, on %(date)s.",
            number=i.number,
            po=i.po_now,
            date=at(i.po_changed_at or i.issued_at),
        )
        return Finding("po_came_late", sentence, _correct_it(), public_id=i.public_id)
    return Finding(
        "po_missing",
        _(
            "Invoice %(number)s has no purchase order number, and %(id)s has none either.",
            number=i.number,
            id=i.public_id,
        ),
        _("Have it entered under “Purchase details”: the next invoice carries it."),
        public_id=i.public_id,
    )


def po_changed(i: Any) -> Finding | None:
    if i.po_number == i.po_now or i.po_changed_at is None or i.po_changed_at <= i.issued_at:
        return None
    return Finding(
        "po_changed",
        _(
            "Invoice %(number)s carries the purchase order number %(old)s; it was changed to %(new)s later, "
            "on %(date)s.",
            number=i.number,
            old=i.po_number,
            new=i.po_now or "–",
            date=at(i.po_changed_at),
        ),
        _correct_it(),
        public_id=i.public_id,
    )


def payment_returned(i: Any) -> Finding | None:
    if i.returned is None or i.state != OPEN:
        return None
    return Finding(
        "payment_returned",
        _("A payment for invoice %(number)s came back from the bank; it is open again.", number=i.number),
        _("Have the customer check the account it is debited from, or transfer the amount."),
        public_id=i.public_id,
    )


def as_known(i: Any) -> Finding:
    return Finding(
        "as_known",
        _(
            "Invoice %(number)s of %(date)s carries what the portal knows today.",
            number=i.number,
            date=on_day(i.issued_on),
        ),
        _("Ask what is wrong on it; price and quantity are those of the order."),
        public_id=i.public_id,
    )


_OF_ONE = (
    waits_for_tax,
    not_issued_yet,
    credited,
    payment_returned,
    details_changed,
    po_missing,
    po_changed,
    mail_failed,
    as_known,
)
OF_INVOICES = (never_any, no_invoice, of_latest)
