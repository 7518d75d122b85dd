"""Who looks after the billing of an account: granted and taken, and who hears of it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import Any

import pytest

from tests.conftest import TestClock
from tests.domain.people.membership import Scene, scene
from webapp.assembly import Portal
from webapp.data.accounts import Account, Membership, Person
from webapp.data.audit import AuditEvent
from webapp.data.outbox import OutboxMessage
from webapp.data.subscriptions import Subscription
from webapp.domain import audit, outbox, permissions
from webapp.domain.companies import accounts
from webapp.domain.limits import TooOften
from webapp.domain.people import members
from webapp.domain.people.members import (
    AlreadyBilling,
    BillingChangedMeanwhile,
    LastBillingPerson,
    MayNotGrant,
    MayNotTake,
    NotAMember,
    NotBilling,
    take_billing,
)
from webapp.domain.refusals import NotThere, Refusal
from webapp.domain.subscriptions import subscription_list, subscriptions
from webapp.domain.subscriptions.subscription_list import BILLING, Query, Scope
from webapp.sites import Site

__all__ = ["scene"]


def everything() -> dict[str, Any]:
    tables = (Account, Membership, AuditEvent, OutboxMessage)
    return {model.__name__: sorted(map(str, model.select().tuples())) for model in tables}


# ---- granting


def test_while_nobody_has_it_any_administrator_of_the_account_grants_it(scene: Scene) -> None:
    scene.grant(scene.erin, by=scene.olga)
    assert scene.bills() == ["Erin"]
    assert scene.rights(scene.erin).billing and not scene.rights(scene.erin).sees_seats
    assert Account.get_by_id(scene.account.id).billing_people == 1


def test_from_then_on_only_who_has_it_grants_it(scene: Scene) -> None:
    scene.grant(scene.erin, by=scene.olga)
    with pytest.raises(MayNotGrant):
        scene.grant(scene.bob, by=scene.olga)
    scene.grant(scene.bob, by=scene.erin)
    assert scene.bills() == ["Erin", "Bob"]


@pytest.mark.parametrize("who", ["bob", "charlie"])
def test_who_has_no_role_in_the_account_does_not_even_see_it(scene: Scene, who: str) -> None:
    with pytest.raises(NotThere):
        scene.grant(scene.erin, by=getattr(scene, who))
    assert scene.bills() == []


def test_the_backup_names_nobody(scene: Scene) -> None:
    with pytest.raises(MayNotGrant):
        scene.grant(scene.erin, by=scene.kim)


def test_the_administrator_of_something_that_has_ended_names_nobody(scene: Scene) -> None:
    Subscription.update(status="ended", backup=None).execute()
    with pytest.raises(NotThere):
        scene.grant(scene.erin, by=scene.olga)


def test_an_administrator_may_take_it_on_themselves(scene: Scene) -> None:
    scene.grant(scene.olga, by=scene.olga)
    rights = scene.rights(scene.olga)
    assert rights.billing and rights.administers and rights.sees_seats


def refusals(scene: Scene) -> dict[type[Refusal], Callable[[], None]]:
    return {
        NotAMember: lambda: scene.grant(scene.charlie, by=scene.erin),
        AlreadyBilling: lambda: scene.grant(scene.erin, by=scene.erin),
        MayNotGrant: lambda: scene.grant(scene.bob, by=scene.olga),
        MayNotTake: lambda: scene.take(scene.erin, by=scene.olga),
        NotBilling: lambda: scene.take(scene.bob, by=scene.erin),
        LastBillingPerson: lambda: scene.take(scene.erin, by=scene.erin),
    }


@pytest.mark.parametrize(
    "refusal", [NotAMember, AlreadyBilling, MayNotGrant, MayNotTake, NotBilling, LastBillingPerson]
)
def test_each_refusal_has_its_name_and_changes_nothing(scene: Scene, refusal: type[Refusal]) -> None:
    scene.grant(scene.erin, by=scene.olga)
    before = everything()
    with pytest.raises(refusal) as refused:
        refusals(scene)[refusal]()
    assert len(str(refused.value)) > 20 and everything() == before


def test_nobody_is_given_and_taken_the_role_all_day(scene: Scene) -> None:
    scene.grant(scene.erin, by=scene.olga)
    with pytest.raises(TooOften):
        for _time in range(members.CHANGES.times):
            scene.grant(scene.bob, by=scene.erin)
            scene.take(scene.bob, by=scene.erin)


# ---- taking


def test_one_of_several_is_taken_away_or_gives_it_up(scene: Scene) -> None:
    scene.grant(scene.erin, by=scene.olga)
    scene.grant(scene.bob, by=scene.erin)
    scene.take(scene.erin, by=scene.bob)
    assert scene.bills() == ["Bob"]
    scene.grant(scene.erin, by=scene.bob)
    scene.take(scene.bob, by=scene.bob)
    assert scene.bills() == ["Erin"] and Account.get_by_id(scene.account.id).billing_people == 1


def test_the_right_is_gone_with_the_next_query(scene: Scene) -> None:
    scene.grant(scene.erin, by=scene.olga)
    scene.grant(scene.bob, by=scene.erin)
    public_id, now = scene.subscription.public_id, scene.clock.now
    assert permissions.billed_subscription(scene.erin.id, public_id, now=now)
    scene.take(scene.erin, by=scene.bob)
    with pytest.raises(NotThere):
        permissions.billed_subscription(scene.erin.id, public_id, now=now)
    with pytest.raises(NotThere):
        subscriptions.readable(scene.erin.id, public_id, now=now)
    scope = Scope(scene.account.id)
    assert not subscription_list.page(scene.erin.id, Query(), now=now, view=BILLING, scope=scope).rows


def test_who_looks_after_billing_stays_in_the_company(scene: Scene) -> None:
    """Also when all they came for was taken back."""
    scene.grant(scene.erin, by=scene.olga)
    assert not accounts.leave_if_unused(scene.erin, scene.account)
    assert accounts.leave_if_unused(scene.bob, scene.account)
    assert scene.bills() == ["Erin"]


# ---- who hears of it


def test_the_first_is_told_with_all_administrators(scene: Scene) -> None:
    scene.grant(scene.erin, by=scene.olga)
    assert scene.told() == [("billing_granted", "Erin"), ("billing_role_changed", "Olga Muster")]
    event = AuditEvent.select().order_by(AuditEvent.id.desc()).get()
    assert (event.action, event.actor_id, event.person_id, event.account_id) == (
        audit.BILLING_GRANTED,
        scene.olga.id,
        scene.erin.id,
        scene.account.id,
    )


def test_later_everybody_who_looks_after_billing_is_told(scene: Scene) -> None:
    scene.grant(scene.erin, by=scene.olga)
    scene.told()
    scene.grant(scene.bob, by=scene.erin)
    assert scene.told() == [("billing_granted", "Bob"), ("billing_role_changed", "Erin")]
    scene.take(scene.bob, by=scene.erin)
    assert scene.told() == [("billing_taken", "Bob"), ("billing_role_changed", "Erin")]


@pytest.mark.parametrize("broken", ["record", "enqueue"])
@pytest.mark.parametrize("change", ["grant", "take"])
def test_all_of_a_change_happens_or_nothing(
    scene: Scene, monkeypatch: pytest.MonkeyPatch, broken: str, change: str
) -> None:
    def fail(*args: object, **facts: object) -> None:
        raise RuntimeError("the disk is full")

    scene.grant(scene.erin, by=scene.olga)
    scene.grant(scene.bob, by=scene.erin)
    before = everything()
    monkeypatch.setattr(audit if broken == "record" else outbox, broken, fail)
    with pytest.raises(RuntimeError):
        scene.grant(scene.kim, by=scene.erin) if change == "grant" else scene.take(scene.bob, by=scene.erin)
    assert everything() == before


# ---- two at once


def race(scene: Scene, site: Site, act: Callable[[int], None]) -> Counter[str]:
    together = Barrier(2)

    def attempt(number: int) -> str:
        with scene.portal.at(site):
            together.wait(timeout=30)
            try:
                act(number)
            except Refusal as refusal:
                return type(refusal).__name__
            return "done"

    with ThreadPoolExecutor(2) as threads:
        return Counter(threads.map(attempt, range(2)))


@pytest.fixture
def unbound(portal: Portal, site_fr: Site, clock: TestClock) -> Scene:
    with portal.at(site_fr):
        return Scene(portal, clock)


def test_two_who_take_it_from_each_other_leave_one(unbound: Scene, site_fr: Site) -> None:
    scene = unbound
    with scene.portal.at(site_fr):
        scene.grant(scene.erin, by=scene.olga)
        scene.grant(scene.bob, by=scene.erin)
    pairs = [(scene.erin.id, scene.bob.id), (scene.bob.id, scene.erin.id)]

    def take(number: int) -> None:
        person, actor = (Person.get_by_id(key) for key in pairs[number])
        account = Account.get_by_id(ids["account"])
        take_billing(account, person=person, actor=actor, now=scene.clock.now)

    with scene.portal.at(site_fr):
        ids = {"account": scene.account.id}
    outcomes = race(scene, site_fr, take)
    assert outcomes["done"] == 1, outcomes
    with scene.portal.at(site_fr):
        assert len(members.billing_people(ids["account"])) == 1
        assert Account.get_by_id(ids["account"]).billing_people == 1


def test_without_the_count_nobody_would_be_left(
    unbound: Scene, site_fr: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The control: both looked before either wrote."""
    scene = unbound
    with scene.portal.at(site_fr):
        scene.grant(scene.erin, by=scene.olga)
        scene.grant(scene.bob, by=scene.erin)
        seen = {one.id: scene.rights(one) for one in (scene.erin, scene.bob)}
        monkeypatch.setattr(permissions, "account_rights", lambda person_id, _number, now: seen[person_id])
        take_billing(scene.account, person=scene.bob, actor=scene.erin, now=scene.clock.now)
        with pytest.raises(BillingChangedMeanwhile):
            take_billing(scene.account, person=scene.erin, actor=scene.bob, now=scene.clock.now)
        monkeypatch.setattr(members, "_count", lambda *facts, **more: None)
        take_billing(scene.account, person=scene.erin, actor=scene.bob, now=scene.clock.now)
        assert scene.bills() == []
