"""What time does to a subscription that goes on: billing periods begin, and after a term the next one.

`billed_until` is the first day that no invoice is recorded for, and so the day on which something is to be
done. Each step moves it, in the transaction that records the invoice: whoever comes second, or again after a
crash, finds nothing to do. Invoices are recorded as due here; the job `issue` gives them their numbers.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from webapp.data import records
from webapp.data.billing import Invoice
from webapp.data.database import atomic, current_site
from webapp.data.statements import engine_name, rows, rows_of_each, run
from webapp.data.subscriptions import Subscription
from webapp.domain import audit
from webapp.domain.calendar import begun_day
from webapp.domain.invoices import invoices
from webapp.domain.seats import seats
from webapp.domain.seats.seats_at_renewal import SEATS_KEPT_SQL
from webapp.domain.subscriptions.purchase_orders import subscription_search_key
from webapp.domain.terms import Period, next_period, next_term, period_from
from webapp.domain.webhooks import webhooks

BATCH = 500
Place = tuple[str, int]  # in the order of what is due
START: Place = ("", 0)

# A row lock, where the engine has one, hands each worker rows of its own. What decides is `_STEP_SQL`.
_DUE_SQL = """
SELECT s.id, s.account_id, s.public_id, s.product_name, s.quantity, s.next_quantity, s.unit_price, s.currency,
 s.commitment, s.billing_period, s.po_number, s.next_po_number, s.term_start, s.term_end, s.anchor_day,
 s.billed_until,
 {kept} AS seats_kept,
 CASE WHEN s.next_po_number IS NULL THEN '' ELSE
  (SELECT o.order_number FROM shop_order o WHERE o.id = s.order_id) END AS order_number
FROM subscription s
WHERE s.status = 'active' AND s.billed_until <= :today AND (s.billed_until < s.term_end OR s.ends_on IS NULL)
 AND {which}
ORDER BY s.billed_until, s.id LIMIT :size {lock}
"""
_LOCK = {"sqlite": "", "postgresql": "FOR UPDATE OF s SKIP LOCKED"}

# Only what still stands as it was read: each term and each period begins once.
_STEP_SQL = """
WITH step (id, was_billed, was_end, billed_until, term_start, term_end, quantity, renews) AS (VALUES :each)
UPDATE subscription SET
 billed_until = step.billed_until, term_start = step.term_start, term_end = step.term_end,
 renewal_key = CASE WHEN subscription.ends_on IS NULL THEN step.term_end ELSE subscription.renewal_key END,
 quantity = CASE WHEN step.renews = 1 THEN step.quantity ELSE subscription.quantity END,
 next_quantity = CASE WHEN step.renews = 1 THEN NULL ELSE subscription.next_quantity END,
 po_version = subscription.po_version + step.renews
FROM step
WHERE subscription.id = step.id AND subscription.status = 'active'
 AND subscription.billed_until = step.was_billed AND subscription.term_end = step.was_end
 AND (step.renews = 0 OR subscription.ends_on IS NULL)
