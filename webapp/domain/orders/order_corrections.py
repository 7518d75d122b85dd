"""What the shop or an operator may change of a pending order: its purchaser, or that there is one."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from webapp.data.accounts import Person
from webapp.data.database import atomic
from webapp.data.subscriptions import PENDING, SHELF_GONE, WITHDRAWN, Order, Subscription
from webapp.domain import audit, outbox
from webapp.domain.audit import Actor
from webapp.domain.companies import accounts
from webapp.domain.intake.intake_fields import UNPRINTABLE, is_blank
from webapp.domain.intake.order_fields import email_problem
from webapp.domain.lifecycle.activation import enqueue_activation_mail, has_lapsed
from webapp.domain.refusals import Refusal

LONGEST_NAME = 300
LONGEST_REASON = 1000


@dataclass
class OrderUnknown(Refusal):
    order_number: str

    def __str__(self) -> str:
        return f"This site has no order {self.order_number}."


@dataclass
class OrderNoLongerPending(Refusal):
    """Activated, lapsed, withdrawn: `because` says which."""

    because: str

    def __str__(self) -> str:
        return f"Nothing was changed: {self.because}"


@dataclass
class PurchaserInvalid(Refusal):
    reason: str

    def __str__(self) -> str:
        return f"Nothing was changed: {self.reason.rstrip('.')}."


class ReasonInvalid(Refusal):
    def __str__(self) -> str:
        return f"Nothing was changed: a reason has 1 to {LONGEST_REASON} characters, on one line."


@dataclass(frozen=True, slots=True)
class Correction:
    """`changed` is false where everything was already as asked for."""

    subscription: Subscription
    changed: bool


def correct_purchaser(
    order_number: str, *, email: str, name: str | None = None, actor: Actor, now: datetime
) -> Correction:
    """The link in the old e-mail leads nowhere any more; the new administrator gets an e-mail of their own.

    `name` is for somebody who is new at this site; a known person's name stays.
    """
    _check_purchaser(email, name)
    with atomic():
        subscription = _pending(order_number, now=now)
        old = subscription.administrator
        new = accounts.keep_person(
            email=email, name=name or old.name, language=subscription.language, now=now
        )
        if new == old:
            return Correction(subscription, changed=False)
        accounts.join(new, subscription.account, now=now)
        _change(subscription, now=now, administrator=new)
        accounts.leave_if_never_arrived(old, subscription.account)
        outbox.withdraw_pending(subscription, "activation")
        enqueue_activation_mail(subscription, to=new, order_number=order_number, now=now)
        _record_purchaser(subscription, old, new, actor=actor, now=now)
    return Correction(subscription, changed=True)


def withdraw_order(order_number: str, *, reason: str, actor: Actor, now: datetime) -> Correction:
    """There will be no subscription. The administrator is told; the reason is for the audit trail."""
    if not _is_one_line(reason, LONGEST_REASON):
        raise ReasonInvalid
    with atomic():
        subscription = _by_number(order_number)
        if subscription.status == WITHDRAWN:
            return Correction(subscription, changed=False)
        _refuse_unless_pending(subscription, now=now)
        _change(subscription, now=now, status=WITHDRAWN, shelf=SHELF_GONE)
        outbox.withdraw_pending(subscription, "activation")
        outbox.enqueue(
            "withdrawn",
            to=subscription.administrator,
            subscription=subscription,
            order_number=order_number,
            now=now,
        )
        audit.record(
            audit.ORDER_WITHDRAWN,
            actor=actor,
            subscription=subscription,
            order_number=order_number,
            reason=reason,
            now=now,
        )
    return Correction(subscription, changed=True)


def _check_purchaser(email: str, name: str | None) -> None:
    if problem := email_problem(email):
        raise PurchaserInvalid(problem)
    if name is not None and not _is_one_line(name, LONGEST_NAME):
        raise PurchaserInvalid(f"a name has 1 to {LONGEST_NAME} characters, on one line")


def _is_one_line(text: str, longest: int) -> bool:
    return not is_blank(text) and len(text) <= longest and not UNPRINTABLE.search(text)


def _by_number(order_number: str) -> Subscription:
    found = Subscription.select().join(Order).where(Order.order_number == order_number).get_or_none()
    if found is None:
        raise OrderUnknown(order_number)
    return found


def _pending(order_number: str, *, now: datetime) -> Subscription:
    subscription = _by_number(order_number)
    _refuse_unless_pending(subscription, now=now)
    return subscription


def _refuse_unless_pending(subscription: Subscription, *, now: datetime) -> None:
    if has_lapsed(subscription, now=now):
        raise OrderNoLongerPending("the 90 days for its activation are over.")
    if subscription.status == WITHDRAWN:
        raise OrderNoLongerPending("the order was withdrawn.")
    if subscription.status != PENDING:
        raise OrderNoLongerPending("the subscription was activated already; its administrator manages it.")


def _change(subscription: Subscription, *, now: datetime, **changes: object) -> None:
    """Only if nobody activated it, withdrew it or corrected its purchaser meanwhile."""
    won = (
        Subscription.update(**changes)
        .where(
            Subscription.id == subscription.id,
            Subscription.status == PENDING,
            Subscription.activate_before > now,
            Subscription.administrator == subscription.administrator,
        )
        .execute()
    )
    if not won:
        _refuse_unless_pending(Subscription.get_by_id(subscription.id), now=now)
        raise OrderNoLongerPending("its purchaser was corrected by somebody else at this moment. Look again.")
    for name, value in changes.items():
        setattr(subscription, name, value)


def _record_purchaser(
    subscription: Subscription, old: Person, new: Person, *, actor: Actor, now: datetime
) -> None:
    audit.record(
        audit.PURCHASER_CORRECTED,
        actor=actor,
        subscription=subscription,
        person=new,
        old_email=old.email,
        new_email=new.email,
        now=now,
    )
