"""The active subscription of the cast’s administrator, and its licenses."""

from __future__ import annotations

from collections.abc import Callable

import peewee as pw
import pytest
from flask import Flask

from tests.domain.lifecycle.test_endings import seat_for
from tests.support.cast import ALICE, Actor, Cast
from tests.support.client import SiteClient, signed_in
from webapp.assembly import Portal
from webapp.data.accounts import Person
from webapp.data.outbox import BOUNCED, OutboxMessage
from webapp.data.subscriptions import Subscription
from webapp.domain import outbox


@pytest.fixture
def address(cast: Cast) -> str:
    return f"/subscriptions/{cast.row(ALICE, 'active').public_id}"


@pytest.fixture
def as_actor(app: Flask) -> Callable[[Actor], SiteClient]:
    return lambda actor: signed_in(app, actor)


def plain(text: str) -> str:
    return " ".join(text.replace("\u202f", " ").replace("\u00a0", " ").split())


def hold_all(portal: Portal, address: str, *names: str) -> list[str]:
    with portal.at(portal.sites["fr"]), portal.databases.of(portal.sites["fr"]).atomic():
        found = Subscription.get(Subscription.public_id == address.rpartition("/")[2])
        return [seat_for(found, f"{name}@example.com", now=portal.clock()).key for name in names]


def fail(portal: Portal, address: str, *to: str, state: str = BOUNCED, told: str = "550 5.1.1 No") -> None:
    """The last e-mail to each of them, about this subscription."""
    with portal.at(portal.sites["fr"]), portal.databases.of(portal.sites["fr"]).atomic():
        found = Subscription.get(Subscription.public_id == address.rpartition("/")[2])
        for email in to:
            person = Person.get(Person.email == email)
            outbox.enqueue("seat_removed", to=person, subscription=found, from_name="A", now=portal.clock())
            newest = OutboxMessage.select(pw.fn.MAX(OutboxMessage.id)).scalar()
            change = OutboxMessage.update(state=state, last_error=told, sent_at=portal.clock())
            change.where(OutboxMessage.id == newest).execute()
