"""Several cancel and undo at once: what is told is what came of it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import nullcontext
from threading import Barrier
from typing import Any

import pytest

from tests.conftest import TestClock
from tests.domain.subscriptions.cancelling import (
    KINDS,
    active_subscription,
    bought,
    events,
    mails,
    plan,
    undo,
)
from webapp.assembly import Portal
from webapp.data.accounts import Person
from webapp.data.subscriptions import NEVER, SHELF_CANCELLED, Subscription
from webapp.domain import audit
from webapp.domain.refusals import Refusal
from webapp.domain.subscriptions import cancellation
from webapp.sites import Site

__all__ = ["bought"]


RACES = 25


@pytest.fixture
def race(portal: Portal, site_fr: Site, clock: TestClock) -> Callable[..., Counter[str]]:
    """Several do something at once, each on a connection of their own; what came of it, counted."""
    with portal.at(site_fr):
        bought = active_subscription(portal, now=clock.now)
        key, olga = bought.id, bought.administrator_id

    def run(*changes: Callable[..., None]) -> Counter[str]:
        together = Barrier(len(changes))

        def attempt(change: Callable[..., None]) -> str:
            with portal.at(site_fr):
                subscription, actor = Subscription.get_by_id(key), Person.get_by_id(olga)
                assert subscription.administrator == actor
                together.wait(timeout=30)
                try:
                    change(subscription, now=clock.now)
                except Refusal as refusal:
                    return type(refusal).__name__
                return change.__name__

        with ThreadPoolExecutor(len(changes)) as threads:
            return Counter(threads.map(attempt, changes))

    return run


def test_of_many_who_cancel_at_once_one_does(
    race: Callable[..., Counter[str]], portal: Portal, site_fr: Site, clock: TestClock
) -> None:
    for turn in range(1, RACES + 1):
        assert race(*[plan] * 4) == {"plan": 1, "AlreadyCancelled": 3}
        with portal.at(site_fr):
            assert (len(events()), len(mails())) == (2 * turn - 1, 2 * turn - 1)
            undo(Subscription.get(), now=clock.now)


def test_whoever_is_faster_state_activity_and_mails_tell_the_same(
    race: Callable[..., Counter[str]], portal: Portal, site_fr: Site, clock: TestClock
) -> None:
    done: Counter[str] = Counter()
    for _turn in range(RACES):
        done += race(plan, undo, plan, undo)
        with portal.at(site_fr):
            found, told = Subscription.get(), [event.action for event in events()]
            planned = found.ends_on is not None
            assert planned == (found.shelf == SHELF_CANCELLED) == (found.renewal_key == NEVER)
            assert planned == (told[-1:] == [audit.CANCELLATION_PLANNED])
            turns = [audit.CANCELLATION_PLANNED, audit.CANCELLATION_UNDONE] * len(told)
            assert told == turns[: len(told)]
            assert Counter(mail.kind for mail in mails()) == {
                kind: done[name] for kind, name in zip(KINDS, ("plan", "undo"), strict=True) if done[name]
            }
    assert done["plan"] and done["undo"]
    assert set(done) <= {"plan", "undo", "AlreadyCancelled", "NothingToUndo", "ChangedMeanwhile"}


def test_without_the_guard_several_would_cancel_at_once(
    race: Callable[..., Counter[str]], engine: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The control: who writes without asking again books the same decision twice."""
    together = Barrier(4)
    read = cancellation._current

    def unguarded(current: Subscription, changes: dict[str, Any], **facts: Any) -> None:
        Subscription.update(**changes).where(Subscription.id == current.id).execute()

    def reading(*args: Any, **facts: Any) -> Subscription:
        found = read(*args, **facts)
        together.wait(timeout=30)
        return found

    monkeypatch.setattr(cancellation, "_current", reading)
    monkeypatch.setattr(cancellation, "_change", unguarded)
    if engine.name == "sqlite":
        monkeypatch.setattr(cancellation, "atomic", nullcontext)  # or the second would not even read
    assert race(*[plan] * 4) == {"plan": 4}
