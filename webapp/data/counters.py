"""Running numbers of a site, taken by conditional update inside the transaction that uses them."""

from __future__ import annotations

import peewee as pw

from webapp.data.database import SiteModel
from webapp.data.statements import row


class Counter(SiteModel):
    name = pw.CharField(max_length=40, primary_key=True)
    value = pw.BigIntegerField()


def take(name: str, *, first: int) -> int:
    """The next number of this series; a rolled-back transaction gives its number back."""
    taken = row(
        "INSERT INTO counter (name, value) VALUES (:name, :first)"
        " ON CONFLICT (name) DO UPDATE SET value = counter.value + 1 RETURNING value",
        name=name,
        first=first,
    )
    assert taken is not None
    return int(taken.value)
