"""What a support agent may change, of the account that is visited: three acts, by the rules that count for
everybody, each with who did it in the customer's own trail."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from webapp.data.accounts import Account, Membership, Person
from webapp.data.database import atomic
from webapp.data.keys import email_key
from webapp.data.subscriptions import Order, Subscription
from webapp.domain import audit, limits
from webapp.domain.addresses import checked_email
from webapp.domain.audit import Actor
from webapp.domain.lifecycle import activation
from webapp.domain.names import checked_name
from webapp.domain.orders import order_corrections
from webapp.domain.people import sign_in
from webapp.domain.refusals import NotThere, Refusal
from webapp.i18n import _


class NotLocked(Refusal):
    def __str__(self) -> str:
        return _("This log-in is not locked. Nothing was changed.")


class SameAddress(Refusal):
    def __str__(self) -> str:
        return _("That is the purchaser’s address already.")


@dataclass
class PurchaserChanged(Refusal):
    """It is another's since the page was shown."""

    current: str

    def __str__(self) -> str:
        return _(
            "The purchaser was corrected to %(email)s meanwhile. Nothing was changed now.", email=self.current
        )


def visited_subscription(account_id: int, public_id: str) -> Subscription:
    """Whatever became of it: support sees what lapsed, too. Of another account: not there."""
    found: Subscription | None = (
        Subscription.select(Subscription, Order, Account, Person)
        .join(Order)
        .switch(Subscription)
        .join(Account)
        .switch(Subscription)
        .join(Person, on=(Subscription.administrator == Person.id), attr="administrator")
        .where(Subscription.public_id == public_id, Subscription.account == account_id)
        .get_or_none()
    )
    if found is None:
        raise NotThere
    return found


def visited_person(account_id: int, email: str) -> Person:
    """Somebody of the account."""
    found: Person | None = (
        Person.select()
        .join(Membership, on=(Membership.person == Person.id))
        .where(Membership.account == account_id, Person.email_key == email_key(email))
        .get_or_none()
    )
    if found is None:
        raise NotThere
    return found


def send_activation_again(account_id: int, public_id: str, *, agent: Actor, now: datetime) -> str:
    """To the purchaser, at whose address it went."""
    subscription = visited_subscription(account_id, public_id)
    activation.send_activation_mail_again(subscription, actor=agent, now=now)
    return str(subscription.administrator.email)


def correct_purchaser(
    account_id: int, public_id: str, *, email: str, name: str, shown: str, agent: Actor, now: datetime
) -> None:
    """`shown` is the address that was to be corrected: who was slower hears of it."""
    address, called = checked_email(email), checked_name(name)
    subscription = visited_subscription(account_id, public_id)
    activation.refuse_unless_pending(subscription, now=now)
    if email_key(subscription.administrator.email) != email_key(shown):
        raise PurchaserChanged(subscription.administrator.email)
    if email_key(address) == email_key(shown):
        raise SameAddress
    order_corrections.correct_purchaser(
        subscription.order.order_number, email=address, name=called, actor=agent, now=now
    )


def unlock_sign_in(account_id: int, email: str, *, agent: Actor, now: datetime) -> None:
    """They may try again at once."""
    person = visited_person(account_id, email)
    if not is_locked(person, now=now):
        raise NotLocked
    with atomic():
        limits.forgive(sign_in.SIGN_INS, person.email_key)
        audit.record(
            audit.SIGN_IN_UNLOCKED,
            actor=agent,
            account=Account.get_by_id(account_id),
            person=person,
            name=person.name,
            now=now,
        )


def is_locked(person: Person, *, now: datetime) -> bool:
    try:
        limits.check(sign_in.SIGN_INS, person.email_key, now=now)
    except limits.TooOften:
        return True
    return False
