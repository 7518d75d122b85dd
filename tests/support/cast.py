"""The fixed cast, told through the real rules: alice administers, kim is her backup, bob is a member, erin pays
the bills, charlie is of another account, dora of another site.

Everything that can collide across sites does: row numbers, the digits of public ids, order numbers,
customer numbers, and alice's e-mail address, which is another person's at `de`. What must stay with its
owner carries a canary (`kanari-fr-alice`), so that one look at an answer shows whose data is in it.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from functools import cache
from typing import Any

from argon2 import PasswordHasher

from webapp.assembly import Portal
from webapp.data.accounts import Account, Person
from webapp.data.agreements import AcceptedText
from webapp.data.billing import BillingDetails, Invoice, InvoiceRecipient
from webapp.data.database import atomic, current_site
from webapp.data.mandates import Mandate
from webapp.data.outbox import SENT, OutboxMessage
from webapp.data.subscriptions import ENDED, NEVER, SHELF_CANCELLED, Subscription
from webapp.domain import audit
from webapp.domain.companies import accounts
from webapp.domain.lifecycle import activation
from webapp.domain.orders import order_corrections
from webapp.domain.orders.order_document import read_order
from webapp.domain.orders.order_intake import take_order
from webapp.domain.people import members
from webapp.domain.seats import seats
from webapp.domain.seats.seat_facts import Facts
from webapp.domain.subscriptions import transfer
from webapp.domain.subscriptions.transfer import NewPerson, transfer_administration

PASSWORD = "a ladder and a lantern"
CANARY = re.compile(r"kanari-[a-z]{2}-[a-z]+")
OTHER_PASSWORD = "a bucket and a trowel"  # of the alice at de, who is somebody else


@dataclass(frozen=True, slots=True)
class Company:
    key: str
    number: str


@dataclass(frozen=True, slots=True)
class Actor:
    """One of the cast. `sees` are the canaries that may be in an answer to them."""

    key: str
    site: str
    email: str
    company: Company
    sees: frozenset[str]
    password: str = PASSWORD

    @property
    def name(self) -> str:
        return f"{self.key.capitalize()} {canary(self.site, self.key)}"


@dataclass(frozen=True, slots=True)
class Story:
    """One subscription: when it was ordered and activated, in days before now."""

    state: str
    product: str
    ordered: int
    activated: int | None = None


@dataclass(frozen=True, slots=True)
class Row:
    """A subscription of the cast as plain values: model instances belong to their site."""

    id: int
    owner: Actor
    state: str
    public_id: str
    order_number: str
    po_number: str
    seat_key: str = ""
    invoice: str = ""  # the number of its first


@dataclass
class Cast:
    """What a test asks for: `cast.row(ALICE, "pending").public_id`, `cast.person_ids[BOB]`."""

    rows: list[Row] = field(default_factory=list)
    person_ids: dict[Actor, int] = field(default_factory=dict)

    def row(self, owner: Actor, state: str) -> Row:
        return next(row for row in self.rows_of(owner) if row.state == state)

    def rows_of(self, owner: Actor) -> list[Row]:
        return [row for row in self.rows if row.owner == owner]


def canary(site: str, key: str) -> str:
    return f"kanari-{site}-{key}"


def _actor(key: str, site: str, company: Company, *, email: str = "", also: str = "", **facts: Any) -> Actor:
    sees = {canary(site, company.key), canary(site, key)} | {canary(site, one) for one in also.split()}
    return Actor(key, site, email or f"{key}@example.com", company, frozenset(sees), **facts)


_OUEST, _SUD = Company("ouest", "1000001"), Company("sud", "1000002")
_NORD, _WEST = Company("nord", "1000001"), Company("west", "1000002")

ALICE = _actor("alice", "fr", _OUEST, also="bob kim")
FRANK = _actor("frank", "fr", _OUEST)  # administers too, in alice's account
CHARLIE = _actor("charlie", "fr", _SUD)
BOB = _actor("bob", "fr", _OUEST, also="alice")  # holds a seat of alice's active subscription
ERIN = _actor("erin", "fr", _OUEST, also="alice frank kim given")  # looks after billing
KIM = _actor("kim", "fr", _OUEST, also="alice bob")  # the backup for alice's active subscription
DORA = _actor("dora", "de", _NORD, also="hans lena")
GERD = _actor("gerd", "de", _NORD)
NAMESAKE = _actor("namesake", "de", _WEST, email=ALICE.email, password=OTHER_PASSWORD)
HANS = _actor("hans", "de", _NORD, also="dora")
LENA = _actor("lena", "de", _NORD, also="dora hans")

# In the order in which they come to their site: the same row numbers are other people's elsewhere.
PEOPLE = {"fr": (ALICE, FRANK, CHARLIE, BOB, ERIN, KIM), "de": (DORA, GERD, NAMESAKE, HANS, LENA)}
SITES = tuple(PEOPLE)
SEATS = {ALICE: BOB, DORA: HANS}
SEATED = ("active", "cancelled", "ended")
INVOICED = (*SEATED, "handed-over")
BILLED = (ALICE, CHARLIE, DORA, NAMESAKE)  # have addresses for invoices
BACKUPS = {ALICE: KIM, DORA: LENA}
BILLING = (ERIN,)

ALL_STATES = (
    Story("pending", "profis-engineering-premium", 10),
    Story("active", "fieldwire-business", 100, 95),
    Story("cancelled", "fieldwire-pro", 200, 199),
    Story("ended", "fieldwire-premier", 500, 498),
    Story("lapsed", "ontrack-lite", 120),  # by its date: no job has marked it
    Story("marked", "ontrack-lite", 130),  # marked as lapsed
    Story("withdrawn", "ontrack-pro", 20),
    Story("last-days", "ontrack-enterprise", 88),
    Story("handed-over", "fieldwire-pro", 60, 55),  # to Nils, who has not come yet
)
TWO_STATES = ALL_STATES[:2]
TOLD = {
    "fr": ((ALICE, ALL_STATES), (FRANK, TWO_STATES), (CHARLIE, TWO_STATES)),
    "de": ((DORA, ALL_STATES), (GERD, TWO_STATES), (NAMESAKE, ALL_STATES[:3])),
}
PENDING = ("pending", "last-days")
MANAGEABLE = ("active", "cancelled")
VISIBLE = (*PENDING, *MANAGEABLE, "ended")
TOO_LATE = ("lapsed", "marked", "withdrawn")  # gone, but their links say so to the administrator
HANDED_OVER = "handed-over"
GONE = "gone"  # the canary of what nobody may see any more
GIVEN = "given"  # and of what its new administrator sees, and who looks after billing


def _mail_to(owner: Actor, key: str) -> str:
    return f"invoices.{canary(owner.site, key)}@example.com"


def unconfirmed_address(owner: Actor) -> str:
    """For invoices of the owner's active subscription."""
    return _mail_to(owner, owner.key)


