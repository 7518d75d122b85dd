"""What the calendar says of a subscription: its next billing period and term, and whether it is over."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

import peewee as pw

from webapp.data.database import current_site
from webapp.data.subscriptions import ACTIVE, ENDED, Subscription
from webapp.domain.calendar import MONTHS, add_months, begun_day, start_of_day

# Of a subscription `s` on the local day `:today`: active, and not over. The date decides, as in `has_ended`.
RUNNING_SQL = "(s.status = 'active' AND (s.ends_on IS NULL OR s.ends_on > :today))"


@dataclass(frozen=True, slots=True)
class Period:
    """Days of one invoice; `end` is the day after the last."""

    start: date
    end: date


def has_begun(day: date, *, now: datetime) -> bool:
    """At the site: from the first instant of that day on."""
    return now >= start_of_day(day, current_site().time_zone)


def today(now: datetime) -> date:
    """The site's: the latest day that has begun there."""
    return begun_day(now, current_site().time_zone)


def is_running(*, now: datetime) -> pw.Expression:
    """As `RUNNING_SQL`, for a query of models."""
    goes_on = Subscription.ends_on.is_null() | (Subscription.ends_on > today(now))
    return (Subscription.status == ACTIVE) & goes_on


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
