"""The purchase order number: kept as typed, found by the search, and never lost to somebody faster."""

from __future__ import annotations

import json
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from threading import Barrier

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.conftest import TestClock
from tests.domain.planted import without
from tests.support.cast import accept, place_order
from webapp.assembly import Portal
from webapp.data.accounts import Person
from webapp.data.audit import AuditEvent
from webapp.data.subscriptions import ENDED, Subscription
from webapp.domain.refusals import NotThere
from webapp.domain.subscriptions import purchase_orders, subscription_list
from webapp.domain.subscriptions.purchase_orders import (
    MAXIMUM_LENGTH,
    PoNumberChange,
    PoNumberConflict,
    PoNumberNotText,
    PoNumberTooLong,
    change_po_number,
    normal_po_number,
)
from webapp.i18n import speaking, speech
from webapp.sites import Site

Change = Callable[..., PoNumberChange]


@pytest.fixture
def bought(bound_fr: Site, portal: Portal, clock: TestClock) -> Subscription:
    """Active, with a number that the shop sent."""
    return an_active_one(portal, now=clock())


def an_active_one(portal: Portal, *, now: datetime) -> Subscription:
    subscription = place_order(
        portal, ordered_at=now - timedelta(days=10), purchase_order_number="BC 2026-113"
    )
    accept(subscription, now=now - timedelta(days=9))
    return subscription


def stored(subscription: Subscription) -> Subscription:
    return Subscription.get_by_id(subscription.id)


def change(subscription: Subscription, number: str, *, read_version: int, now: datetime) -> PoNumberChange:
    return change_po_number(
        subscription, number, read_version=read_version, actor=subscription.administrator, now=now
    )


# ---- what a number is


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        ("  4500071236\t", "4500071236"),
        ("0000123", "0000123"),
        ("BC 2026 / 113 – Lyon", "BC 2026 / 113 – Lyon"),
        ("", ""),
        ("   ", ""),
        ("Cafe\u0301 7", "Café 7"),
        ("=1+1", "=1+1"),
        ("طلب ١٢", "طلب ١٢"),
        ("x" * MAXIMUM_LENGTH, "x" * MAXIMUM_LENGTH),
        (f"  {'x' * MAXIMUM_LENGTH}  ", "x" * MAXIMUM_LENGTH),
    ],
)
def test_a_number_is_kept_as_typed_but_for_outer_spaces(typed: str, kept: str) -> None:
    assert normal_po_number(typed) == kept


@pytest.mark.parametrize("typed", ["45\n00", "45\x0000", "45\x1b[2J", "45\u202800", "45\ud800", "45\x7f"])
def test_what_cannot_be_printed_is_refused(typed: str) -> None:
    with pytest.raises(PoNumberNotText):
        normal_po_number(typed)


@pytest.mark.parametrize(
    ("language", "too_many", "words"),
    [("en", 1, "remove 1."), ("en", 12, "remove 12."), ("fr", 12, "12"), ("de", 12, "12")],
)
def test_a_long_number_is_told_how_much_is_too_much(language: str, too_many: int, words: str) -> None:
    with speaking(speech(language, "FR")), pytest.raises(PoNumberTooLong) as refusal:
        normal_po_number("x" * (MAXIMUM_LENGTH + too_many))
    with speaking(speech(language, "FR")):
        assert words in str(refusal.value)
        assert str(MAXIMUM_LENGTH) in str(refusal.value)


@given(st.text(max_size=120))
def test_a_normal_number_is_normal_already(typed: str) -> None:
    try:
        kept = normal_po_number(typed)
    except (PoNumberTooLong, PoNumberNotText):
        return
    assert normal_po_number(kept) == kept
    assert len(kept) <= MAXIMUM_LENGTH


# ---- changing it


def test_a_change_is_stored_counted_and_written_down(bought: Subscription, now: datetime) -> None:
    done = change(bought, " 4500071236 ", read_version=0, now=now)
    assert done == PoNumberChange("BC 2026-113", "4500071236", 1)
    assert (stored(bought).po_number, stored(bought).po_version) == ("4500071236", 1)
    event = purchase_orders.last_change(bought)
    assert event is not None
    assert (event.at, event.actor_name) == (now, bought.administrator.name)
    assert json.loads(event.details) == {"old": "BC 2026-113", "new": "4500071236"}


def test_the_search_finds_the_new_number_and_no_longer_the_old(bought: Subscription, now: datetime) -> None:
    change(bought, "Chantier Évry 7", read_version=0, now=now)

    def found(text: str) -> int:
        query = subscription_list.Query(text=text)
        return len(subscription_list.page(bought.administrator.id, query, now=now).rows)

    assert [found("chantier evry"), found("BC 2026-113"), found(bought.public_id)] == [1, 0, 1]


def test_the_same_number_again_changes_nothing(bought: Subscription, now: datetime) -> None:
    assert change(bought, "BC 2026-113 ", read_version=0, now=now).version == 0
    assert stored(bought).po_version == 0
    assert purchase_orders.last_change(bought) is None


def test_a_number_may_be_taken_away(bought: Subscription, now: datetime) -> None:
    assert change(bought, "", read_version=0, now=now).new == ""
    assert stored(bought).po_number == ""


