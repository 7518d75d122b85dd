"""How often is too often: counted from rows, within a window that moves."""

from __future__ import annotations

from datetime import timedelta

import pytest

from tests.conftest import TestClock
from webapp.assembly import Portal
from webapp.data.database import atomic
from webapp.data.sign_in import Attempt
from webapp.domain import limits
from webapp.domain.lifecycle.activation import MAIL_AGAIN
from webapp.domain.limits import Limit, TooOften
from webapp.domain.people.sign_in import RESETS, SIGN_INS

KNOCKS = Limit("knocks", times=3, within=timedelta(minutes=10))
ALICE, BOB = "alice@example.com", "bob@example.com"

pytestmark = pytest.mark.usefixtures("bound_fr")


def knock(clock: TestClock, subject: str = ALICE, limit: Limit = KNOCKS) -> None:
    limits.spend(limit, subject, now=clock())


def refused(clock: TestClock, subject: str = ALICE, limit: Limit = KNOCKS) -> bool:
    try:
        limits.check(limit, subject, now=clock())
    except TooOften:
        return True
    return False


def test_it_is_reached_after_its_times_and_not_before(clock: TestClock) -> None:
    for _time in range(3):
        assert not refused(clock)
        knock(clock)
    assert refused(clock)


def test_checking_counts_nothing(clock: TestClock) -> None:
    for _time in range(10):
        limits.check(KNOCKS, ALICE, now=clock())
    assert Attempt.select().count() == 0


def test_who_is_refused_is_not_counted_again(clock: TestClock) -> None:
    for _time in range(3):
        knock(clock)
    for _time in range(5):
        with pytest.raises(TooOften):
            knock(clock)
    assert Attempt.select().count() == 3


def test_it_tells_when_to_come_back_and_then_lets_in(clock: TestClock) -> None:
    knock(clock)
    clock.forward(minutes=4)
    knock(clock)
    knock(clock)
    with pytest.raises(TooOften) as refusal:
        knock(clock)
    assert refusal.value.retry_after == timedelta(minutes=6)
    clock.forward(minutes=6, microseconds=-1)
    assert refused(clock)
    clock.forward(microseconds=1)
    knock(clock)
    assert refused(clock)  # the window moves: of the first three one is over, not all


def test_each_subject_and_each_kind_is_counted_alone(clock: TestClock) -> None:
    other = Limit("rings", times=1, within=timedelta(minutes=10))
    for _time in range(3):
        knock(clock)
    assert not refused(clock, BOB)
    assert not refused(clock, ALICE, other)
    knock(clock, ALICE, other)
    assert refused(clock, ALICE, other)


def test_each_site_counts_for_itself(portal: Portal, clock: TestClock) -> None:
    for _time in range(3):
        knock(clock)
    with pytest.raises(TooOften):
        knock(clock)
    assert Attempt.select().count() == 3


def test_a_refusal_undoes_nothing_but_itself(clock: TestClock) -> None:
    with atomic():
        for _time in range(3):
            knock(clock)
        with pytest.raises(TooOften):
            knock(clock)
    assert Attempt.select().count() == 3


def test_support_unlocks_by_deleting_rows(clock: TestClock) -> None:
    for _time in range(3):
        knock(clock)
    Attempt.delete().where(Attempt.subject == ALICE).execute()
    assert not refused(clock)


@pytest.mark.parametrize(
    ("limit", "times", "within"),
    [
        (SIGN_INS, 10, timedelta(minutes=5)),
        (RESETS, 5, timedelta(days=1)),
        (MAIL_AGAIN, 3, timedelta(hours=1)),
    ],
    ids=lambda value: value.kind if isinstance(value, Limit) else "",
)
def test_the_limits_are_those_that_were_promised(limit: Limit, times: int, within: timedelta) -> None:
    assert (limit.times, limit.within) == (times, within)
    assert limit.within <= limits.KEPT  # attempts are deleted only when no limit looks at them any more


def test_the_refusal_is_a_sentence() -> None:
    assert str(TooOften(timedelta(minutes=1))).endswith(".")
