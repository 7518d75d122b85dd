"""The people of an account: who is who there, and who looks after its billing."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from operator import attrgetter
from typing import Any

import peewee as pw

from webapp.data.accounts import Account, Membership, Person
from webapp.data.database import atomic
from webapp.data.keys import email_key, fold
from webapp.data.statements import contains, part_parameter, rows
from webapp.data.subscriptions import Subscription
from webapp.domain import audit, limits, outbox, permissions
from webapp.domain.keyset import PAGE_SIZE, cut, read_cursor
from webapp.domain.permissions import AccountRights
from webapp.domain.refusals import Refusal
from webapp.domain.seats import seats
from webapp.domain.terms import RUNNING_SQL, is_running
from webapp.i18n import _

COUNT_LIMIT = 100
MOST_TOLD = 50  # of those who are not the one it is about
CHANGES = limits.Limit("billing_role", times=20, within=timedelta(days=1))  # each of them sends e-mails


class NotAMember(Refusal):
    def __str__(self) -> str:
        return _("This person does not belong to your company here.")


class MayNotGrant(Refusal):
    def __str__(self) -> str:
        return _("Somebody looks after billing already. Only they can name others.")


class MayNotTake(Refusal):
    def __str__(self) -> str:
        return _("Only who looks after billing can take this role from somebody.")


class AlreadyBilling(Refusal):
    def __str__(self) -> str:
        return _("This person looks after billing already.")


class NotBilling(Refusal):
    def __str__(self) -> str:
        return _("This person does not look after billing.")


class LastBillingPerson(Refusal):
    def __str__(self) -> str:
        return _("Nobody else looks after billing. Name somebody first, then this role can be given up.")


class BillingChangedMeanwhile(Refusal):
    def __str__(self) -> str:
        return _(
            "Who looks after billing was changed meanwhile. Nothing was saved: look again and decide then."
        )


# ---- who is there


@dataclass(frozen=True, slots=True)
class Members:
    people: Sequence[Any]
    next_cursor: str
    previous_cursor: str


_PEOPLE_SQL = f"""
SELECT p.id, p.name, p.email, p.sort_key, m.billing_since,
 (SELECT count(*) FROM (SELECT 1 FROM subscription s WHERE s.administrator_id = p.id
   AND s.account_id = :account AND {RUNNING_SQL} LIMIT {COUNT_LIMIT}) x) AS administers,
 (SELECT count(*) FROM (SELECT 1 FROM subscription s WHERE s.backup_id = p.id AND s.account_id = :account
   AND {RUNNING_SQL} LIMIT {COUNT_LIMIT}) x) AS backs_up,
 {{seats}} AS uses
