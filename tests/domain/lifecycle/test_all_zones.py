"""Day 90, renewal and end to the second, in every zone that there is."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, date, datetime, time, timedelta
from types import SimpleNamespace
from zoneinfo import ZoneInfo, available_timezones

import pytest

from tests.domain.test_calendar import DAYS, FIRST_DAY, SECOND, ZONES, day_changes, orders_of, pending
from webapp.data.subscriptions import ACTIVE
from webapp.domain import terms
from webapp.domain.calendar import activation_deadline, add_months, begun_day
from webapp.domain.lifecycle.activation import has_lapsed
from webapp.domain.terms import has_ended

WORLD = sorted(available_timezones())
STEPS = (-SECOND, timedelta(0), SECOND)
RIGHT = [False, True, True]


def tried_and_wrong(name: str, monkeypatch: pytest.MonkeyPatch, *, every: int = 1) -> Counter[str]:
    """How many instants were tried, and how many answers about the three dates were wrong."""
    zone, tally = ZoneInfo(name), Counter[str]()
    starts = day_changes.__wrapped__(zone, FIRST_DAY, DAYS + 400)
    monkeypatch.setattr(terms, "current_site", lambda: SimpleNamespace(time_zone=zone))
    for day in (FIRST_DAY + timedelta(days=number) for number in range(0, DAYS, every)):
        tally["day 90"] += _lapses_wrongly(day, starts, zone)
        tally["renewal"] += _renews_wrongly(day, starts, zone)
        tally["end"] += _ends_wrongly(day, starts)
        tally["tried"] += len(STEPS) * 5
    return tally


def _lapses_wrongly(day: date, starts: dict[date, datetime], zone: ZoneInfo) -> int:
    day_91, wrong = starts[day + timedelta(days=91)], 0
    for ordered_at in orders_of(day, starts):
        bought = pending(activation_deadline(ordered_at, zone))
        wrong += [has_lapsed(bought, now=day_91 + step) for step in STEPS] != RIGHT
    return wrong


def _renews_wrongly(day: date, starts: dict[date, datetime], zone: ZoneInfo) -> int:
    renewal = add_months(day, 12, anchor_day=day.day)
    return [begun_day(starts[renewal] + step, zone) >= renewal for step in STEPS] != RIGHT


def _ends_wrongly(day: date, starts: dict[date, datetime]) -> int:
    cancelled = SimpleNamespace(status=ACTIVE, ends_on=day)
    return [has_ended(cancelled, now=starts[day] + step) for step in STEPS] != RIGHT


def test_dates_come_to_the_second_in_a_part_of_the_world(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in WORLD[::150]:
        tally = tried_and_wrong(name, monkeypatch, every=61)
        assert set(tally.values()) == {0, tally["tried"]}, name


@pytest.mark.row("day 90")
@pytest.mark.soak
def test_dates_come_to_the_second_in_every_zone(monkeypatch: pytest.MonkeyPatch, figure) -> None:
    wrong, total = {}, Counter[str]()
    for name in WORLD:
        tally = tried_and_wrong(name, monkeypatch)
        total += tally
        if tally["day 90"] or tally["renewal"] or tally["end"]:
            wrong[name] = tally
    figure("zones of sites, of the world, days", (len(ZONES), len(WORLD), DAYS))
    figure("instants tried, wrong at day 90, renewal, end", tuple(total[one] for one in _FIGURES))
    assert wrong == {}


_FIGURES = ("tried", "day 90", "renewal", "end")


@pytest.mark.row("day 90", control=True)
def test_control_a_day_that_begins_elsewhere_is_wrong_here(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(terms, "start_of_day", lambda day, zone: datetime.combine(day, time(0), UTC))
    assert tried_and_wrong("Europe/Paris", monkeypatch, every=61)["end"] == len(range(0, DAYS, 61))
