"""What a subscription must be, told a second time and in another way: by counting from its first day on.

Nothing of the rules is used here, neither their calendar nor their prices.
"""

from __future__ import annotations

import calendar
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from fractions import Fraction
from functools import cache
from typing import NamedTuple
from zoneinfo import ZoneInfo

from webapp.data.subscriptions import ACTIVE, ENDED, LAPSED, PENDING

DAY = timedelta(days=1)


def same_day(first: date, months: int) -> date:
    """Counted from the first day on, each by itself: what the terms have to agree with."""
    year, month = divmod(first.year * 12 + first.month - 1 + months, 12)
    return date(year, month + 1, min(first.day, calendar.monthrange(year, month + 1)[1]))


@cache
def first_instant(day: date, zone: ZoneInfo) -> datetime:
    """Found by looking at the zone's clock every quarter of an hour."""
    start = datetime.combine(day, time(0), UTC) - timedelta(hours=28)
    quarters = (start + timedelta(minutes=15 * number) for number in range(60 * 4))
    return next(quarter for quarter in quarters if quarter.astimezone(zone).date() >= day)


@cache
def next_clock_change(day: date, zone: ZoneInfo) -> datetime | None:
    """The first hour after that day that the zone's clock has another offset at."""
    hour = datetime.combine(day, time(0), UTC)
    for _day in range(400):
        if (hour + DAY).astimezone(zone).utcoffset() != hour.astimezone(zone).utcoffset():
            hours = (hour + timedelta(hours=number) for number in range(25))
            return next(
                at for at in hours if at.astimezone(zone).utcoffset() != hour.astimezone(zone).utcoffset()
            )
        hour += DAY
    return None


class Bill(NamedTuple):
    start: date
    end: date
    quantity: int
    unit_price: int
    po_number: str


@dataclass
class Book:
    zone: ZoneInfo
    ordered_on: date
    quantity: int
    price: int
    commitment: int  # months
    period: int
    po_number: str
    administrator: str
    status: str = PENDING
    first: date = date.min
    terms: int = 0  # that have begun
    periods: int = 0  # that are billed
    planned: int | None = None
    next_po: str = ""
    cancelled: bool = False
    seats: dict[str, date | None] = field(default_factory=dict)  # address → last day
    revoked: dict[str, date | None] = field(default_factory=dict)
    going: dict[str, date | None] = field(default_factory=dict)  # with this term; what they had before
    bills: dict[str, Bill] = field(default_factory=dict)  # by their cause

    # ---- dates

    @property
    def term_start(self) -> date:
        return same_day(self.first, self.commitment * (self.terms - 1))

    @property
    def term_end(self) -> date:
        return same_day(self.first, self.commitment * self.terms)

    @property
    def billed_until(self) -> date:
        return same_day(self.first, self.period * self.periods)

    @property
    def deadline(self) -> datetime:
        return first_instant(self.ordered_on + 91 * DAY, self.zone)

    def today(self, now: datetime) -> date:
        return now.astimezone(self.zone).date()

    def has_begun(self, day: date, now: datetime) -> bool:
        return now >= first_instant(day, self.zone)

    # ---- what may be done

    def may_activate(self, now: datetime) -> bool:
        return self.status == PENDING and now < self.deadline

    def runs(self, now: datetime) -> bool:
        return self.status == ACTIVE and not (self.cancelled and self.has_begun(self.term_end, now))

    def may_plan(self, now: datetime) -> bool:
        """Something for the renewal."""
        return self.status == ACTIVE and not self.has_begun(self.term_end, now)

    def live(self, now: datetime) -> dict[str, date | None]:
        today = self.today(now)
        return {who: last for who, last in self.seats.items() if last is None or last >= today}

    def staying(self, *, without: frozenset[str] = frozenset()) -> int:
        """Who keeps a licence over the renewal."""
        kept = [last for who, last in self.seats.items() if who not in without]
        return sum(last is None or last >= self.term_end for last in kept)

    def room_for(self, last_day: date | None, now: datetime) -> bool:
        if len(self.live(now)) >= self.quantity:
            return False
        stays = last_day is None or last_day >= self.term_end
        return self.planned is None or self.staying() + stays <= self.planned

    # ---- what people did

    def activate(self, now: datetime) -> None:
        self.status, self.first, self.terms = ACTIVE, self.today(now), 1
        self.bill_period()

    def add(self, number: int, now: datetime) -> None:
        self.quantity += number
        today, start = self.today(now), same_day(self.first, self.period * (self.periods - 1))
        part = Fraction((self.billed_until - today).days, (self.billed_until - start).days)
        price = int(self.price * part + Fraction(1, 2))
        cause = f"licences {today.isoformat()} to {self.quantity}"
        self.bills[cause] = Bill(today, self.billed_until, number, price, self.po_number)

    def plan(self, quantity: int, going: frozenset[str]) -> None:
        self.planned = quantity
        self.going = {who: self.seats[who] for who in going}
        self.seats |= dict.fromkeys(going, self.term_end - DAY)

    def keep(self) -> None:
        self.planned = None
        last = self.term_end - DAY
        self.seats |= {who: had for who, had in self.going.items() if self.seats.get(who) == last}
        self.going = {}

    def put_number(self, number: str, unissued: set[str]) -> None:
        self.po_number = number
        for cause in unissued:
            if self.bills[cause].start >= self.term_start:
                self.bills[cause] = self.bills[cause]._replace(po_number=number)

    # ---- what time did

    def bill_period(self) -> None:
        start = self.billed_until
        self.periods += 1
        bill = Bill(start, self.billed_until, self.quantity, self.price, self.po_number)
        self.bills[f"period {start.isoformat()}"] = bill

    def step_is_due(self, now: datetime) -> bool:
        if self.status != ACTIVE or not self.has_begun(self.billed_until, now):
            return False
        return self.billed_until < self.term_end or not self.cancelled

    def end_is_due(self, now: datetime) -> bool:
        return self.status == ACTIVE and self.cancelled and self.has_begun(self.term_end, now)

    def step(self) -> None:
        """The next billing period; the next term with it, if it begins one."""
        if self.billed_until == self.term_end:
            self.quantity = self.quantity if self.planned is None else max(self.planned, self.staying())
            self.po_number = self.next_po or self.po_number
            self.planned, self.next_po, self.going = None, "", {}
            self.terms += 1
        self.bill_period()

    def end(self) -> None:
        assert self.billed_until == self.term_end
        self.status = ENDED
        self.seats.clear()

    def lapse(self) -> None:
        self.status = LAPSED
