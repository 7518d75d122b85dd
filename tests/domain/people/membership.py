"""An account with people of every role, on the bound site."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.conftest import TestClock
from tests.support.cast import accept, keep_person, place_order
from webapp.assembly import Portal
from webapp.data.accounts import Person
from webapp.data.outbox import OutboxMessage
from webapp.data.subscriptions import Subscription
from webapp.domain import permissions
from webapp.domain.companies import accounts
from webapp.domain.people import members
from webapp.domain.people.members import grant_billing, take_billing
from webapp.domain.subscriptions import transfer
from webapp.sites import Site

ACCOUNT = "1000009"


class Scene:
    """Olga administers an active subscription, Kim is her backup; Bob and Erin are members, Charlie is not."""

    def __init__(self, portal: Portal, clock: TestClock) -> None:
        self.portal, self.clock = portal, clock
        self.subscription = place_order(portal, ordered_at=clock.now)
        self.olga = keep_person("olga@example.com", name="Olga Muster", now=clock.now)
        accept(self.subscription, now=clock.now)
        self.bob, self.erin, self.kim, self.charlie = (
            keep_person(f"{name}@example.com", name=name.capitalize(), now=clock.now)
            for name in ("bob", "erin", "kim", "charlie")
        )
        self.account = self.subscription.account
        for person in (self.bob, self.erin, self.kim):
            accounts.join(person, self.account, now=clock.now)
        transfer.name_backup(self.current(), person=self.kim, actor=self.olga, now=clock.now)
        OutboxMessage.delete().execute()
        clock.forward(hours=1)

    def current(self) -> Subscription:
        found: Subscription = Subscription.get_by_id(self.subscription.id)
        return found

    def grant(self, person: Person, by: Person) -> None:
        grant_billing(self.account, person=person, actor=by, now=self.clock.forward(minutes=1))

    def take(self, person: Person, by: Person) -> None:
        take_billing(self.account, person=person, actor=by, now=self.clock.forward(minutes=1))

    def rights(self, person: Person) -> permissions.AccountRights:
        return permissions.account_rights(person.id, ACCOUNT, now=self.clock.now)

    def bills(self) -> list[str]:
        return [person.name for person in members.billing_people(self.account.id)]

    def told(self) -> list[tuple[str, str]]:
        found = [(mail.kind, mail.to_name) for mail in OutboxMessage.select().order_by(OutboxMessage.id)]
        OutboxMessage.delete().execute()
        return found


@pytest.fixture
def scene(portal: Portal, bound_fr: Site, clock: TestClock) -> Iterator[Scene]:
    return Scene(portal, clock)  # type: ignore[return-value]
