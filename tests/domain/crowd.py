"""Many subscriptions with equal names, dates and instants, and which of them a list has to show."""

from __future__ import annotations

import random
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from webapp.data.accounts import Account, Person
from webapp.data.database import to_micros
from webapp.data.keys import fold, sort_key
from webapp.data.records import insert
from webapp.data.subscriptions import (
    ACTIVE,
    ENDED,
    LAPSED,
    NEVER,
    PENDING,
    SHELF_ACTIVE,
    SHELF_CANCELLED,
    SHELF_GONE,
    SHELF_PENDING,
    WITHDRAWN,
    Order,
    Subscription,
)
from webapp.domain.subscriptions.purchase_orders import subscription_search_key
from webapp.domain.subscriptions.subscription_list import Query

NAMES = (
    "PROFIS Engineering",
    "Fieldwire Pro",
    "ON!Track Pro",
    "ON!Track Lite",
    "Échafaudage d’Œuvre",
    "測量ソフト",
)
STANDINGS = (  # status, shelf, whether its 90 days are over
    (ACTIVE, SHELF_ACTIVE, True),
    (ACTIVE, SHELF_ACTIVE, True),
    (ACTIVE, SHELF_ACTIVE, True),
    (ACTIVE, SHELF_CANCELLED, True),
    (ENDED, SHELF_CANCELLED, True),
    (PENDING, SHELF_PENDING, False),
    (PENDING, SHELF_PENDING, True),  # no job has marked it yet
    (LAPSED, SHELF_GONE, True),
    (WITHDRAWN, SHELF_GONE, False),
)


@dataclass(frozen=True)
class Listed:
    """What the oracle needs to know of a subscription."""

    id: int
    public_id: str
    shelf: str
    seen: bool
    search_key: str
    sort_key: str
    renewal_key: str
    ordered_at: int


class Crowd:
    """Subscriptions with many equal names, dates and instants, put into the bound site."""

    def __init__(self, now: datetime, *, seed: int = 7) -> None:
        self.now, self.random = now, random.Random(seed)
        self.number = Subscription.select().count()
        facts = {
            "name": "Exemple",
            "line1": "1",
            "city": "Lyon",
            "country": "FR",
            "search_key": "",
            "sort_key": "",
        }
        account, _new = Account.get_or_create(customer_number="1000001", defaults=facts)
        self.account = account.id

    def of(self, person: Person, size: int) -> list[Listed]:
        return [self.one(person) for _time in range(size)]

    def one(self, person: Person, **chosen: Any) -> Listed:
        self.number += 1
        status, shelf, over = self.random.choice(STANDINGS)
        number, public_id = f"03141{self.number:05}", f"SUB-FR-{200000 + self.number}"
        name, po_number = (
            self.random.choice(NAMES),
            self.random.choice(("", "BC 2026-7", "4500071236", "Évry 12")),
        )
        renewal = f"2027-{self.random.randint(1, 4):02}-15" if shelf == SHELF_ACTIVE else NEVER
        values = {
            "status": status,
            "shelf": shelf,
            "activate_before": self.now + timedelta(days=self.random.randint(1, 90) * (-1 if over else 1)),
            "renewal_key": renewal,
            "term_end": None if renewal == NEVER else renewal,
            "ordered_at": self.now - timedelta(days=self.random.randint(1, 20)),
            "search_key": subscription_search_key(name, public_id, po_number, number),
            "sort_key": sort_key(name),
            **chosen,
        }
        instants = {"ordered_at": values["ordered_at"], "received_at": values["ordered_at"]}
        order = insert(Order, order_number=number, content_hash="", document="{}", **instants)
        key = insert(
            Subscription,
            **{"public_id": public_id, "order": order, "account": self.account, "administrator": person},
            **{
                "product_key": "fieldwire-pro",
                "product_name": name,
                "kind": "software",
                "agreement_key": "software",
            },
            **{"quantity": 1, "commitment": "annual", "billing_period": "annual", "unit_price": 100},
            **{"currency": "EUR", "payment_method": "invoice", "po_number": po_number, "language": "fr"},
            **values,
        )
        in_time = values["shelf"] != SHELF_PENDING or values["activate_before"] > self.now
        return Listed(
            key,
            public_id,
            values["shelf"],
            values["shelf"] != SHELF_GONE and in_time,
            values["search_key"],
            values["sort_key"],
            values["renewal_key"],
            to_micros(values["ordered_at"]),
        )


def expected(crowd: list[Listed], query: Query) -> list[int]:
    """The oracle: filter, search, sort."""
    words = fold(query.text).split()
    chosen = [
        one
        for one in crowd
        if one.seen and query.shelf in ("all", one.shelf) and all(word in one.search_key for word in words)
    ]
    column = {"name": "sort_key", "renewal": "renewal_key", "newest": "ordered_at"}[query.sort]
    chosen.sort(key=lambda one: (getattr(one, column), one.id), reverse=query.sort == "newest")
    return [one.id for one in chosen]
