"""Administration handed over: one transaction, one winner, and a way back until the other has come."""

from __future__ import annotations

from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from threading import Barrier
from typing import Any

import pytest

from tests.conftest import TestClock
from tests.domain.subscriptions.handing_over import Scene, mails, scene
from tests.support.cast import keep_person, place_order
from webapp.assembly import Portal
from webapp.data.accounts import Membership, Person
from webapp.data.audit import AuditEvent
from webapp.data.outbox import QUEUED, OutboxMessage
from webapp.data.subscriptions import Seat, Subscription
from webapp.data.transfers import Transfer
from webapp.domain import audit, names, outbox, permissions
from webapp.domain.addresses import EmailInvalid
from webapp.domain.companies import accounts
from webapp.domain.limits import TooOften
from webapp.domain.refusals import NotThere, Refusal
from webapp.domain.subscriptions import cancellation, transfer
from webapp.domain.subscriptions.candidates import MOST, candidate, candidates
from webapp.domain.subscriptions.transfer import NewPerson, new_person, transfer_administration
from webapp.formats import day
from webapp.i18n import speaking, speech
from webapp.sites import Site

__all__ = ["scene"]


def everything() -> dict[str, Any]:
    tables = (Subscription, Person, Membership, Seat, Transfer, AuditEvent, OutboxMessage)
    return {model.__name__: sorted(map(str, model.select().tuples())) for model in tables}


def test_the_new_administrator_manages_at_once_and_the_old_one_no_more(scene: Scene) -> None:
    scene.hand_over(scene.bob)
    assert (scene.may_manage(scene.bob), scene.may_manage(scene.olga)) == (True, False)
    with pytest.raises(NotThere):
        permissions.administered_subscription(
            scene.olga.id, scene.subscription.public_id, now=scene.clock.now
        )


def test_both_are_told_and_it_is_in_the_audit_trail(scene: Scene) -> None:
    scene.hand_over(scene.bob)
    assert mails() == [("transfer_received", "bob@example.com"), ("transfer_done", "olga@example.com")]
    received, done = OutboxMessage.select().where(OutboxMessage.state == QUEUED).order_by(OutboxMessage.id)
    assert f"/subscriptions/{scene.subscription.public_id}\n" in received.text
    assert f"/subscriptions/{scene.subscription.public_id}/transfer/take-back\n" in done.text
    assert "bob@example.com" in done.text
    event = AuditEvent.select().order_by(AuditEvent.id.desc()).first()
    assert (event.action, event.actor_id, event.person_id) == (
        audit.SUBSCRIPTION_TRANSFERRED,
        scene.olga.id,
        scene.bob.id,
    )


def test_the_new_administrator_is_told_how_long_a_cancelled_one_can_be_used(scene: Scene) -> None:
    planned = Subscription.get_by_id(scene.subscription.id)
    cancellation.plan_cancellation(
        planned, ends_on=planned.term_end, reason="", actor=scene.olga, now=scene.clock.now
    )
    scene.hand_over(scene.bob)
    (received,) = OutboxMessage.select().where(OutboxMessage.kind == "transfer_received")
    with speaking(speech("fr", "FR")):
        assert f"accès jusqu’au {day(planned.term_end - timedelta(days=1))}" in received.text
        assert day(planned.term_end) not in received.text


@pytest.mark.parametrize("broken", ["record", "enqueue"])
def test_all_of_it_happens_or_nothing(scene: Scene, monkeypatch: pytest.MonkeyPatch, broken: str) -> None:
    def fail(*args: object, **facts: object) -> None:
        raise RuntimeError("the disk is full")

    scene.give_seat(scene.olga)
    before = everything()
    monkeypatch.setattr(audit if broken == "record" else outbox, broken, fail)
    with pytest.raises(RuntimeError):
        scene.hand_over(NewPerson("Max Neu", "max@example.com"), keep_seat=False)
    assert everything() == before