def test_who_read_an_older_number_sees_both_and_saves_nothing(bought: Subscription, now: datetime) -> None:
    change(bought, "first", read_version=0, now=now)
    events = AuditEvent.select().count()
    with pytest.raises(PoNumberConflict) as refusal:
        change(bought, " second ", read_version=0, now=now + timedelta(minutes=1))
    conflict = refusal.value
    assert (conflict.stored, conflict.typed, conflict.version) == ("first", "second", 1)
    assert (conflict.changed_by, conflict.changed_at) == (bought.administrator.name, now)
    assert stored(bought).po_number == "first"
    assert AuditEvent.select().count() == events


def test_even_the_same_number_is_a_conflict_for_who_read_an_older_one(
    bought: Subscription, now: datetime
) -> None:
    change(bought, "first", read_version=0, now=now)
    change(bought, "BC 2026-113", read_version=1, now=now)
    with pytest.raises(PoNumberConflict):
        change(bought, "BC 2026-113", read_version=0, now=now)


@pytest.mark.parametrize("version", [-1, 1, 99])
def test_a_version_that_was_never_read_saves_nothing(
    bought: Subscription, now: datetime, version: int
) -> None:
    with pytest.raises(PoNumberConflict) as refusal:
        change(bought, "forged", read_version=version, now=now)
    assert (refusal.value.changed_by, refusal.value.changed_at) == ("", None)
    assert stored(bought).po_number == "BC 2026-113"


def test_only_an_active_subscription_has_its_number_changed(
    bought: Subscription, portal: Portal, now: datetime
) -> None:
    pending = place_order(portal, ordered_at=now, order_number="0314100002")
    Subscription.update(status=ENDED).where(Subscription.id == bought.id).execute()
    for subscription in (pending, bought):
        with pytest.raises(NotThere):
            change(subscription, "7", read_version=0, now=now)


# ---- two sessions at once


@dataclass
class Tally:
    """What became of races between two sessions that read the same version."""

    clean: int = 0  # one saved, the other was told both values, and the first one's is stored
    lost: int = 0  # both were told that theirs is saved
    other: list[str] = field(default_factory=list)


def race(portal: Portal, times: int, save: Change = change_po_number) -> Tally:
    site, tally, together = portal.sites["fr"], Tally(), Barrier(2)
    with portal.at(site):
        subscription_id = an_active_one(portal, now=portal.clock()).id

    def session(typed: str, version: int) -> PoNumberChange | PoNumberConflict:
        with portal.at(site):
            subscription = Subscription.get_by_id(subscription_id)
            actor = Person.get_by_id(subscription.administrator_id)
            together.wait(timeout=30)
            try:
                return save(subscription, typed, read_version=version, actor=actor, now=portal.clock())
            except PoNumberConflict as conflict:
                return conflict

    with ThreadPoolExecutor(2) as threads:
        for number in range(times):
            with portal.at(site):
                version = Subscription.get_by_id(subscription_id).po_version
            typed = [f"{number} by one", f"{number} by two"]
            answers = list(threads.map(session, typed, [version, version]))
            with portal.at(site):
                _judge(answers, typed, version, Subscription.get_by_id(subscription_id), tally)
    return tally


def _judge(
    answers: list[PoNumberChange | PoNumberConflict],
    typed: list[str],
    version: int,
    after: Subscription,
    tally: Tally,
) -> None:
    saved = [answer for answer in answers if isinstance(answer, PoNumberChange)]
    refused = [answer for answer in answers if isinstance(answer, PoNumberConflict)]
    if len(saved) == 2:
        tally.lost += 1
        return
    winner = saved[0].new if saved else ""
    loser = next((text for text in typed if text != winner), "")
    if [(conflict.stored, conflict.typed, conflict.version) for conflict in refused] == [
        (winner, loser, version + 1)
    ] and (after.po_number, after.po_version) == (winner, version + 1):
        tally.clean += 1
    else:
        tally.other.append(f"{answers} → {after.po_number}")


LOOK_FIRST = (
    "        if read_version != current.po_version:\n"
    "            raise _conflict(current, term=term, typed=new)\n"
)
CONDITION = "                Subscription.po_version == read_version,\n"


@pytest.mark.row("PO number races")
def test_of_two_sessions_one_wins_and_the_other_sees_both_numbers(portal: Portal) -> None:
    assert race(portal, 1000) == Tally(clean=1000)


def test_the_condition_of_the_update_alone_is_enough(portal: Portal) -> None:
    assert race(portal, 50, without(change_po_number, LOOK_FIRST)) == Tally(clean=50)


@pytest.mark.row("PO number races", control=True)
def test_without_the_version_updates_are_lost(portal: Portal) -> None:
    """The control: the same races find the missing lock."""
    assert race(portal, 50, without(change_po_number, LOOK_FIRST, CONDITION)).lost > 0


@pytest.mark.parametrize("engine", ["postgresql"], indirect=True)
def test_on_postgresql_looking_first_is_not_enough(portal: Portal) -> None:
    """SQLite lets one writer in at a time, so that looking first would do there."""
    assert race(portal, 100, without(change_po_number, CONDITION)).lost > 0
