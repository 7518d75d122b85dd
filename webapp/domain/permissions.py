"""Fetching a row is checking a right: each loader is one query that joins the right of who asks.

Not yours and not there are the same answer, `NotThere`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeVar

import peewee as pw

from webapp.data.accounts import Account, Membership, Person
from webapp.data.billing import Invoice
from webapp.data.ready import first, given
from webapp.data.statements import row
from webapp.data.subscriptions import ACTIVE, ENDED, PENDING, Order, Seat, Subscription
from webapp.data.transfers import Transfer
from webapp.domain.refusals import NotThere
from webapp.domain.terms import RUNNING_SQL, has_ended, is_running, today

Row = TypeVar("Row", bound=pw.Model)

# ---- who has which right, for the queries of all loaders, here and elsewhere: `s` is the subscription

# The administrator, and the backup whom the administrator has named.
MANAGES = "(s.administrator_id = :person OR s.backup_id = :person)"
# Who looks after the billing of its account: what concerns money, and never who uses it.
PAYS = """(s.shelf IN ('active', 'cancelled') AND EXISTS (SELECT 1 FROM membership pays
 WHERE pays.account_id = s.account_id AND pays.person_id = :person AND pays.billing_since IS NOT NULL))"""
# Invoices are for both: of what one manages, and of all of an account whose billing one looks after.
READS_INVOICES = f"""({MANAGES} OR s.account_id IN (SELECT pays.account_id FROM membership pays
 WHERE pays.person_id = :person AND pays.billing_since IS NOT NULL))"""
# The role by which the person of `MANAGES` or `PAYS` has a row.
ROLE = """CASE WHEN s.administrator_id = :person THEN 'administrator' WHEN s.backup_id = :person THEN 'backup'
 ELSE 'billing' END"""


def manages(person: Person | int | pw.Value) -> pw.Expression:
    return (Subscription.administrator == person) | (Subscription.backup == person)


def pays(person: Person | int | pw.Value) -> pw.ColumnBase:
    of_account = Membership.select().where(
        Membership.account == Subscription.account,
        Membership.person == person,
        Membership.billing_since.is_null(False),
    )
    return pw.fn.EXISTS(of_account)


def administered_subscription(person_id: int, public_id: str, *, now: datetime) -> Subscription:
    """A subscription this person administers and may see: lapsed and withdrawn ones are gone."""
    return _loaded(_administered, person=person_id, public_id=public_id, now=now)


def looked_after_subscription(person_id: int, public_id: str, *, now: datetime) -> Subscription:
    """The same for the backup too."""
    return _loaded(_looked_after, person=person_id, public_id=public_id, now=now)


def _administered() -> pw.ModelSelect[Subscription]:
    return _visible(Subscription.administrator == given("person"))


def _looked_after() -> pw.ModelSelect[Subscription]:
    return _visible(manages(given("person")))


def _backed_up() -> pw.ModelSelect[Subscription]:
    return _visible(Subscription.backup == given("person"))


def _billed() -> pw.ModelSelect[Subscription]:
    return _visible(manages(given("person")) | pays(given("person")))


def _visible(right: pw.ColumnBase) -> pw.ModelSelect[Subscription]:
    in_time = Subscription.activate_before > given("now", Subscription.activate_before)
    return (
        Subscription.select(Subscription, Account, Order, Person)
        .join(Account)
        .switch(Subscription)
        .join(Order)
        .switch(Subscription)
        .join(Person, on=(Subscription.administrator == Person.id), attr="administrator")
        .where(
            Subscription.public_id == given("public_id"),
            right,
            (Subscription.status.in_([ACTIVE, ENDED])) | ((Subscription.status == PENDING) & in_time),
        )
    )


def _loaded(make: Callable[[], pw.ModelSelect[Row]], **values: Any) -> Row:
    found = first(make, **values)
    if found is None:
        raise NotThere
    return found


def managed_subscription(person_id: int, public_id: str, *, now: datetime) -> Subscription:
    """One that can be changed: active, and this person is its administrator or the backup."""
    return _running(looked_after_subscription(person_id, public_id, now=now), now=now)


def own_subscription(person_id: int, public_id: str, *, now: datetime) -> Subscription:
    """One that can be handed over: active, and administered by this person. The backup can’t do that."""
    return _running(administered_subscription(person_id, public_id, now=now), now=now)


def backed_up_subscription(person_id: int, public_id: str, *, now: datetime) -> Subscription:
    """One of which this person is the backup."""
    return _running(_loaded(_backed_up, person=person_id, public_id=public_id, now=now), now=now)


def billed_subscription(person_id: int, public_id: str, *, now: datetime) -> Subscription:
    """One whose purchase order number, payment and invoices this person may see to: active, and managed by
    them or of an account whose billing they look after."""
    return _running(_loaded(_billed, person=person_id, public_id=public_id, now=now), now=now)


def readable_invoice(person_id: int, number: str) -> Invoice:
    """An issued invoice or credit note, with its subscription, of what this person manages or pays for."""
    return _loaded(_read_by_number, person=person_id, number=number)


def _read_by_number() -> pw.ModelSelect[Invoice]:
    may = manages(given("person")) | pays(given("person"))
    return (
        Invoice.select(Invoice, Subscription).join(Subscription).where(Invoice.number == given("number"), may)
    )


def _running(found: Subscription, *, now: datetime) -> Subscription:
    if found.status != ACTIVE or has_ended(found, now=now):
        raise NotThere
    return found


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


# ---- the users of a subscription are managed by who manages it


def managed_seat(person_id: int, key: str, *, now: datetime) -> Seat:
    """A seat of an active subscription whose users this person manages."""
    found = (
        Seat.select(Seat, Subscription, Account, Person)
        .join(Subscription)
        .join(Account)
        .switch(Seat)
        .join(Person, on=(Seat.person == Person.id), attr="person")
        .where(Seat.key == key, manages(person_id), is_running(now=now))
        .get_or_none()
    )
    if found is None:
        raise NotThere
    return found


# ---- rights in a whole account


@dataclass(frozen=True, slots=True)
class AccountRights:
    """What this person may do in an account; who has no role there but the own seat gets none of these."""

    account_id: int
    customer_number: str
    name: str
    billing: bool
    administers: bool  # an active subscription of it
    backs_up: bool
    billing_people: int

    @property
    def sees_seats(self) -> bool:
        """Of what they manage. Who only looks after billing never sees who uses what."""
        return self.administers or self.backs_up

    @property
    def grants_billing(self) -> bool:
        """Who has it hands it on; while nobody has it, any administrator of the account."""
        return self.billing or (self.administers and self.billing_people == 0)

    @property
    def takes_billing(self) -> bool:
        return self.billing


_ACCOUNT_SQL = f"""
SELECT a.id AS account_id, a.customer_number, a.name, a.billing_people, m.billing_since,
 EXISTS (SELECT 1 FROM subscription s WHERE s.administrator_id = m.person_id AND s.account_id = a.id
  AND {RUNNING_SQL}) AS administers,
 EXISTS (SELECT 1 FROM subscription s WHERE s.backup_id = m.person_id AND s.account_id = a.id
  AND {RUNNING_SQL}) AS backs_up
FROM membership m JOIN account a ON a.id = m.account_id
WHERE m.person_id = :person AND a.customer_number = :customer_number
"""


def account_rights(person_id: int, customer_number: str, *, now: datetime) -> AccountRights:
    """Of an account where this person has a role: administrator, backup or billing."""
    here = {"customer_number": customer_number, "today": today(now).isoformat()}
    found = row(_ACCOUNT_SQL, person=person_id, **here)
    if found is None or not (found.billing_since or found.administers or found.backs_up):
        raise NotThere
    return AccountRights(
        found.account_id,
        found.customer_number,
        found.name,
        billing=found.billing_since is not None,
        administers=bool(found.administers),
        backs_up=bool(found.backs_up),
        billing_people=found.billing_people,
    )


def own_account(person_id: int, customer_number: str) -> Account:
    """One this person belongs to, in whatever role."""
    found: Account | None = (
        Account.select()
        .join(Membership)
        .where(Account.customer_number == customer_number, Membership.person == person_id)
        .get_or_none()
    )
    if found is None:
        raise NotThere
    return found
