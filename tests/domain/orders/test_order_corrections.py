"""A pending order's purchaser can be corrected, or the order withdrawn; nothing else can be done to it."""

from __future__ import annotations

import json
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from threading import Barrier
from typing import Any

import pytest

from tests.support.orders import an_order
from webapp.assembly import Portal
from webapp.data.accounts import Membership, Person
from webapp.data.audit import AuditEvent
from webapp.data.outbox import QUEUED, SENT, OutboxMessage
from webapp.data.outbox import WITHDRAWN as MAIL_WITHDRAWN
from webapp.data.subscriptions import ACTIVE, SHELF_GONE, WITHDRAWN, Subscription
from webapp.domain.audit import OPERATOR
from webapp.domain.orders import order_corrections
from webapp.domain.orders.order_corrections import (
    OrderNoLongerPending,
    OrderUnknown,
    PurchaserInvalid,
    ReasonInvalid,
    correct_purchaser,
    withdraw_order,
)
from webapp.domain.orders.order_document import read_order
from webapp.domain.orders.order_intake import take_order
from webapp.domain.permissions import ordered_subscription
from webapp.domain.refusals import NotThere, Refusal

NUMBER = "0700000001"
Take = Callable[..., Subscription]


@pytest.fixture
def take(portal: Portal, bound_fr: Any, now: datetime) -> Take:
    def take(changes: dict[str, Any] | None = None, /, **fields: Any) -> Subscription:
        order = read_order(an_order(changes, **fields))
        return take_order(order, catalogue=portal.catalogue, now=now).subscription

    return take


def mails() -> list[tuple[str, str, str]]:
    return [
        (mail.kind, mail.to_email, mail.state) for mail in OutboxMessage.select().order_by(OutboxMessage.id)
    ]


def last_event() -> tuple[str, str, dict[str, Any]]:
    event = AuditEvent.select().order_by(AuditEvent.id.desc()).get()
    return event.action, event.actor_kind, json.loads(event.details)


def correct(email: str, now: datetime, **others: Any) -> order_corrections.Correction:
    return correct_purchaser(NUMBER, email=email, actor=OPERATOR, now=now, **others)


def test_the_new_purchaser_administers_and_is_mailed(take: Take, now: datetime) -> None:
    take()
    assert correct("bob@example.com", now, name="Bob Exemple").changed
    found = Subscription.get()
    assert (found.administrator.email, found.administrator.name) == ("bob@example.com", "Bob Exemple")
    assert found.administrator.language == "fr"
    assert mails() == [
        ("activation", "alice@example.com", MAIL_WITHDRAWN),
        ("activation", "bob@example.com", QUEUED),
    ]
    details = {"old_email": "alice@example.com", "new_email": "bob@example.com"}
    assert last_event() == ("order.purchaser_corrected", "operator", details)


def test_the_old_link_is_dead(take: Take, now: datetime) -> None:
    alice = take().administrator
    correct("bob@example.com", now)
    with pytest.raises(NotThere):
        ordered_subscription(alice.id, NUMBER)


def test_a_mail_that_has_left_is_not_called_back(take: Take, now: datetime) -> None:
    take()
    OutboxMessage.update(state=SENT).execute()
    correct("bob@example.com", now)
    assert mails()[0] == ("activation", "alice@example.com", SENT)


def test_who_was_named_by_mistake_is_no_member_any_more(take: Take, now: datetime) -> None:
    take()
    correct("bob@example.com", now)
    assert [member.person.email for member in Membership.select()] == ["bob@example.com"]


@pytest.mark.parametrize("reason", ["another subscription", "has signed in"])
def test_who_belongs_to_the_company_stays_a_member(take: Take, now: datetime, reason: str) -> None:
    take()
    if reason == "another subscription":
        take(order_number="2")
    else:
        Person.update(first_signed_in_at=now).execute()
    correct("bob@example.com", now)
    assert {member.person.email for member in Membership.select()} == {"alice@example.com", "bob@example.com"}


def test_a_known_person_keeps_their_name(take: Take, now: datetime) -> None:
    take()
    take({"order_number": "2", "purchaser.email": "bob@example.com", "purchaser.name": "Bob Exemple"})
    correct("BOB@example.com", now, name="Robert")
    assert Subscription.select().order_by(Subscription.id).first().administrator.name == "Bob Exemple"


def test_the_same_purchaser_again_changes_nothing(take: Take, now: datetime) -> None:
    take()
    assert not correct("ALICE@example.com", now).changed
    assert len(mails()) == 1
    assert AuditEvent.select().count() == 1


@pytest.mark.parametrize(
    ("email", "name"),
    [
        ("bob.example.com", None),
        ("bob@example.com\n", None),
        ("", None),
        ("b@example.com", " "),
        ("b@example.com", "B\n"),
        ("b@example.com", "B" * 301),
    ],
)
def test_a_purchaser_who_could_not_be_reached_is_refused(
    take: Take, now: datetime, email: str, name: Any
) -> None:
    take()
    with pytest.raises(PurchaserInvalid):
        correct(email, now, name=name)
    assert Person.select().count() == 1


