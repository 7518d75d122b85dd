"""A pending subscription becomes active when its administrator accepts the agreement within the 90 days."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from webapp.data.accounts import Person
from webapp.data.agreements import Acceptance
from webapp.data.database import atomic, current_site
from webapp.data.documents import PDF
from webapp.data.subscriptions import (
    ACTIVE,
    ENDED,
    LAPSED,
    PENDING,
    SHELF_ACTIVE,
    WITHDRAWN,
    Order,
    Subscription,
)
from webapp.domain import audit, limits, outbox
from webapp.domain.calendar import MONTHS, add_months, days_left, last_activation_day, local_date
from webapp.domain.invoices import documents, invoice_warnings, invoices
from webapp.domain.invoices.invoice_warnings import AS_IT_IS, FirstInvoice
from webapp.domain.people import sign_in
from webapp.domain.refusals import NotThere, Refusal
from webapp.domain.subscriptions import agreements
from webapp.domain.webhooks import webhooks
from webapp.i18n import _
from webapp.sites import AgreementText

MAIL_AGAIN = limits.Limit("activation_mail", times=3, within=timedelta(hours=1))


@dataclass
class ActivationWindowClosed(Refusal):
    """The 90 days are over: it left the portal at no cost and can't be revived."""

    ordered_at: datetime

    def __str__(self) -> str:
        return _(
            "The 90 days for activation are over. Nothing was charged."
            " To use the product, please order it again."
        )


class AlreadyActive(Refusal):
    def __str__(self) -> str:
        return _("This subscription is active already.")


class OrderWithdrawn(Refusal):
    def __str__(self) -> str:
        return _("This order was withdrawn. Nothing was charged.")


@dataclass
class AgreementChanged(Refusal):
    """Another version was published since the text was shown: the new one must be read first."""

    current: AgreementText

    def __str__(self) -> str:
        return _(
            "A new version of the agreement was published meanwhile. Please read it before you activate."
        )


def has_lapsed(subscription: Subscription, *, now: datetime) -> bool:
    """The date decides, whether or not the job that writes it down has run."""
    overdue = subscription.status == PENDING and subscription.activate_before <= now
    return overdue or subscription.status == LAPSED


def refuse_unless_pending(subscription: Subscription, *, now: datetime) -> None:
    if has_lapsed(subscription, now=now):
        raise ActivationWindowClosed(subscription.ordered_at)
    if subscription.status == WITHDRAWN:
        raise OrderWithdrawn
    if subscription.status in (ACTIVE, ENDED):
        raise AlreadyActive


def refuse_unless_acceptable(
    subscription: Subscription, *, agreement: AgreementText, shown_sha256: str, now: datetime
) -> None:
    """Pending, and the text that counts now is the one that was shown."""
    refuse_unless_pending(subscription, now=now)
    if shown_sha256 != agreement.sha256:
        raise AgreementChanged(agreement)


def activate(
    subscription: Subscription,
    *,
    agreement: AgreementText,
    shown_sha256: str,
    shown_language: str,
    first_invoice: FirstInvoice = AS_IT_IS,
    actor: Person,
    now: datetime,
) -> Acceptance:
    """Stores who accepted which exact text, starts the first term today, issues the first invoice, with what
    was typed for it."""
    refuse_unless_acceptable(subscription, agreement=agreement, shown_sha256=shown_sha256, now=now)
    with atomic():
        _start_first_term(subscription, actor=actor, now=now)
        invoice_warnings.complete(subscription, first_invoice, actor=actor, now=now)
        acceptance = _store_acceptance(subscription, agreement, shown_language, actor, now)
        audit.record(
            audit.SUBSCRIPTION_ACTIVATED,
            actor=audit.Actor.of(actor),
            subscription=subscription,
            now=now,
            agreement=agreement.key,
            version=agreement.version,
            language=agreement.language,
            sha256=agreement.sha256,
        )
        webhooks.tell(webhooks.ACTIVATED, subscription, now=now)
        outbox.enqueue(
            "activation_confirmed",
            to=actor,
            subscription=subscription,
            path=f"/subscriptions/{subscription.public_id}",
            version=agreement.version,
            attachments=[(documents.contract_subject(subscription), PDF)],
            now=now,
        )
        _bill_first_period(subscription, now=now)
    return acceptance


