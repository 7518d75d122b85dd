"""A subscription is taken back until its new administrator has come."""

from __future__ import annotations

import pytest

from tests.domain.subscriptions.handing_over import Scene, mails, scene
from tests.support.cast import PASSWORD, accept, place_order
from webapp.assembly import Portal
from webapp.data.accounts import Person
from webapp.data.audit import AuditEvent
from webapp.data.outbox import QUEUED, SENT, WITHDRAWN, OutboxMessage
from webapp.domain import audit, permissions
from webapp.domain.people import sign_in
from webapp.domain.refusals import NotThere
from webapp.domain.subscriptions import subscription_list, transfer
from webapp.domain.subscriptions.transfer import NewPerson, take_back, transfer_administration

__all__ = ["scene"]


def test_a_mistyped_address_does_not_orphan_the_subscription(scene: Scene) -> None:
    scene.hand_over(NewPerson("Max Neu", "mxa@example.com"))
    assert scene.may_take_back(scene.olga) == ["mxa@example.com"]
    scene.clock.forward(days=300)
    scene.take_back()
    assert scene.may_manage(scene.olga)
    mistyped = Person.get(Person.email_key == "mxa@example.com")
    assert not scene.may_manage(mistyped)
    assert not transfer.is_of_account(scene.subscription.account, mistyped)


def test_who_got_two_and_none_in_the_end_is_not_of_the_company(scene: Scene, portal: Portal) -> None:
    second = place_order(portal, order_number="0700000002", ordered_at=scene.clock.now)
    accept(second, now=scene.clock.now)
    mistyped = NewPerson("Max Neu", "mxa@example.com")
    first = scene.hand_over(mistyped)
    scene.clock.forward(minutes=1)
    later = transfer_administration(
        second, to=mistyped, keep_seat=True, actor=scene.olga, now=scene.clock.now
    )
    reminders = subscription_list.reminders(scene.olga.id, now=scene.clock.now)
    assert [one.public_id for one in reminders.handed_over] == [
        second.public_id,
        first.subscription.public_id,
    ]
    assert not reminders.queue
    for given in (first, later):
        assert transfer.is_of_account(scene.subscription.account, given.to_person)
        take_back(given, actor=scene.olga, now=scene.clock.now)
    assert not transfer.is_of_account(scene.subscription.account, first.to_person)


def test_taken_back_unread_mail_never_leaves_and_read_mail_is_answered(scene: Scene) -> None:
    scene.hand_over(scene.bob)
    scene.take_back()
    assert mails(WITHDRAWN) == [("transfer_received", "bob@example.com")]
    scene.hand_over(scene.bob)
    OutboxMessage.update(state=SENT).where(OutboxMessage.state == QUEUED).execute()
    scene.take_back()
    assert mails() == [("transfer_taken_back", "bob@example.com")]


def test_a_colleague_stays_in_the_account_when_it_is_taken_back(scene: Scene) -> None:
    scene.hand_over(scene.bob)
    scene.take_back()
    assert transfer.is_of_account(scene.subscription.account, scene.bob)


def test_after_the_new_administrator_signed_in_nothing_is_taken_back(scene: Scene) -> None:
    scene.hand_over(scene.bob)
    opened = permissions.open_transfer(scene.olga.id, scene.subscription.public_id)
    sign_in.sign_in("bob@example.com", PASSWORD, now=scene.clock.forward(minutes=5))
    with pytest.raises(NotThere):
        permissions.open_transfer(scene.olga.id, scene.subscription.public_id)
    with pytest.raises(transfer.TakenTooLate):
        take_back(opened, actor=scene.olga, now=scene.clock.now)
    assert scene.may_manage(scene.bob)
    assert not scene.may_take_back(scene.olga)


def test_a_sign_in_before_the_transfer_does_not_count(scene: Scene) -> None:
    sign_in.sign_in("bob@example.com", PASSWORD, now=scene.clock.now)
    scene.hand_over(scene.bob)
    scene.take_back()
    assert scene.may_manage(scene.olga)


def test_who_was_signed_in_already_and_comes_counts(scene: Scene) -> None:
    token = sign_in.sign_in("bob@example.com", PASSWORD, now=scene.clock.now)
    scene.hand_over(scene.bob)
    sign_in.person_of_session(token, now=scene.clock.forward(minutes=6))
    with pytest.raises(NotThere):
        permissions.open_transfer(scene.olga.id, scene.subscription.public_id)


def test_who_hands_it_on_has_come(scene: Scene) -> None:
    scene.hand_over(scene.bob)
    scene.hand_over(scene.erin, actor=scene.bob)
    with pytest.raises(NotThere):
        permissions.open_transfer(scene.olga.id, scene.subscription.public_id)
    permissions.open_transfer(scene.bob.id, scene.subscription.public_id)


def test_only_the_old_administrator_takes_back_and_only_once(scene: Scene) -> None:
    scene.hand_over(scene.bob)
    for person in (scene.bob, scene.erin, scene.charlie):
        with pytest.raises(NotThere):
            permissions.open_transfer(person.id, scene.subscription.public_id)
    scene.take_back()
    with pytest.raises(NotThere):
        scene.take_back()
    assert [event.action for event in AuditEvent.select().order_by(AuditEvent.id.desc()).limit(2)] == [
        audit.TRANSFER_TAKEN_BACK,
        audit.SUBSCRIPTION_TRANSFERRED,
    ]
