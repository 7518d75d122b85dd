"""The whole life of a subscription, in any order that people, clocks, jobs and crashes may bring."""

from __future__ import annotations

import logging
from datetime import date
from typing import Any

import peewee as pw
import pytest
from hypothesis.errors import Flaky

from tests.conftest import TestClock
from tests.domain.lifecycle.life.book import same_day
from tests.domain.lifecycle.life.defects import DEFECTS, SOME, Defect
from tests.domain.lifecycle.life.machine import QUICK, live
from webapp.assembly import Portal
from webapp.jobs.renew import CouldNotAdvance

NOTICED = (AssertionError, Flaky, pw.PeeweeException, CouldNotAdvance, TypeError)


def test_whatever_happens_in_whatever_order_the_books_are_right(portal: Portal, clock: TestClock) -> None:
    live(portal, clock, lives=8, steps=25)


@pytest.mark.row("life")
@pytest.mark.soak
@pytest.mark.parametrize("engine", ["sqlite", "postgresql"], indirect=True)
def test_so_it_is_in_five_hundred_lives(portal: Portal, clock: TestClock, engine: Any, figure: Any) -> None:
    lives = 500 if engine.name == "sqlite" else 100
    live(portal, clock, lives=lives, steps=50)
    figure("lives of 50 steps, broken invariants", (lives, 0))


def notices(defect: Defect, portal: Portal, clock: TestClock, monkeypatch: pytest.MonkeyPatch) -> None:
    defect.plant(monkeypatch)
    logging.disable(logging.CRITICAL)
    try:
        with pytest.raises(NOTICED):
            live(portal, clock, lives=400, steps=40, **QUICK)
    finally:
        logging.disable(logging.NOTSET)


def name_of(defect: Defect) -> str:
    return defect.name


@pytest.mark.row("life", control=True)
@pytest.mark.parametrize("engine", ["sqlite"], indirect=True)
@pytest.mark.parametrize("defect", [one for one in DEFECTS if one.name in SOME], ids=name_of)
def test_control_a_planted_defect_is_noticed(
    portal: Portal, clock: TestClock, defect: Defect, monkeypatch: pytest.MonkeyPatch
) -> None:
    notices(defect, portal, clock, monkeypatch)


@pytest.mark.row("life", control=True)
@pytest.mark.soak
@pytest.mark.parametrize("engine", ["sqlite"], indirect=True)
@pytest.mark.parametrize("defect", [one for one in DEFECTS if one.name not in SOME], ids=name_of)
def test_control_each_planted_defect_is_noticed(
    portal: Portal, clock: TestClock, defect: Defect, monkeypatch: pytest.MonkeyPatch
) -> None:
    notices(defect, portal, clock, monkeypatch)


def test_the_oracle_counts_days_as_people_do() -> None:
    assert same_day(date(2027, 1, 31), 1) == date(2027, 2, 28)
    assert same_day(date(2028, 2, 29), 12) == date(2029, 2, 28)
    assert same_day(date(2028, 2, 29), 48) == date(2032, 2, 29)
