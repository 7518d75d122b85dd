"""Who looks after the billing of an account: who may say so, who hears of it, and that somebody always does."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Barrier
from typing import Any

import pytest

from tests.conftest import TestClock
from tests.support.cast import accept, keep_person, place_order
from webapp.assembly import Portal
from webapp.data.accounts import Account, Membership, Person
from webapp.data.audit import AuditEvent
from webapp.data.outbox import OutboxMessage
from webapp.data.subscriptions import Seat, Subscription
from webapp.domain import (
    accounts,
    audit,
    members,
    outbox,
    permissions,
    subscription_list,
    subscriptions,
    transfer,
)
from webapp.domain.limits import TooOften
from webapp.domain.members import (
    PAGE_SIZE,
    AlreadyBilling,
    BillingChangedMeanwhile,
    LastBillingPerson,
    MayNotGrant,
    MayNotTake,
    NotAMember,
    NotBilling,
    grant_billing,
    take_billing,
)
from webapp.domain.refusals import NotThere, Refusal
from webapp.domain.subscription_list import BACKUP, BILLING, Query, Scope
from webapp.sites import Site

ACCOUNT = "1000009"


class Scene:
    """Olga administers an active subscription, Kim is her backup; Bob and Erin are members, Charlie is not."""

    def __init__(self, portal: Portal, clock: TestClock) -> None:
        self.portal, self.clock = portal, clock
        self.subscription = place_order(portal, ordered_at=clock.now)
        self.olga = keep_person("olga@example.com", name="Olga Muster", now=clock.now)
        accept(self.subscription, now=clock.now)
        self.bob, self.erin, self.kim, self.charlie = (
            keep_person(f"{name}@example.com", name=name.capitalize(), now=clock.now)
            for name in ("bob", "erin", "kim", "charlie")
        )
        self.account = self.subscription.account
        for person in (self.bob, self.erin, self.kim):
            accounts.join(person, self.account, now=clock.now)
        transfer.name_backup(self.current(), person=self.kim, actor=self.olga, now=clock.now)
        OutboxMessage.delete().execute()
        clock.forward(hours=1)

    def current(self) -> Subscription:
        found: Subscription = Subscription.get_by_id(self.subscription.id)
        return found

    def grant(self, person: Person, by: Person) -> None:
        grant_billing(self.account, person=person, actor=by, now=self.clock.forward(minutes=1))

    def take(self, person: Person, by: Person) -> None:
        take_billing(self.account, person=person, actor=by, now=self.clock.forward(minutes=1))

    def rights(self, person: Person) -> permissions.AccountRights:
        return permissions.account_rights(person.id, ACCOUNT, now=self.clock.now)

    def bills(self) -> list[str]:
        return [person.name for person in members.billing_people(self.account.id)]

    def told(self) -> list[tuple[str, str]]:
        found = [(mail.kind, mail.to_name) for mail in OutboxMessage.select().order_by(OutboxMessage.id)]
        OutboxMessage.delete().execute()
        return found


@pytest.fixture
def scene(portal: Portal, bound_fr: Site, clock: TestClock) -> Iterator[Scene]:
    return Scene(portal, clock)  # type: ignore[return-value]


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


def acting(scene: Scene, change: Callable[..., None], person: Person, actor: Person) -> None:
    account = Account.get_by_id(scene.account.id)
    who, by = Person.get_by_id(person.id), Person.get_by_id(actor.id)
    change(account, person=who, actor=by, now=scene.clock.now)


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


# ---- what the roles see


def test_billing_sees_the_accounts_money_and_never_its_users(scene: Scene) -> None:
    scene.grant(scene.erin, by=scene.olga)
    public_id, now = scene.subscription.public_id, scene.clock.now
    row = subscriptions.readable(scene.erin.id, public_id, now=now)
    assert (row.role, subscriptions.sees_users(row)) == ("billing", False)
    assert permissions.billed_subscription(scene.erin.id, public_id, now=now)
    for loader in (
        permissions.managed_subscription,
        permissions.own_subscription,
        permissions.administered_subscription,
        permissions.looked_after_subscription,
        permissions.backed_up_subscription,
        subscriptions.managed,
    ):
        with pytest.raises(NotThere):
            loader(scene.erin.id, public_id, now=now)


def test_what_billing_reads_of_the_activity_holds_no_word_of_seats(scene: Scene) -> None:
    actor = audit.Actor.of(scene.olga)
    for action in ("seat.invited", audit.PURCHASE_ORDER_CHANGED):
        audit.record(action, actor=actor, subscription=scene.current(), now=scene.clock.now, old="", new="1")
    all_of_it = [event.action for event in subscriptions.activity(scene.subscription.id)]
    without = [event.action for event in subscriptions.activity(scene.subscription.id, users=False)]
    assert "seat.invited" in all_of_it and "seat.invited" not in without
    assert audit.PURCHASE_ORDER_CHANGED in without


def test_the_activity_begins_with_the_latest_date(scene: Scene) -> None:
    """Even where what happened earlier was written down later."""
    actor, now = audit.Actor.of(scene.olga), scene.clock.now
    for days in (1, 3, 2):
        audit.record(
            audit.PURCHASE_ORDER_CHANGED,
            actor=actor,
            subscription=scene.current(),
            now=now + timedelta(days=days),
            old="",
            new=str(days),
        )
    newest = subscriptions.activity(scene.subscription.id)[:3]
    assert [event.details["new"] for event in newest] == ["3", "2", "1"]


def test_the_backup_manages_and_hands_nothing_over(scene: Scene) -> None:
    public_id, now = scene.subscription.public_id, scene.clock.now
    assert permissions.managed_subscription(scene.kim.id, public_id, now=now)
    assert permissions.billed_subscription(scene.kim.id, public_id, now=now)
    assert subscriptions.managed(scene.kim.id, public_id, now=now).role == "backup"
    for loader in (permissions.own_subscription, permissions.administered_subscription):
        with pytest.raises(NotThere):
            loader(scene.kim.id, public_id, now=now)
    with pytest.raises(transfer.AlreadyTransferred):
        transfer.transfer_administration(
            scene.current(), to=scene.bob, keep_seat=True, actor=scene.kim, now=now
        )
    with pytest.raises(NotThere):
        transfer.name_backup(scene.current(), person=scene.bob, actor=scene.kim, now=now)
    page = subscription_list.page(scene.kim.id, Query(), now=now, view=BACKUP)
    assert [found.public_id for found in page.rows] == [public_id]


def test_the_backup_is_told_when_named_and_removed_and_may_leave(scene: Scene) -> None:
    transfer.name_backup(scene.current(), person=scene.bob, actor=scene.olga, now=scene.clock.now)
    assert scene.told() == [("backup_named", "Bob"), ("backup_removed", "Kim")]
    transfer.leave_backup(scene.current(), actor=scene.bob, now=scene.clock.now)
    assert scene.told() == [("backup_left", "Olga Muster")]
    assert scene.current().backup_id is None
    with pytest.raises(NotThere):
        transfer.leave_backup(scene.current(), actor=scene.bob, now=scene.clock.now)


# ---- the members


def shown(scene: Scene, by: Person, **asked: str) -> members.Members:
    return members.members(scene.rights(by), person_id=by.id, now=scene.clock.now, **asked)


def listed(scene: Scene, by: Person, **asked: str) -> list[str]:
    return [person.name for person in shown(scene, by, **asked).people]


def test_members_are_shown_by_name_with_their_roles(scene: Scene) -> None:
    scene.grant(scene.erin, by=scene.olga)
    Seat.create(subscription=scene.current(), person=scene.bob, state="active", since=scene.clock.now)
    people = {person.name: person for person in shown(scene, scene.olga).people}
    assert list(people) == ["Bob", "Erin", "Kim", "Olga Muster"]
    assert people["Erin"].billing_since and not people["Bob"].billing_since
    assert (people["Olga Muster"].administers, people["Kim"].backs_up, people["Bob"].uses) == (1, 1, 1)
    to_erin = shown(scene, scene.erin).people
    assert not any(person.uses for person in to_erin)
    assert [person.administers for person in to_erin] == [0, 0, 0, 1]


@pytest.mark.parametrize("over", [{"counted": 0}, {"over_on": "2026-01-01"}])
def test_what_a_member_may_use_no_more_is_not_counted(scene: Scene, over: dict[str, Any]) -> None:
    since = scene.clock.now
    Seat.create(subscription=scene.current(), person=scene.bob, state="active", since=since, **over)
    assert not any(person.uses for person in shown(scene, scene.olga).people)


@pytest.mark.parametrize(
    ("search", "found"),
    [
        ("KIM", ["Kim"]),
        ("example.com", ["Bob", "Erin", "Kim", "Olga Muster"]),
        ("olga mus", ["Olga Muster"]),
        ("charlie", []),
        ("%", []),
        ("\0", ["Bob", "Erin", "Kim", "Olga Muster"]),
    ],
)
def test_members_are_found_by_name_or_address(scene: Scene, search: str, found: list[str]) -> None:
    assert listed(scene, scene.olga, search=search) == found


def test_pages_of_members_hold_everybody_once(scene: Scene) -> None:
    for number in range(2 * PAGE_SIZE):
        person = keep_person(f"{number}@many.example", name="The Same Name", now=scene.clock.now)
        accounts.join(person, scene.account, now=scene.clock.now)
    seen, cursor = list[int](), ""
    pages = []
    for _page in range(3):
        found = shown(scene, scene.olga, after=cursor)
        seen += [person.id for person in found.people]
        pages.append([person.id for person in found.people])
        cursor = found.next_cursor
    assert not cursor and len(seen) == len(set(seen)) == 2 * PAGE_SIZE + 4
    back = shown(scene, scene.olga, before=found.previous_cursor)
    assert [person.id for person in back.people] == pages[1]


@pytest.mark.parametrize("cursor", ["x", "W10", "WyJhIiwgMV0", "WzEsIDFd", "WyJcdWQ4MDAiLDFd", "9" * 700])
def test_a_cursor_that_is_not_ours_begins_at_the_beginning(scene: Scene, cursor: str) -> None:
    assert listed(scene, scene.olga, after=cursor)[-1] == "Olga Muster"