RETURNING subscription.id
"""

_PO_NUMBER_SQL = """
UPDATE subscription SET po_number = :po_number, next_po_number = NULL, search_key = :search_key WHERE id = :id
"""


@dataclass(frozen=True, slots=True)
class Step:
    """The next thing that time does to one subscription."""

    found: Any  # as it stands before
    term: Period
    period: Period  # of the invoice
    renews: bool
    quantity: int
    po_number: str


@dataclass(frozen=True, slots=True)
class Advanced:
    """How many began another term, how many a billing period within one; where the last of them stands."""

    renewed: int = 0
    billed: int = 0
    last: Place | None = None


def advance(*, now: datetime, after: Place = START, size: int = BATCH) -> Advanced:
    """One step for each of the next ones that are due, oldest first, in one transaction."""
    with atomic():
        found = due(now=now, after=after, size=size, lock=_LOCK[engine_name()])
        taken = _take(found, now=now)
    renewed = sum(step.renews for step in taken)
    return Advanced(renewed, len(taken) - renewed, place_of(found[-1]) if found else None)


def advance_one(subscription_id: int, *, now: datetime) -> Advanced:
    """The same for one of them."""
    with atomic():
        found = _due("s.id = :id", now=now, lock=_LOCK[engine_name()], id=subscription_id, size=1)
        taken = _take(found, now=now)
    renewed = sum(step.renews for step in taken)
    return Advanced(renewed, len(taken) - renewed)


def due(*, now: datetime, after: Place = START, size: int = BATCH, lock: str = "") -> Sequence[Any]:
    """Those for whom a period or a term has begun, without them knowing."""
    beyond = "(s.billed_until, s.id) > (:after, :after_id)"
    return _due(beyond, now=now, lock=lock, after=after[0], after_id=after[1], size=size)


def place_of(found: Any) -> Place:
    return found.billed_until.isoformat(), found.id


def _due(which: str, *, now: datetime, lock: str, **parameters: Any) -> Sequence[Any]:
    today = begun_day(now, current_site().time_zone).isoformat()
    found = rows(_DUE_SQL.format(which=which, lock=lock, kept=SEATS_KEPT_SQL), today=today, **parameters)
    return [_with_dates(one) for one in found]


def _with_dates(found: Any) -> Any:
    names = ("term_start", "term_end", "billed_until")
    return found._replace(**{name: date.fromisoformat(getattr(found, name)) for name in names})


def _next_step(found: Any) -> Step:
    if found.billed_until < found.term_end:
        term = Period(found.term_start, found.term_end)
        return Step(found, term, next_period(found), False, found.quantity, found.po_number)
    term = next_term(found)
    period = period_from(term.start, found, term_end=term.end)
    return Step(found, term, period, True, _next_quantity(found), found.next_po_number or found.po_number)


def _next_quantity(found: Any) -> int:
    """As planned; nobody loses a seat by it, whatever came after the plan."""
    return int(found.quantity if found.next_quantity is None else max(found.next_quantity, found.seats_kept))


def _take(found: Sequence[Any], *, now: datetime) -> list[Step]:
    """Those steps that nobody else was faster to take, with all that belongs to them."""
    if not found:
        return []
    steps = [_next_step(one) for one in found]
    ours = {one.id for one in rows_of_each(_STEP_SQL, [_columns(step) for step in steps])}
    taken = [step for step in steps if step.found.id in ours]
    records.insert_many(Invoice, [_invoice(step, now) for step in taken], if_new=True)
    renewed = [step for step in taken if step.renews]
    _move_po_numbers(renewed)
    _free_ended_seats(renewed, now=now)
    audit.record_many(audit.SUBSCRIPTION_RENEWED, map(_event, renewed), actor=audit.PORTAL, now=now)
    _tell(renewed, now=now)
    return taken


def _tell(renewed: Sequence[Step], *, now: datetime) -> None:
    """Also of what was planned for the new term, to who listens to that alone."""
    more = [step for step in renewed if step.quantity != step.found.quantity]
    other_po = [step for step in renewed if step.po_number != step.found.po_number]
    for event, steps in (
        (webhooks.RENEWED, renewed),
        (webhooks.QUANTITY_CHANGED, more),
        (webhooks.PURCHASE_ORDER_CHANGED, other_po),
    ):
        webhooks.tell_many(event, Subscription, [step.found.id for step in steps], now=now)


def _columns(step: Step) -> tuple[Any, ...]:
    found = step.found
    dates = (found.billed_until, found.term_end, step.period.end, step.term.start, step.term.end)
    return (found.id, *(day.isoformat() for day in dates), step.quantity, int(step.renews))


def _invoice(step: Step, now: datetime) -> dict[str, Any]:
    found = step.found._replace(quantity=step.quantity, po_number=step.po_number)
    return invoices.due_values(found, period_start=step.period.start, period_end=step.period.end, now=now)


def _move_po_numbers(renewed: Iterable[Step]) -> None:
    for step in renewed:
        found = step.found
        if found.next_po_number is not None:
            names = (found.product_name, found.public_id, step.po_number, found.order_number)
            key = subscription_search_key(*names)
            run(_PO_NUMBER_SQL, po_number=step.po_number, search_key=key, id=found.id)


def _free_ended_seats(renewed: Iterable[Step], *, now: datetime) -> None:
    for step in renewed:
        if step.quantity < step.found.quantity:
            seats.free_ended(Subscription.get_by_id(step.found.id), now=now)


def _event(step: Step) -> audit.Happened:
    found, term = step.found, step.term
    details: dict[str, Any] = {"term_start": term.start.isoformat(), "term_end": term.end.isoformat()}
    if step.quantity != found.quantity:
        details |= {"quantity": step.quantity, "quantity_was": found.quantity}
    if step.po_number != found.po_number:
        details |= {"po_number": step.po_number, "po_number_was": found.po_number}
    return audit.Happened(found.id, found.account_id, details)
