"""Fills each site through the very rules customers go through, at times in the past.

A site that has the demo's people already is left as it is: a second start keeps the data.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from webapp.assembly import Portal
from webapp.data.accounts import Account, Person
from webapp.data.database import current_site
from webapp.data.keys import email_key, fold
from webapp.data.outbox import QUEUED, SENT, OutboxMessage
from webapp.data.subscriptions import ACTIVE, ENDED, USED, Seat, Subscription
from webapp.demo import agents, billing, invoices
from webapp.demo.cast import PASSWORD, PEOPLE, DemoPerson
from webapp.domain.calendar import local_date, start_of_day
from webapp.domain.companies import accounts
from webapp.domain.lifecycle import activation
from webapp.domain.orders.order_document import read_order
from webapp.domain.orders.order_intake import take_order
from webapp.domain.people import members, passwords
from webapp.domain.seats import seats
from webapp.domain.seats.seat_facts import Facts
from webapp.domain.subscriptions import cancellation, purchase_orders, transfer
from webapp.sites import Product, Site


@dataclass(frozen=True, slots=True)
class Story:
    """One subscription of the demo: how long ago it was ordered and what became of it."""

    product: str
    ordered_days_ago: int
    quantity: int = 1
    activated_days_ago: int | None = None
    seats: int = 0
    ending: str = ""  # cancelled, ended
    po_number: str = ""
    new_po_number: str = ""
    payment_method: str = "invoice"


STORIES = (
    Story("profis-engineering-premium", 81, quantity=5, po_number="4500071236"),
    Story("ontrack-pro", 28),
    Story("fieldwire-business", 330, 40, 326, seats=34, po_number="4500061020", new_po_number="4500068812"),
    Story("profis-engineering-premium", 312, 12, 311, seats=12, po_number="4500068812"),
    Story("fieldwire-pro", 200, 10, 199, seats=3, ending="cancelled", po_number="BC-2026-0114"),
    Story("ontrack-enterprise", 175, 1, 173, po_number="4500070455", payment_method="direct_debit"),
    Story("profis-layout-office", 100, 2, 98, payment_method="credit_card"),
    Story("fieldwire-premier", 500, 8, 498, ending="ended", po_number="2025/771"),
    Story("ontrack-lite", 120, po_number="4500055555"),  # nobody activated it: lapsed
    Story("ontrack-pro", 74, 1, 72, po_number="4500072330"),  # its invoice is overdue
    Story("ontrack-pro", 10, 1, 8, po_number="4500078104"),  # and this one's open
)
_COLLEAGUES = (
    *("Marie Dupont", "Paul Girard", "Yanis Belkacem", "Nora Winter", "Jan Kowalski", "Luca Rossi"),
    *("Inès Garcia", "Tom Baker", "Lena Vogel", "Omar Haddad", "Eva Novak", "Hugo Petit"),
)


def seed_all(portal: Portal) -> list[str]:
    """The codes of the sites that were empty of demo data and are no longer."""
    now = portal.clock()
    hashed = passwords.hash_password(PASSWORD)
    agents.seed(portal, hashed, now=now)
    return [site.code for site in portal.sites if _seed(portal, site, hashed, now=now)]


def _seed(portal: Portal, site: Site, hashed: str, *, now: datetime) -> bool:
    people = [person for person in PEOPLE if person.site == site.code]
    if not people:  # a site that somebody has added
        return False
    with portal.at(site):
        if Person.select().where(Person.email_key == email_key(people[0].email)).exists():
            return False
        for person in people:
            _keep(person, hashed, now=now)
        _tell_all(portal, people, now=now)
        for person in people:
            _join(portal, person, now=now)
        for person in people:
            _give_seat(person, now=now)
            _give_roles(person, now=now)
        invoices.settle(now=now)
    return True


def _give_seat(member: DemoPerson, *, now: datetime) -> None:
    """A member who uses a licence holds one of the first subscription of their company that has some left."""
    if "license" not in member.role:
        return
    person = _row(member)
    found = (
        Subscription.select()
        .join(Account)
        .where(
            Account.customer_number == member.company.number,
            Subscription.status == ACTIVE,
            Subscription.seats_taken.between(1, Subscription.quantity - 1),
        )
        .order_by(Subscription.id)
        .first()
    )
    if found and seats.give(found, person, Facts(), state=USED, now=now):
        Subscription.update(seats_taken=Subscription.seats_taken + 1).where(
            Subscription.id == found.id
        ).execute()


def _order_numbers(site: Site) -> Iterator[str]:
    """Numbers no shop sends."""
    number = 0
    while True:
        number += 1
        yield f"DEMO-{site.code.upper()}-{number:04}"


def _keep(person: DemoPerson, hashed: str, *, now: datetime) -> None:
    long_ago = now - timedelta(days=600)
    row = accounts.keep_person(email=person.email, name=person.name, language=person.language, now=long_ago)
    row.password_hash = hashed
    row.save()


def _row(person: DemoPerson) -> Person:
    found: Person = Person.get(Person.email_key == email_key(person.email))
    return found


def _tell_all(portal: Portal, people: list[DemoPerson], *, now: datetime) -> None:
    """In the order of their activations, so that the numbers of invoices rise with their dates."""
    numbers = _order_numbers(current_site())
    told = [
        (story, product, person, next(numbers))
        for person in people
        for story in STORIES
        if person.administers
        and (product := portal.catalogue.by_key(story.product))
        and product.sold_on(person.site)
    ]
    told.sort(key=lambda one: -(one[0].activated_days_ago or 0))
    for story, product, person, number in told:
        _tell(story, product, person, _row(person), number, portal, now=now)


def _join(portal: Portal, person: DemoPerson, *, now: datetime) -> None:
    company, row = person.company, _row(person)
    account, _changes = accounts.keep_account(company.number, facts=_company_facts(person), update=False)
    accounts.join(row, account, now=now - timedelta(days=600))
    billing.tell(portal, row, now=now)


def _give_roles(person: DemoPerson, *, now: datetime) -> None:
    """As their administrators do: they are there by now."""
    row, lately = _row(person), now - timedelta(days=20)
    for company in filter(None, (person.also_at,)):
        accounts.join(row, Account.get(Account.customer_number == company.number), now=lately)
    for company in person.bills:
        account = Account.get(Account.customer_number == company.number)
        active = (Subscription.account == account) & (Subscription.status == ACTIVE)
        by = Subscription.select().where(active).order_by(Subscription.id).get().administrator
        members.grant_billing(account, person=row, actor=by, now=lately)
    if person.backs_up:
        of_product = (Subscription.product_key == person.backs_up) & (Subscription.status == ACTIVE)
        backed_up = Subscription.select().where(of_product).order_by(Subscription.id).get()
        administrator = backed_up.administrator
        transfer.name_backup(backed_up, person=row, actor=administrator, now=lately)
    OutboxMessage.update(state=SENT, sent_at=lately).where(
        OutboxMessage.created_at == lately, OutboxMessage.state == QUEUED
    ).execute()


def _company_facts(person: DemoPerson) -> dict[str, str | None]:
    company = person.company
    return {
        "name": company.name,
        "line1": company.line1,
        "line2": None,
        "postal_code": company.postal_code,
        "city": company.city,
        "region": company.region,
        "country": company.country,
        "vat_id": billing.vat_id(),
    }


def _tell(
    story: Story,
    product: Product,
    person: DemoPerson,
    row: Person,
    number: str,
    portal: Portal,
    *,
    now: datetime,
) -> None:
    ordered_at = now - timedelta(days=story.ordered_days_ago, hours=3)
    order = read_order(_document(story, product, person, number, ordered_at))
    subscription = take_order(order, catalogue=portal.catalogue, now=ordered_at).subscription
    if story.activated_days_ago is None:
        if subscription.activate_before <= now:
            _mark_delivered(subscription)
        return
    activated_at = now - timedelta(days=story.activated_days_ago)
    _activate(subscription, row, now=activated_at)
    _fill_seats(subscription, person, story.seats, now=activated_at + timedelta(days=1), today=now)
    if story.new_po_number:
        later = now - timedelta(days=4)
        purchase_orders.change_po_number(
            subscription, story.new_po_number, read_version=0, actor=row, now=later
        )
    if story.ending:
        _cancel(subscription, row, now=activated_at + timedelta(days=190))
    if story.ending == "ended":
        _end(subscription)
    _mark_delivered(subscription)


def _document(story: Story, product: Product, person: DemoPerson, number: str, ordered_at: datetime) -> bytes:
    site = current_site()
    price = product.demo_price("annual", site.currency) or Decimal(100)
    document = {
        "order_number": number,
        "site": site.code,
        "language": person.language,
        "ordered_at": ordered_at.isoformat(),
        "account": {
            "customer_number": person.company.number,
            "name": person.company.name,
            "address": {
                key: value for key, value in _company_facts(person).items() if key not in ("name", "vat_id")
            },
            "vat_id": billing.vat_id(),
        },
        "purchaser": {"name": person.name, "email": person.email},
        "product": product.key,
        "quantity": story.quantity,
        "term": "annual",
        "unit_price": str(price),
        "currency": site.currency,
        "price_is_fictitious": True,
        "purchase_order_number": story.po_number,
        "payment_method": story.payment_method,
    }
    return json.dumps(document).encode()


def _activate(subscription: Subscription, row: Person, *, now: datetime) -> None:
    agreement = current_site().agreement(subscription.agreement_key, row.language)
    activation.activate(
        subscription,
        agreement=agreement,
        shown_sha256=agreement.sha256,
        shown_language=row.language,
        actor=row,
        now=now,
    )


# Where there are many, of the first: when their seat ends (in days), whether it was taken back, who pays.
_NOTED: dict[int, dict[str, Any]] = {
    0: {"job_site": "Tour Exemple, lot 4"},
    1: {"days_left": 38, "cost_centre": "4711", "job_site": "Tour Exemple, lot 4"},
    2: {"days_left": -12, "cost_centre": "4711"},
    5: {"cost_centre": "0815"},
    9: {"removed": True},
}


def _fill_seats(
    subscription: Subscription, person: DemoPerson, count: int, *, now: datetime, today: datetime
) -> None:
    """Seats in every state, where there are many: two of three dozen are over."""
    taken, noted = 0, _NOTED if count > len(_COLLEAGUES) else {}
    for index in range(count):
        first = _COLLEAGUES[index % len(_COLLEAGUES)]
        name = first if index < len(_COLLEAGUES) else f"{first} {index // len(_COLLEAGUES) + 1}"
        address = f"{fold(name).replace(' ', '.')}@{person.company.number}.demo.example"
        colleague = accounts.keep_person(email=address, name=name, language=person.language, now=now)
        accounts.join(colleague, subscription.account, now=now)
        state = "invited" if index % 7 == 6 else "active"
        taken += _seat(subscription, colleague, state, noted.get(index, {}), now=now, today=today)
    Subscription.update(seats_taken=taken).where(Subscription.id == subscription.id).execute()


def _seat(
    subscription: Subscription,
    colleague: Person,
    state: str,
    noted: dict[str, Any],
    *,
    now: datetime,
    today: datetime,
) -> int:
    """1 if it still takes a licence."""
    days, removed = noted.get("days_left"), "removed" in noted
    last_day = local_date(today, current_site().time_zone) + timedelta(days=days) if days else None
    facts = Facts(last_day, noted.get("cost_centre", ""), noted.get("job_site", ""))
    seats.give(subscription, colleague, facts, state=state, now=now)
    over = removed or (days or 0) < 0
    if over:
        over_on = (last_day or local_date(today, current_site().time_zone)) + timedelta(
            days=1 if days else -3
        )
        changes = {"counted": 0, "over_on": over_on.isoformat(), "revoked_at": today if removed else None}
        here = (Seat.subscription == subscription) & (Seat.person == colleague)
        Seat.update(changes).where(here).execute()
    return 0 if over else 1


def _cancel(subscription: Subscription, row: Person, *, now: datetime) -> None:
    ends_on = subscription.term_end
    cancellation.plan_cancellation(subscription, ends_on=ends_on, reason="", actor=row, now=now)


def _end(subscription: Subscription) -> None:
    """As the end of its term leaves a subscription that does not renew."""
    ended_at = start_of_day(subscription.term_end, current_site().time_zone)
    Subscription.update(status=ENDED, ended_at=ended_at).where(Subscription.id == subscription.id).execute()


def _mark_delivered(subscription: Subscription) -> None:
    """What happened long ago was mailed long ago."""
    OutboxMessage.update(state=SENT, sent_at=OutboxMessage.created_at).where(
        OutboxMessage.subscription == subscription, OutboxMessage.state == QUEUED
    ).execute()
