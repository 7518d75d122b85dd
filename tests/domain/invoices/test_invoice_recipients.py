"""Addresses for invoices: nothing is sent to one before somebody who reads its mail has said yes."""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from typing import Any

import pytest

from tests.conftest import TestClock
from tests.support.cast import accept, keep_person, place_order
from tests.support.letters import fetch_letters
from webapp.assembly import Portal
from webapp.data.audit import AuditEvent
from webapp.data.billing import InvoiceRecipient
from webapp.data.outbox import QUEUED, SENT, WITHDRAWN, OutboxMessage
from webapp.data.sign_in import Token
from webapp.data.subscriptions import Subscription
from webapp.domain import audit, tokens
from webapp.domain.invoices.invoice_recipients import (
    ADDED,
    COMPANY,
    LINK_DAYS,
    MOST,
    SENT_AGAIN,
    SUBSCRIPTION,
    AddressInvalid,
    AddressKnown,
    AlreadyConfirmed,
    TooManyAddresses,
    add_recipient,
    addresses_for,
    confirm_recipient,
    of_link,
    recipients,
    remove_recipient,
    send_link_again,
)
from webapp.domain.limits import TooOften
from webapp.domain.refusals import NotThere, Refusal
from webapp.domain.tokens import TokenInvalid
from webapp.sites import Site

TOKEN = re.compile(r"/invoice-address/([A-Za-z0-9_-]{43})\s")


class Scene:
    def __init__(self, portal: Portal, clock: TestClock) -> None:
        self.portal, self.clock = portal, clock
        self.bought = place_order(portal, ordered_at=clock.now)
        accept(self.bought, now=clock.now)
        self.olga = self.bought.administrator
        OutboxMessage.update(state=SENT).execute()

    def add(self, email: str = "compta@example.com", whose: str = COMPANY) -> None:
        add_recipient(self.bought, email, whose=whose, actor=self.olga, now=self.clock.now)

    def again(self, email: str = "compta@example.com", whose: str = COMPANY) -> None:
        send_link_again(self.bought, email, whose=whose, actor=self.olga, now=self.clock.now)

    def remove(self, email: str = "compta@example.com", whose: str = COMPANY) -> None:
        remove_recipient(self.bought, email, whose=whose, actor=self.olga, now=self.clock.now)

    def listed(self) -> list[tuple[str, str, bool]]:
        found = recipients(self.bought.account_id, self.bought.public_id)
        return [(one.email, one.scope, one.confirmed_at is not None) for one in found]

    def link(self, email: str = "compta@example.com") -> str:
        """The token of a mail that is delivered now."""
        recipient = InvoiceRecipient.get(InvoiceRecipient.email == email)
        return tokens.mint(
            tokens.INVOICE_ADDRESS,
            person=None,
            recipient=recipient,
            minutes=LINK_DAYS * 24 * 60,
            next_path="",
            now=self.clock.now,
        )


@pytest.fixture
def scene(portal: Portal, bound_fr: Site, clock: TestClock) -> Scene:
    return Scene(portal, clock)


def traces() -> tuple[Any, ...]:
    counts = (AuditEvent.select().count(), OutboxMessage.select().count())
    return (sorted(map(str, InvoiceRecipient.select().tuples())), *counts)


def actions() -> list[str]:
    found = AuditEvent.select().where(AuditEvent.action.startswith("invoice_address")).order_by(AuditEvent.id)
    return [event.action for event in found]


def test_an_address_counts_from_its_confirmation_on(scene: Scene, now: datetime) -> None:
    assert addresses_for(scene.bought) == ["olga@example.com"]
    scene.add("  Compta@Example.com ")
    assert scene.listed() == [("Compta@Example.com", "", False)]
    assert addresses_for(scene.bought) == ["olga@example.com"]
    token = scene.link("Compta@Example.com")
    assert of_link(token, now=now).email == "Compta@Example.com"
    assert scene.listed() == [("Compta@Example.com", "", False)]  # looking is not confirming
    assert confirm_recipient(token, now=now).confirmed_at is None  # as it was found
    assert scene.listed() == [("Compta@Example.com", "", True)]
    assert addresses_for(scene.bought) == ["Compta@Example.com"]
    assert actions() == [audit.INVOICE_ADDRESS_ADDED, audit.INVOICE_ADDRESS_CONFIRMED]


def test_the_mail_goes_to_the_address_and_its_link_is_minted_at_delivery(
    portal: Portal, site_fr: Site, clock: TestClock
) -> None:
    with portal.at(site_fr):
        scene = Scene(portal, clock)
        scene.add()
        message = OutboxMessage.get(OutboxMessage.state == QUEUED)
        assert (message.to_email, message.person, message.kind) == (
            "compta@example.com",
            None,
            "invoice_address",
        )
        assert not Token.select().exists() and not TOKEN.search(message.text)
    letter = fetch_letters(portal, "fr")[0]
    found = re.fullmatch(r"/invoice-address/([A-Za-z0-9_-]{43})", letter.path)
    assert found
    with portal.at(site_fr):
        assert confirm_recipient(found[1], now=clock.now).email == "compta@example.com"


