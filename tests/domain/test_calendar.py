"""The 90 days and the terms, in every zone that a site has and in zones whose clocks jump at midnight."""

from __future__ import annotations

import calendar
from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from functools import cache
from itertools import pairwise
from types import SimpleNamespace
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from webapp.config import resource_folder
from webapp.data.subscriptions import PENDING
from webapp.domain.calendar import (
    activation_deadline,
    add_months,
    begun_day,
    days_left,
    last_activation_day,
    local_date,
    start_of_day,
)
from webapp.domain.lifecycle.activation import has_lapsed
from webapp.sites import load_sites

FIRST_DAY, DAYS = date(2026, 1, 1), 730
SECOND = timedelta(seconds=1)
ZONES = sorted({site.time_zone.key for site in load_sites(resource_folder("tenants"), str)})
JUMPING = (
    "Africa/Cairo",
    "America/Havana",
    "America/Sao_Paulo",
    "America/St_Johns",
    "Asia/Beirut",
    "Pacific/Apia",
)


def clock_shows(instant: datetime, zone: ZoneInfo) -> date:
    return instant.astimezone(zone).date()


@cache
def day_changes(zone: ZoneInfo, first: date, days: int) -> dict[date, datetime]:
    """Day → its first instant, found by looking at the zone's clock every quarter of an hour."""
    instant = datetime.combine(first - timedelta(days=2), time(0), UTC)
    quarters = [instant + timedelta(minutes=15 * step) for step in range((days + 4) * 96)]
    shown = [clock_shows(quarter, zone) for quarter in quarters]
    starts: dict[date, datetime] = {}
    for (before, after), quarter in zip(pairwise(shown), quarters[1:], strict=True):
        if after > before:
            starts.setdefault(after, quarter)
    return starts


def pending(activate_before: datetime) -> Any:
    return SimpleNamespace(status=PENDING, activate_before=activate_before)


def orders_of(day: date, starts: dict[date, datetime]) -> Iterator[datetime]:
    """At the first and at the last instant of a local day, and in between."""
    begin, end = starts[day], starts[day + timedelta(days=1)]
    yield from (begin, begin + (end - begin) / 2, end - timedelta(microseconds=1))


@pytest.mark.row("day 90")
@pytest.mark.parametrize("name", ZONES)
def test_day_90_activates_to_its_last_second_and_day_91_does_not(name: str) -> None:
    zone = ZoneInfo(name)
    starts = day_changes(zone, FIRST_DAY, DAYS + 100)
    wrong = []
    for day in (FIRST_DAY + timedelta(days=number) for number in range(DAYS)):
        day_91 = starts[day + timedelta(days=91)]
        for ordered_at in orders_of(day, starts):
            bought = pending(activation_deadline(ordered_at, zone))
            fate = [has_lapsed(bought, now=day_91 + step) for step in (-SECOND, timedelta(0), SECOND)]
            if fate != [False, True, True]:
                wrong.append((ordered_at, bought.activate_before, fate))
    assert wrong == []


@pytest.mark.row("day 90", control=True)
@pytest.mark.parametrize("name", ["Europe/Paris", "America/Chicago"])
def test_counting_hours_instead_of_days_would_be_found_out(name: str) -> None:
    zone = ZoneInfo(name)
    starts = day_changes(zone, FIRST_DAY, DAYS + 100)
    days = [FIRST_DAY + timedelta(days=number) for number in range(DAYS)]
    by_hours = sum(starts[day] + 91 * timedelta(hours=24) != starts[day + timedelta(days=91)] for day in days)
    assert by_hours > DAYS // 3


@pytest.mark.parametrize(
    ("name", "day", "first_instant"),
    [
        ("America/Sao_Paulo", date(2018, 11, 4), "2018-11-04T03:00Z"),  # midnight is one o'clock
        ("America/Sao_Paulo", date(2018, 2, 18), "2018-02-18T03:00Z"),  # midnight is 23:00 once more
        ("Asia/Beirut", date(2022, 3, 27), "2022-03-26T22:00Z"),
        ("Asia/Beirut", date(2022, 10, 30), "2022-10-29T22:00Z"),
        ("Africa/Cairo", date(2023, 4, 28), "2023-04-27T22:00Z"),
        ("America/Havana", date(2023, 3, 12), "2023-03-12T05:00Z"),
        ("America/Havana", date(2023, 11, 5), "2023-11-05T04:00Z"),  # midnight comes twice
        (
            "America/St_Johns",
            date(2010, 11, 7),
            "2010-11-07T02:30Z",
        ),  # a minute of the day, then the eve again
        ("Pacific/Apia", date(2011, 12, 31), "2011-12-30T10:00Z"),
        ("Pacific/Apia", date(2011, 12, 30), "2011-12-30T10:00Z"),  # the island left this day out
    ],
)
def test_a_day_begins_with_its_first_instant_where_midnight_is_hidden(
    name: str, day: date, first_instant: str
) -> None:
    assert start_of_day(day, ZoneInfo(name)) == datetime.fromisoformat(first_instant)


@pytest.mark.parametrize("name", JUMPING)
def test_days_begin_where_the_clock_changes_its_date(name: str) -> None:
    zone = ZoneInfo(name)
    starts = day_changes(zone, date(2010, 6, 1), 365 * 3)
    del starts[min(starts)]
    assert {day: start_of_day(day, zone) for day in starts} == starts