def test_a_resent_order_does_not_undo_the_correction(take: Take, now: datetime) -> None:
    take()
    correct("bob@example.com", now)
    assert take().administrator.email == "bob@example.com"
    assert len(mails()) == 2


def test_a_withdrawn_order_is_gone_and_its_administrator_is_told(take: Take, now: datetime) -> None:
    take()
    assert withdraw_order(NUMBER, reason="ordered twice", actor=OPERATOR, now=now).changed
    found = Subscription.get()
    assert (found.status, found.shelf) == (WITHDRAWN, SHELF_GONE)
    assert mails() == [
        ("activation", "alice@example.com", MAIL_WITHDRAWN),
        ("withdrawn", "alice@example.com", QUEUED),
    ]
    details = {"order_number": NUMBER, "reason": "ordered twice"}
    assert last_event() == ("order.withdrawn", "operator", details)


@pytest.mark.parametrize("reason", ["", " ", "two\nlines", "x" * 1001])
def test_a_reason_is_one_line_of_text(take: Take, now: datetime, reason: str) -> None:
    take()
    with pytest.raises(ReasonInvalid):
        withdraw_order(NUMBER, reason=reason, actor=OPERATOR, now=now)
    assert len(mails()) == 1


def test_a_name_may_hold_a_right_to_left_mark(take: Take, now: datetime) -> None:
    take()
    correct("fatima@example.com", now, name="فاطمة \u200fالمثال")
    assert Subscription.get().administrator.name == "فاطمة \u200fالمثال"


def test_withdrawing_again_changes_nothing(take: Take, now: datetime) -> None:
    take()
    withdraw_order(NUMBER, reason="ordered twice", actor=OPERATOR, now=now)
    assert not withdraw_order(NUMBER, reason="again", actor=OPERATOR, now=now).changed
    assert len(mails()) == 2


def test_a_withdrawn_order_sent_again_stays_withdrawn(take: Take, now: datetime) -> None:
    take()
    withdraw_order(NUMBER, reason="ordered twice", actor=OPERATOR, now=now)
    assert take().status == WITHDRAWN


def both(now: datetime) -> list[Callable[[], Any]]:
    return [
        lambda: correct("bob@example.com", now),
        lambda: withdraw_order(NUMBER, reason="too late", actor=OPERATOR, now=now),
    ]


@pytest.mark.parametrize("which", [0, 1])
def test_an_active_subscription_is_not_touched(take: Take, now: datetime, which: int) -> None:
    take()
    Subscription.update(status=ACTIVE).execute()
    with pytest.raises(OrderNoLongerPending, match="activated already"):
        both(now)[which]()
    assert (Subscription.get().administrator.email, len(mails())) == ("alice@example.com", 1)


@pytest.mark.parametrize("which", [0, 1])
def test_day_91_is_too_late_for_corrections(take: Take, which: int) -> None:
    deadline = take().activate_before
    with pytest.raises(OrderNoLongerPending, match="90 days"):
        both(deadline)[which]()
    assert len(mails()) == 1


@pytest.mark.parametrize("which", [0, 1])
def test_an_order_that_came_too_late_is_not_touched(take: Take, now: datetime, which: int) -> None:
    take(ordered_at="2026-01-01T00:00:00Z")
    with pytest.raises(OrderNoLongerPending, match="90 days"):
        both(now)[which]()


@pytest.mark.parametrize("which", [0, 1])
def test_an_unknown_order_is_said_to_be_unknown(take: Take, now: datetime, which: int) -> None:
    take(order_number="another")
    with pytest.raises(OrderUnknown, match=NUMBER):
        both(now)[which]()


def test_a_withdrawn_order_has_no_purchaser_to_correct(take: Take, now: datetime) -> None:
    take()
    withdraw_order(NUMBER, reason="ordered twice", actor=OPERATOR, now=now)
    with pytest.raises(OrderNoLongerPending, match="withdrawn"):
        correct("bob@example.com", now)


def test_activation_between_look_and_change_wins(
    take: Take, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The state is looked at, then it changes: the conditional update must notice."""
    take()
    look = order_corrections._by_number

    def look_and_let_somebody_activate(order_number: str) -> Subscription:
        found = look(order_number)
        Subscription.update(status=ACTIVE).execute()
        return found

    monkeypatch.setattr(order_corrections, "_by_number", look_and_let_somebody_activate)
    for change in both(now):
        with pytest.raises(OrderNoLongerPending, match="activated already"):
            change()


def test_corrections_at_once_leave_one_administrator_and_one_mail(portal: Portal, now: datetime) -> None:
    site = portal.sites["fr"]
    with portal.at(site):
        take_order(read_order(an_order()), catalogue=portal.catalogue, now=now)
    together = Barrier(4)

    def change(number: int) -> bool:
        together.wait(timeout=30)
        with portal.at(site):
            try:
                return correct(f"person{number}@example.com", now).changed
            except Refusal:
                return False

    with ThreadPoolExecutor(4) as threads:
        assert any(threads.map(change, range(4)))
    with portal.at(site):
        queued = [email for kind, email, state in mails() if state == QUEUED]
        assert queued == [Subscription.get().administrator.email]
