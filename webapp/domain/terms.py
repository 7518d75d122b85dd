"""What the calendar says of a subscription: its next billing period and term, and whether it is over."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from webapp.data.database import current_site
from webapp.data.subscriptions import ENDED
from webapp.domain.calendar import MONTHS, add_months, start_of_day


@dataclass(frozen=True, slots=True)
class Period:
    """Days of one invoice; `end` is the day after the last."""

    start: date
    end: date


def has_begun(day: date, *, now: datetime) -> bool:
    """At the site: from the first instant of that day on."""
    return now >= start_of_day(day, current_site().time_zone)


def has_ended(subscription: Any, *, now: datetime) -> bool:
    """The date decides, whether or not the job that writes it down has run."""
    if subscription.status == ENDED:
        return True
    ends_on = subscription.ends_on
    return ends_on is not None and has_begun(ends_on, now=now)


def next_period(found: Any) -> Period:
    """The first one that no invoice is recorded for, inside the running term."""
    return period_from(found.billed_until, found, term_end=found.term_end)


def period_from(start: date, found: Any, *, term_end: date) -> Period:
    """The anchor day comes back after short months; nothing is billed beyond the term."""
    end = add_months(start, MONTHS[found.billing_period], anchor_day=found.anchor_day)
    return Period(start, min(end, term_end))


def next_term(found: Any) -> Period:
    """The one that the renewal begins."""
    end = add_months(found.term_end, MONTHS[found.commitment], anchor_day=found.anchor_day)
    return Period(found.term_end, end)


def running_period(found: Any) -> Period:
    """The billing period that is paid for up to `billed_until`."""
    period = period_from(found.term_start, found, term_end=found.term_end)
    while period.end < found.billed_until:
        period = period_from(period.end, found, term_end=found.term_end)
    return period
