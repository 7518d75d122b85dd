"""Olga has left, and Bob claims what she administered: for tests of claims."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from tests.conftest import TestClock
from tests.support.cast import accept, keep_person, place_order
from webapp.assembly import Portal
from webapp.data.accounts import Membership, Person
from webapp.data.audit import AuditEvent
from webapp.data.claims import (
    Claim,
    ClaimRequest,
)
from webapp.data.outbox import QUEUED, SENT, OutboxMessage
from webapp.data.subscriptions import Subscription
from webapp.data.transfers import Transfer
from webapp.domain import audit, outbox
from webapp.domain.claims import claims
from webapp.domain.companies import accounts
from webapp.domain.subscriptions import transfer
from webapp.jobs.claims import settle_here
from webapp.sites import Site

AGENT = audit.Actor("agent", name="Sam Support")
LEFT = "Olga left us in October."


class Scene:
    """Olga has left. Bob uses what she administered, Erin administers something else of the company, Kim is a
    member; Charlie is of another company, Gina of this one with an address that everybody can have."""

    def __init__(self, portal: Portal, site: Site, clock: TestClock) -> None:
        self.portal, self.site, self.clock = portal, site, clock
        self.subscription = place_order(portal, ordered_at=clock.now)
        self.olga = self.person("Olga", "olga@musterbau.example")
        Subscription.update(administrator=self.olga).execute()
        self.bob = self.member("Bob", "bob@musterbau.example")
        self.erin = self.member("Erin", "erin@musterbau.example")
        self.kim = self.member("Kim", "kim@musterbau.example")
        self.gina = self.member("Gina", "gina@gmail.com")
        self.max = self.member("Max", "max@subcontractor.example")
        self.charlie = self.person("Charlie", "charlie@musterbau.example")
        self.other = place_order(
            portal,
            ordered_at=clock.now,
            order_number="0700000002",
            purchaser={"name": "Erin", "email": self.erin.email},
        )
        for one in (self.subscription, self.other):
            accept(Subscription.get_by_id(one.id), now=clock.now)
        OutboxMessage.update(state=SENT).execute()
        clock.forward(hours=1)

    def person(self, name: str, email: str) -> Person:
        return keep_person(email, name=name, now=self.clock.now)

    def member(self, name: str, email: str) -> Person:
        found = self.person(name, email)
        accounts.join(found, self.subscription.account, now=self.clock.now)
        return found

    def ask(self, person: Person, *named: str, reason: str = LEFT) -> str:
        """The secret of the mailed link."""
        claims.ask(person, named or [self.subscription.public_id], reason=reason, now=self.clock.now)
        return secret_for(person, "claim_proof", now=self.clock.now)

    def claim(self, person: Person | None = None, *named: str) -> Claim:
        token = self.ask(person or self.bob, *named)
        (made,) = claims.prove(token, person=person or self.bob, now=self.clock.forward(minutes=5))
        return made

    def current(self) -> Subscription:
        found: Subscription = Subscription.get_by_id(self.subscription.id)
        return found

    def state(self, claim: Claim) -> str:
        return str(Claim.get_by_id(claim.id).state)

    def name_backup(self, person: Person) -> None:
        transfer.name_backup(self.current(), person=person, actor=self.olga, now=self.clock.now)
        OutboxMessage.update(state=SENT).where(OutboxMessage.kind == "backup_named").execute()

    def run_job(self) -> dict[str, int]:
        return dict(settle_here(now=self.clock.now))


def secret_for(person: Person, kind: str, *, now: datetime) -> str:
    """Of the latest mail of this kind to them, as its delivery would mint it."""
    mail = OutboxMessage.select().where(OutboxMessage.person == person, OutboxMessage.kind == kind)
    secret = outbox.secret_for(mail.order_by(OutboxMessage.id.desc()).get(), now=now)
    assert secret is not None
    return secret.token


def mailed() -> list[tuple[str, str]]:
    """Kind and addressee of what about claims has not left yet, in order."""
    found = OutboxMessage.select().where(
        OutboxMessage.state == QUEUED, OutboxMessage.kind.startswith("claim")
    )
    return [(mail.kind, mail.to_email.partition("@")[0]) for mail in found.order_by(OutboxMessage.id)]


def everything_sent() -> None:
    OutboxMessage.update(state=SENT).execute()


def trail(subscription: Subscription) -> list[tuple[str, str, str]]:
    found = AuditEvent.select().where(AuditEvent.subscription == subscription).order_by(AuditEvent.id)
    return [(one.action, one.actor_kind, one.actor_name) for one in found][-2:]


def everything() -> dict[str, Any]:
    tables = (Subscription, Membership, Transfer, AuditEvent, OutboxMessage, Claim, ClaimRequest)
    return {model.__name__: sorted(map(str, model.select().tuples())) for model in tables}
