"""“Our administrator has left”: proof, notice, time to object, a backup who decides, support that decides disputes."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterator
from datetime import datetime, timedelta

import pytest

from tests.conftest import TestClock
from tests.domain.claims.claiming import AGENT, LEFT, Scene, everything_sent, mailed, secret_for, trail
from tests.support.cast import accept, place_order
from webapp.assembly import Portal
from webapp.data.accounts import Membership
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
from webapp.data.outbox import QUEUED, OutboxMessage
from webapp.data.subscriptions import Subscription
from webapp.domain import audit, permissions, tokens
from webapp.domain.claims import claim_decisions, claims
from webapp.domain.claims.claim_decisions import NoLongerOpen
from webapp.domain.people import my_data
from webapp.domain.refusals import NotThere
from webapp.domain.subscriptions import cancellation, transfer
from webapp.domain.tokens import TokenInvalid
from webapp.sites import Site


@pytest.fixture
def scene(portal: Portal, bound_fr: Site, clock: TestClock) -> Iterator[Scene]:
    return Scene(portal, bound_fr, clock)  # type: ignore[return-value]


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
