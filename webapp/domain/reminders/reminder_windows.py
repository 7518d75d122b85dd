"""Of what, and when, people are reminded: for each kind some steps, and for each step the days it looks at.

A step is a number of days before (or, of an invitation, after) a date. Looking at day after day it finds each
date once. After days without a look it finds the dates that were passed over as well, but for those that a
nearer step has come to meanwhile: of several steps that were missed, the nearest is taken.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from webapp.data.database import current_site, to_micros
from webapp.data.statements import rows
from webapp.domain.calendar import start_of_day

ACTIVATION, RENEWAL, ENDING, PO_NUMBER, INVITATION = (
    *("activation", "renewal", "ending"),
    *("po_number", "invitation"),
)

# Every column that a query looks along stands in an index behind what it is equal to, with `id` last.
_ACTIVATION_SQL = """
SELECT s.id, s.account_id, s.administrator_id, s.public_id, s.activate_before AS at, '' AS seat
FROM subscription s
WHERE s.status = 'pending' AND (s.activate_before, s.id) > (:after, :after_id) AND s.activate_before <= :until
ORDER BY s.activate_before, s.id LIMIT :size
"""
# A term of a month is too short for the early steps.
_RENEWAL_SQL = """
SELECT s.id, s.account_id, s.administrator_id, s.public_id, s.renewal_key AS at, '' AS seat
FROM subscription s
WHERE s.status = 'active' AND (s.renewal_key, s.id) > (:after, :after_id) AND s.renewal_key <= :until
 AND (s.commitment = 'annual' OR :step <= 7)
ORDER BY s.renewal_key, s.id LIMIT :size
"""
# In the week before the end of a term everything in it has its invoice.
_ENDING_SQL = """
SELECT s.id, s.account_id, s.administrator_id, s.public_id, s.billed_until AS at, '' AS seat
FROM subscription s
WHERE s.status = 'active' AND (s.billed_until, s.id) > (:after, :after_id) AND s.billed_until <= :until
 AND s.ends_on = s.billed_until
ORDER BY s.billed_until, s.id LIMIT :size
"""
LACKS_PO_NUMBER = """((s.billed_until < s.term_end AND s.po_number = '')
 OR (s.billed_until = s.term_end AND s.ends_on IS NULL AND s.po_number = '' AND s.next_po_number IS NULL))"""
_PO_NUMBER_SQL = f"""
SELECT s.id, s.account_id, s.administrator_id, s.public_id, s.billed_until AS at, '' AS seat
FROM subscription s
WHERE s.status = 'active' AND (s.billed_until, s.id) > (:after, :after_id) AND s.billed_until <= :until
 AND {LACKS_PO_NUMBER}
ORDER BY s.billed_until, s.id LIMIT :size
"""
_INVITATION_SQL = """
SELECT s.id, s.account_id, s.administrator_id, s.public_id, seat.since AS at, seat.key AS seat,
 seat.id AS place_id
FROM seat JOIN subscription s ON s.id = seat.subscription_id
WHERE seat.state = 'invited' AND (seat.since, seat.id) > (:after, :after_id) AND seat.since <= :until
 AND seat.counted = 1 AND s.status = 'active'
ORDER BY seat.since, seat.id LIMIT :size
"""

_LAST_ID = 2**62  # behind every row of a day


@dataclass(frozen=True, slots=True)
class Window:
    """Days behind `after` up to `until`, counted from today."""

    kind: str
    step: int
    sql: str
    after: int
    until: int
    missed: int  # what a look on an earlier day has found already begins this far behind that day
    by_instant: Callable[[date], int] | None = None  # the column holds instants: the last of such a day


def _instant_after(days: int) -> Callable[[date], int]:
    def last(day: date) -> int:
        return to_micros(start_of_day(day + timedelta(days=days), current_site().time_zone))

    return last


_deadline = _instant_after(1)  # “activate before” is the first instant that is too late


def _end_of_day(day: date) -> int:
    return _deadline(day) - 1


def _before(kind: str, steps: Sequence[int], sql: str, *, last: int = 0, **facts: Any) -> list[Window]:
    """Steps before a date; the date itself is the first that is too late, unless `last` is below zero."""
    nearer = [*steps[1:], last]
    return [
        Window(kind, step, sql, end, step, step, **facts) for step, end in zip(steps, nearer, strict=True)
    ]


def _after(kind: str, steps: Sequence[int], sql: str, *, oldest: int, **facts: Any) -> list[Window]:
    older = [*steps[1:], oldest]
    return [
        Window(kind, step, sql, -end, -step, -step, **facts) for step, end in zip(steps, older, strict=True)
    ]


WINDOWS: Sequence[Window] = (
    *_before(ACTIVATION, (30, 7, 1), _ACTIVATION_SQL, last=-1, by_instant=_deadline),
    *_before(RENEWAL, (60, 30, 7), _RENEWAL_SQL),
    *_before(ENDING, (7,), _ENDING_SQL),
    *_before(PO_NUMBER, (7,), _PO_NUMBER_SQL),
    *_after(INVITATION, (7, 21), _INVITATION_SQL, oldest=60, by_instant=_end_of_day),
)


@dataclass(frozen=True, slots=True)
class Place:
    """Where a look stands: in which window, behind which row."""

    window: int
    after: str = ""
    after_id: int = 0


def look(
    place: Place, *, today: date, done_through: date | None, size: int
) -> tuple[Window, Sequence[Any], Place | None]:
    """The next rows of a window, and the place behind them. None: that was the last one."""
    window = WINDOWS[place.window]
    after, until = _edges(window, today, done_through)
    at, at_id = (place.after, place.after_id) if place.after else (after, _LAST_ID)
    if after >= until:
        return window, (), _next(place)
    asked = {"step": window.step} if ":step" in window.sql else {}
    column = (lambda text: int(text)) if window.by_instant else (lambda text: text)
    found = rows(window.sql, after=column(at), after_id=at_id, until=column(until), size=size, **asked)
    if len(found) < size:
        return window, found, _next(place)
    last = found[-1]
    return window, found, Place(place.window, str(last.at), getattr(last, "place_id", last.id))


def _edges(window: Window, today: date, done_through: date | None) -> tuple[str, str]:
    first = today + timedelta(days=window.after)
    if done_through is not None:
        first = max(first, done_through + timedelta(days=window.missed))
    last = today + timedelta(days=window.until)
    as_column = window.by_instant or date.isoformat
    return str(as_column(first)), str(as_column(last))


def _next(place: Place) -> Place | None:
    return Place(place.window + 1) if place.window + 1 < len(WINDOWS) else None
