"""A cancelled subscription ends at the first instant of the day on which it would have been renewed.

From then on nobody can use or manage it, whether or not `end` has run (`terms.has_ended`); `end` writes that
down, frees the licences and tells who is concerned.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from webapp.data.accounts import Person
from webapp.data.database import atomic, current_site
from webapp.data.statements import rows
from webapp.data.subscriptions import ACTIVE, ENDED, INVITED, Seat, Subscription
from webapp.domain import audit, outbox
from webapp.domain.calendar import begun_day, start_of_day
from webapp.domain.lifecycle.renewals import BATCH, START, Place
from webapp.domain.subscriptions.cancellation import last_day_before
from webapp.domain.webhooks import webhooks

# Not before the last billing period has its invoice.
_DUE_SQL = """
SELECT s.id, s.billed_until FROM subscription s
WHERE s.status = 'active' AND s.billed_until <= :today AND s.ends_on <= :today
 AND s.billed_until >= s.term_end
 AND (s.billed_until, s.id) > (:after, :after_id)
ORDER BY s.billed_until, s.id LIMIT :size
"""


@dataclass(frozen=True, slots=True)
class Due:
    id: int
    place: Place


def due(*, now: datetime, after: Place = START, size: int = BATCH) -> Sequence[Due]:
    today = begun_day(now, current_site().time_zone).isoformat()
    found = rows(_DUE_SQL, today=today, after=after[0], after_id=after[1], size=size)
    return [Due(one.id, (one.billed_until, one.id)) for one in found]


def end(subscription_id: int, *, now: datetime) -> bool:
    """False: somebody else was faster, or it goes on."""
    with atomic():
        today = begun_day(now, current_site().time_zone)
        subscription = _ended(subscription_id, today)
        if subscription is None:
            return False
        users = _users(subscription, today)
        freed = _free_seats(subscription)
        audit.record(
            audit.SUBSCRIPTION_ENDED,
            actor=audit.PORTAL,
            subscription=subscription,
            now=now,
            ends_on=subscription.ends_on.isoformat(),
            seats=freed,
        )
        webhooks.tell(webhooks.ENDED, subscription, now=now)
        _tell(subscription, users, now=now)
    return True


def _ended(subscription_id: int, today: date) -> Subscription | None:
    """The row as it is from now on, if it was this call that ended it."""
    found = Subscription.get_by_id(subscription_id)
    if found.ends_on is None or found.ends_on > today:
        return None
    at = start_of_day(found.ends_on, current_site().time_zone)
    still = (Subscription.status == ACTIVE) & (Subscription.ends_on == found.ends_on)
    change = Subscription.update(status=ENDED, ended_at=at, seats_taken=0)
    if change.where(Subscription.id == found.id, still).execute() != 1:
        return None
    return found


def _users(subscription: Subscription, today: date) -> Sequence[Seat]:
    """Who could use it until now."""
    live = (Seat.counted == 1) & (Seat.over_on >= subscription.ends_on.isoformat())
    seats = Seat.select(Seat, Person).join(Person).where(Seat.subscription == subscription, live)
    return list(seats.order_by(Seat.id))


def _free_seats(subscription: Subscription) -> int:
    """What ended earlier by a day of its own keeps that day."""
    ends_on = subscription.ends_on.isoformat()
    counted = (Seat.subscription == subscription) & (Seat.counted == 1)
    Seat.update(over_on=ends_on).where(counted, Seat.over_on > ends_on).execute()
    return int(Seat.update(counted=0, version=Seat.version + 1).where(counted).execute())


def _tell(subscription: Subscription, users: Sequence[Seat], *, now: datetime) -> None:
    """Administrator and backup; who used it; who was invited and never came hears nothing more."""
    managers = [subscription.administrator, *([subscription.backup] if subscription.backup_id else [])]
    facts: dict[str, Any] = {"subscription": subscription, "last_day": last_day_before(subscription.ends_on)}
    path = f"/subscriptions/{subscription.public_id}"
    for person in managers:
        outbox.enqueue("ended", to=person, path=path, number_of_users=len(users), now=now, **facts)
    told = {person.id for person in managers}
    outbox.withdraw_pending(subscription, "seat_invited")
    for seat in users:
        if seat.state != INVITED and seat.person_id not in told:
            outbox.enqueue("access_ended", to=seat.person, path="/subscriptions", now=now, **facts)