def call_cast(portal: Portal, *, sites: tuple[str, ...] = SITES) -> Cast:
    cast = Cast()
    for code in sites:
        with portal.at(portal.sites[code]), atomic():
            _Teller(portal, cast, now=portal.clock()).fill(code)
    return cast


@cache
def cheap_hash(password: str) -> str:
    """Real argon2 with next to no work: what a hash costs has its own tests."""
    return PasswordHasher(time_cost=1, memory_cost=8, parallelism=1).hash(password)


def keep_person(email: str, *, name: str, password: str | None = PASSWORD, now: datetime) -> Person:
    """Of the bound site, with a password that is cheap to check."""
    person = accounts.keep_person(email=email, name=name, language=current_site().default_language, now=now)
    person.password_hash = cheap_hash(password) if password else None
    person.save()
    return person


def order_document(site: str, *, currency: str, language: str, ordered_at: datetime, **changes: Any) -> bytes:
    document = {
        "order_number": "0314199999",
        "site": site,
        "language": language,
        "ordered_at": ordered_at.isoformat(),
        "account": {
            "customer_number": "1000009",
            "name": "Musterbau",
            "address": {"line1": "Beispielallee 7", "city": "Musterstadt", "country": site.upper()},
        },
        "purchaser": {"name": "Olga Muster", "email": "olga@example.com"},
        "product": "fieldwire-business",
        "quantity": 5,
        "term": "annual",
        "unit_price": "480",
        "currency": currency,
        "purchase_order_number": "",
        "payment_method": "invoice",
    }
    return json.dumps(document | changes).encode()


