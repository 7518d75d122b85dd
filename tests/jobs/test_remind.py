"""Many workers, any crash, any repetition: one e-mail a person and day, and nothing is lost."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from threading import Barrier
from typing import Any

import pytest

from tests.conftest import TestClock
from tests.domain.reminders.test_reminders import RENEWAL_DAY, Days, days, mails
from tests.domain.subscriptions.cancelling import active_subscription
from webapp.assembly import Portal
from webapp.data.reminders import Reminder, ReminderSweep
from webapp.domain.calendar import start_of_day
from webapp.domain.reminders import reminder_sweep, reminders
from webapp.jobs import turn
from webapp.jobs.registry import JOBS
from webapp.jobs.turn import Turn
from webapp.sites import Site

__all__ = ["days"]


class Crash(Exception):
    pass


def test_a_crash_in_the_middle_repeats_nothing_and_loses_nothing(
    portal: Portal, days: Days, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    active_subscription(portal, now=now)

    def crash(*_given: Any, **_context: Any) -> None:
        raise Crash

    with monkeypatch.context() as patched:
        patched.setattr("webapp.domain.outbox.enqueue", crash)
        with pytest.raises(Crash):
            days.on(RENEWAL_DAY - timedelta(days=60))
    assert (len(days.look()), len(days.look()), len(mails())) == (1, 0, 1)


def test_a_look_goes_on_where_it_stood(portal: Portal, days: Days, now: datetime) -> None:
    for number in range(5):
        active_subscription(portal, now=now, order_number=f"06{number:08}")
    days.clock.now = start_of_day(RENEWAL_DAY - timedelta(days=60), days.zone)
    today = reminders.today_at_the_site(days.clock.now)
    looked_at = []
    while (number := reminder_sweep.sweep(today=today, now=days.clock.now, size=2)) is not None:
        looked_at.append(number)
    assert (sum(looked_at), max(looked_at)) == (5, 2)
    assert Reminder.select().count() == 5
    assert ReminderSweep.get().done_through == today.isoformat()


def at_once(portal: Portal, site: Site, work: Callable[[], Any], workers: int = 4) -> list[Any]:
    together = Barrier(workers)

    def begin(_number: int) -> Any:
        together.wait(timeout=30)
        with portal.at(site):
            return work()

    with ThreadPoolExecutor(workers) as threads:
        return list(threads.map(begin, range(workers)))


@pytest.fixture
def due_now(portal: Portal, site_fr: Site, clock: TestClock) -> None:
    """One administrator, two subscriptions, both 60 days before their renewal."""
    with portal.at(site_fr):
        for number in range(2):
            active_subscription(portal, now=clock.now, order_number=f"06{number:08}")
    clock.now = start_of_day(RENEWAL_DAY - timedelta(days=60), site_fr.time_zone) + timedelta(hours=9)


def number_of_mails(portal: Portal, site: Site) -> int:
    with portal.at(site):
        return len(mails())


def test_workers_at_once_send_one_email(
    portal: Portal, site_fr: Site, due_now: None, clock: TestClock
) -> None:
    def run(_number: int) -> Any:
        return JOBS["remind"].run(portal, site_fr)

    with ThreadPoolExecutor(4) as threads:
        reminded = [done["reminded"] for done in threads.map(run, range(4))]
    assert (sum(reminded), number_of_mails(portal, site_fr)) == (1, 1)


@pytest.mark.parametrize("guarded", [True, False], ids=["claimed", "control"])
def test_only_the_claim_of_the_day_keeps_it_to_one(
    portal: Portal,
    site_fr: Site,
    due_now: None,
    clock: TestClock,
    monkeypatch: pytest.MonkeyPatch,
    guarded: bool,
) -> None:
    """The control: without it, and with what was read before, both write."""
    with portal.at(site_fr):
        today = reminders.today_at_the_site(clock.now)
        while reminder_sweep.sweep(today=today, now=clock.now) is not None:
            pass
        (key,) = reminders.waiting(now=clock.now)
        seen = reminders._sections(reminders._reader(key), now=clock.now)
    monkeypatch.setattr(reminders, "_sections", lambda reader, now: seen)
    if not guarded:
        monkeypatch.setattr(reminders, "_claim", lambda reader, now: True)
    written = at_once(portal, site_fr, lambda: reminders.remind(key, now=clock.now), workers=2)
    assert sum(written) == number_of_mails(portal, site_fr) == (1 if guarded else 2)


@pytest.mark.parametrize("guarded", [True, False], ids=["unique", "control"])
def test_what_two_have_seen_is_noted_once(
    portal: Portal,
    site_fr: Site,
    due_now: None,
    clock: TestClock,
    monkeypatch: pytest.MonkeyPatch,
    guarded: bool,
) -> None:
    """Whoever comes second has not moved the place: nothing is noted. The control notes it nevertheless, and
    then the index keeps it to one row each."""
    moved = reminder_sweep._moved
    if not guarded:
        monkeypatch.setattr(reminder_sweep, "_moved", lambda *read: moved(*read) or True)

    def look() -> list[int]:
        today, looked_at = reminders.today_at_the_site(clock.now), []
        while (number := reminder_sweep.sweep(today=today, now=clock.now)) is not None:
            looked_at.append(number)
        return looked_at

    at_once(portal, site_fr, look)
    with portal.at(site_fr):
        assert Reminder.select().count() == 2


def test_a_turn_that_is_over_leaves_the_rest_to_the_next(
    portal: Portal, site_fr: Site, due_now: None
) -> None:
    with turn.taking(Turn(ends=lambda: True)) as taken:
        assert JOBS["remind"].run(portal, site_fr) == {"reminded": 0}
    assert taken.cut
    assert JOBS["remind"].run(portal, site_fr) == {"reminded": 1}