FROM membership m JOIN person p ON p.id = m.person_id
WHERE m.account_id = :account {{more}}
ORDER BY p.sort_key {{direction}}, p.id {{direction}} LIMIT {PAGE_SIZE + 1}
"""
# Of what the one who looks manages: what colleagues administer is their business.
_SEATS = f"""(SELECT count(*) FROM (SELECT 1 FROM seat JOIN subscription s ON s.id = seat.subscription_id
   WHERE seat.person_id = p.id AND s.account_id = :account AND {permissions.MANAGES}
    AND {seats.USABLE_SQL} LIMIT {COUNT_LIMIT}) x)"""


def members(
    rights: AccountRights,
    *,
    person_id: int,
    now: datetime,
    search: str = "",
    after: str = "",
    before: str = "",
) -> Members:
    """By name, from a cursor on; only numbered parameter names enter the SQL, what people type never does."""
    edge = read_cursor(before or after)
    backwards = bool(before) and edge is not None
    words, parameters = _words(search)
    step = f"AND (p.sort_key, p.id) {'<' if backwards else '>'} (:key, :last_id)" if edge else ""
    sql = _PEOPLE_SQL.replace("{seats}", _SEATS if rights.sees_seats else "0")
    sql = sql.replace("{more}", f"{words} {step}").replace("{direction}", "DESC" if backwards else "ASC")
    key, last_id = edge or ("", 0)
    parameters |= {"today": seats.today(now).isoformat(), "key": key}
    found = list(rows(sql, account=rights.account_id, person=person_id, last_id=last_id, **parameters))
    return Members(*cut(found, begun=edge is not None, backwards=backwards, key=attrgetter("sort_key")))


def _words(search: str) -> tuple[str, dict[str, Any]]:
    """Each word is in the name or in the address."""
    conditions: list[str] = []
    parameters: dict[str, Any] = {}
    for letter, word in zip("abcd", search.replace("\0", "").split(), strict=False):
        name, address = f"word_{letter}", f"address_{letter}"
        conditions.append(f"AND ({contains('p.sort_key', name)} OR {contains('p.email_key', address)})")
        parameters |= {name: part_parameter(fold(word)), address: part_parameter(email_key(word))}
    return " ".join(conditions), parameters


def billing_people(account_id: int) -> Sequence[Person]:
    """Who looks after the billing of the account, longest first."""
    found = Person.select().join(Membership).where(_billing_of(account_id))
    return list(found.order_by(Membership.billing_since, Membership.id).limit(MOST_TOLD))


def _billing_of(account_id: int) -> pw.Expression:
    return (Membership.account == account_id) & Membership.billing_since.is_null(False)


def member(account_id: int, email: str) -> tuple[Person, bool]:
    """The one with this address, and whether they look after billing."""
    found = (
        Membership.select(Membership, Person)
        .join(Person)
        .where(Membership.account == account_id, Person.email_key == email_key(email))
        .get_or_none()
    )
    if found is None:
        raise NotAMember
    return found.person, found.billing_since is not None


# ---- billing: granted and taken


def grant_billing(account: Account, *, person: Person, actor: Person, now: datetime) -> None:
    """By who has it; by any administrator of the account, while nobody has."""
    with atomic():
        rights = permissions.account_rights(actor.id, account.customer_number, now=now)
        _found, has_it = member(account.id, person.email)
        if has_it:
            raise AlreadyBilling
        if not rights.grants_billing:
            raise MayNotGrant
        limits.spend(CHANGES, account.customer_number, now=now)
        _count(account.id, was=rights.billing_people, change=1)
        _set(account.id, person, since=now)
        _record(audit.BILLING_GRANTED, account, person, actor, now=now)
        others = _concerned(account.id, person, administrators=rights.billing_people == 0, now=now)
        _tell("billing_granted", account, person, actor, others, now=now)


def take_billing(account: Account, *, person: Person, actor: Person, now: datetime) -> None:
    """By who has it, from oneself too; somebody always keeps it."""
    with atomic():
        rights = permissions.account_rights(actor.id, account.customer_number, now=now)
        _found, has_it = member(account.id, person.email)
        if not rights.takes_billing:
            raise MayNotTake
        if not has_it:
            raise NotBilling
        if rights.billing_people <= 1:
            raise LastBillingPerson
        limits.spend(CHANGES, account.customer_number, now=now)
        others = _concerned(account.id, person, administrators=False, now=now)
        _count(account.id, was=rights.billing_people, change=-1)
        _set(account.id, person, since=None)
        _record(audit.BILLING_TAKEN, account, person, actor, now=now)
        _tell("billing_taken", account, person, actor, others, now=now)


def _count(account_id: int, *, was: int, change: int) -> None:
    """Only if nobody else has changed who looks after billing since it was read."""
    unchanged = (Account.id == account_id) & (Account.billing_people == was)
    if Account.update(billing_people=was + change).where(unchanged).execute() != 1:
        raise BillingChangedMeanwhile


def _set(account_id: int, person: Person, *, since: datetime | None) -> None:
    here = (Membership.account == account_id) & (Membership.person == person)
    before = Membership.billing_since.is_null(since is not None)
    if Membership.update(billing_since=since).where(here, before).execute() != 1:
        raise BillingChangedMeanwhile


def _record(action: str, account: Account, person: Person, actor: Person, *, now: datetime) -> None:
    audit.record(action, actor=audit.Actor.of(actor), account=account, person=person, now=now, to=person.name)


def _concerned(account_id: int, person: Person, *, administrators: bool, now: datetime) -> list[Person]:
    """Who else is to know: who looks after billing, and the administrators who could name somebody so far."""
    known = {one.id: one for one in billing_people(account_id)}
    if administrators:
        known |= {one.id: one for one in _administrators(account_id, now=now)}
    known.pop(person.id, None)
    return list(known.values())


def _administrators(account_id: int, *, now: datetime) -> Iterable[Person]:
    theirs = Subscription.select(Subscription.administrator).where(
        Subscription.account == account_id, is_running(now=now)
    )
    return Person.select().where(Person.id.in_(theirs)).order_by(Person.id).limit(MOST_TOLD)


def _tell(
    kind: str, account: Account, person: Person, actor: Person, others: Iterable[Person], *, now: datetime
) -> None:
    facts: dict[str, Any] = {"company": account.name, "to_name": person.name, "to_email": person.email}
    granted = kind == "billing_granted"
    facts |= {"by_name": actor.name, "by_oneself": person.id == actor.id, "granted": granted, "now": now}
    outbox.enqueue(kind, to=person, path="/subscriptions", **facts)
    for other in others:
        outbox.enqueue("billing_role_changed", to=other, path="/subscriptions", **facts)
