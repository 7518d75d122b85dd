"""Marks subscriptions that nobody activated in time. Book-keeping: what decides is the date, not this job."""

from __future__ import annotations

from datetime import datetime

from webapp.assembly import Portal
from webapp.data.database import atomic
from webapp.data.subscriptions import LAPSED, PENDING, SHELF_GONE, Subscription
from webapp.domain import audit
from webapp.domain.webhooks import webhooks
from webapp.jobs import turn
from webapp.sites import Site

_BATCH = 200


def lapse(portal: Portal, site: Site) -> int:
    """How many were marked."""
    now, marked = portal.clock(), 0
    with portal.at(site):
        while not turn.is_over() and (overdue := _overdue(now)):
            marked += sum(_mark(subscription, now) for subscription in overdue)
            turn.advanced(len(overdue))
    return marked


def _overdue(now: datetime) -> list[Subscription]:
    waiting = (Subscription.status == PENDING) & (Subscription.activate_before <= now)
    return list(Subscription.select().where(waiting).order_by(Subscription.activate_before).limit(_BATCH))


def _mark(subscription: Subscription, now: datetime) -> bool:
    """False if another run was faster."""
    still_pending = (Subscription.id == subscription.id) & (Subscription.status == PENDING)
    change = Subscription.update(status=LAPSED, shelf=SHELF_GONE)
    with atomic():
        if change.where(still_pending).execute() != 1:
            return False
        audit.record(audit.SUBSCRIPTION_LAPSED, actor=audit.PORTAL, now=now, subscription=subscription)
        webhooks.tell(webhooks.LAPSED, subscription, now=now)
        return True
