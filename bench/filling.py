"""Accounts with 25 and with 10,000 subscriptions: 25 go through the rules, the others are copies of them."""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from typing import Any

from webapp.assembly import Portal
from webapp.data.accounts import Person
from webapp.data.database import current_site, database, to_micros
from webapp.data.keys import email_key, search_key, sort_key
from webapp.data.statements import engine_name, rows
from webapp.data.subscriptions import NEVER, SHELF_CANCELLED, Subscription, new_seat_key
from webapp.domain.lifecycle import activation
from webapp.domain.orders.order_document import read_order
from webapp.domain.orders.order_intake import take_order
from webapp.domain.people import passwords
from webapp.domain.subscriptions.purchase_orders import subscription_search_key

PASSWORD = "forty wrenches and a ladder"
PAGE = 25
_BATCH = 1000


def order_document(number: int, *, account: str, email: str, product: str, ordered_at: datetime) -> bytes:
    document = {
        "order_number": f"{number:010}",
        "site": current_site().code,
        "language": current_site().default_language,
        "ordered_at": ordered_at.isoformat(),
        "account": {
            "customer_number": account,
            "name": f"Exemple Construction {account}",
            "address": {
                "line1": "12 rue de l’Exemple",
                "postal_code": "69003",
                "city": "Lyon",
                "country": "FR",
            },
        },
        "purchaser": {"name": "Éloïse D’Exemple", "email": email},
        "product": product,
        "quantity": number % 40 + 1,
        "term": "annual",
        "unit_price": "590.00",
        "currency": current_site().currency,
        "price_is_fictitious": True,
        "purchase_order_number": f"BC 2026-{number}" if number % 5 else "",
        "payment_method": "invoice",
    }
    return json.dumps(document).encode()


def fill_account(portal: Portal, *, size: int, account: str, email: str, now: datetime) -> Person:
    """Inside a bound site. Of 25, two await activation and three are cancelled."""
    products = [product.key for product in portal.catalogue if product.sold_on(current_site().code)]
    for index in range(PAGE):
        ordered_at = now - timedelta(days=20 if index % 12 == 5 else 330 - 2 * index)
        number = int(account) * 100 + index
        document = order_document(
            number,
            account=account,
            email=email,
            product=products[index % len(products)],
            ordered_at=ordered_at,
        )
        subscription = take_order(
            read_order(document), catalogue=portal.catalogue, now=ordered_at
        ).subscription
        if index % 12 != 5:
            _activate(subscription, now=ordered_at + timedelta(days=1))
        if index % 10 == 7 or index == 24:
            _cancel(subscription)
    person = Person.get(Person.email_key == email_key(email))
    Person.update(password_hash=passwords.hash_password(PASSWORD)).where(Person.id == person.id).execute()
    with database.atomic():
        for first in range(PAGE, size, _BATCH):
            _copy(person, range(first, min(first + _BATCH, size)))
    if engine_name() == "postgresql":
        _settle(("shop_order", "subscription"))
    return person


def fill_seats(subscription: int, *, size: int, now: datetime) -> None:
    """Inside a bound site: so many people who use it, one in ten only invited, with licences for all."""
    first, instant = _next_id("person"), to_micros(now)
    for start in range(0, size, _BATCH):
        indexes = range(start, min(start + _BATCH, size))
        people, given = [], []
        for index in indexes:
            name, email = f"Number {index:05}", f"number.{subscription}.{index}@example.com"
            facts = {"email": email, "email_key": email, "name": name, "sort_key": sort_key(name)}
            people.append({**facts, "id": first + index, "language": "fr", "created_at": instant})
            state = "invited" if index % 10 == 9 else "active"
            keys = {"sort_key": sort_key(name), "search_key": search_key(name, email)}
            ids = {"key": new_seat_key(), "subscription_id": subscription, "person_id": first + index}
            told = {"state": state, "since": instant, "over_on": NEVER, "counted": 1, "version": 0}
            given.append({**ids, **told, **keys, "cost_centre": "", "job_site": ""})
        with database.atomic():
            insert_rows("person", people)
            insert_rows("seat", given)
    Subscription.update(quantity=size, seats_taken=size).where(Subscription.id == subscription).execute()
    if engine_name() == "postgresql":
        _settle(("person", "seat"))


def _settle(tables: tuple[str, ...]) -> None:
    """Sequences behind the copies; and what autovacuum would have done a minute later."""
    for table in tables:
        database.execute_sql(f"SELECT setval(pg_get_serial_sequence('{table}', 'id'), max(id)) FROM {table}")
    database.execute_sql("VACUUM ANALYZE")


def _activate(subscription: Subscription, *, now: datetime) -> None:
    person = subscription.administrator
    agreement = current_site().agreement(subscription.agreement_key, person.language)
    activation.activate(
        subscription,
        agreement=agreement,
        shown_sha256=agreement.sha256,
        shown_language=person.language,
        actor=person,
        now=now,
    )


def _cancel(subscription: Subscription) -> None:
    """As a planned end leaves it."""
    planned = {"shelf": SHELF_CANCELLED, "renewal_key": NEVER, "ends_on": subscription.term_end}
    Subscription.update(**planned).where(Subscription.id == subscription.id).execute()


# ---- copies of the first 25, with numbers of their own


def _copy(person: Person, indexes: range) -> None:
    patterns = rows(
        "SELECT * FROM subscription WHERE administrator_id = :person ORDER BY id LIMIT :page",
        person=person.id,
        page=PAGE,
    )
    marks = ", ".join(str(int(pattern.order_id)) for pattern in patterns)
    orders = {row.id: row for row in rows(f"SELECT * FROM shop_order WHERE id IN ({marks})")}
    first_order, first = _next_id("shop_order"), _next_id("subscription")
    new_orders, new = [], []
    for offset, index in enumerate(indexes):
        pattern = patterns[index % PAGE]
        number = f"C{person.id}-{index:06}"
        public_id = f"SUB-{current_site().code.upper()}-{person.id}{index:06}"
        order = orders[pattern.order_id]._asdict()
        new_orders.append({**order, "id": first_order + offset, "order_number": number})
        key = subscription_search_key(pattern.product_name, public_id, pattern.po_number, number)
        ids = {
            "id": first + offset,
            "order_id": first_order + offset,
            "public_id": public_id,
            "search_key": key,
        }
        new.append({**pattern._asdict(), **ids, "ordered_at": pattern.ordered_at + index})
    insert_rows("shop_order", new_orders)
    insert_rows("subscription", new)


def _next_id(table: str) -> int:
    return int(rows(f"SELECT coalesce(max(id), 0) + 1 AS free FROM {table}")[0].free)


def insert_rows(table: str, found: list[dict[str, Any]]) -> None:
    """With the driver's own `executemany`."""
    if not found:
        return
    marks = ", ".join(["?" if engine_name() == "sqlite" else "%s"] * len(found[0]))
    columns = ", ".join(f'"{name}"' for name in found[0])
    database.cursor().executemany(
        f'INSERT INTO "{table}" ({columns}) VALUES ({marks})', [tuple(row.values()) for row in found]
    )
