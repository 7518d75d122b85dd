"""What a support agent may change: by the same rules, of the visited account only, with their name in the trail."""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from typing import Any

import pytest

from tests.domain.support.stuck import Stuck
from webapp.assembly import Portal
from webapp.data.audit import AuditEvent
from webapp.data.outbox import QUEUED, WITHDRAWN, OutboxMessage
from webapp.data.subscriptions import Subscription
from webapp.domain.addresses import EmailInvalid
from webapp.domain.audit import Actor
from webapp.domain.lifecycle.activation import ActivationWindowClosed, AlreadyActive
from webapp.domain.limits import TooOften
from webapp.domain.people import sign_in
from webapp.domain.people.sign_in import SignInRefused
from webapp.domain.refusals import NotThere
from webapp.domain.support import support_acts
from webapp.domain.support.support_acts import NotLocked, PurchaserChanged, SameAddress

SAM = Actor("agent", name="Sam Support")


@pytest.fixture
def olga(portal: Portal, bound_fr: Any, now: datetime) -> Stuck:
    return Stuck(portal, "olga", 1, now=now)


@pytest.fixture
def other(portal: Portal, olga: Stuck, now: datetime) -> Stuck:
    """Of another account at the same site."""
    found = Stuck(portal, "other", 2, now=now)
    found.order()
    return found


def last_event() -> tuple[str, str, str, dict[str, Any]]:
    event = AuditEvent.select().order_by(AuditEvent.id.desc()).get()
    return event.action, event.actor_kind, event.actor_name, json.loads(event.details)


def mails(kind: str = "activation") -> list[tuple[str, str]]:
    found = OutboxMessage.select().where(OutboxMessage.kind == kind).order_by(OutboxMessage.id)
    return [(mail.to_email, mail.state) for mail in found]


def test_the_activation_email_leaves_again(olga: Stuck, now: datetime) -> None:
    order = olga.order()
    support_acts.send_activation_again(olga.account.id, order.public_id, agent=SAM, now=now)
    assert mails() == [(olga.who, QUEUED)] * 2
    assert last_event() == ("activation.mail_requested", "agent", "Sam Support", {})


def test_support_does_not_send_it_more_often_than_the_customer(olga: Stuck, now: datetime) -> None:
    order, account = olga.order(), olga.account.id
    for _time in range(3):
        support_acts.send_activation_again(account, order.public_id, agent=SAM, now=now)
    with pytest.raises(TooOften):
        support_acts.send_activation_again(account, order.public_id, agent=SAM, now=now)
    assert len(mails()) == 4


def test_only_of_what_is_pending(olga: Stuck, now: datetime) -> None:
    active, late = olga.active(), olga.order(100)
    for found, refusal in ((active, AlreadyActive), (late, ActivationWindowClosed)):
        with pytest.raises(refusal):
            support_acts.send_activation_again(olga.account.id, found.public_id, agent=SAM, now=now)
        with pytest.raises(refusal):
            correct(olga, found, "new@example.com", now)


def correct(olga: Stuck, order: Subscription, email: str, now: datetime, shown: str = "") -> None:
    support_acts.correct_purchaser(
        olga.account.id,
        order.public_id,
        email=email,
        name="Olga Richtig",
        shown=shown or olga.who,
        agent=SAM,
        now=now,
    )


def test_a_corrected_purchaser_administers_it_and_is_mailed(olga: Stuck, now: datetime) -> None:
    order = olga.order()
    correct(olga, order, "right@example.com", now)
    assert olga.again(order).administrator.email == "right@example.com"
    assert mails() == [(olga.who, WITHDRAWN), ("right@example.com", QUEUED)]
    details = {"old_email": olga.who, "new_email": "right@example.com"}
    assert last_event() == ("order.purchaser_corrected", "agent", "Sam Support", details)


def test_a_correction_of_what_was_corrected_meanwhile_changes_nothing(olga: Stuck, now: datetime) -> None:
    order = olga.order()
    correct(olga, order, "first@example.com", now)
    with pytest.raises(PurchaserChanged) as refused:
        correct(olga, order, "second@example.com", now)
    assert refused.value.current == "first@example.com"
    assert olga.again(order).administrator.email == "first@example.com"


def test_a_correction_needs_another_address_that_is_one(olga: Stuck, now: datetime) -> None:
    order = olga.order()
    with pytest.raises(SameAddress):
        correct(olga, order, olga.who.upper(), now)
    with pytest.raises(EmailInvalid):
        correct(olga, order, "no address", now)
    assert mails() == [(olga.who, QUEUED)]


def test_an_unlocked_sign_in_can_be_tried_at_once(olga: Stuck, now: datetime) -> None:
    olga.order()
    olga.person()
    olga.fail(10)
    with pytest.raises(TooOften):
        sign_in.sign_in(olga.who, "wrong password", now=now)
    support_acts.unlock_sign_in(olga.account.id, olga.who, agent=SAM, now=now)
    assert last_event() == ("person.sign_in_unlocked", "agent", "Sam Support", {"name": "Olga Muster"})
    with pytest.raises(SignInRefused):
        sign_in.sign_in(olga.who, "wrong password", now=now)


def test_what_is_not_locked_is_not_unlocked(olga: Stuck, now: datetime) -> None:
    olga.order()
    olga.fail(9)
    with pytest.raises(NotLocked):
        support_acts.unlock_sign_in(olga.account.id, olga.who, agent=SAM, now=now)
    olga.fail(1)
    later = now + timedelta(minutes=5)
    with pytest.raises(NotLocked):
        support_acts.unlock_sign_in(olga.account.id, olga.who, agent=SAM, now=later)


def test_unlocking_one_leaves_others_locked(olga: Stuck, other: Stuck, now: datetime) -> None:
    olga.order()
    for customer in (olga, other):
        customer.fail(10)
    support_acts.unlock_sign_in(olga.account.id, olga.who, agent=SAM, now=now)
    with pytest.raises(TooOften):
        sign_in.sign_in(other.who, "wrong password", now=now)


def test_nothing_of_another_account_is_there(olga: Stuck, other: Stuck, now: datetime) -> None:
    olga.order()
    other.fail(10)
    before = (AuditEvent.select().count(), OutboxMessage.select().count())
    theirs = other.words["id"]
    for act in (
        lambda: support_acts.send_activation_again(olga.account.id, theirs, agent=SAM, now=now),
        lambda: support_acts.correct_purchaser(
            olga.account.id, theirs, email="a@example.com", name="A", shown=other.who, agent=SAM, now=now
        ),
        lambda: support_acts.unlock_sign_in(olga.account.id, other.who, agent=SAM, now=now),
    ):
        with pytest.raises(NotThere):
            act()
    assert (AuditEvent.select().count(), OutboxMessage.select().count()) == before
