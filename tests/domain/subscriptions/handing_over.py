"""A subscription that is handed over, on the bound site."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.conftest import TestClock
from tests.support.cast import accept, keep_person, place_order
from webapp.assembly import Portal
from webapp.data.accounts import Person
from webapp.data.outbox import QUEUED, SENT, OutboxMessage
from webapp.data.subscriptions import Seat, Subscription
from webapp.data.transfers import Transfer
from webapp.domain import permissions
from webapp.domain.companies import accounts
from webapp.domain.refusals import NotThere
from webapp.domain.subscriptions import subscription_list
from webapp.domain.subscriptions.transfer import NewPerson, take_back, transfer_administration
from webapp.sites import Site


class Scene:
    """Olga administers an active subscription; Bob and Erin belong to her account, Charlie to none of it."""

    def __init__(self, portal: Portal, clock: TestClock) -> None:
        self.clock = clock
        self.subscription = place_order(portal, ordered_at=clock.now)
        self.olga = keep_person("olga@example.com", name="Olga Muster", now=clock.now)
        self.bob, self.erin, self.charlie = (
            keep_person(f"{name}@example.com", name=name.capitalize(), now=clock.now)
            for name in ("bob", "erin", "charlie")
        )
        for person in (self.bob, self.erin):
            accounts.join(person, self.subscription.account, now=clock.now)
        accept(self.subscription, now=clock.now)
        OutboxMessage.update(state=SENT).execute()
        clock.forward(hours=1)

    def hand_over(
        self, to: Person | NewPerson, *, keep_seat: bool = True, actor: Person | None = None
    ) -> Transfer:
        return transfer_administration(
            self.current(), to=to, keep_seat=keep_seat, actor=actor or self.olga, now=self.clock.now
        )

    def take_back(self) -> None:
        found = permissions.open_transfer(self.olga.id, self.subscription.public_id)
        take_back(found, actor=self.olga, now=self.clock.forward(minutes=1))

    def current(self) -> Subscription:
        found: Subscription = Subscription.get_by_id(self.subscription.id)
        return found

    def may_manage(self, person: Person) -> bool:
        try:
            permissions.managed_subscription(person.id, self.subscription.public_id, now=self.clock.now)
        except NotThere:
            return False
        return True

    def may_take_back(self, person: Person) -> list[str]:
        """From whom, as the list of subscriptions says."""
        found = subscription_list.reminders(person.id, now=self.clock.now).handed_over
        return [one.email for one in found if one.public_id == self.subscription.public_id]

    def give_seat(self, person: Person) -> None:
        Seat.create(subscription=self.subscription, person=person, state="active", since=self.clock.now)
        Subscription.update(seats_taken=Subscription.seats_taken + 1).execute()


@pytest.fixture
def scene(portal: Portal, bound_fr: Site, clock: TestClock) -> Iterator[Scene]:
    return Scene(portal, clock)  # type: ignore[return-value]


def mails(state: str = QUEUED) -> list[tuple[str, str]]:
    found = OutboxMessage.select().where(
        OutboxMessage.state == state, OutboxMessage.kind.startswith("transfer")
    )
    return [(message.kind, message.to_email) for message in found.order_by(OutboxMessage.id)]
