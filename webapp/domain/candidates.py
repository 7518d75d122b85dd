"""Whom an administrator may choose: the people of the account."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from webapp.data.accounts import Account, Membership, Person
from webapp.data.keys import email_key, fold
from webapp.data.statements import contains, part_parameter, rows

MOST = 50  # shown at once: who is not among them is found by searching
WORTH_SEARCHING = 7  # fewer are seen at a glance
_WORDS = 4

_SQL = """
SELECT p.id, p.name, p.email FROM membership m JOIN person p ON p.id = m.person_id
WHERE m.account_id = :account AND p.id <> :administrator {words}
ORDER BY p.sort_key, p.id LIMIT :size
"""


@dataclass(frozen=True, slots=True)
class Candidates:
    people: Sequence[Any]
    more: bool


def _word(letter: str) -> str:
    in_name, in_address = (
        contains("p.sort_key", f"word_{letter}"),
        contains("p.email_key", f"address_{letter}"),
    )
    return f"AND ({in_name} OR {in_address})"


def candidates(account: Account, *, administrator: int, search: str = "") -> Candidates:
    """By name; only numbered parameter names enter the SQL, what people type never does."""
    typed = search.replace("\0", "").split()[:_WORDS]
    letters = "abcd"[: len(typed)]
    words = " ".join(_word(letter) for letter in letters)
    parameters = {
        f"word_{letter}": part_parameter(fold(word)) for letter, word in zip(letters, typed, strict=True)
    }
    parameters |= {
        f"address_{letter}": part_parameter(email_key(word))
        for letter, word in zip(letters, typed, strict=True)
    }
    sql = _SQL.replace("{words}", words)
    found = rows(sql, account=account.id, administrator=administrator, size=MOST + 1, **parameters)
    return Candidates(found[:MOST], len(found) > MOST)


def candidate(account: Account, *, administrator: int, email: str) -> Person | None:
    """The one with this address, if it is one of them."""
    found: Person | None = (
        Person.select()
        .join(Membership)
        .where(
            Membership.account == account, Person.email_key == email_key(email), Person.id != administrator
        )
        .get_or_none()
    )
    return found