def place_order(
    portal: Portal, *, ordered_at: datetime, taken_at: datetime | None = None, **changes: Any
) -> Subscription:
    """At the bound site, as its shop would; `changes` are fields of the order document."""
    site = current_site()
    document = order_document(
        site.code,
        currency=site.currency,
        language=site.default_language,
        ordered_at=ordered_at,
        **changes,
    )
    return take_order(
        read_order(document), catalogue=portal.catalogue, now=taken_at or ordered_at
    ).subscription


def accept(subscription: Subscription, *, now: datetime) -> None:
    """The administrator reads the agreement and activates."""
    administrator = subscription.administrator
    agreement = current_site().agreement(subscription.agreement_key, administrator.language)
    activation.activate(
        subscription,
        agreement=agreement,
        shown_sha256=agreement.sha256,
        shown_language=administrator.language,
        actor=administrator,
        now=now,
    )


class _Teller:
    """Fills one site, in the past."""

    def __init__(self, portal: Portal, cast: Cast, *, now: datetime) -> None:
        self.portal, self.cast, self.now, self.orders = portal, cast, now, 0

    def fill(self, code: str) -> None:
        long_ago = self.now - timedelta(days=600)
        for actor in PEOPLE[code]:
            person = keep_person(actor.email, name=actor.name, password=actor.password, now=long_ago)
            self.cast.person_ids[actor] = person.id
        for owner, stories in TOLD[code]:
            for story in stories:
                self.cast.rows.append(self.tell(owner, story))
        for actor in PEOPLE[code]:
            account = Account.get(Account.customer_number == actor.company.number)
            accounts.join(Person.get_by_id(self.cast.person_ids[actor]), account, now=long_ago)
        for index, row in enumerate(self.cast.rows):
            if row.owner.site == code and row.state in SEATED:
                self.cast.rows[index] = replace(row, seat_key=self.give_seat(row))
        for index, row in enumerate(self.cast.rows):
            if row.owner.site == code and row.state in INVOICED:
                self.cast.rows[index] = replace(row, invoice=self.number_of_first(row))
        for owner in BILLED:
            if owner.site == code:
                self.bill(owner)
        for owner, backup in BACKUPS.items():
            if owner.site == code:
                self.name_backup(owner, backup)
        for actor in BILLING:
            if actor.site == code:
                self.give_billing(actor)
        # What happened long ago was mailed long ago.
        OutboxMessage.update(state=SENT, sent_at=OutboxMessage.created_at).execute()

    def bill(self, owner: Actor) -> None:
        """Addresses for invoices; and who is not alice's company says what is to be on them."""
        row, added = self.cast.row(owner, "active"), self.now - timedelta(days=30)
        account = Account.get(Account.customer_number == owner.company.number)
        add = {"account": account, "added_by": self.cast.person_ids[owner], "added_at": added}
        own, everybodys = unconfirmed_address(owner), _mail_to(owner, owner.company.key)
        InvoiceRecipient.create(**add, subscription=row.id, scope=row.public_id, email=own, email_key=own)
        InvoiceRecipient.create(**add, email=everybodys, email_key=everybodys, confirmed_at=added)
        if owner in (CHARLIE, NAMESAKE):
            where = {
                "name": canary(owner.site, owner.company.key),
                "line1": "1",
                "city": "X",
                "country": "FR",
            }
            by = self.cast.person_ids[owner]
            self.debit(owner, row)
            BillingDetails.create(account=account, **where, changed_by=by, changed_at=added)

    def debit(self, owner: Actor, row: Row) -> None:
        """A mandate, with the owner's canary in the name of the account's holder."""
        text = AcceptedText.select().get()
        Mandate.create(
            subscription=row.id,
            reference=f"{row.public_id}-0",
            person=self.cast.person_ids[owner],
            text=text,
            language=text.language,
            accepted_at=self.now - timedelta(days=30),
            holder=owner.name,
            iban_country="FR",
            iban_ending="0000",
            iban_sealed="",
        )

    def tell(self, owner: Actor, story: Story) -> Row:
        self.orders += 1
        number = f"03141{self.orders:05}"
        seen = {HANDED_OVER: GIVEN, **dict.fromkeys(TOO_LATE, GONE)}.get(story.state, owner.key)
        po_number = f"PO {canary(owner.site, seen)} {story.state}"
        ordered_at = self.now - timedelta(days=story.ordered)
        subscription = place_order(
            self.portal,
            ordered_at=ordered_at,
            taken_at=self.now if story.state == "marked" else ordered_at,
            order_number=number,
            account=_account(owner),
            purchaser={"name": owner.name, "email": owner.email},
            product=story.product,
            purchase_order_number=po_number,
        )
        self.lead_to_its_end(subscription, story, number)
        public_id = subscription.public_id
        return Row(subscription.id, owner, story.state, public_id, number, po_number)

    def lead_to_its_end(self, subscription: Subscription, story: Story, number: str) -> None:
        if story.activated is not None:
            accept(subscription, now=self.now - timedelta(days=story.activated))
        if story.state in ("cancelled", "ended"):
            _plan_end(subscription, ended=story.state == "ended", now=self.now)
        if story.state == "withdrawn":
            yesterday = self.now - timedelta(days=1)
            order_corrections.withdraw_order(number, reason="by mistake", actor=audit.SHOP, now=yesterday)

        if story.state == HANDED_OVER:
            self.hand_over(subscription)

    def hand_over(self, subscription: Subscription) -> None:
        heir = NewPerson("Nils", f"nils@{current_site().code}.example.com")
        old, lately = subscription.administrator, self.now - timedelta(hours=1)
        transfer_administration(subscription, to=heir, keep_seat=True, actor=old, now=lately)

    def give_seat(self, row: Row) -> str:
        """Of alice’s and dora’s rows to a colleague, of the others’ to themselves."""
        subscription = Subscription.get_by_id(row.id)
        holder = Person.get_by_id(self.cast.person_ids[SEATS.get(row.owner, row.owner)])
        a_month_ago = self.now - timedelta(days=30)
        given = seats.give(subscription, holder, Facts(), state="active", now=a_month_ago)
        Subscription.update(seats_taken=1).where(Subscription.id == row.id).execute()
        assert given
        return given[0]

    def number_of_first(self, row: Row) -> str:
        """Of the invoice that activation brought."""
        return str(Invoice.get(Invoice.subscription == row.id).number)

    def name_backup(self, owner: Actor, backup: Actor) -> None:
        row = Subscription.get_by_id(self.cast.row(owner, "active").id)
        person = Person.get_by_id(self.cast.person_ids[backup])
        lately = self.now - timedelta(hours=1)
        transfer.name_backup(row, person=person, actor=row.administrator, now=lately)

    def give_billing(self, actor: Actor) -> None:
        """By an administrator, since nobody has it yet."""
        account = Account.get(Account.customer_number == actor.company.number)
        person, by = (Person.get_by_id(self.cast.person_ids[one]) for one in (actor, ALICE))
        members.grant_billing(account, person=person, actor=by, now=self.now - timedelta(hours=1))


def _account(owner: Actor) -> dict[str, Any]:
    name = canary(owner.site, owner.company.key)
    address = {"line1": f"7 {name}", "city": name, "country": owner.site.upper()}
    return {"customer_number": owner.company.number, "name": f"{name} AG", "address": address}


def _plan_end(subscription: Subscription, *, ended: bool, now: datetime) -> None:
    """As the rules of cancelling leave a subscription."""
    changes: dict[str, object] = {
        "shelf": SHELF_CANCELLED,
        "renewal_key": NEVER,
        "ends_on": subscription.term_end,
    }
    if ended:
        changes |= {"status": ENDED, "ended_at": now - timedelta(days=1)}
    Subscription.update(changes).where(Subscription.id == subscription.id).execute()
