"""A person asks for another address, and proves that it is theirs."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest

from tests.conftest import TestClock
from tests.domain.people.profiled import NEW, OLD, OTHER_WORDS, Scene, scene
from tests.support.cast import PASSWORD, keep_person, place_order
from tests.support.letters import fetch_letters
from webapp.assembly import Portal
from webapp.data.accounts import Person
from webapp.data.audit import AuditEvent
from webapp.data.email_changes import EmailChange
from webapp.data.outbox import OutboxMessage
from webapp.data.subscriptions import Seat
from webapp.domain import audit, outbox, tokens
from webapp.domain.addresses import EmailInvalid
from webapp.domain.limits import TooOften
from webapp.domain.people import email_changes, sign_in
from webapp.domain.people.sign_in import PasswordWrong
from webapp.domain.tokens import TokenInvalid
from webapp.sites import Site

__all__ = ["scene"]


def test_lists_of_users_find_the_new_address(portal: Portal, scene: Scene) -> None:
    placed = place_order(portal, ordered_at=scene.clock.now)
    seat = Seat.create(subscription=placed, person=scene.alice, state="active", since=scene.clock.now)
    scene.ask()
    email_changes.confirm(scene.link(), now=scene.clock.now)
    found = Seat.get_by_id(seat.id).search_key
    assert NEW in found and OLD not in found


def test_a_link_goes_to_the_new_address_and_a_notice_to_the_old(scene: Scene) -> None:
    scene.ask()
    assert scene.mails() == [("confirm_email", NEW), ("email_change_asked", OLD)]
    assert scene.may_sign_in(OLD) and not scene.may_sign_in(NEW)
    waiting = email_changes.waiting(scene.alice.id, now=scene.clock.now)
    assert waiting and waiting.email == NEW


def test_looking_at_the_link_changes_nothing_and_using_it_does(scene: Scene) -> None:
    scene.ask()
    link = scene.link()
    for _time in range(2):
        assert email_changes.peek(link, now=scene.clock.now).email == NEW
    assert Person.get_by_id(scene.alice.id).email == OLD
    OutboxMessage.delete().execute()
    email_changes.confirm(link, now=scene.clock.now)
    assert scene.may_sign_in(NEW) and not scene.may_sign_in(OLD)
    assert scene.mails() == [("email_changed", OLD), ("email_changed", NEW)]
    assert email_changes.waiting(scene.alice.id, now=scene.clock.now) is None
    event = AuditEvent.get(AuditEvent.action == audit.EMAIL_CHANGED)
    assert json.loads(event.details) == {"old": OLD, "new": NEW}
    with pytest.raises(TokenInvalid):
        email_changes.confirm(link, now=scene.clock.now)


def test_links_to_set_a_password_die_with_the_old_address(scene: Scene) -> None:
    """Who reads the old mailbox must not get in by it any more: neither by what was mailed, nor by what waits."""
    sign_in.send_password_link(scene.alice, next_path="", now=scene.clock.now)
    sign_in.send_password_link(scene.alice, next_path="", now=scene.clock.now)
    first = (
        OutboxMessage.select().where(OutboxMessage.kind == "set_password").order_by(OutboxMessage.id).get()
    )
    delivered = outbox.secret_for(first, now=scene.clock.now)
    assert delivered and tokens.peek(delivered.token, tokens.SET_PASSWORD, now=scene.clock.now)
    scene.ask()
    email_changes.confirm(scene.link(), now=scene.clock.now)
    with pytest.raises(TokenInvalid):
        tokens.peek(delivered.token, tokens.SET_PASSWORD, now=scene.clock.now)
    assert "set_password" not in [kind for kind, _to in scene.mails()]


def test_another_wish_replaces_the_first_and_its_link(scene: Scene) -> None:
    scene.ask("mistyped@example.org")
    first = scene.link()
    scene.ask()
    with pytest.raises(TokenInvalid):
        email_changes.confirm(first, now=scene.clock.now)
    assert [kind for kind, to in scene.mails() if to == "mistyped@example.org"] == []
    email_changes.confirm(scene.link(), now=scene.clock.now)
    assert Person.get_by_id(scene.alice.id).email == NEW


def test_a_link_that_was_minted_late_confirms_no_other_address(scene: Scene) -> None:
    """A worker had taken the first mail before the second wish came."""
    scene.ask("mistyped@example.org")
    taken = OutboxMessage.get(OutboxMessage.kind == "confirm_email")
    scene.ask()
    late = outbox.secret_for(taken, now=scene.clock.now)
    assert late
    with pytest.raises(TokenInvalid):
        email_changes.confirm(late.token, now=scene.clock.now)
    assert Person.get_by_id(scene.alice.id).email == OLD


def test_a_dropped_wish_is_worth_nothing(scene: Scene) -> None:
    scene.ask()
    link = scene.link()
    email_changes.drop(scene.alice.id, now=scene.clock.now)
    assert email_changes.waiting(scene.alice.id, now=scene.clock.now) is None
    with pytest.raises(TokenInvalid):
        email_changes.confirm(link, now=scene.clock.now)


def test_a_link_of_another_kind_confirms_nothing(scene: Scene) -> None:
    scene.ask()
    token = tokens.mint(
        tokens.SET_PASSWORD, person=scene.alice, minutes=60, next_path="", now=scene.clock.now
    )
    with pytest.raises(TokenInvalid):
        email_changes.confirm(token, now=scene.clock.now)
    with pytest.raises(TokenInvalid):
        sign_in.set_password(scene.link(), OTHER_WORDS, now=scene.clock.now)


def test_the_link_works_for_an_hour(scene: Scene) -> None:
    scene.ask()
    link = scene.link()
    later = scene.clock.now + timedelta(minutes=email_changes.LINK_MINUTES)
    with pytest.raises(TokenInvalid):
        email_changes.confirm(link, now=later)
    assert email_changes.waiting(scene.alice.id, now=later) is None


def test_an_address_that_is_somebody_elses_is_answered_alike_and_only_they_are_told(scene: Scene) -> None:
    scene.ask("BOB@example.com")
    assert scene.mails() == [("email_taken", "bob@example.com"), ("email_change_asked", OLD)]
    waiting = email_changes.waiting(scene.alice.id, now=scene.clock.now)
    assert waiting and waiting.email == "BOB@example.com"


def test_an_address_that_became_somebody_elses_meanwhile_is_not_taken(scene: Scene) -> None:
    scene.ask()
    link = scene.link()
    keep_person(NEW, name="Another Alice", now=scene.clock.now)
    with pytest.raises(TokenInvalid):
        email_changes.confirm(link, now=scene.clock.now)
    assert Person.get_by_id(scene.alice.id).email == OLD
    assert tokens.peek(link, tokens.CONFIRM_EMAIL, now=scene.clock.now), "all of it was taken back"


def test_the_own_address_may_be_written_otherwise(scene: Scene) -> None:
    scene.ask("Alice@Example.com")
    email_changes.confirm(scene.link(), now=scene.clock.now)
    assert Person.get_by_id(scene.alice.id).email == "Alice@Example.com"
    assert scene.may_sign_in(OLD)


@pytest.mark.parametrize(
    ("email", "password", "refusal"),
    [
        ("alice@", PASSWORD, EmailInvalid),
        (OLD, PASSWORD, email_changes.SameAddress),
        (NEW, "not the password", PasswordWrong),
        (NEW, "", PasswordWrong),
    ],
)
def test_a_refused_wish_mails_nothing(
    scene: Scene, email: str, password: str, refusal: type[Exception]
) -> None:
    with pytest.raises(refusal):
        scene.ask(email, password)
    assert not scene.mails() and not EmailChange.select().count()


def test_wishes_and_guesses_are_limited(scene: Scene) -> None:
    for _time in range(email_changes.CHANGES.times):
        scene.ask()
    with pytest.raises(TooOften):
        scene.ask()
    scene.clock.forward(days=2)
    for _time in range(sign_in.SIGN_INS.times):
        with pytest.raises(PasswordWrong):
            scene.ask(password="a guess")
    with pytest.raises(TooOften):
        scene.ask()


def test_only_the_letter_to_the_new_address_holds_the_link(
    portal: Portal, site_fr: Site, clock: TestClock
) -> None:
    with portal.at(site_fr):
        Scene(clock).ask()
    letters = {letter.to: letter for letter in fetch_letters(portal, "fr")}
    confirm = next(letter for to, letter in letters.items() if NEW in to)
    assert confirm.path.startswith("/profile/email/confirm/")
    assert all("/confirm/" not in letter.text for to, letter in letters.items() if NEW not in to)
