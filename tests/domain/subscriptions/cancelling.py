"""A subscription that is cancelled, on the bound site."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

import pytest

from tests.conftest import TestClock
from tests.support.cast import accept, place_order
from webapp.assembly import Portal
from webapp.data.audit import AuditEvent
from webapp.data.outbox import OutboxMessage
from webapp.data.subscriptions import Subscription
from webapp.domain import audit
from webapp.domain.subscriptions.cancellation import plan_cancellation, undo_cancellation
from webapp.sites import Site

RENEWAL = date(2027, 11, 22)  # of what is activated at the tests' noon
KINDS = ("cancellation_planned", "cancellation_undone")


def active_subscription(portal: Portal, *, now: datetime, **changes: Any) -> Subscription:
    """At the bound site, activated now by Olga."""
    subscription = place_order(portal, ordered_at=now, **changes)
    accept(subscription, now=now)
    return subscription


@pytest.fixture
def bought(portal: Portal, bound_fr: Site, clock: TestClock) -> Subscription:
    return active_subscription(portal, now=clock.now)


def stored(subscription: Subscription) -> Subscription:
    return Subscription.get_by_id(subscription.id)


def plan(subscription: Subscription, *, now: datetime, ends_on: date = RENEWAL, reason: str = "") -> None:
    actor = subscription.administrator
    plan_cancellation(subscription, ends_on=ends_on, reason=reason, actor=actor, now=now)


def undo(subscription: Subscription, *, now: datetime, ends_on: date = RENEWAL) -> None:
    undo_cancellation(subscription, ends_on=ends_on, actor=subscription.administrator, now=now)


def events() -> list[AuditEvent]:
    wanted = (audit.CANCELLATION_PLANNED, audit.CANCELLATION_UNDONE)
    return list(AuditEvent.select().where(AuditEvent.action.in_(wanted)).order_by(AuditEvent.id))


def mails() -> list[OutboxMessage]:
    return list(OutboxMessage.select().where(OutboxMessage.kind.in_(KINDS)).order_by(OutboxMessage.id))
