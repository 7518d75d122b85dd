"""How a subscription is paid: changed by who may, as far as its site offers it, and never half."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from webapp.data.accounts import Person
from webapp.data.agreements import AcceptedText
from webapp.data.audit import AuditEvent
from webapp.data.cards import Card
from webapp.data.database import atomic, current_site
from webapp.data.mandates import Mandate
from webapp.data.subscriptions import Subscription
from webapp.domain import audit, outbox, permissions
from webapp.domain.refusals import Refusal, SeveralRefusals
from webapp.domain.subscriptions import agreements
from webapp.domain.webhooks import webhooks
from webapp.formats import country_name
from webapp.i18n import _
from webapp.payments import (
    CREDIT_CARD,
    DIRECT_DEBIT,
    Instrument,
    PaymentProvider,
    SetUpFailed,
    Wanted,
)
from webapp.sites import AgreementText

MANDATE_TEXT = "direct-debit-mandate"  # of the site's agreements
LONGEST_HOLDER = 70
RECENT = 20


class IbanMissing(Refusal):
    def __str__(self) -> str:
        return _("Enter the IBAN of the account.")


class IbanMisshapen(Refusal):
    def __str__(self) -> str:
        return _("This is not a complete IBAN: a character is missing, or there is one too many.")


class IbanMistyped(Refusal):
    def __str__(self) -> str:
        return _("The check digits of this IBAN are wrong. Compare it with your bank’s papers.")


@dataclass
class IbanCountryNotTaken(Refusal):
    country: str

    def __str__(self) -> str:
        return _(
            "We can’t collect from this country: %(country)s. Use an account elsewhere, or pay by invoice.",
            country=country_name(self.country),
        )


class HolderMissing(Refusal):
    def __str__(self) -> str:
        return _("Enter the name of the account holder.")


class HolderInvalid(Refusal):
    def __str__(self) -> str:
        return _("Use at most %(number)s characters, none of them invisible.", number=LONGEST_HOLDER)


class MandateNotAccepted(Refusal):
    def __str__(self) -> str:
        return _("Accept the mandate: without it we may not collect.")


class MandateChanged(Refusal):
    def __str__(self) -> str:
        return _("A new version of the mandate was published meanwhile. Read it and accept it again.")


class MethodNotOffered(Refusal):
    def __str__(self) -> str:
        return _("This way to pay can’t be chosen here.")


class SetUpUnavailable(Refusal):
    def __str__(self) -> str:
        return _("The payment method could not be set up. Nothing was changed; please try again later.")


@dataclass
class PaymentConflict(Refusal):
    """Somebody was faster: what is paid by now, and who decided that."""

    method: str
    ending: str
    changed_by: str
    changed_at: datetime | None

    def __str__(self) -> str:
        return _("The payment method was changed meanwhile. Nothing was saved.")


_OF_THE_ACCOUNT = (IbanMissing, IbanMisshapen, IbanMistyped, IbanCountryNotTaken)
_REFUSALS: dict[str, type[Refusal]] = {
    "iban_missing": IbanMissing,
    "iban_form": IbanMisshapen,
    "iban_check_digits": IbanMistyped,
    "elsewhere": MethodNotOffered,
    "unavailable": SetUpUnavailable,
}


def choices(method: str, *, cards: bool = False) -> tuple[str, ...]:
    """What can be chosen here instead; of direct debit another account, of cards another card. `cards`: they
    can be given here, not only in the shop."""
    offered = current_site().payment_methods
    if not cards:
        offered = tuple(other for other in offered if other != CREDIT_CARD)
    return tuple(other for other in offered if other != method or other in (DIRECT_DEBIT, CREDIT_CARD))


def mandate_text(language: str) -> AgreementText:
    return current_site().agreement(MANDATE_TEXT, language)


def current_mandate(subscription: Subscription) -> Mandate | None:
    """What is collected by; a direct debit that was set up in the shop has none here."""
    found: Mandate | None = (
        Mandate.select(Mandate, Person, AcceptedText)
        .join(Person)
        .switch(Mandate)
        .join(AcceptedText)
        .where(Mandate.subscription == subscription, Mandate.revoked_at.is_null())
        .get_or_none()
    )
    return found


def current_card(subscription: Subscription) -> Card | None:
    """What is charged; a card that was given in the shop is not known here."""
    found: Card | None = (
        Card.select(Card, Person)
        .join(Person)
        .where(Card.subscription == subscription, Card.ended_at.is_null())
        .get_or_none()
    )
    return found


@dataclass(frozen=True, slots=True)
class PaymentChange:
    at: datetime
    by: str
    old: dict[str, str]  # method, ending
    new: dict[str, str]  # and the mandate's reference


def history(subscription: Subscription) -> Sequence[PaymentChange]:
    """Newest first."""
    events = (
        AuditEvent.select()
        .where(AuditEvent.subscription == subscription, AuditEvent.action == audit.PAYMENT_CHANGED)
        .order_by(AuditEvent.id.desc())
        .limit(RECENT)
    )
    return [PaymentChange(event.at, event.actor_name, **json.loads(event.details)) for event in events]


def pay_by_invoice(
    subscription: Subscription, *, provider: PaymentProvider, read_version: int, actor: Person, now: datetime
) -> None:
    instrument = _set_up(provider, Wanted(current_site(), subscription.public_id))
    with atomic():
        switch(subscription, instrument, read_version=read_version, actor=actor, now=now)


@dataclass(frozen=True, slots=True)
class TypedMandate:
    """The account, and what was shown and accepted."""

    holder: str
    iban: str
    accepted: bool
    shown_sha256: str
    shown_language: str


def pay_by_direct_debit(
    subscription: Subscription,
    typed: TypedMandate,
    *,
    mandate: AgreementText,
    provider: PaymentProvider,
    read_version: int,
    actor: Person,
    now: datetime,
) -> None:
    """Only with a mandate: who gave it, when, and the exact text are kept."""
    holder, instrument = _set_up_as_typed(subscription, typed, provider)
    if typed.shown_sha256 != mandate.sha256:
        raise MandateChanged
    with atomic():
        switch(subscription, instrument, read_version=read_version, actor=actor, now=now)
        _give_mandate(subscription, instrument, holder, mandate, typed.shown_language, actor, now)


def _set_up_as_typed(
    subscription: Subscription, typed: TypedMandate, provider: PaymentProvider
) -> tuple[str, Instrument]:
    """The holder and the account; everything that is wrong is said at once."""
    wrong: list[Refusal] = []
    holder, instrument = "", None
    try:
        holder = _checked_holder(typed.holder)
    except (HolderMissing, HolderInvalid) as refusal:
        wrong.append(refusal)
    try:
        instrument = _set_up(provider, Wanted(current_site(), subscription.public_id, holder, typed.iban))
    except _OF_THE_ACCOUNT as refusal:
        wrong.append(refusal)
    if not typed.accepted:
        wrong.append(MandateNotAccepted())
    if wrong or instrument is None:
        raise wrong[0] if len(wrong) == 1 else SeveralRefusals(wrong)
    return holder, instrument


def _checked_holder(text: str) -> str:
    holder = " ".join(text.split())
    if not holder:
        raise HolderMissing
    if len(holder) > LONGEST_HOLDER or not holder.isprintable():
        raise HolderInvalid
    return holder


def _set_up(provider: PaymentProvider, wanted: Wanted) -> Instrument:
    """Before anything is written: what fails here has changed nothing."""
    if provider.method not in current_site().payment_methods:
        raise MethodNotOffered
    try:
        return provider.set_up(wanted)
    except SetUpFailed as problem:
        if problem.reason == "iban_country":
            raise IbanCountryNotTaken(problem.country) from None
        raise _REFUSALS[problem.reason] from None


def switch(
    subscription: Subscription, instrument: Instrument, *, read_version: int, actor: Person, now: datetime
) -> None:
    current = permissions.billed_subscription(actor.id, subscription.public_id, now=now)
    ending = _ending(current)
    unchanged = (Subscription.id == current.id) & (Subscription.payment_version == read_version)
    change = Subscription.update(
        payment_method=instrument.method, payment_version=Subscription.payment_version + 1
    )
    if change.where(unchanged).execute() != 1:
        raise conflict_with(Subscription.get_by_id(current.id))
    Mandate.update(revoked_at=now).where(
        Mandate.subscription == current, Mandate.revoked_at.is_null()
    ).execute()
    Card.update(ended_at=now).where(Card.subscription == current, Card.ended_at.is_null()).execute()
    old = {"method": current.payment_method, "ending": ending}
    new = {"method": instrument.method, "ending": instrument.ending, "reference": instrument.reference}
    if instrument.brand:
        new["brand"] = instrument.brand
    by = audit.Actor.of(actor)
    audit.record(audit.PAYMENT_CHANGED, actor=by, subscription=current, now=now, old=old, new=new)
    webhooks.tell(webhooks.PAYMENT_METHOD_CHANGED, current, now=now)
    _tell_administrator(current, old, new, actor=actor, now=now)


def conflict_with(current: Subscription) -> PaymentConflict:
    changes = history(current)
    return PaymentConflict(
        current.payment_method,
        _ending(current),
        changes[0].by if changes else "",
        changes[0].at if changes else None,
    )


def _ending(current: Subscription) -> str:
    """Of the account or the card, as far as it was given here."""
    if mandate := current_mandate(current):
        return str(mandate.iban_ending)
    card = current_card(current)
    return str(card.ending) if card else ""


def _give_mandate(
    subscription: Subscription,
    instrument: Instrument,
    holder: str,
    mandate: AgreementText,
    shown_language: str,
    actor: Person,
    now: datetime,
) -> None:
    agreements.keep_text(mandate)
    Mandate.create(
        subscription=subscription,
        reference=instrument.reference,
        person=actor,
        text=mandate.sha256,
        language=shown_language,
        accepted_at=now,
        holder=holder,
        iban_country=instrument.country,
        iban_ending=instrument.ending,
        iban_sealed=instrument.sealed,
    )


def _tell_administrator(
    subscription: Subscription, old: dict[str, Any], new: dict[str, Any], *, actor: Person, now: datetime
) -> None:
    """Also when it was somebody else who may: a new account is worth a second look."""
    offer = current_site().direct_debit
    outbox.enqueue(
        "payment_changed",
        to=subscription.administrator,
        subscription=subscription,
        path=f"/subscriptions/{subscription.public_id}/payment-method",
        changed_by=actor.name,
        old=old,
        new=new,
        creditor_id=offer.creditor_id if offer else "",
        now=now,
    )
