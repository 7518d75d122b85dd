"""“Our administrator has left”: proof, notice, time to object, a backup who decides, support that decides disputes."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from threading import Barrier
from typing import Any

import peewee as pw
import pytest

from tests.conftest import TestClock
from tests.support.cast import accept, keep_person, place_order
from webapp.assembly import Portal
from webapp.data.accounts import Membership, Person
from webapp.data.audit import AuditEvent
from webapp.data.claims import (
    DISPUTED,
    GRANTED,
    OPEN,
    OVERTAKEN,
    REFUSED,
    WITHDRAWN,
    Claim,
    ClaimRequest,
)
from webapp.data.database import database
from webapp.data.outbox import QUEUED, SENT, OutboxMessage
from webapp.data.subscriptions import Subscription
from webapp.data.transfers import Transfer
from webapp.domain import (
    accounts,
    audit,
    cancellation,
    claim_decisions,
    claims,
    company_addresses,
    email_changes,
    my_data,
    outbox,
    permissions,
    tokens,
    transfer,
)
from webapp.domain.claim_decisions import NoLongerOpen
from webapp.domain.limits import TooOften
from webapp.domain.refusals import NotThere, Refusal
from webapp.domain.tokens import TokenInvalid
from webapp.jobs.claims import settle_here
from webapp.sites import Site

AGENT = audit.Actor("agent", name="Sam Support")
LEFT = "Olga left us in October."


class Scene:
    """Olga has left. Bob uses what she administered, Erin administers something else of the company, Kim is a
    member; Charlie is of another company, Gina of this one with an address that everybody can have."""

    def __init__(self, portal: Portal, site: Site, clock: TestClock) -> None:
        self.portal, self.site, self.clock = portal, site, clock
        self.subscription = place_order(portal, ordered_at=clock.now)
        self.olga = self.person("Olga", "olga@musterbau.example")
        Subscription.update(administrator=self.olga).execute()
        self.bob = self.member("Bob", "bob@musterbau.example")
        self.erin = self.member("Erin", "erin@musterbau.example")
        self.kim = self.member("Kim", "kim@musterbau.example")
        self.gina = self.member("Gina", "gina@gmail.com")
        self.max = self.member("Max", "max@subcontractor.example")
        self.charlie = self.person("Charlie", "charlie@musterbau.example")
        self.other = place_order(
            portal,
            ordered_at=clock.now,
            order_number="0700000002",
            purchaser={"name": "Erin", "email": self.erin.email},
        )
        for one in (self.subscription, self.other):
            accept(Subscription.get_by_id(one.id), now=clock.now)
        OutboxMessage.update(state=SENT).execute()
        clock.forward(hours=1)

    def person(self, name: str, email: str) -> Person:
        return keep_person(email, name=name, now=self.clock.now)

    def member(self, name: str, email: str) -> Person:
        found = self.person(name, email)
        accounts.join(found, self.subscription.account, now=self.clock.now)
        return found

    def ask(self, person: Person, *named: str, reason: str = LEFT) -> str:
        """The secret of the mailed link."""
        claims.ask(person, named or [self.subscription.public_id], reason=reason, now=self.clock.now)
        return secret_for(person, "claim_proof", now=self.clock.now)

    def claim(self, person: Person | None = None, *named: str) -> Claim:
        token = self.ask(person or self.bob, *named)
        (made,) = claims.prove(token, person=person or self.bob, now=self.clock.forward(minutes=5))
        return made

    def current(self) -> Subscription:
        found: Subscription = Subscription.get_by_id(self.subscription.id)
        return found

    def state(self, claim: Claim) -> str:
        return str(Claim.get_by_id(claim.id).state)

    def name_backup(self, person: Person) -> None:
        transfer.name_backup(self.current(), person=person, actor=self.olga, now=self.clock.now)
        OutboxMessage.update(state=SENT).where(OutboxMessage.kind == "backup_named").execute()

    def run_job(self) -> dict[str, int]:
        return dict(settle_here(now=self.clock.now))


@pytest.fixture
def scene(portal: Portal, bound_fr: Site, clock: TestClock) -> Iterator[Scene]:
    return Scene(portal, bound_fr, clock)  # type: ignore[return-value]


def secret_for(person: Person, kind: str, *, now: datetime) -> str:
    """Of the latest mail of this kind to them, as its delivery would mint it."""
    mail = OutboxMessage.select().where(OutboxMessage.person == person, OutboxMessage.kind == kind)
    secret = outbox.secret_for(mail.order_by(OutboxMessage.id.desc()).get(), now=now)
    assert secret is not None
    return secret.token


def mailed() -> list[tuple[str, str]]:
    """Kind and addressee of what about claims has not left yet, in order."""
    found = OutboxMessage.select().where(
        OutboxMessage.state == QUEUED, OutboxMessage.kind.startswith("claim")
    )
    return [(mail.kind, mail.to_email.partition("@")[0]) for mail in found.order_by(OutboxMessage.id)]


def everything_sent() -> None:
    OutboxMessage.update(state=SENT).execute()


def trail(subscription: Subscription) -> list[tuple[str, str, str]]:
    found = AuditEvent.select().where(AuditEvent.subscription == subscription).order_by(AuditEvent.id)
    return [(one.action, one.actor_kind, one.actor_name) for one in found][-2:]


def everything() -> dict[str, Any]:
    tables = (Subscription, Membership, Transfer, AuditEvent, OutboxMessage, Claim, ClaimRequest)
    return {model.__name__: sorted(map(str, model.select().tuples())) for model in tables}


# ---- the whole story


def test_nobody_objects_and_the_job_hands_over_after_the_last_day(scene: Scene) -> None:
    claim = scene.claim()
    assert mailed() == [("claim_proof", "bob"), ("claim_notice", "olga"), ("claim_notice", "erin")]
    assert trail(scene.subscription)[-1] == (audit.CLAIM_OPENED, "person", "Bob")
    everything_sent()
    scene.clock.now = claim.object_before - timedelta(microseconds=1)
    assert scene.run_job() == {"handed_over": 0, "overtaken": 0}
    assert scene.current().administrator == scene.olga
    scene.clock.now = claim.object_before
    assert scene.run_job() == {"handed_over": 1, "overtaken": 0}
    assert (scene.current().administrator, scene.state(claim)) == (scene.bob, GRANTED)
    permissions.managed_subscription(scene.bob.id, scene.subscription.public_id, now=scene.clock.now)
    with pytest.raises(NotThere):
        permissions.looked_after_subscription(
            scene.olga.id, scene.subscription.public_id, now=scene.clock.now
        )
    assert mailed() == [
        ("claim_handed_over", "olga"),
        ("claim_handed_over", "erin"),
        ("claim_granted", "bob"),
    ]
    assert trail(scene.subscription) == [
        (audit.CLAIM_GRANTED, "portal", ""),
        (audit.SUBSCRIPTION_TRANSFERRED, "portal", ""),
    ]
    assert scene.run_job() == {"handed_over": 0, "overtaken": 0}


def test_the_old_administrator_cannot_take_a_claimed_one_back(scene: Scene) -> None:
    claim = scene.claim()
    scene.clock.now = claim.object_before
    scene.run_job()
    with pytest.raises(NotThere):
        permissions.open_transfer(scene.olga.id, scene.subscription.public_id)


@pytest.mark.parametrize(("code", "days"), [("fr", 7), ("jp", 7), ("us", 7)])
def test_the_last_day_counts_to_its_end_at_the_site(portal: Portal, code: str, days: int) -> None:
    site = portal.sites[code]
    with portal.at(site):
        late = datetime(2026, 11, 22, 23, 30, tzinfo=site.time_zone)
        over = claims.object_before(late).astimezone(site.time_zone)
        assert (site.claim_days, over.date(), over.hour) == (days, late.date() + timedelta(days=8), 0)


def test_an_objection_leaves_it_to_support(scene: Scene) -> None:
    claim = scene.claim()
    everything_sent()
    scene.clock.forward(days=3)
    claim_decisions.raise_objection(claim, actor=scene.olga, reason="I am here!", now=scene.clock.now)
    assert (scene.state(claim), mailed()) == (DISPUTED, [("claim_news", "bob")])
    scene.clock.forward(days=30)
    assert scene.run_job() == {"handed_over": 0, "overtaken": 0}
    assert scene.current().administrator == scene.olga
    assert [one.id for one in claims.disputes()] == [claim.id]
    assert claims.disputes(account_id=scene.subscription.account_id)
    assert not claims.disputes(account_id=scene.subscription.account_id + 1)


@pytest.mark.parametrize("grant", [True, False])
def test_support_decides_a_dispute_and_says_why(scene: Scene, grant: bool) -> None:
    claim = scene.claim()
    claim_decisions.raise_objection(claim, actor=scene.olga, reason="", now=scene.clock.now)
    everything_sent()
    found = claims.disputed(claim.key, account_id=scene.subscription.account_id)
    with pytest.raises(claims.ReasonMissing):
        claim_decisions.decide_dispute(found, by=AGENT, grant=grant, reason=" ", now=scene.clock.now)
    claim_decisions.decide_dispute(
        found, by=AGENT, grant=grant, reason="Called the company.", now=scene.clock.now
    )
    assert scene.current().administrator == (scene.bob if grant else scene.olga)
    assert Counter(kind for kind, _to in mailed()) == (
        {"claim_handed_over": 2, "claim_granted": 1} if grant else {"claim_news": 3}
    )
    assert all(
        "Called the company." in mail.text
        for mail in OutboxMessage.select().where(OutboxMessage.state == QUEUED)
    )
    last = audit.SUBSCRIPTION_TRANSFERRED if grant else audit.CLAIM_REFUSED
    assert trail(scene.subscription)[-1] == (last, "agent", "Sam Support")
    with pytest.raises(NoLongerOpen):
        claim_decisions.decide_dispute(found, by=AGENT, grant=not grant, reason="No.", now=scene.clock.now)


@pytest.mark.parametrize("grant", [True, False])
def test_support_needs_no_more_than_the_narrow_connection(raced: Scene, grant: bool) -> None:
    with raced.portal.at(raced.site):
        claim = raced.claim()
        claim_decisions.raise_objection(claim, actor=raced.olga, reason="", now=raced.clock.now)
        key, account_id = claim.key, raced.subscription.account_id
    with raced.portal.at(raced.site, "look"):
        assert [one.key for one in claims.disputes()] == [key]
        with pytest.raises(pw.DatabaseError):
            Claim.update(state=OPEN).execute()
    with raced.portal.at(raced.site, "act"):
        found = claims.disputed(key, account_id=account_id)
        claim_decisions.decide_dispute(found, by=AGENT, grant=grant, reason="Yes.", now=raced.clock.now)
        for attack in (
            Claim.update(person=raced.kim.id),
            Claim.delete(),
            Claim.update(waits_for=1, reason=""),
        ):
            with pytest.raises(pw.DatabaseError):
                attack.execute()
    with raced.portal.at(raced.site):
        assert raced.current().administrator == (raced.bob if grant else raced.olga)


def test_support_decides_nothing_that_nobody_objected_to(scene: Scene) -> None:
    claim = scene.claim()
    with pytest.raises(NotThere):
        claims.disputed(claim.key, account_id=scene.subscription.account_id)
    with pytest.raises(NoLongerOpen):
        claim_decisions.decide_dispute(claim, by=AGENT, grant=True, reason="Yes.", now=scene.clock.now)
    assert scene.current().administrator == scene.olga


@pytest.mark.parametrize("grant", [True, False])
def test_the_backup_decides_at_once(scene: Scene, grant: bool) -> None:
    scene.name_backup(scene.kim)
    claim = scene.claim()
    assert ("claim_notice", "kim") in mailed()
    everything_sent()
    if not grant:
        with pytest.raises(claims.ReasonMissing):
            claim_decisions.decide_as_backup(
                claim, actor=scene.kim, grant=False, reason="", now=scene.clock.now
            )
    reason = "" if grant else "Olga is on leave."
    claim_decisions.decide_as_backup(claim, actor=scene.kim, grant=grant, reason=reason, now=scene.clock.now)
    assert scene.current().administrator == (scene.bob if grant else scene.olga)
    assert scene.state(claim) == (GRANTED if grant else REFUSED)
    assert {to for _kind, to in mailed()} == {"olga", "erin", "bob"}  # Kim knows
    assert scene.current().backup == scene.kim


def test_only_the_backup_decides_and_never_about_themselves(scene: Scene) -> None:
    scene.name_backup(scene.kim)
    claim = scene.claim()
    for person in (scene.bob, scene.erin, scene.olga, scene.charlie):
        with pytest.raises(NotThere):
            claim_decisions.decide_as_backup(claim, actor=person, grant=True, reason="", now=scene.clock.now)
    claim_decisions.withdraw(claim, actor=scene.bob, now=scene.clock.now)
    own = scene.claim(scene.kim)
    with pytest.raises(NotThere):
        claim_decisions.decide_as_backup(own, actor=scene.kim, grant=True, reason="", now=scene.clock.now)
    assert scene.current().administrator == scene.olga
    scene.clock.now = own.object_before
    scene.run_job()
    assert (scene.current().administrator, scene.current().backup) == (scene.kim, None)


def test_after_an_objection_the_backup_decides_no_more(scene: Scene) -> None:
    scene.name_backup(scene.kim)
    claim = scene.claim()
    claim_decisions.raise_objection(claim, actor=scene.erin, reason="Ask Olga.", now=scene.clock.now)
    with pytest.raises(NoLongerOpen):
        claim_decisions.decide_as_backup(
            Claim.get_by_id(claim.id), actor=scene.kim, grant=True, reason="", now=scene.clock.now
        )
    assert scene.current().administrator == scene.olga


def test_who_claims_may_withdraw_and_everybody_asked_is_told(scene: Scene) -> None:
    claim = scene.claim()
    everything_sent()
    with pytest.raises(NotThere):
        claim_decisions.withdraw(claim, actor=scene.olga, now=scene.clock.now)
    claim_decisions.withdraw(claim, actor=scene.bob, now=scene.clock.now)
    assert (scene.state(claim), mailed()) == (WITHDRAWN, [("claim_news", "olga"), ("claim_news", "erin")])
    with pytest.raises(NoLongerOpen):
        claim_decisions.withdraw(claim, actor=scene.bob, now=scene.clock.now)
    scene.clock.forward(days=30)
    scene.run_job()
    assert scene.current().administrator == scene.olga


def test_the_mailed_link_objects_once_and_looking_uses_nothing_up(scene: Scene) -> None:
    claim = scene.claim()
    token = secret_for(scene.olga, "claim_notice", now=scene.clock.now)
    for _look in range(3):
        assert claims.to_object(token, now=scene.clock.now) == (claim, scene.olga)
    claim_decisions.object_by_link(token, reason="", now=scene.clock.forward(days=7))
    assert scene.state(claim) == DISPUTED
    with pytest.raises(TokenInvalid):
        claims.to_object(token, now=scene.clock.now)


def test_objecting_to_one_leaves_the_links_of_others(scene: Scene) -> None:
    second = place_order(
        scene.portal,
        ordered_at=scene.clock.now,
        order_number="0700000003",
        purchaser={"name": "Olga", "email": scene.olga.email},
    )
    accept(Subscription.get_by_id(second.id), now=scene.clock.now)
    first = scene.claim()
    link = secret_for(scene.olga, "claim_notice", now=scene.clock.now)
    other = scene.claim(scene.bob, second.public_id)
    claim_decisions.object_by_link(link, reason="", now=scene.clock.now)
    assert (scene.state(first), scene.state(other)) == (DISPUTED, OPEN)
    again = secret_for(scene.olga, "claim_notice", now=scene.clock.now)
    claim_decisions.object_by_link(again, reason="", now=scene.clock.now)
    assert scene.state(other) == DISPUTED


def test_an_objection_counts_as_long_as_nothing_was_handed_over(scene: Scene) -> None:
    """The worker was down: who objects a day late is not told that it is too late for nothing."""
    claim = scene.claim()
    scene.clock.now = claim.object_before + timedelta(hours=20)
    claim_decisions.raise_objection(claim, actor=scene.olga, reason="", now=scene.clock.now)
    assert scene.run_job()["handed_over"] == 0


def test_who_was_not_asked_cannot_object(scene: Scene) -> None:
    claim = scene.claim()
    for person in (scene.bob, scene.gina, scene.charlie):
        with pytest.raises(NotThere):
            claim_decisions.raise_objection(claim, actor=person, reason="", now=scene.clock.now)
    assert scene.state(claim) == OPEN


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


@pytest.mark.parametrize(
    ("named", "reason", "refusal"),
    [
        ([], LEFT, claims.NothingNamed),
        ([" ", ""], LEFT, claims.NothingNamed),
        (["Fieldwire"], LEFT, claims.NumberInvalid),
        (["SUB-FR-000001' OR 1=1"], LEFT, claims.NumberInvalid),
        ([f"SUB-FR-{number:06}" for number in range(11)], LEFT, claims.TooManyNamed),
        (["SUB-FR-000001"], " \0 ", claims.ReasonMissing),
        (["SUB-FR-000001"], "x" * 501, claims.ReasonTooLong),
    ],
)
def test_what_can_not_be_asked_is_refused_and_changes_nothing(
    scene: Scene, named: list[str], reason: str, refusal: type[Refusal]
) -> None:
    before = everything()
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


# ---- meanwhile


def test_what_was_handed_over_meanwhile_is_not_taken_away(scene: Scene) -> None:
    claim = scene.claim()
    everything_sent()
    transfer.transfer_administration(
        scene.current(), to=scene.kim, keep_seat=True, actor=scene.olga, now=scene.clock.now
    )
    scene.clock.now = claim.object_before
    assert not claim_decisions.hand_over_if_due(Claim.get_by_id(claim.id), now=scene.clock.now)
    assert (scene.current().administrator, scene.state(claim)) == (scene.kim, OVERTAKEN)
    assert mailed() == [("claim_news", "bob")]


@pytest.mark.parametrize("how", ["transferred", "ended", "left"])
def test_the_job_closes_what_was_overtaken_and_another_may_claim(scene: Scene, how: str) -> None:
    claim = scene.claim()
    if how == "transferred":
        transfer.transfer_administration(
            scene.current(), to=scene.erin, keep_seat=True, actor=scene.olga, now=scene.clock.now
        )
    elif how == "ended":
        cancellation.plan_cancellation(
            scene.current(),
            ends_on=scene.current().term_end,
            reason="",
            actor=scene.olga,
            now=scene.clock.now,
        )
        scene.clock.forward(days=400)
    else:
        Membership.delete().where(Membership.person == scene.bob).execute()
    assert scene.run_job() == {"handed_over": 0, "overtaken": 1}
    assert (scene.state(claim), Claim.get_by_id(claim.id).waits_for) == (OVERTAKEN, None)
    assert scene.current().administrator != scene.bob
    if how != "ended":
        assert scene.claim(scene.kim)


def test_a_second_claim_waits_until_the_first_is_decided(scene: Scene) -> None:
    first = scene.claim()
    assert claims.prove(scene.ask(scene.kim), person=scene.kim, now=scene.clock.now) == []
    claim_decisions.withdraw(first, actor=scene.bob, now=scene.clock.now)
    assert scene.claim(scene.kim)


def test_requests_that_nobody_proved_are_forgotten_and_my_data_knows_claims(scene: Scene) -> None:
    scene.ask(scene.kim)
    scene.claim()
    found = my_data.everything_about(scene.bob.id, now=scene.clock.now)
    assert found["claim"][0]["subscription"] == scene.subscription.public_id
    assert json.dumps(found)
    assert claims.forget_old(now=scene.clock.now + claims.KEPT + timedelta(hours=1)) == 1
    assert [one.person_id for one in ClaimRequest.select()] == [scene.bob.id]


# ---- at the same moment


def at_once(portal: Portal, site: Site, *acts: Any) -> list[str]:
    """Each in a thread and a connection of its own; what each came to."""
    start = Barrier(len(acts))

    def run(act: Any) -> str:
        with portal.at(site):
            start.wait()
            try:
                return f"done:{act()}"
            except (NoLongerOpen, NotThere, transfer.AlreadyTransferred) as refusal:
                return type(refusal).__name__

    with ThreadPoolExecutor(len(acts)) as pool:
        return list(pool.map(run, acts))


ROUNDS = 12


@pytest.fixture
def raced(portal: Portal, site_fr: Site, clock: TestClock) -> Scene:
    with portal.at(site_fr):
        return Scene(portal, site_fr, clock)


def test_of_two_who_claim_at_once_one_does(raced: Scene) -> None:
    for _round in range(3):
        with raced.portal.at(raced.site):
            Claim.delete().execute()
            asked = [(raced.ask(person), person) for person in (raced.bob, raced.kim)]
            raced.clock.forward(days=1)
        now = raced.clock.now - timedelta(days=1)

        def prove(token: str, person_id: int, now: datetime = now) -> int:
            return len(claims.prove(token, person=Person.get_by_id(person_id), now=now))

        acts = [lambda t=token, p=person.id: prove(t, p) for token, person in asked]
        assert sorted(at_once(raced.portal, raced.site, *acts)) == ["done:0", "done:1"]
        with raced.portal.at(raced.site):
            assert Claim.select().where(Claim.waits_for.is_null(False)).count() == 1


def test_without_the_unique_place_two_would(raced: Scene) -> None:
    """The control: what keeps them apart is the row, not luck."""
    with raced.portal.at(raced.site):
        database.execute_sql("DROP INDEX claim_waits_for")
        for person in (raced.bob, raced.kim):
            raced.claim(person)
        assert Claim.select().where(Claim.waits_for.is_null(False)).count() == 2


def race_of_objection_and_handover(raced: Scene) -> set[tuple[str, bool]]:
    """State and whether it was handed over, of many rounds of both at the same moment."""
    seen = set()
    for _round in range(ROUNDS):
        with raced.portal.at(raced.site):
            Subscription.update(administrator=raced.olga).where(
                Subscription.id == raced.subscription.id
            ).execute()
            Claim.delete().execute()
            claim = raced.claim()
            raced.clock.now = now = claim.object_before
            claim_id, olga = claim.id, raced.olga.id

        def object_now(claim_id: int = claim_id, olga: int = olga, now: datetime = now) -> None:
            found = claims._one(Claim.id == claim_id)
            claim_decisions.raise_objection(found, actor=Person.get_by_id(olga), reason="", now=now)

        def hand_over(claim_id: int = claim_id, now: datetime = now) -> bool:
            return claim_decisions.hand_over_if_due(claims._one(Claim.id == claim_id), now=now)

        at_once(raced.portal, raced.site, object_now, hand_over)
        with raced.portal.at(raced.site):
            handed_over = raced.current().administrator == raced.bob
            seen.add((raced.state(claim), handed_over))
    return seen


def test_an_objection_in_the_moment_of_the_handover_is_before_or_after_it(raced: Scene) -> None:
    assert race_of_objection_and_handover(raced) <= {(DISPUTED, False), (GRANTED, True)}


def test_without_the_look_at_the_state_both_would_happen(
    raced: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The control: one after the other, as if the second had read before the first wrote."""
    with raced.portal.at(raced.site):
        claim = raced.claim()
        stale = claims._one(Claim.id == claim.id)
        monkeypatch.setattr(claim_decisions, "_is_still", lambda state: pw.SQL("1 = 1"))
        raced.clock.now = claim.object_before
        assert claim_decisions.hand_over_if_due(claim, now=raced.clock.now)
        claim_decisions.raise_objection(stale, actor=raced.olga, reason="", now=raced.clock.now)
        assert (raced.state(claim), raced.current().administrator) == (DISPUTED, raced.bob)


