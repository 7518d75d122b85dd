"""What the shop may read of a site: what became of its orders, and all subscriptions as they stand."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Literal, cast, get_args

from webapp.data.database import from_micros, to_micros
from webapp.data.statements import row, rows, rows_of_each
from webapp.domain.keyset import read_cursor, write_cursor
from webapp.domain.refusals import NotThere, Refusal
from webapp.domain.subscriptions.subscriptions import standing

State = Literal["pending", "active", "cancelling", "ended", "lapsed", "withdrawn"]
STATES: tuple[State, ...] = get_args(State)
# A change is in the feed after this time: until then another one that began earlier may still be stored, and
# would lie before what was read already. A job writes what it does for half a minute under one instant.
SETTLED = timedelta(seconds=60)
_CLOSE = timedelta(minutes=2)
_EVENTS_READ = 1000
_LISTED, _CHANGED = "s", "e"  # what a cursor counts: subscriptions, events

_COLUMNS = """s.id, s.public_id, o.order_number, s.product_key, s.product_name, s.kind, s.status, s.quantity,
 s.next_quantity, s.commitment, s.billing_period, s.unit_price, s.currency, s.payment_method, s.po_number,
 s.next_po_number, s.ordered_at, o.received_at, s.activate_before, s.activated_at, s.term_start, s.term_end,
 s.ends_on, a.customer_number, a.name AS account_name, p.name AS administrator_name,
 p.email AS administrator_email
FROM subscription s JOIN shop_order o ON o.id = s.order_id JOIN account a ON a.id = s.account_id
JOIN person p ON p.id = s.administrator_id"""

_ONE_SQL = f"SELECT {_COLUMNS} WHERE s.public_id = :public_id"
_OF_ORDER_SQL = f"SELECT {_COLUMNS} WHERE o.order_number = :order_number"
_THESE_SQL = f"SELECT {_COLUMNS} WHERE s.id IN (VALUES :each)"

_RECEIPT_SQL = """
SELECT o.order_number, o.received_at, o.warnings, s.public_id, s.activate_before
FROM subscription s JOIN shop_order o ON o.id = s.order_id WHERE s.id = :subscription
"""

_NEXT_SQL = "SELECT s.id FROM subscription s WHERE s.id > :last ORDER BY s.id LIMIT :size"
_NEXT_OF_CUSTOMER_SQL = """
SELECT s.id FROM subscription s JOIN account a ON a.id = s.account_id
WHERE a.customer_number = :customer_number AND s.id > :last ORDER BY s.id LIMIT :size
"""
_EVENTS_SQL = """
SELECT e.id, e.at, e.subscription_id FROM audit_event e WHERE e.id > :last ORDER BY e.id LIMIT :size
"""
# Instants hardly ever fall while numbers rise; where they do, they are close to each other. The sum keeps
# PostgreSQL from looking for the smallest number among all events.
_FIRST_EVENT_SQL = """
SELECT min(e.id + 0) AS id FROM audit_event e WHERE e.at >= :since AND e.at <= :close
"""
_FIRST_LATER_SQL = "SELECT e.id FROM audit_event e WHERE e.at > :close ORDER BY e.at, e.id LIMIT 1"
_LAST_EVENT_SQL = "SELECT max(e.id) AS id FROM audit_event e"


class CursorInvalid(Refusal):
    def __str__(self) -> str:
        return "there is no such cursor: take `next` of an earlier answer, with the same filters"


@dataclass(frozen=True, slots=True)
class Filters:
    changed_since: datetime | None = None
    customer_number: str | None = None
    state: str | None = None

    def let_through(self, found: Any, *, now: datetime) -> bool:
        customer = self.customer_number in (None, found.customer_number)
        return customer and self.state in (None, state_of(found, now=now))


@dataclass(frozen=True, slots=True)
class Page:
    """`next`: where to go on; there may be nothing yet unless there is `more`."""

    found: Sequence[Any]
    next: str | None
    more: bool


def one(public_id: str) -> Any:
    return _existing(row(_ONE_SQL, public_id=public_id))


def of_order(order_number: str) -> Any:
    return _existing(row(_OF_ORDER_SQL, order_number=order_number))


def receipt_of(subscription_id: int) -> Any:
    """What is answered to its order, the first time and ever after."""
    return _existing(row(_RECEIPT_SQL, subscription=subscription_id))


def _existing(found: Any) -> Any:
    if found is None:
        raise NotThere
    return found


def state_of(found: Any, *, now: datetime) -> State:
    """The date decides, whether or not a job has written it down."""
    if found.status == "pending" and found.activate_before <= to_micros(now):
        return "lapsed"
    if found.status in ("lapsed", "withdrawn"):
        return cast(State, found.status)
    return cast(State, standing(found, now=now).state)


def page(filters: Filters, *, after: str = "", limit: int, now: datetime) -> Page:
    """All subscriptions by their number; or those that changed, in the order of their changes.

    A page is cut before it is filtered, so that none costs more than another: it may hold fewer than `limit`.
    """
    counts, last = _read(after)
    if counts == _CHANGED or (filters.changed_since and not after):
        if filters.changed_since and not after:
            last = _before(filters.changed_since)
        numbers, on, more = _changed(last, limit, now=now)
    else:
        numbers, on, more = _listed(filters, last, limit)
    by_number = {found.id: found for found in _these(numbers)}
    found = [by_number[number] for number in numbers if number in by_number]
    return Page([one for one in found if filters.let_through(one, now=now)], on, more)


def _read(after: str) -> tuple[str, int]:
    if not after:
        return _LISTED, 0
    edge = read_cursor(after)
    if edge is None or edge[0] not in (_LISTED, _CHANGED):
        raise CursorInvalid
    return str(edge[0]), edge[1]


def _these(numbers: Sequence[int]) -> Sequence[Any]:
    return rows_of_each(_THESE_SQL, [(number,) for number in numbers]) if numbers else []


def _listed(filters: Filters, last: int, limit: int) -> tuple[list[int], str | None, bool]:
    sql = _NEXT_OF_CUSTOMER_SQL if filters.customer_number else _NEXT_SQL
    asked = {"customer_number": filters.customer_number} if filters.customer_number else {}
    found = [one.id for one in rows(sql, last=last, size=limit + 1, **asked)]
    more, numbers = len(found) > limit, found[:limit]
    return numbers, write_cursor(_LISTED, numbers[-1]) if more else None, more


def _before(since: datetime) -> int:
    """The number of the last event that is too old."""
    asked = {"since": to_micros(since), "close": to_micros(since + _CLOSE)}
    first = row(_FIRST_EVENT_SQL, **asked)
    if first is None or first.id is None:
        first = row(_FIRST_LATER_SQL, close=asked["close"])
    if first is not None:
        return int(first.id) - 1
    last = row(_LAST_EVENT_SQL)
    return int(last.id) if last is not None and last.id is not None else 0


def _changed(last: int, limit: int, *, now: datetime) -> tuple[list[int], str | None, bool]:
    numbers: dict[int, None] = {}  # each once, in the order of their first change here
    events = rows(_EVENTS_SQL, last=last, size=_EVENTS_READ)
    more = len(events) == _EVENTS_READ
    for event in events:
        if from_micros(event.at) > now - SETTLED:
            more = False
            break
        if event.subscription_id is not None and event.subscription_id not in numbers:
            if len(numbers) == limit:
                more = True
                break
            numbers[event.subscription_id] = None
        last = event.id
    return list(numbers), write_cursor(_CHANGED, last), more
