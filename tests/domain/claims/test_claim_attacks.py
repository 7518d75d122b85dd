"""Who claims what is not theirs to claim: knows names, has an address that proves nothing, or guesses."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import timedelta
from typing import Any

import pytest

from tests.conftest import TestClock
from tests.domain.claims.claiming import LEFT, Scene, everything, mailed, secret_for
from tests.support.cast import place_order
from webapp.assembly import Portal
from webapp.data.accounts import Membership, Person
from webapp.data.claims import (
    Claim,
)
from webapp.data.outbox import OutboxMessage
from webapp.data.subscriptions import Subscription
from webapp.domain.claims import claim_decisions, claims
from webapp.domain.companies import company_addresses
from webapp.domain.limits import TooOften
from webapp.domain.people import email_changes
from webapp.domain.refusals import NotThere, Refusal
from webapp.domain.subscriptions import transfer
from webapp.domain.tokens import TokenInvalid
from webapp.sites import Site


@pytest.fixture
def scene(portal: Portal, bound_fr: Site, clock: TestClock) -> Iterator[Scene]:
    return Scene(portal, bound_fr, clock)  # type: ignore[return-value]


# ---- attackers


def test_who_only_knows_names_learns_nothing_and_nobody_is_bothered(scene: Scene) -> None:
    """Charlie knows the company, its people and even the number, and has an address of the same domain."""
    before = len(mailed())
    answers = [scene.ask(scene.charlie, number) for number in (scene.subscription.public_id, "SUB-FR-999999")]
    assert {kind for kind, _to in mailed()[before:]} == {"claim_proof"}
    for token in answers:
        assert claims.prove(token, person=scene.charlie, now=scene.clock.now) == []
    assert {to for _kind, to in mailed()[before:]} == {"charlie"}
    assert (Claim.select().count(), claims.own(scene.charlie.id)) == (0, [])
    assert claims.seen_by(scene.charlie.id, now=scene.clock.now) == []
    texts = [mail.text for mail in OutboxMessage.select().where(OutboxMessage.person == scene.charlie)]
    for known in ("Musterbau", "Olga", "olga@", "Fieldwire", "Erin"):
        assert not any(known in text for text in texts)


def test_what_is_not_theirs_and_what_is_not_there_are_left_out_alike(scene: Scene) -> None:
    theirs = scene.ask(scene.charlie, scene.subscription.public_id)
    claims.prove(theirs, person=scene.charlie, now=scene.clock.now)
    assert claims.left_out(scene.charlie.id, now=scene.clock.now) == [scene.subscription.public_id]
    nothing = scene.ask(scene.charlie, "SUB-FR-999999")
    claims.prove(nothing, person=scene.charlie, now=scene.clock.now)
    assert claims.left_out(scene.charlie.id, now=scene.clock.now) == ["SUB-FR-999999"]


def test_an_address_that_everybody_can_have_proves_nothing(scene: Scene) -> None:
    before = everything()
    with pytest.raises(claims.FreeAddress):
        scene.ask(scene.gina)
    assert everything() == before
    scene.olga.email = scene.olga.email_key = "olga@gmail.com"  # not even the administrator's own
    scene.olga.save()
    assert not company_addresses.proves(scene.gina, scene.current())


@pytest.mark.parametrize(
    "domain",
    [
        "gmail.com",
        "GMAIL.COM",
        "orange.fr",
        "sfr.fr",
        "t-online.de",
        "bluewin.ch",
        "libero.it",
        "docomo.ne.jp",
        "gmx.at",
        "emirates.net.ae",
        "outlook.com",
        "icloud.com",
        "proton.me",
    ],
)
def test_free_addresses_are_known_in_all_our_countries(domain: str) -> None:
    assert company_addresses.is_free(f"x@{domain}")


def test_the_domain_is_the_same_one_not_a_relative(scene: Scene) -> None:
    for email, right in (
        ("bob@musterbau.example", True),
        ("bob@MUSTERBAU.example", True),
        ("bob@evil.musterbau.example", False),
        ("bob@musterbau.example.evil.example", False),
        ("bob@notmusterbau.example", False),
        ('"bob@musterbau.example"@evil.example', False),
    ):
        scene.bob.email = email
        assert company_addresses.proves(scene.bob, scene.current()) is right, email
    assert company_addresses.domain_of("a@bücher.example") == company_addresses.domain_of(
        "a@xn--bcher-kva.example"
    )


def test_a_subcontractor_who_uses_it_proves_nothing_by_their_own_kind(scene: Scene) -> None:
    """Whoever was given a license belongs to the account; that makes their firm no part of the company."""
    scene.member("Moritz", "moritz@subcontractor.example")
    token = scene.ask(scene.max)
    assert claims.prove(token, person=scene.max, now=scene.clock.now) == []


def test_a_mistyped_heir_is_nobody_whose_word_counts(scene: Scene) -> None:
    """Erin hands hers over to an address that nobody of the company reads: it is told nothing, and its domain
    is not the company's."""
    stranger = transfer.NewPerson("Max", "max@subcontractor.example.net")
    transfer.transfer_administration(
        Subscription.get_by_id(scene.other.id),
        to=stranger,
        keep_seat=True,
        actor=scene.erin,
        now=scene.clock.now,
    )
    scene.kim.email = "kim@subcontractor.example.net"
    assert not company_addresses.proves(scene.kim, scene.current())
    assert [person.name for person in claims.concerned(scene.claim(), now=scene.clock.now)] == ["Olga"]


