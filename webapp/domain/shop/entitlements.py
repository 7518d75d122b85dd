"""May this person use that? For software that asks whenever it starts: one ready statement a question.

Where users are managed in the portal, who holds a license may. Where they are not (the product's own program
does that), everybody of the company may, as far as the portal is concerned: docs/decisions/018-shop-api.md.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, Literal

from webapp.data.keys import email_key
from webapp.data.statements import row, rows
from webapp.domain.keyset import read_cursor, write_cursor
from webapp.domain.refusals import NotThere
from webapp.domain.seats import seats
from webapp.domain.shop.shop_view import CursorInvalid
from webapp.sites import Catalogue, Product

Right = Literal["seat", "company"]
Because = Literal["seat", "company", "no_license", "not_active"]  # by which right somebody may, or why not

_RUNNING = "s.status = 'active' AND (s.ends_on IS NULL OR s.ends_on > :today)"
_HELD = "seat.counted = 1 AND seat.over_on > :today"
_HOLDS = f"""(SELECT seat.over_on FROM seat JOIN person p ON p.id = seat.person_id
 WHERE seat.subscription_id = s.id AND p.email_key = :email AND {_HELD})"""
_BELONGS = """EXISTS (SELECT 1 FROM membership m JOIN person p ON p.id = m.person_id
 WHERE m.account_id = s.account_id AND p.email_key = :email)"""

_SUBSCRIPTION_SQL = f"""
SELECT s.public_id, s.product_key, s.ends_on, {_HOLDS} AS over_on,
 CASE WHEN {_BELONGS} THEN 1 ELSE 0 END AS belongs, CASE WHEN {_RUNNING} THEN 1 ELSE 0 END AS running
FROM subscription s WHERE s.public_id = :public_id
"""
_BY_SEAT_SQL = f"""
SELECT s.public_id, s.ends_on, seat.over_on
FROM person p JOIN seat ON seat.person_id = p.id JOIN subscription s ON s.id = seat.subscription_id
WHERE p.email_key = :email AND s.product_key = :product AND {_HELD} AND {_RUNNING} ORDER BY s.id LIMIT 1
"""
_BY_COMPANY_SQL = f"""
SELECT s.public_id, s.ends_on, NULL AS over_on
FROM person p JOIN membership m ON m.person_id = p.id JOIN subscription s ON s.account_id = m.account_id
WHERE p.email_key = :email AND s.product_key = :product AND {_RUNNING} ORDER BY s.id LIMIT 1
"""

_HEAD_SQL = f"""
SELECT s.id, s.account_id, s.public_id, s.product_key, CASE WHEN {_RUNNING} THEN 1 ELSE 0 END AS running
FROM subscription s WHERE s.public_id = :public_id
"""
_HOLDERS_SQL = f"""
SELECT seat.id, p.email, p.name, seat.over_on
FROM seat JOIN person p ON p.id = seat.person_id
WHERE seat.subscription_id = :subscription AND {_HELD} AND seat.id > :last ORDER BY seat.id LIMIT :size
"""
_MEMBERS_SQL = """
SELECT m.id, p.email, p.name, NULL AS over_on FROM membership m JOIN person p ON p.id = m.person_id
WHERE m.account_id = :account AND m.id > :last ORDER BY m.id LIMIT :size
"""


@dataclass(frozen=True, slots=True)
class Entitlement:
    """`last_day`: of use, where one is known."""

    allowed: bool
    because: Because
    product: str
    subscription: str | None = None
    last_day: date | None = None


@dataclass(frozen=True, slots=True)
class Users:
    """Who may use a subscription: nobody while it is not `running`."""

    running: bool
    by: Right
    people: Sequence[Any]
    next: str | None


def to_subscription(email: str, public_id: str, *, catalogue: Catalogue, now: datetime) -> Entitlement:
    today = seats.today(now).isoformat()
    found = row(_SUBSCRIPTION_SQL, public_id=public_id, email=email_key(email), today=today)
    if found is None:
        raise NotThere
    by = _right(catalogue.by_key(found.product_key))
    if not found.running:
        return Entitlement(False, "not_active", found.product_key, public_id)
    if not (found.over_on if by == "seat" else found.belongs):
        return Entitlement(False, "no_license", found.product_key, public_id)
    return Entitlement(True, by, found.product_key, public_id, _last_day(found, by))


def to_product(email: str, key: str, *, catalogue: Catalogue, now: datetime) -> Entitlement:
    """By any subscription to it."""
    product = catalogue.by_key(key)
    if product is None:
        raise NotThere
    by = _right(product)
    sql = _BY_SEAT_SQL if by == "seat" else _BY_COMPANY_SQL
    found = row(sql, email=email_key(email), product=key, today=seats.today(now).isoformat())
    if found is None:
        return Entitlement(False, "no_license", key)
    return Entitlement(True, by, key, found.public_id, _last_day(found, by))


def users_of(public_id: str, *, after: str = "", limit: int, catalogue: Catalogue, now: datetime) -> Users:
    edge = read_cursor(after) if after else ("u", 0)
    if edge is None or edge[0] != "u":
        raise CursorInvalid
    today = seats.today(now).isoformat()
    head = row(_HEAD_SQL, public_id=public_id, today=today)
    if head is None:
        raise NotThere
    by = _right(catalogue.by_key(head.product_key))
    if not head.running:
        return Users(False, by, (), None)
    if by == "seat":
        found = rows(_HOLDERS_SQL, subscription=head.id, today=today, last=edge[1], size=limit + 1)
    else:
        found = rows(_MEMBERS_SQL, account=head.account_id, last=edge[1], size=limit + 1)
    people = found[:limit]
    return Users(True, by, people, write_cursor("u", people[-1].id) if len(found) > limit else None)


def _right(product: Product | None) -> Right:
    return "seat" if product is None or product.self_service else "company"


def _last_day(found: Any, by: str) -> date | None:
    """The earlier one of the seat's and the subscription's."""
    over = [day for day in (found.ends_on, found.over_on if by == "seat" else None) if day]
    known = min(over, default=None)
    return None if known is None else last_day_before(known)


def last_day_before(over_on: str) -> date | None:
    """Of a first day that is too late, as text; a license that nobody limited has none."""
    day = date.fromisoformat(over_on)
    return None if day.year == date.max.year else day - timedelta(days=1)