def test_two_runs_of_the_job_hand_over_once(raced: Scene) -> None:
    with raced.portal.at(raced.site):
        claim = raced.claim()
        raced.clock.now = claim.object_before
        everything_sent()
    run = lambda: claim_decisions.hand_over_if_due(  # noqa: E731
        Claim.get_by_id(claim.id), now=raced.clock.now
    )
    assert sorted(at_once(raced.portal, raced.site, run, run, run)) == [
        "done:False",
        "done:False",
        "done:True",
    ]
    with raced.portal.at(raced.site):
        assert Counter(kind for kind, _to in mailed()) == {"claim_handed_over": 2, "claim_granted": 1}


def test_the_mails_name_what_is_asked_and_hold_no_secret(scene: Scene) -> None:
    scene.name_backup(scene.kim)
    scene.claim()
    notices = {
        mail.person_id: mail for mail in OutboxMessage.select().where(OutboxMessage.kind == "claim_notice")
    }
    assert set(notices) == {scene.olga.id, scene.erin.id, scene.kim.id}
    for mail in notices.values():
        for known in ("Bob", "bob@musterbau.example", LEFT, scene.subscription.public_id):
            assert known in mail.text
        assert not re.search(r"/claims/object/[A-Za-z0-9_-]{43}", mail.text + mail.html)
    assert f"/subscriptions/{scene.subscription.public_id}/claim" in notices[scene.kim.id].text
    assert notices[scene.kim.id].token_purpose is None
    assert notices[scene.olga.id].token_purpose == tokens.OBJECT_CLAIM
