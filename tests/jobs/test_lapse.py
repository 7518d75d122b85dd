"""Book-keeping of what nobody activated in time."""

from __future__ import annotations

from datetime import timedelta

import pytest

from tests.conftest import TestClock
from tests.mail.cast import person, subscription
from webapp.assembly import Portal
from webapp.data.audit import AuditEvent
from webapp.data.subscriptions import ACTIVE, LAPSED, PENDING, SHELF_GONE, Subscription
from webapp.domain import audit
from webapp.jobs.lapse import lapse
from webapp.sites import Site


def test_what_is_overdue_lapses_at_its_first_instant_and_once(
    portal: Portal, site_fr: Site, clock: TestClock
) -> None:
    with portal.at(site_fr):
        pending = subscription(person(now=clock.now), now=clock.now)
    clock.now = pending.activate_before - timedelta(microseconds=1)
    assert lapse(portal, site_fr) == 0
    clock.now = pending.activate_before
    assert lapse(portal, site_fr) == 1
    assert lapse(portal, site_fr) == 0
    with portal.at(site_fr):
        found = Subscription.get()
        (event,) = AuditEvent.select()
    assert (found.status, found.shelf) == (LAPSED, SHELF_GONE)
    assert (event.action, event.actor_kind, event.at) == (audit.SUBSCRIPTION_LAPSED, "portal", clock.now)
    assert event.subscription_id == found.id


def test_what_was_activated_stays(portal: Portal, site_fr: Site, clock: TestClock) -> None:
    with portal.at(site_fr):
        subscription(person(now=clock.now), now=clock.now)
        Subscription.update(status=ACTIVE).execute()
    clock.forward(days=400)
    assert lapse(portal, site_fr) == 0


def test_what_another_run_was_faster_to_mark_is_marked_once(
    portal: Portal, site_fr: Site, clock: TestClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    with portal.at(site_fr):
        seen = [subscription(person(now=clock.now), now=clock.now)]
    clock.forward(days=91)
    assert lapse(portal, site_fr) == 1
    stale = iter([seen, []])
    monkeypatch.setattr("webapp.jobs.lapse._overdue", lambda now: next(stale))
    assert lapse(portal, site_fr) == 0
    with portal.at(site_fr):
        assert AuditEvent.select().count() == 1


def test_more_than_one_batch_lapses_in_one_run(
    portal: Portal, site_fr: Site, clock: TestClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("webapp.jobs.lapse._BATCH", 2)
    with portal.at(site_fr):
        alice = person(now=clock.now)
        for number in range(5):
            subscription(alice, number=f"031410000{number}", now=clock.now)
    clock.forward(days=91)
    assert lapse(portal, site_fr) == 5
    with portal.at(site_fr):
        assert not Subscription.select().where(Subscription.status == PENDING).exists()
        assert AuditEvent.select().count() == 5


def test_another_site_is_left_alone(portal: Portal, site_fr: Site, site_de: Site, clock: TestClock) -> None:
    for site in (site_fr, site_de):
        with portal.at(site):
            subscription(person(now=clock.now), now=clock.now)
    clock.forward(days=91)
    assert lapse(portal, site_fr) == 1
    with portal.at(site_de):
        assert Subscription.get().status == PENDING