def race(scene: Scene, portal: Portal, site: Site) -> Counter[str]:
    """Two windows of the administrator hand over to two people at once."""
    together = Barrier(2)

    def attempt(number: int) -> str:
        with portal.at(site):
            subscription = Subscription.get_by_id(scene.subscription.id)
            olga, to = (Person.get_by_id(found.id) for found in (scene.olga, (scene.bob, scene.erin)[number]))
            together.wait(timeout=30)
            try:
                transfer_administration(subscription, to=to, keep_seat=True, actor=olga, now=scene.clock.now)
            except Refusal as refusal:
                return type(refusal).__name__
            return "won"

    with ThreadPoolExecutor(2) as threads:
        return Counter(threads.map(attempt, range(2)))


def test_of_two_transfers_at_once_one_wins(scene: Scene, portal: Portal, site_fr: Site) -> None:
    assert race(scene, portal, site_fr) == {"won": 1, "AlreadyTransferred": 1}
    made = Transfer.get()
    assert scene.current().administrator == made.to_person
    assert Transfer.select().count() == 1
    assert len(mails()) == 2


def test_without_the_guard_both_would_win(
    scene: Scene, portal: Portal, site_fr: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    def unguarded(subscription: Subscription, heir: Person, actor: Person, *, now: datetime) -> bool:
        Subscription.update(administrator=heir).where(Subscription.id == subscription.id).execute()
        return False

    monkeypatch.setattr(transfer, "_hand_over", unguarded)
    assert race(scene, portal, site_fr) == {"won": 2}


# ---- who may be chosen


def test_nobody_of_another_company_and_not_oneself(scene: Scene) -> None:
    with pytest.raises(transfer.NotOfTheAccount):
        scene.hand_over(scene.charlie)
    with pytest.raises(transfer.AlreadyAdministrator):
        scene.hand_over(scene.olga)
    with pytest.raises(transfer.AlreadyAdministrator):
        scene.hand_over(NewPerson("Somebody", "OLGA@example.com"))
    assert scene.may_manage(scene.olga)


def test_what_somebody_else_administers_is_not_handed_over(scene: Scene) -> None:
    with pytest.raises(transfer.AlreadyTransferred):
        scene.hand_over(scene.erin, actor=scene.bob)


def test_a_pending_subscription_is_not_handed_over(portal: Portal, bound_fr: Site, clock: TestClock) -> None:
    pending = place_order(portal, ordered_at=clock.now)
    with pytest.raises(transfer.NotActive):
        transfer_administration(
            pending,
            to=NewPerson("Max Neu", "max@example.com"),
            keep_seat=True,
            actor=pending.administrator,
            now=clock.now,
        )
    assert Person.select().where(Person.email_key == "max@example.com").count() == 0


@pytest.mark.parametrize(
    ("name", "email", "refusal"),
    [
        ("", "max@example.com", names.NameMissing),
        (" \t", "max@example.com", names.NameMissing),
        ("M" * 121, "max@example.com", names.NameInvalid),
        ("Max\u202eNeu", "max@example.com", names.NameInvalid),
        ("Max Neu", "", EmailInvalid),
        ("Max Neu", "max", EmailInvalid),
        ("Max Neu", "max@example", EmailInvalid),
        ("Max Neu", "max@example.com\nBcc: all@example.com", EmailInvalid),
    ],
)
def test_a_new_person_needs_a_name_and_an_address(name: str, email: str, refusal: type[Refusal]) -> None:
    with pytest.raises(refusal):
        new_person(name=name, email=email)


def test_a_new_person_joins_the_account_and_gets_mail_in_the_old_ones_language(scene: Scene) -> None:
    made = scene.hand_over(NewPerson("Max Neu", "Max@example.com"))
    heir = made.to_person
    assert (heir.name, heir.email, heir.language) == ("Max Neu", "Max@example.com", scene.olga.language)
    assert transfer.is_of_account(scene.subscription.account, heir)
    assert heir.password_hash is None
    assert scene.may_manage(heir)


def test_an_address_that_is_known_stays_who_it_is(scene: Scene) -> None:
    """What others type changes nobody's name, and shows it to nobody."""
    scene.hand_over(NewPerson("Nickname", "charlie@example.com"))
    assert Person.get_by_id(scene.charlie.id).name == "Charlie"
    done = OutboxMessage.get(OutboxMessage.kind == "transfer_done")
    assert "Nickname" in done.text
    assert "Charlie" not in done.text


def test_the_choice_holds_the_accounts_people_and_no_one_else(scene: Scene) -> None:
    account = scene.subscription.account
    found = candidates(account, administrator=scene.olga.id)
    assert [person.email for person in found.people] == ["bob@example.com", "erin@example.com"]
    assert not found.more
    assert candidate(account, administrator=scene.olga.id, email="BOB@example.com") == scene.bob
    for address in ("charlie@example.com", "olga@example.com", "", "nobody@example.com"):
        assert candidate(account, administrator=scene.olga.id, email=address) is None


@pytest.mark.parametrize(
    ("typed", "names"),
    [
        ("muller", ["Zoë Müller"]),
        ("MÜLLER zoe", ["Zoë Müller"]),
        ("z.m@", ["Zoë Müller"]),
        ("bob", ["Bob"]),
        ("%", []),
        ("_", []),
        ("b\\b", []),
        ("bob erin", []),
        ("\0", ["Bob", "Erin", "Zoë Müller"]),
    ],
)
def test_people_are_found_by_name_or_address(scene: Scene, typed: str, names: list[str]) -> None:
    zoe = keep_person("z.m@example.com", name="Zoë Müller", now=scene.clock.now)
    accounts.join(zoe, scene.subscription.account, now=scene.clock.now)
    found = candidates(scene.subscription.account, administrator=scene.olga.id, search=typed)
    assert [person.name for person in found.people] == names


def test_a_large_company_is_shown_in_part(scene: Scene) -> None:
    for number in range(MOST):
        person = accounts.keep_person(
            email=f"p{number}@example.com", name=f"P {number}", language="fr", now=scene.clock.now
        )
        accounts.join(person, scene.subscription.account, now=scene.clock.now)
    found = candidates(scene.subscription.account, administrator=scene.olga.id)
    assert (len(found.people), found.more) == (MOST, True)


def test_handing_over_is_limited_because_it_sends_mail(scene: Scene) -> None:
    for _ in range(transfer.TRANSFERS.times):
        scene.hand_over(scene.bob)
        scene.take_back()
    with pytest.raises(TooOften):
        scene.hand_over(scene.bob)
    assert scene.may_manage(scene.olga)


# ---- the old administrator's own seat


@pytest.mark.parametrize("keep", [True, False])
def test_the_old_administrator_keeps_or_gives_up_their_own_seat(scene: Scene, keep: bool) -> None:
    scene.give_seat(scene.olga)
    scene.give_seat(scene.bob)
    scene.hand_over(scene.bob, keep_seat=keep)
    holders = {seat.person_id for seat in Seat.select().where(Seat.counted == 1)}
    assert holders == ({scene.olga.id, scene.bob.id} if keep else {scene.bob.id})
    assert scene.current().seats_taken == len(holders)


def test_who_holds_no_seat_gives_up_nothing(scene: Scene) -> None:
    scene.give_seat(scene.bob)
    scene.hand_over(scene.bob, keep_seat=False)
    assert scene.current().seats_taken == 1


def test_taking_back_brings_the_seat_back_if_one_is_free(scene: Scene) -> None:
    scene.give_seat(scene.olga)
    scene.hand_over(scene.bob, keep_seat=False)
    scene.take_back()
    assert Seat.get(Seat.counted == 1).person == scene.olga
    assert scene.current().seats_taken == 1


def test_taking_back_never_takes_more_seats_than_there_are(scene: Scene) -> None:
    scene.give_seat(scene.olga)
    scene.hand_over(scene.bob, keep_seat=False)
    Subscription.update(seats_taken=Subscription.quantity).execute()
    scene.take_back()
    assert scene.current().seats_taken == scene.current().quantity
    assert Seat.select().where(Seat.counted == 1).count() == 0
    assert scene.may_manage(scene.olga)
