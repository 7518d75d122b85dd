"""Customers who are stuck, each in a company of their own, through the real rules as far as these go."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from tests.support.cast import accept, keep_person, place_order
from webapp.assembly import Portal
from webapp.data.accounts import Account, Person
from webapp.data.outbox import BOUNCED, DEAD, SENT, OutboxMessage
from webapp.data.subscriptions import Subscription
from webapp.domain import audit
from webapp.domain.companies import accounts
from webapp.domain.people import sign_in
from webapp.domain.seats import invitations
from webapp.domain.seats.invitations import Invitation
from webapp.domain.seats.seat_facts import Facts
from webapp.domain.support.diagnosis import diagnose
from webapp.domain.support.findings import Finding
from webapp.domain.support.support_facts import Case, Elsewhere

UNKNOWN_MAILBOX = "550 5.1.1 <olga@example.com>: Recipient address rejected: User unknown"


class Stuck:
    """One company; `who` is the address that the customer names."""

    def __init__(self, portal: Portal, key: str, number: int, *, now: datetime) -> None:
        self.portal, self.number, self.now, self.orders = portal, f"{2_000_000 + number}", now, 0
        self.who = f"{key}@example.com"
        self.public_id = ""  # named with the question
        self.words: dict[str, str] = {}  # of the expected sentence that are known only now
        self.elsewhere = Elsewhere()

    def ago(self, **span: float) -> datetime:
        return self.now - timedelta(**span)

    # ---- what happened

    def order(self, days: float = 10, *, to: str = "", **changes: Any) -> Subscription:
        self.orders += 1
        company = {
            "customer_number": self.number,
            "name": "Musterbau",
            "address": {"line1": "Allee 7", "postal_code": "69003", "city": "Lyon", "country": "FR"},
        }
        placed = place_order(
            self.portal,
            ordered_at=self.ago(days=days),
            order_number=f"07{self.number}{self.orders}",
            account=changes.pop("account", company),
            purchaser={"name": "Olga Muster", "email": to or self.who},
            **changes,
        )
        self.words["id"] = placed.public_id
        return placed

    def active(self, days: float = 10, *, to: str = "", **changes: Any) -> Subscription:
        placed = self.order(days, to=to, **changes)
        accept(placed, now=self.ago(days=days - 1))
        return self.again(placed)

    def again(self, subscription: Subscription) -> Subscription:
        return Subscription.get_by_id(subscription.id)

    @property
    def account(self) -> Account:
        found: Account = Account.get(Account.customer_number == self.number)
        return found

    def person(self, email: str = "", *, member: bool = True, password: bool = True) -> Person:
        """With the cast's password, or none."""
        known = {} if password else {"password": None}
        made = keep_person(email or self.who, name="Paul Petit", now=self.ago(days=30), **known)
        if member:
            accounts.join(made, self.account, now=self.ago(days=30))
        return made

    def came(self, person: Person, *, hours: float = 3) -> None:
        """They logged in, so long ago."""
        at = self.ago(hours=hours)
        sign_in.start_session(person, user_agent="", now=at)
        audit.record(audit.SIGNED_IN, actor=audit.Actor.of(person), person=person, now=at)

    def fail(self, times: int, *, minutes: float = 1) -> None:
        for _time in range(times):
            sign_in._note_failure(
                self.who, Person.get_or_none(email_key=self.who), now=self.ago(minutes=minutes)
            )

    def invite(self, subscription: Subscription, email: str = "", **facts: Any) -> Person:
        product = self.portal.catalogue.by_key(subscription.product_key)
        named = [Invitation(email or self.who, facts=Facts(**facts))]
        by = {"actor": subscription.administrator, "now": self.ago(days=5)}
        invitations.invite(subscription, named, product=product, **by)
        found: Person = Person.get(Person.email_key == (email or self.who))
        return found

    # ---- what became of the e-mails

    def mails(self, *, days: float = 3, **values: Any) -> None:
        """All that this company's people were written so far."""
        people = Person.select().where(Person.email_key.in_([self.who]))
        written = {"created_at": self.ago(days=days), "next_attempt_at": self.ago(days=days)} | values
        own = OutboxMessage.person.in_(people) | (OutboxMessage.to_email == self.who)
        OutboxMessage.update(**written).where(own).execute()
        last = OutboxMessage.select().where(own).order_by(OutboxMessage.id.desc()).first()
        self.words["subject"] = last.subject if last else ""

    def sent(self, *, days: float = 3) -> None:
        self.mails(days=days, state=SENT, sent_at=self.ago(days=days))

    def refused(self, error: str = UNKNOWN_MAILBOX, *, days: float = 3) -> None:
        self.mails(days=days, state=DEAD, last_error=error)

    def came_back(self, error: str, *, days: float = 3) -> None:
        self.mails(days=days, state=BOUNCED, last_error=error, bounced_at=self.ago(days=days))

    # ---- what the console says

    def case(self) -> Case:
        return Case(
            self.account.id,
            self.account.name,
            self.who,
            self.now,
            self.portal.catalogue,
            self.public_id,
            lambda: self.elsewhere,
        )

    def diagnosed(self, question: str) -> list[Finding]:
        return diagnose(question, self.case())