def _start_first_term(subscription: Subscription, *, actor: Person, now: datetime) -> None:
    today = local_date(now, current_site().time_zone)
    first_period = MONTHS[subscription.billing_period]
    renewal = add_months(today, MONTHS[subscription.commitment], anchor_day=today.day)
    changes = {
        "status": ACTIVE,
        "shelf": SHELF_ACTIVE,
        "activated_at": now,
        "activated_by": actor,
        "term_start": today,
        "term_end": renewal,
        "anchor_day": today.day,
        "billed_until": add_months(today, first_period, anchor_day=today.day),
        "renewal_key": renewal.isoformat(),
    }
    won = (
        Subscription.update(**changes)
        .where(
            Subscription.id == subscription.id,
            Subscription.status == PENDING,
            Subscription.activate_before > now,
            Subscription.administrator == actor,
        )
        .execute()
    )
    if not won:
        refuse_unless_pending(Subscription.get_by_id(subscription.id), now=now)
        raise NotThere  # the purchaser was corrected at this moment
    for name, value in changes.items():
        setattr(subscription, name, value)


def _store_acceptance(
    subscription: Subscription, agreement: AgreementText, shown_language: str, actor: Person, now: datetime
) -> Acceptance:
    agreements.keep_text(agreement)
    return Acceptance.create(
        subscription=subscription,
        person=actor,
        text=agreement.sha256,
        language=shown_language,
        accepted_at=now,
    )


def _bill_first_period(subscription: Subscription, *, now: datetime) -> None:
    """Last in its transaction: while a number is taken, other invoices of the site wait."""
    due = invoices.record_due(
        subscription,
        period_start=subscription.term_start,
        period_end=subscription.billed_until,
        now=now,
    )
    invoices.issue_if_known(due, now=now)


def enqueue_activation_mail(
    subscription: Subscription, *, to: Person, order_number: str, now: datetime
) -> None:
    """The e-mail after each purchase: it names the order and is no credential."""
    zone = current_site().time_zone
    outbox.enqueue(
        "activation",
        to=to,
        subscription=subscription,
        path=f"/activate/{order_number}",
        order_number=order_number,
        last_day=last_activation_day(subscription.activate_before, zone),
        days_left=days_left(subscription.activate_before, zone, now=now),
        now=now,
    )


def send_activation_mail_again(
    subscription: Subscription, *, actor: Person | audit.Actor, now: datetime
) -> None:
    """To its administrator, who asks for it, or somebody of support for them."""
    refuse_unless_pending(subscription, now=now)
    by = audit.Actor.of(actor) if isinstance(actor, Person) else actor
    number = subscription.order.order_number
    with atomic():
        limits.spend(MAIL_AGAIN, subscription.public_id, now=now)
        enqueue_activation_mail(subscription, to=subscription.administrator, order_number=number, now=now)
        audit.record(audit.ACTIVATION_MAIL_REQUESTED, actor=by, subscription=subscription, now=now)


def send_password_link_for_order(order_number: str, *, next_path: str, now: datetime) -> None:
    """Who has no password yet presses one button on the way from the e-mail. Silent for unknown orders."""
    limits.spend(sign_in.RESETS, f"order:{order_number}", now=now)
    administrator = (
        Person.select()
        .join(Subscription, on=(Subscription.administrator == Person.id))
        .join(Order)
        .where(Order.order_number == order_number)
        .get_or_none()
    )
    if administrator:
        sign_in.send_password_link(administrator, next_path=next_path, now=now)