def test_who_guesses_gets_nowhere(scene: Scene) -> None:
    claim = scene.claim()
    proof, link = scene.ask(scene.bob), secret_for(scene.olga, "claim_notice", now=scene.clock.now)
    before = everything()
    for guess in ("", "A" * 43, proof[:-1] + "x", link, claim.key):
        with pytest.raises(TokenInvalid):
            claims.prove(guess, person=scene.bob, now=scene.clock.now)
    for guess in ("", "A" * 43, link[:-1] + "x", proof, claim.key):
        with pytest.raises(TokenInvalid):
            claim_decisions.object_by_link(guess, reason="", now=scene.clock.now)
    with pytest.raises(NotThere):
        claims.own_claim(scene.charlie.id, claim.key)
    assert everything() == before


def test_somebody_elses_link_proves_nothing(scene: Scene) -> None:
    token = scene.ask(scene.bob)
    with pytest.raises(TokenInvalid):
        claims.prove(token, person=scene.kim, now=scene.clock.now)
    assert claims.prove(token, person=scene.bob, now=scene.clock.now)


def test_the_link_works_once_and_for_an_hour(scene: Scene) -> None:
    token = scene.ask(scene.bob)
    claims.peek(token, person_id=scene.bob.id, now=scene.clock.now)
    claims.prove(token, person=scene.bob, now=scene.clock.now)
    late = scene.ask(scene.kim)
    for used, person in ((token, scene.bob), (late, scene.kim)):
        with pytest.raises(TokenInvalid):
            claims.prove(used, person=person, now=scene.clock.now + timedelta(minutes=61))


def test_a_link_to_an_address_that_was_left_proves_nothing(scene: Scene) -> None:
    token = scene.ask(scene.bob)
    assert email_changes._take_over(scene.bob, "bob@elsewhere.example")
    with pytest.raises(TokenInvalid):
        claims.prove(token, person=Person.get_by_id(scene.bob.id), now=scene.clock.now)


def test_asking_is_limited_and_a_refused_claim_is_not_made_again_at_once(scene: Scene) -> None:
    scene.name_backup(scene.kim)
    claim = scene.claim()
    claim_decisions.decide_as_backup(claim, actor=scene.kim, grant=False, reason="No.", now=scene.clock.now)
    assert claims.prove(scene.ask(scene.bob), person=scene.bob, now=scene.clock.now) == []
    for _again in range(claims.REQUESTS.times - 2):
        scene.ask(scene.bob)
    with pytest.raises(TooOften):
        scene.ask(scene.bob)
    scene.clock.now += claims.PAUSE + timedelta(minutes=1)
    assert scene.claim()


def test_what_can_not_be_asked_is_refused_and_changes_nothing(scene: Scene) -> None:
    before, one = everything(), ["SUB-FR-000001"]
    asked: list[tuple[list[str], str, type[Refusal]]] = [
        ([], LEFT, claims.NothingNamed),
        ([" ", ""], LEFT, claims.NothingNamed),
        (["Fieldwire"], LEFT, claims.NumberInvalid),
        (["SUB-FR-000001' OR 1=1"], LEFT, claims.NumberInvalid),
        ([f"SUB-FR-{number:06}" for number in range(11)], LEFT, claims.TooManyNamed),
        (one, " \0 ", claims.ReasonMissing),
        (one, "x" * 501, claims.ReasonTooLong),
    ]
    for named, reason, refusal in asked:
        with pytest.raises(refusal) as refused:
            claims.ask(scene.bob, named, reason=reason, now=scene.clock.now)
        assert str(refused.value)
    assert everything() == before


def test_the_own_ones_and_those_awaiting_activation_are_not_claimed(scene: Scene) -> None:
    pending = place_order(scene.portal, ordered_at=scene.clock.now, order_number="0700000004")
    named = (scene.other.public_id, pending.public_id, scene.subscription.public_id.lower())
    made = claims.prove(scene.ask(scene.erin, *named), person=scene.erin, now=scene.clock.now)
    assert [claim.subscription.public_id for claim in made] == [scene.subscription.public_id]
    assert claims.left_out(scene.erin.id, now=scene.clock.now) == list(named[:2])


def test_one_sees_what_one_uses_backs_up_or_pays_for_and_nothing_else(scene: Scene) -> None:
    def seen(person: Person) -> list[str]:
        found: Sequence[Any] = claims.seen_by(person.id, now=scene.clock.now)
        return [one.public_id for one in found]

    assert not any(seen(person) for person in (scene.bob, scene.kim, scene.charlie))
    scene.name_backup(scene.kim)
    here = (Membership.person == scene.bob) & (Membership.account == scene.subscription.account)
    Membership.update(billing_since=scene.clock.now).where(here).execute()
    assert seen(scene.kim) == [scene.subscription.public_id]
    assert set(seen(scene.bob)) == {scene.subscription.public_id, scene.other.public_id}
    scene.claim()
    assert seen(scene.bob) == [scene.other.public_id]
    assert seen(scene.kim) == [scene.subscription.public_id]