def test_the_link_works_once_for_seven_days_and_for_its_purpose_only(scene: Scene) -> None:
    scene.add()
    first, second = scene.link(), scene.link()
    for wrong in (
        "A" * 43,
        tokens.mint(tokens.SET_PASSWORD, person=scene.olga, minutes=60, next_path="", now=scene.clock.now),
    ):
        with pytest.raises(TokenInvalid):
            confirm_recipient(wrong, now=scene.clock.now)
    with pytest.raises(TokenInvalid):
        tokens.peek(first, tokens.SET_PASSWORD, now=scene.clock.now)
    with pytest.raises(TokenInvalid):
        confirm_recipient(first, now=scene.clock.now + timedelta(days=LINK_DAYS))
    confirm_recipient(first, now=scene.clock.now + timedelta(days=LINK_DAYS, seconds=-1))
    for dead in (first, second):
        with pytest.raises(TokenInvalid):
            confirm_recipient(dead, now=scene.clock.now)


def test_confirming_one_leaves_the_links_of_others_alive(scene: Scene, now: datetime) -> None:
    scene.add("one@example.com")
    scene.add("two@example.com")
    one, two = scene.link("one@example.com"), scene.link("two@example.com")
    confirm_recipient(one, now=now)
    confirm_recipient(two, now=now)
    assert addresses_for(scene.bought) == ["one@example.com", "two@example.com"]


def test_one_may_be_for_the_company_and_for_one_subscription(
    scene: Scene, portal: Portal, now: datetime
) -> None:
    other = place_order(portal, ordered_at=now, order_number="0314199998")
    accept(other, now=now)
    scene.add("compta@example.com", COMPANY)
    scene.add("chantier@example.com", SUBSCRIPTION)
    scene.add("compta@example.com", SUBSCRIPTION)
    InvoiceRecipient.update(confirmed_at=now).execute()
    assert addresses_for(scene.bought) == ["compta@example.com", "chantier@example.com"]
    assert addresses_for(other) == ["compta@example.com"]


def test_removed_it_gets_nothing_more_and_its_links_are_dead(scene: Scene, now: datetime) -> None:
    scene.add()
    token = scene.link()
    scene.remove("COMPTA@example.com")
    assert scene.listed() == []
    assert [mail.state for mail in OutboxMessage.select().where(OutboxMessage.kind == "invoice_address")] == [
        WITHDRAWN
    ]
    with pytest.raises(TokenInvalid):
        confirm_recipient(token, now=now)
    assert actions()[-1] == audit.INVOICE_ADDRESS_REMOVED
    scene.add()
    assert scene.listed() == [("compta@example.com", "", False)]


@pytest.mark.parametrize("typed", ["", "nobody", "a@", "a@b\n.example", "x" * 300 + "@example.com"])
def test_what_is_no_address_is_refused(scene: Scene, typed: str) -> None:
    refused(scene, AddressInvalid, typed)


def refused(scene: Scene, problem: type[Refusal], typed: str) -> None:
    before = traces()
    with pytest.raises(problem) as caught:
        scene.add(typed)
    assert str(caught.value)
    assert traces() == before


def test_the_same_address_is_listed_once(scene: Scene) -> None:
    scene.add()
    refused(scene, AddressKnown, "COMPTA@example.com")


def test_there_is_room_for_ten(scene: Scene) -> None:
    for number in range(MOST):
        scene.add(f"{number}@example.com")
    refused(scene, TooManyAddresses, "one.more@example.com")
    scene.add("of.this.one@example.com", SUBSCRIPTION)


def test_nobody_is_written_to_without_end(scene: Scene) -> None:
    scene.add()
    for _time in range(SENT_AGAIN.times):
        scene.again()
    before = traces()
    with pytest.raises(TooOften):
        scene.again()
    assert traces() == before
    scene.clock.forward(hours=1, seconds=1)
    scene.again()
    for _time in range(ADDED.times - 1):
        scene.remove()
        scene.add()
    scene.remove()
    refused(scene, TooOften, "compta@example.com")


def test_who_confirmed_gets_no_second_link(scene: Scene, now: datetime) -> None:
    scene.add()
    confirm_recipient(scene.link(), now=now)
    with pytest.raises(AlreadyConfirmed):
        scene.again()


def test_only_who_may_for_the_subscription_may(scene: Scene, now: datetime) -> None:
    scene.add()
    before = traces()
    charlie = keep_person("charlie@example.com", name="Charlie", now=now)
    for rule in (add_recipient, send_link_again, remove_recipient):
        with pytest.raises(NotThere):
            rule(scene.bought, "compta@example.com", whose=COMPANY, actor=charlie, now=now)
    for rule in (send_link_again, remove_recipient):
        with pytest.raises(NotThere):
            rule(scene.bought, "nobody@example.com", whose=COMPANY, actor=scene.olga, now=now)
        with pytest.raises(NotThere):
            rule(scene.bought, "compta@example.com", whose=SUBSCRIPTION, actor=scene.olga, now=now)
    assert traces() == before


def test_all_of_it_happens_or_nothing(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*args: object, **facts: object) -> None:
        raise RuntimeError("the disk is full")

    before = traces()
    monkeypatch.setattr(audit, "record", fail)
    with pytest.raises(RuntimeError):
        scene.add()
    assert traces() == before
    assert Subscription.select().count() == 1
