"""The whole life of a subscription, in any order that people, clocks, jobs and crashes may bring."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from tests.conftest import TestClock
from tests.domain.life.book import same_day
from tests.domain.life.machine import live
from webapp.assembly import Portal


def test_whatever_happens_in_whatever_order_the_books_are_right(portal: Portal, clock: TestClock) -> None:
    live(portal, clock, lives=8, steps=25)


@pytest.mark.row("life")
@pytest.mark.soak
@pytest.mark.parametrize("engine", ["sqlite", "postgresql"], indirect=True)
def test_so_it_is_in_five_hundred_lives(portal: Portal, clock: TestClock, engine: Any) -> None:
    live(portal, clock, lives=500 if engine.name == "sqlite" else 100, steps=50)


def test_the_oracle_counts_days_as_people_do() -> None:
    assert same_day(date(2027, 1, 31), 1) == date(2027, 2, 28)
    assert same_day(date(2028, 2, 29), 12) == date(2029, 2, 28)
    assert same_day(date(2028, 2, 29), 48) == date(2032, 2, 29)
