"""Claims at the same moment as something else, each with a control; and what support needs to decide."""

from __future__ import annotations

from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from threading import Barrier
from typing import Any

import peewee as pw
import pytest

from tests.conftest import TestClock
from tests.domain.claims.claiming import AGENT, Scene, everything_sent, mailed
from webapp.assembly import Portal
from webapp.data.accounts import Person
from webapp.data.claims import (
    DISPUTED,
    GRANTED,
    OPEN,
    Claim,
)
from webapp.data.database import database
from webapp.data.subscriptions import Subscription
from webapp.domain.claims import claim_decisions, claims
from webapp.domain.claims.claim_decisions import NoLongerOpen
from webapp.domain.refusals import NotThere
from webapp.domain.subscriptions import transfer
from webapp.sites import Site


@pytest.fixture
def raced(portal: Portal, site_fr: Site, clock: TestClock) -> Scene:
    with portal.at(site_fr):
        return Scene(portal, site_fr, clock)


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
