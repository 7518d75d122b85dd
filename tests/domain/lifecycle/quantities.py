"""A subscription whose number of licenses changes, on the bound site."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

import pytest

from tests.conftest import TestClock
from tests.domain.subscriptions.cancelling import active_subscription, stored
from webapp.assembly import Portal
from webapp.data.billing import Invoice
from webapp.data.outbox import OutboxMessage
from webapp.data.subscriptions import Seat, Subscription
from webapp.domain import audit
from webapp.domain.lifecycle.quantity import Price, add_licences, keep_quantity, plan_fewer, price_of_more
from webapp.domain.refusals import NotThere, Refusal
from webapp.sites import Product, Site


@pytest.fixture
def bought(portal: Portal, bound_fr: Site, clock: TestClock) -> Subscription:
    """Five licences of 480 € a year."""
    return active_subscription(portal, now=clock.now)


@pytest.fixture
def product(portal: Portal) -> Product:
    found = portal.catalogue.by_key("fieldwire-business")
    assert found
    return found


def add(subscription: Subscription, added: int, *, product: Product | None, now: datetime) -> Price:
    current = stored(subscription)
    price = price_of_more(current, added, product=product, now=now)
    return add_licences(
        current, added, shown=price.key, product=product, actor=current.administrator, now=now
    )


def traces() -> tuple[Any, ...]:
    whole = tuple(list(model.select().tuples()) for model in (Subscription, Seat, Invoice))
    return (*whole, audit.AuditEvent.select().count(), OutboxMessage.select().count())


def refused(problem: type[Refusal], attempt: Callable[[], object]) -> Refusal:
    before = traces()
    with pytest.raises(problem) as caught:
        attempt()
    assert traces() == before
    assert str(caught.value) or problem is NotThere
    return caught.value


def fewer(
    subscription: Subscription, number: int, *, product: Product | None, now: datetime, **shown: Any
) -> None:
    current = stored(subscription)
    asked = {"renewal": current.term_end, "planned": current.next_quantity, **shown}
    plan_fewer(current, number, product=product, actor=current.administrator, now=now, **asked)


def keep(subscription: Subscription, *, now: datetime, **shown: Any) -> None:
    current = stored(subscription)
    asked = {"renewal": current.term_end, "planned": current.next_quantity, **shown}
    keep_quantity(current, actor=current.administrator, now=now, **asked)
