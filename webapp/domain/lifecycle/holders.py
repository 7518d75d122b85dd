"""Who holds a licence over a renewal for which there are to be fewer: of them some have to be named."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from webapp.data.accounts import Person
from webapp.data.subscriptions import INVITED, Seat, Subscription
from webapp.domain.lifecycle.quantity import going_by_plan
from webapp.domain.seats.seats_at_renewal import number_staying, staying

MOST_NAMED = 100


@dataclass(frozen=True, slots=True)
class Holder:
    key: str
    name: str
    email: str
    invited: bool
    going: bool  # by the plan that stands


@dataclass(frozen=True, slots=True)
class Holders:
    """`number`: of all, also of those who are not among `named`."""

    number: int
    named: Sequence[Holder]

    @property
    def unnamed(self) -> int:
        return self.number - len(self.named)


def holders(subscription: Subscription) -> Holders:
    """Whom a plan may name, by name; who goes by the plan that stands comes first."""
    going = _going(subscription)
    rest = [_holder(one, going=False) for one in staying(subscription, size=MOST_NAMED - len(going))]
    return Holders(number_staying(subscription) + len(going), [*going, *rest])


def _going(subscription: Subscription) -> list[Holder]:
    keys = list(going_by_plan(subscription))
    if not keys:
        return []
    still = (Seat.counted == 1) & (Seat.over_on == subscription.term_end.isoformat())
    seats = Seat.select(Seat, Person).join(Person).where(Seat.subscription == subscription, still)
    found = seats.where(Seat.key.in_(keys)).order_by(Seat.sort_key, Seat.id)
    return [
        Holder(seat.key, seat.person.name, seat.person.email, seat.state == INVITED, going=True)
        for seat in found
    ]


def _holder(found: Any, *, going: bool) -> Holder:
    return Holder(found.key, found.name, found.email, found.state == INVITED, going)
