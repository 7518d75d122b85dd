"""Customer companies and their people: who is known already is found again, whoever is new is kept."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from webapp.data import records
from webapp.data.accounts import Account, AccountGram, Membership, Person
from webapp.data.keys import email_key, folded, grams, search_key
from webapp.data.statements import run
from webapp.data.subscriptions import Seat, Subscription
from webapp.domain import sorting


def keep_person(*, email: str, name: str, language: str, now: datetime) -> Person:
    """One person an address; what is known of a person stays: only they themselves change it."""
    key = email_key(email)
    found = records.find(Person, email_key=key)
    if found is None:
        new = {"email": email, "name": name, "sort_key": sorting.key_of(name), "language": language}
        records.insert_if_new(Person, email_key=key, created_at=now, **new)
        found = records.find(Person, email_key=key)
        assert found is not None
    return found


def keep_account(
    customer_number: str, *, facts: dict[str, Any], update: bool
) -> tuple[Account, dict[str, Any]]:
    """The account, and what an update changed of one that was known: {field: [old, new]}."""
    found = records.find(Account, customer_number=customer_number)
    if found is None:
        keys = _keys(facts, customer_number)
        new = records.create(Account, customer_number=customer_number, **facts, **keys)
        _keep_grams(new)
        return new, {}
    changes = {
        name: [getattr(found, name), new] for name, new in facts.items() if getattr(found, name) != new
    }
    if not changes or not update:
        return found, {}
    for name, value in {**facts, **_keys(facts, customer_number)}.items():
        setattr(found, name, value)
    found.save()
    if "name" in changes:
        run("DELETE FROM account_gram WHERE account_id = :account", account=found.id)
        _keep_grams(found)
    return found, changes


def _keys(facts: dict[str, Any], customer_number: str) -> dict[str, str]:
    return {
        "search_key": search_key(facts["name"], customer_number),
        "sort_key": sorting.key_of(facts["name"]),
    }


def _keep_grams(account: Account) -> None:
    """By which support finds it again, however its name is typed."""
    found = [{"account": account.id, "gram": gram} for gram in grams(folded(account.sort_key))]
    records.insert_many(AccountGram, found)


def join(person: Person, account: Account, *, now: datetime) -> None:
    records.insert_if_new(Membership, person=person, account=account, created_at=now)


def leave_if_never_arrived(person: Person, account: Account) -> bool:
    """Takes out of a company who was never there: never signed in, administers and uses nothing of it."""
    return person.first_signed_in_at is None and leave_if_unused(person, account)


def leave_if_unused(person: Person, account: Account) -> bool:
    """Takes out of a company who administers and uses nothing of it, and does not look after its billing."""
    of_account = Subscription.account == account
    administers = Subscription.select().where(
        of_account, (Subscription.administrator == person) | (Subscription.backup == person)
    )
    uses = Seat.select().join(Subscription).where(of_account, Seat.person == person, Seat.counted == 1)
    if administers.exists() or uses.exists():
        return False
    here = (Membership.account == account) & (Membership.person == person)
    return bool(Membership.delete().where(here, Membership.billing_since.is_null()).execute())
