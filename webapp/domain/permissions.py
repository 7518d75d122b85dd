"""Fetching a row is checking a right: each loader is one query that joins the right of who asks.

Not yours and not there are the same answer, `NotThere`.
"""

from __future__ import annotations

from datetime import datetime

import peewee as pw

from webapp.data.accounts import Account, Person
from webapp.data.subscriptions import ACTIVE, ENDED, PENDING, Order, Seat, Subscription
from webapp.data.transfers import Transfer
from webapp.domain.refusals import NotThere


def administered_subscription(person_id: int, public_id: str, *, now: datetime) -> Subscription:
    """A subscription this person administers and may see: lapsed and withdrawn ones are gone."""
    found = (
        Subscription.select(Subscription, Account, Order, Person)
        .join(Account)
        .switch(Subscription)
        .join(Order)
        .switch(Subscription)
        .join(Person, on=(Subscription.administrator == Person.id), attr="administrator")
        .where(
            Subscription.public_id == public_id,
            Subscription.administrator == person_id,
            (Subscription.status.in_([ACTIVE, ENDED]))
            | ((Subscription.status == PENDING) & (Subscription.activate_before > now)),
        )
        .get_or_none()
    )
    if found is None:
        raise NotThere
    return found


def managed_subscription(person_id: int, public_id: str, *, now: datetime) -> Subscription:
    """One that can be changed: active, and administered by this person."""
    found = administered_subscription(person_id, public_id, now=now)
    if found.status != ACTIVE:
        raise NotThere
    return found


def billed_subscription(person_id: int, public_id: str, *, now: datetime) -> Subscription:
    """One whose money matters this person decides: purchase order numbers, billing data, addresses for
    invoices, payment. Whoever else may one day do that is let in here and nowhere else."""
    return managed_subscription(person_id, public_id, now=now)


def ordered_subscription(person_id: int, order_number: str) -> Subscription:
    """What the link of an activation e-mail names, whatever became of it: its administrator may hear that."""
    found = (
        Subscription.select(Subscription, Order)
        .join(Order)
        .where(Order.order_number == order_number, Subscription.administrator == person_id)
        .get_or_none()
    )
    if found is None:
        raise NotThere
    return found


def open_transfer(person_id: int, public_id: str) -> Transfer:
    """One this person may still take back: they handed it over, and the new administrator never came."""
    found = (
        Transfer.select(Transfer, Subscription, Account, Person)
        .join(Subscription)
        .join(Account)
        .switch(Transfer)
        .join(Person, on=(Transfer.to_person == Person.id), attr="to_person")
        .where(
            Subscription.public_id == public_id,
            Subscription.administrator == Transfer.to_person,
            Transfer.from_person == person_id,
            Transfer.settled_at.is_null(),
            Transfer.taken_back_at.is_null(),
        )
        .get_or_none()
    )
    if found is None:
        raise NotThere
    return found


# ---- who manages the users of a subscription: its administrator. Decided here and nowhere else.

MANAGES_USERS_SQL = "s.administrator_id = :person"


def manages_users(person_id: int) -> pw.Expression:
    """The same, for who asks with Peewee."""
    return Subscription.administrator == person_id


def subscription_with_users(person_id: int, public_id: str) -> Subscription:
    """An active one whose users this person manages."""
    here = (Subscription.public_id == public_id) & manages_users(person_id)
    found = (
        Subscription.select(Subscription, Account)
        .join(Account)
        .where(here, Subscription.status == ACTIVE)
        .get_or_none()
    )
    if found is None:
        raise NotThere
    return found


def managed_seat(person_id: int, key: str) -> Seat:
    """A seat of an active subscription whose users this person manages."""
    found = (
        Seat.select(Seat, Subscription, Account, Person)
        .join(Subscription)
        .join(Account)
        .switch(Seat)
        .join(Person, on=(Seat.person == Person.id), attr="person")
        .where(Seat.key == key, manages_users(person_id), Subscription.status == ACTIVE)
        .get_or_none()
    )
    if found is None:
        raise NotThere
    return found
