"""E-mail addresses that invoices are sent to: of a whole company, or of one subscription. None counts before
somebody who reads its mail has confirmed it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from webapp.data import records
from webapp.data.accounts import Account, Person
from webapp.data.billing import InvoiceRecipient
from webapp.data.database import atomic
from webapp.data.keys import email_key
from webapp.data.statements import rows
from webapp.data.subscriptions import Subscription
from webapp.domain import audit, limits, outbox, permissions, tokens
from webapp.domain.intake.order_fields import email_problem
from webapp.domain.refusals import NotThere, Refusal
from webapp.domain.tokens import INVOICE_ADDRESS, TokenInvalid
from webapp.i18n import _, ngettext

MOST = 10  # of a company, and again of each subscription
LINK_DAYS = 7
COMPANY, SUBSCRIPTION = "company", "subscription"  # whose invoices

# Each of both sends an e-mail to somebody who may never have heard of us.
ADDED = limits.Limit("invoice_address", times=20, within=timedelta(days=1))
SENT_AGAIN = limits.Limit("invoice_address_again", times=3, within=timedelta(hours=1))


class AddressInvalid(Refusal):
    def __str__(self) -> str:
        return _("Enter an email address like name@company.com.")


class AddressKnown(Refusal):
    def __str__(self) -> str:
        return _("This address is on the list already.")


class TooManyAddresses(Refusal):
    def __str__(self) -> str:
        return ngettext(
            "There is room for %(num)s address. Remove one first.",
            "There is room for %(num)s addresses. Remove one first.",
            MOST,
        )


class AlreadyConfirmed(Refusal):
    def __str__(self) -> str:
        return _("This address is confirmed already.")


_SQL = """
SELECT r.email, r.scope, r.confirmed_at, r.added_at FROM invoice_recipient r
WHERE r.account_id = :account AND r.scope IN ('', :public_id) ORDER BY r.scope, r.email_key
"""


def recipients(account_id: int, public_id: str) -> Sequence[Any]:
    """Of the company's invoices, then of this subscription's alone; confirmed or not."""
    return rows(_SQL, account=account_id, public_id=public_id)


def _scope(subscription: Subscription, whose: str) -> str:
    return str(subscription.public_id) if whose == SUBSCRIPTION else ""


def add_recipient(
    subscription: Subscription, email: str, *, whose: str, actor: Person, now: datetime
) -> None:
    """Puts it on the list and mails it a link; nothing is sent there before that link was used."""
    address = email.strip()
    if email_problem(address):
        raise AddressInvalid
    with atomic():
        account = permissions.billed_subscription(actor.id, subscription.public_id, now=now).account
        scope = _scope(subscription, whose)
        _refuse_full(account, scope)
        new = {
            "account": account,
            "subscription": subscription if scope else None,
            "scope": scope,
            "email_key": email_key(address),
        }
        added = records.insert_if_new(
            InvoiceRecipient, **new, email=address, added_by=actor, added_at=now, confirmed_at=None
        )
        if not added:
            raise AddressKnown
        limits.spend(ADDED, account.customer_number, now=now)
        _mail_link(_found(subscription, account, address, whose), actor, now=now)
        _record(audit.INVOICE_ADDRESS_ADDED, subscription, actor, address, scope, now)


def _refuse_full(account: Account, scope: str) -> None:
    here = (InvoiceRecipient.account == account) & (InvoiceRecipient.scope == scope)
    if InvoiceRecipient.select().where(here).count() >= MOST:
        raise TooManyAddresses


def _found(subscription: Subscription, account: Account, email: str, whose: str) -> InvoiceRecipient:
    found = InvoiceRecipient.get_or_none(
        InvoiceRecipient.account == account,
        InvoiceRecipient.scope == _scope(subscription, whose),
        InvoiceRecipient.email_key == email_key(email),
    )
    if found is None:
        raise NotThere
    return found


def _mail_link(recipient: InvoiceRecipient, actor: Person, *, now: datetime) -> None:
    outbox.enqueue(
        "invoice_address",
        to=outbox.Addressee(recipient.email, recipient.email, actor.language, recipient),
        token=outbox.TokenRequest(INVOICE_ADDRESS, minutes=LINK_DAYS * 24 * 60),
        company=recipient.account.name,
        from_name=actor.name,
        days=LINK_DAYS,
        now=now,
    )


def send_link_again(
    subscription: Subscription, email: str, *, whose: str, actor: Person, now: datetime
) -> None:
    with atomic():
        account = permissions.billed_subscription(actor.id, subscription.public_id, now=now).account
        recipient = _found(subscription, account, email, whose)
        if recipient.confirmed_at:
            raise AlreadyConfirmed
        limits.spend(SENT_AGAIN, f"{account.customer_number}:{recipient.email_key}", now=now)
        _mail_link(recipient, actor, now=now)
        _record(audit.INVOICE_ADDRESS_REMINDED, subscription, actor, recipient.email, recipient.scope, now)


def remove_recipient(
    subscription: Subscription, email: str, *, whose: str, actor: Person, now: datetime
) -> None:
    """Its links die with it."""
    with atomic():
        account = permissions.billed_subscription(actor.id, subscription.public_id, now=now).account
        recipient = _found(subscription, account, email, whose)
        outbox.withdraw_for_recipient(recipient)
        if InvoiceRecipient.delete().where(InvoiceRecipient.id == recipient.id).execute() != 1:
            raise NotThere
        _record(audit.INVOICE_ADDRESS_REMOVED, subscription, actor, recipient.email, recipient.scope, now)


def _record(
    action: str, subscription: Subscription, actor: Person, email: str, scope: str, now: datetime
) -> None:
    by = audit.Actor.of(actor)
    audit.record(action, actor=by, subscription=subscription, now=now, email=email, scope=scope)


# ---- by the mailed link


def of_link(token: str, *, now: datetime) -> InvoiceRecipient:
    """Whom the link would confirm; looking uses nothing up."""
    return _recipient_of(tokens.peek(token, INVOICE_ADDRESS, now=now).recipient)


def _recipient_of(recipient: InvoiceRecipient | None) -> InvoiceRecipient:
    if recipient is None:
        raise TokenInvalid
    return recipient


def confirm_recipient(token: str, *, now: datetime) -> InvoiceRecipient:
    with atomic():
        recipient = _recipient_of(tokens.consume(token, INVOICE_ADDRESS, now=now).recipient)
        InvoiceRecipient.update(confirmed_at=now).where(
            InvoiceRecipient.id == recipient.id, InvoiceRecipient.confirmed_at.is_null()
        ).execute()
        audit.record(
            audit.INVOICE_ADDRESS_CONFIRMED,
            actor=audit.PORTAL,
            account=recipient.account,
            subscription=recipient.subscription,
            now=now,
            email=recipient.email,
            scope=recipient.scope,
        )
    return recipient


# ---- who gets an invoice


def mailed_to(subscription: Subscription, *, company: str, language: str) -> list[Person | outbox.Addressee]:
    """Every confirmed address once, else the administrator. An address has no name and no language of its
    own: it is the company's, and speaks the invoice's."""
    confirmed = {one.email_key: one for one in _confirmed(subscription)}
    addressees = [outbox.Addressee(one.email, company, language, one) for one in confirmed.values()]
    return [*addressees] or [subscription.administrator]


def _confirmed(subscription: Subscription) -> Sequence[InvoiceRecipient]:
    """Of the company first: an address that is listed twice is written as the subscription has it."""
    mine = InvoiceRecipient.scope.in_(("", subscription.public_id))
    return list(
        InvoiceRecipient.select()
        .where(
            InvoiceRecipient.account == subscription.account_id,
            mine,
            InvoiceRecipient.confirmed_at.is_null(False),
        )
        .order_by(InvoiceRecipient.scope, InvoiceRecipient.email_key)
    )


def addresses_for(subscription: Subscription) -> list[str]:
    """Where its invoices are sent."""
    return [str(one.email) for one in mailed_to(subscription, company="", language="")]