@given(
    name=st.sampled_from([*ZONES, *JUMPING, "Asia/Kathmandu", "Pacific/Chatham", "Antarctica/Troll"]),
    day=st.dates(date(1995, 1, 1), date(2040, 12, 31)),
)
def test_no_instant_before_the_start_of_a_day_shows_it(name: str, day: date) -> None:
    zone = ZoneInfo(name)
    start = start_of_day(day, zone)
    assert start.tzinfo is UTC
    assert local_date(start, zone) >= day > local_date(start - timedelta(microseconds=1), zone)


@given(
    name=st.sampled_from([*ZONES, *JUMPING]),
    ordered_at=st.integers(1_260_000_000, 2_050_000_000).map(
        lambda second: datetime.fromtimestamp(second, UTC)
    ),
)
@example(name="Pacific/Apia", ordered_at=datetime(2011, 9, 30, 9, tzinfo=UTC))
def test_the_days_that_are_left_count_down_to_the_last_day(name: str, ordered_at: datetime) -> None:
    zone = ZoneInfo(name)
    deadline = activation_deadline(ordered_at, zone)
    assert days_left(deadline, zone, now=deadline - SECOND) == 0
    assert days_left(deadline, zone, now=deadline) < 0
    assert last_activation_day(deadline, zone) == local_date(deadline - SECOND, zone)
    assert days_left(deadline, zone, now=ordered_at) in (90, 89)  # 89: one of the days was left out


@pytest.mark.parametrize("name", ZONES)
def test_ninety_days_are_left_on_the_day_of_the_order(name: str) -> None:
    zone = ZoneInfo(name)
    starts = day_changes(zone, FIRST_DAY, DAYS + 100)
    for day in (FIRST_DAY + timedelta(days=number) for number in range(0, DAYS, 7)):
        for ordered_at in orders_of(day, starts):
            deadline = activation_deadline(ordered_at, zone)
            assert days_left(deadline, zone, now=ordered_at) == 90
            assert last_activation_day(deadline, zone) == day + timedelta(days=90)


@pytest.mark.parametrize(
    ("start", "months", "expected"),
    [
        (date(2027, 1, 31), 1, date(2027, 2, 28)),
        (date(2027, 1, 31), 2, date(2027, 3, 31)),
        (date(2028, 1, 31), 1, date(2028, 2, 29)),
        (date(2028, 2, 29), 12, date(2029, 2, 28)),
        (date(2028, 2, 29), 48, date(2032, 2, 29)),
        (date(2026, 11, 30), 3, date(2027, 2, 28)),
        (date(2026, 12, 1), 1, date(2027, 1, 1)),
        (date(2026, 11, 22), 12, date(2027, 11, 22)),
    ],
)
def test_a_term_ends_on_the_same_day_of_a_later_month(start: date, months: int, expected: date) -> None:
    assert add_months(start, months, anchor_day=start.day) == expected


@given(
    start=st.dates(date(2020, 1, 1), date(2100, 1, 1)),
    terms=st.lists(st.sampled_from([1, 12]), min_size=1, max_size=40),
)
@example(start=date(2027, 1, 31), terms=[1, 1, 1])
@example(start=date(2028, 2, 29), terms=[12, 12, 12, 12])
def test_terms_keep_the_day_they_started_on(start: date, terms: list[int]) -> None:
    """However many short months and leap days lie between."""
    day = start
    for months in terms:
        day = add_months(day, months, anchor_day=start.day)
        assert day.day == min(start.day, calendar.monthrange(day.year, day.month)[1])
    assert day == add_months(start, sum(terms), anchor_day=start.day)
    assert 12 * (day.year - start.year) + day.month - start.month == sum(terms)


def terms_begin_with_their_first_second(name: str, *, every: int) -> None:
    """Of what was activated on each local day: a month later, and a year."""
    zone, wrong = ZoneInfo(name), []
    starts = day_changes(zone, FIRST_DAY, DAYS + 400)
    for day in (FIRST_DAY + timedelta(days=number) for number in range(0, DAYS, every)):
        for months in (1, 12):
            renewal = add_months(day, months, anchor_day=day.day)
            steps = (-SECOND, timedelta(0), SECOND)
            begun = [begun_day(starts[renewal] + step, zone) >= renewal for step in steps]
            if begun != [False, True, True]:
                wrong.append((day, months, begun))
    assert wrong == []


@pytest.mark.parametrize("name", [*ZONES, *JUMPING])
def test_a_term_begins_with_the_first_second_of_its_day(name: str) -> None:
    terms_begin_with_their_first_second(name, every=9)


@pytest.mark.soak
@pytest.mark.parametrize("name", [*ZONES, *JUMPING])
def test_a_term_begins_with_the_first_second_of_any_day(name: str) -> None:
    terms_begin_with_their_first_second(name, every=1)


def test_a_day_that_has_begun_does_not_end_when_the_clock_goes_back_over_midnight() -> None:
    zone = ZoneInfo("America/St_Johns")
    day, first = date(2010, 11, 7), datetime(2010, 11, 7, 2, 30, tzinfo=UTC)
    after = first + timedelta(minutes=5)
    assert local_date(after, zone) == date(2010, 11, 6)  # the clock shows the eve once more
    assert [begun_day(at, zone) for at in (first - SECOND, first, after)] == [date(2010, 11, 6), day, day]


def test_an_instant_is_another_day_elsewhere() -> None:
    noon = datetime(2026, 11, 22, 12, tzinfo=UTC)
    assert local_date(noon, ZoneInfo("Pacific/Honolulu")) == date(2026, 11, 22)
    assert local_date(noon, ZoneInfo("Pacific/Kiritimati")) == date(2026, 11, 23)
