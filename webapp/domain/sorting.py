"""Names in the order of the site's default language: what lists of people, companies and products go by."""

from __future__ import annotations

from typing import Any

from webapp.data.accounts import Account, Person
from webapp.data.database import atomic, current_site
from webapp.data.keys import sort_key
from webapp.data.statements import rows
from webapp.data.subscriptions import Seat, Subscription

_BATCH = 1000
_PRODUCTS_SQL = "SELECT product_name, sort_key FROM subscription GROUP BY product_name, sort_key"


def key_of(name: str) -> str:
    return sort_key(name, current_site().default_language)


def sort_again() -> int:
    """After the default language or its order has changed; how many people, companies and products moved."""
    return _sort_again(Person) + _sort_again(Account) + _sort_products_again()


def _sort_again(model: type[Person] | type[Account]) -> int:
    moved, last = 0, 0
    table = model._meta.table_name
    sql = f"SELECT id, name, sort_key FROM {table} WHERE id > :last ORDER BY id LIMIT {_BATCH}"
    while found := rows(sql, last=last):
        last = found[-1].id
        wrong = [(one, key) for one in found if one.sort_key != (key := key_of(one.name))]
        with atomic():
            moved += sum(_moved(model, one, key) for one, key in wrong)
    return moved


def _moved(model: type[Person] | type[Account], one: Any, key: str) -> int:
    """Unless it was renamed meanwhile. Users of a subscription are listed by a key of their own."""
    here = (model.id == one.id) & (model.name == one.name)
    changed = int(model.update(sort_key=key).where(here).execute())
    if changed and model is Person:
        Seat.update(sort_key=key).where(Seat.person == one.id).execute()
    return changed


def _sort_products_again() -> int:
    wrong = [(one, key) for one in rows(_PRODUCTS_SQL) if one.sort_key != (key := key_of(one.product_name))]
    for one, key in wrong:
        here = (Subscription.product_name == one.product_name) & (Subscription.sort_key != key)
        with atomic():
            Subscription.update(sort_key=key).where(here).execute()
    return len(wrong)
