"""Whom an administrator may choose: the people of the account."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import peewee as pw

from webapp.data.accounts import Account, Membership, Person
from webapp.data.keys import email_key, fold

MOST = 50  # shown at once: who is not among them is found by searching
WORTH_SEARCHING = 7  # fewer are seen at a glance
_WORDS = 4


@dataclass(frozen=True, slots=True)
class Candidates:
    people: Sequence[Person]
    more: bool


def candidates(account: Account, *, administrator: int, search: str = "") -> Candidates:
    """In the order of their names; each word of a search is in the name or in the address."""
    found = _people(account, administrator)
    for word in search.replace("\0", "").split()[:_WORDS]:
        found = found.where(Person.sort_key.contains(fold(word)) | Person.email_key.contains(email_key(word)))
    people = list(found.order_by(Person.sort_key, Person.id).limit(MOST + 1))
    return Candidates(people[:MOST], len(people) > MOST)


def candidate(account: Account, *, administrator: int, email: str) -> Person | None:
    """The one with this address, if it is one of them."""
    return _people(account, administrator).where(Person.email_key == email_key(email)).get_or_none()


def _people(account: Account, administrator: int) -> pw.ModelSelect[Person]:
    of_account = (Membership.account == account) & (Person.id != administrator)
    return Person.select().join(Membership).where(of_account)
