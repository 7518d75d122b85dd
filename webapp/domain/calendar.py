"""Days and terms as the site's clocks show them: UTC is stored, the site's zone decides."""

from __future__ import annotations

import calendar
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

ACTIVATION_DAYS = 90
_TICK = timedelta(microseconds=1)


def local_date(instant: datetime, zone: ZoneInfo) -> date:
    return instant.astimezone(zone).date()


def start_of_day(day: date, zone: ZoneInfo) -> datetime:
    """The first instant of a local day, in UTC. Midnight itself need not exist: clocks may jump over it."""
    midnight = datetime.combine(day, time(0), zone).astimezone(UTC)
    if local_date(midnight, zone) >= day > local_date(midnight - _TICK, zone):
        return midnight
    return _first_instant(day, zone, midnight - timedelta(hours=30), midnight + timedelta(hours=30))


def begun_day(now: datetime, zone: ZoneInfo) -> date:
    """The latest local day that has begun. A clock that goes back over midnight shows the eve once more."""
    today = local_date(now, zone)
    tomorrow = today + timedelta(days=1)
    return tomorrow if start_of_day(tomorrow, zone) <= now else today


def _first_instant(day: date, zone: ZoneInfo, before: datetime, after: datetime) -> datetime:
    """Halves the span until the change of day is found, where a clock change hides midnight."""
    while after - before > _TICK:
        middle = before + (after - before) / 2
        if local_date(middle, zone) >= day:
            after = middle
        else:
            before = middle
    return after


def activation_deadline(ordered_at: datetime, zone: ZoneInfo) -> datetime:
    """The first instant that is too late: the start of local day 91, the order's own day being day 0."""
    return start_of_day(local_date(ordered_at, zone) + timedelta(days=ACTIVATION_DAYS + 1), zone)


def last_activation_day(activate_before: datetime, zone: ZoneInfo) -> date:
    return local_date(activate_before - _TICK, zone)


def days_left(activate_before: datetime, zone: ZoneInfo, *, now: datetime) -> int:
    """Whole local days after today on which activation still works; 0 on the last day."""
    return (last_activation_day(activate_before, zone) - local_date(now, zone)).days


def add_months(day: date, months: int, *, anchor_day: int) -> date:
    """The same day of a later month; a short month takes its last day, the anchor comes back after it."""
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    return date(year, month + 1, min(anchor_day, _days_of(year, month + 1)))


@lru_cache(maxsize=512)
def _days_of(year: int, month: int) -> int:
    return calendar.monthrange(year, month)[1]


MONTHS = {"annual": 12, "monthly": 1}
