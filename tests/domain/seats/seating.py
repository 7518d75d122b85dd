"""A subscription whose users are managed, on the bound site, and what happens to them."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from tests.conftest import TestClock
from tests.support.cast import accept, keep_person, place_order
from webapp.assembly import Portal
from webapp.data.accounts import Person
from webapp.data.audit import AuditEvent
from webapp.data.keys import email_key
from webapp.data.outbox import OutboxMessage
from webapp.data.subscriptions import Seat, Subscription
from webapp.domain.seats import invitations, seat_list, seats
from webapp.domain.seats.invitations import Invitation
from webapp.domain.seats.seat_facts import Facts
from webapp.domain.seats.seat_list import Query
from webapp.sites import Site

MAX, EVA = "max@example.com", "eva@example.com"


class House:
    """Olga administers ten licences of a product with self-service."""

    def __init__(
        self, portal: Portal, clock: TestClock, *, quantity: int = 10, number: str = "0314199999"
    ) -> None:
        self.portal, self.clock = portal, clock
        placed = place_order(
            portal, ordered_at=clock() - timedelta(days=10), quantity=quantity, order_number=number
        )
        keep_person("olga@example.com", name="Olga Muster", now=clock())
        accept(placed, now=clock() - timedelta(days=9))
        self.subscription: Subscription = Subscription.get_by_id(placed.id)
        self.product = portal.catalogue.by_key(placed.product_key)
        self.olga: Person = Person.get(Person.email_key == "olga@example.com")

    @property
    def taken(self) -> int:
        return int(Subscription.get_by_id(self.subscription.id).seats_taken)

    @property
    def by(self) -> dict[str, Any]:
        return {"actor": self.olga, "now": self.clock()}

    def invite(self, *emails: str, **facts: Any) -> int:
        named = [Invitation(email, facts=Facts(**facts)) for email in emails]
        return invitations.invite(self.subscription, named, product=self.product, **self.by)

    def seat(self, email: str) -> Seat:
        found: Seat = (
            Seat.select()
            .join(Person)
            .where(Seat.subscription == self.subscription, Person.email_key == email_key(email))
            .get()
        )
        return found

    def person(self, email: str) -> Person:
        found: Person = Person.get(Person.email_key == email_key(email))
        return found

    def again(self, email: str) -> None:
        invitations.invite_again(self.seat(email), product=self.product, **self.by)

    def revoke(self, email: str) -> None:
        seats.revoke(self.seat(email), **self.by)

    def restore(self, email: str) -> None:
        seats.restore(self.seat(email), product=self.product, **self.by)

    def listed(self, show: str = "all", text: str = "") -> list[str]:
        page = seat_list.page(self.subscription.id, Query(show=show, text=text), now=self.clock())
        return [seat.email for seat in page.seats]

    def head(self) -> Any:
        return seat_list.head(self.olga.id, self.subscription.public_id, now=self.clock())

    def mails(self, kind: str, to: str = "") -> list[OutboxMessage]:
        found = OutboxMessage.select().where(OutboxMessage.kind == kind)
        return [mail for mail in found if not to or mail.to_email == to]

    def events(self, action: str) -> list[AuditEvent]:
        return list(AuditEvent.select().where(AuditEvent.action == action))


@pytest.fixture
def house(bound_fr: Site, portal: Portal, clock: TestClock) -> House:
    return House(portal, clock)
