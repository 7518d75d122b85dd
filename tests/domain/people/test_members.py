"""The people of an account, and what each role of theirs sees."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from tests.domain.people.membership import Scene, scene
from tests.support.cast import keep_person
from webapp.data.accounts import Person
from webapp.data.subscriptions import Seat
from webapp.domain import audit, permissions
from webapp.domain.companies import accounts
from webapp.domain.people import members
from webapp.domain.people.members import PAGE_SIZE
from webapp.domain.refusals import NotThere
from webapp.domain.subscriptions import subscription_list, subscriptions, transfer
from webapp.domain.subscriptions.subscription_list import BACKUP, Query

__all__ = ["scene"]


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
