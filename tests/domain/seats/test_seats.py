"""Seats: given, ended by their date, taken back and restored; never more than there are licences."""

from __future__ import annotations

import json
from datetime import date, timedelta
from typing import Any

import pytest

from tests.conftest import TestClock
from tests.domain.seats.seating import EVA, MAX, House, house
from tests.support.cast import keep_person
from webapp.assembly import Portal
from webapp.data.accounts import Membership
from webapp.data.outbox import QUEUED, SENT, WITHDRAWN, OutboxMessage
from webapp.data.subscriptions import ENDED, Subscription
from webapp.domain import audit
from webapp.domain.calendar import start_of_day
from webapp.domain.people import people
from webapp.domain.permissions import managed_seat, managed_subscription
from webapp.domain.refusals import NotThere
from webapp.domain.seats import invitations, seat_facts, seat_list, seats
from webapp.domain.seats.invitations import read_addresses
from webapp.domain.seats.seat_facts import DayNotUnderstood, Facts, LastDayOver, NotText, TextTooLong
from webapp.domain.seats.seats import NoLicenceFree, NothingToRestore, SeatConflict, SeatGone
from webapp.domain.subscriptions import subscription_list, subscriptions
from webapp.sites import Site

__all__ = ["house"]


# ---- taking back, and undoing it


def test_removing_frees_the_licence_and_undo_brings_it_back_as_it_was(house: House) -> None:
    tomorrow = date(2026, 11, 23)
    house.invite(MAX, last_day=tomorrow, cost_centre="4711")
    seats.arrive(house.person(MAX).id, now=house.clock())
    house.revoke(MAX)
    assert (house.taken, house.listed(), house.listed("ended")) == (0, [], [MAX])
    with pytest.raises(SeatGone):
        house.revoke(MAX)
    house.restore(MAX)
    seat = house.seat(MAX)
    assert (house.taken, seat.state, seat.last_day, seat.cost_centre) == (1, "active", tomorrow, "4711")
    assert seat.over_on == "2026-11-24"
    with pytest.raises(NothingToRestore):
        house.restore(MAX)
    assert house.taken == 1


def test_undo_takes_no_licence_that_is_not_there(house: House) -> None:
    house.invite(MAX)
    house.revoke(MAX)
    house.invite(*(f"p{number}@example.com" for number in range(10)))
    with pytest.raises(NoLicenceFree):
        house.restore(MAX)
    assert (house.taken, house.seat(MAX).counted) == (10, 0)


def test_who_never_came_leaves_the_company_and_hears_nothing_twice(house: House) -> None:
    house.invite(MAX)
    house.revoke(MAX)
    assert house.mails("seat_invited", MAX)[0].state == WITHDRAWN
    assert not house.mails("seat_removed")
    assert not Membership.select().where(Membership.person == house.person(MAX)).exists()
    house.restore(MAX)
    assert [mail.state for mail in house.mails("seat_invited", MAX)] == [WITHDRAWN, QUEUED]
    assert Membership.select().where(Membership.person == house.person(MAX)).exists()


def test_who_was_told_of_it_is_told_that_it_is_gone_unless_undone_in_time(house: House) -> None:
    house.invite(MAX)
    OutboxMessage.update(state=SENT).execute()
    house.revoke(MAX)
    assert [mail.state for mail in house.mails("seat_removed", MAX)] == [QUEUED]
    house.restore(MAX)
    assert [mail.state for mail in house.mails("seat_removed", MAX)] == [WITHDRAWN]
    assert len(house.mails("seat_invited", MAX)) == 1


# ---- the end of a seat


def test_a_seat_is_over_from_the_first_instant_after_its_last_day_in_the_sites_time_zone(
    house: House,
) -> None:
    last_day = date(2026, 12, 31)
    house.invite(MAX, last_day=last_day)
    seats.arrive(house.person(MAX).id, now=house.clock())
    zone = house.portal.sites["fr"].time_zone
    after = start_of_day(last_day + timedelta(days=1), zone)
    house.clock.now = after - timedelta(seconds=1)
    assert (house.listed(), house.head().seats_taken) == ([MAX], 1)
    house.clock.now = after
    assert (house.listed(), house.listed("ended"), house.head().seats_taken) == ([], [MAX], 0)
    assert not seat_list.used_by(house.person(MAX).id, now=house.clock())
    assert subscriptions.managed(house.olga.id, house.subscription.public_id, now=after).seats_taken == 0
    listed = subscription_list.page(house.olga.id, subscription_list.Query(), now=after).rows
    assert [row.seats_taken for row in listed] == [0]
    assert house.taken == 1, "no job has run, and nobody wrote"


def test_an_ended_seat_is_free_for_the_next_without_a_job(house: House) -> None:
    house.invite(*(f"p{number}@example.com" for number in range(10)), last_day=date(2026, 11, 30))
    with pytest.raises(NoLicenceFree):
        house.invite(MAX)
    house.clock.forward(days=10)
    house.invite(MAX)
    assert (house.taken, house.listed()) == (1, [MAX])
    (event,) = house.events(audit.SEATS_ENDED)
    assert json.loads(event.details) == {"number": 10}
    with pytest.raises(SeatGone):
        house.revoke("p1@example.com")
    assert house.taken == 1


def test_who_was_invited_and_whose_day_is_over_does_not_arrive(house: House) -> None:
    house.invite(MAX, last_day=date(2026, 11, 25))
    house.clock.forward(days=5)
    seats.arrive(house.person(MAX).id, now=house.clock())
    assert house.seat(MAX).state == "invited"


# ---- what is noted


def change(house: House, email: str, version: int, **facts: Any) -> bool:
    return seats.change(house.seat(email), Facts(**facts), read_version=version, **house.by)


def test_what_is_noted_is_saved_found_and_written_down(house: House) -> None:
    house.invite(MAX)
    assert change(house, MAX, 0, last_day=date(2027, 1, 31), cost_centre="KST 4711", job_site="Quai Évry")
    assert house.listed(text="evry kst") == [MAX]
    assert house.seat(MAX).over_on == "2027-02-01"
    (event,) = house.events(audit.SEAT_CHANGED)
    assert json.loads(event.details)["new"]["job_site"] == "Quai Évry"
    assert not change(house, MAX, 1, last_day=date(2027, 1, 31), cost_centre="KST 4711", job_site="Quai Évry")
    assert change(house, MAX, 1)
    assert house.seat(MAX).over_on == "9999-12-31"


def test_who_read_an_older_version_sees_both_and_saves_nothing(house: House) -> None:
    house.invite(MAX)
    change(house, MAX, 0, job_site="first")
    with pytest.raises(SeatConflict) as refusal:
        change(house, MAX, 0, job_site="second")
    conflict = refusal.value
    assert (conflict.stored.job_site, conflict.typed.job_site, conflict.version) == ("first", "second", 1)
    assert conflict.changed_by == house.olga.name
    assert house.seat(MAX).job_site == "first"


def test_a_last_day_in_the_past_is_refused(house: House) -> None:
    house.invite(MAX)
    with pytest.raises(LastDayOver):
        change(house, MAX, 0, last_day=date(2026, 11, 21))
    assert change(house, MAX, 0, last_day=date(2026, 11, 22))


@pytest.mark.parametrize(
    ("site", "typed", "read"),
    [
        ("fr", "2027-03-31", date(2027, 3, 31)),
        ("fr", "31/03/2027", date(2027, 3, 31)),
        ("de", " 31.3.2027 ", date(2027, 3, 31)),
        ("us", "03/31/2027", date(2027, 3, 31)),
        ("jp", "2027/03/31", date(2027, 3, 31)),
        ("fr", "", None),
    ],
)
def test_days_are_read_as_the_country_writes_them(portal: Portal, site: str, typed: str, read: Any) -> None:
    with portal.at(portal.sites[site]):
        assert seat_facts.read_day(typed) == read


@pytest.mark.parametrize(
    "typed", ["31/02/2027", "tomorrow", "2027-13-01", "9999-12-31", "٣١/٠٣/٢٠٢٧", "31-03-27"]
)
def test_what_is_no_day_is_refused(bound_fr: Site, typed: str) -> None:
    with pytest.raises(DayNotUnderstood):
        seat_facts.read_day(typed)


def test_texts_are_one_printable_line_of_some_length() -> None:
    assert seat_facts.normal_cost_centre("  47  11 ") == "47 11"
    with pytest.raises(TextTooLong):
        seat_facts.normal_cost_centre("x" * 61)
    with pytest.raises(NotText):
        seat_facts.normal_job_site("a\x1bb")


# ---- who may


def test_the_administrator_and_the_backup_of_an_active_subscription_manage_its_users(house: House) -> None:
    house.invite(MAX)
    key, now = house.seat(MAX).key, house.clock()
    stranger = keep_person("stranger@example.com", name="S", now=now)
    assert managed_seat(house.olga.id, key, now=now).key == key
    for ask in (
        lambda: managed_seat(stranger.id, key, now=now),
        lambda: managed_subscription(stranger.id, house.subscription.public_id, now=now),
        lambda: seat_list.head(stranger.id, house.subscription.public_id, now=now),
        lambda: seats.revoke(house.seat(MAX), actor=stranger, now=now),
        lambda: invitations.invite(
            house.subscription, read_addresses(EVA), product=house.product, actor=stranger, now=now
        ),
    ):
        with pytest.raises(NotThere):
            ask()
    Subscription.update(backup=stranger).execute()
    assert managed_seat(stranger.id, key, now=now).key == key
    Subscription.update(status=ENDED).execute()
    with pytest.raises(NotThere):
        managed_seat(house.olga.id, key, now=now)
    with pytest.raises(NotThere):
        house.invite(EVA)


def test_after_the_last_term_nothing_is_changed_whether_or_not_a_job_has_run(house: House) -> None:
    house.invite(MAX)
    Subscription.update(ends_on=date(2026, 11, 22)).execute()
    for ask in (lambda: house.invite(EVA), lambda: house.revoke(MAX)):
        with pytest.raises(NotThere):
            ask()


# ---- the list


def test_pages_go_on_where_the_last_one_ended_and_back(
    bound_fr: Site, portal: Portal, clock: TestClock
) -> None:
    house = House(portal, clock, quantity=60)
    emails = [f"p{number:02}@example.com" for number in range(60)]
    house.invite(*emails[:30])
    house.invite(*emails[30:])
    seen: list[str] = []
    query, back = seat_list.Query(), []
    while True:
        page = seat_list.page(house.subscription.id, query, now=clock())
        seen += [seat.email for seat in page.seats]
        back.append([seat.email for seat in page.seats])
        if not page.next_cursor:
            break
        query = seat_list.Query(after=page.next_cursor)
    assert seen == emails
    before = seat_list.page(house.subscription.id, seat_list.Query(before=page.previous_cursor), now=clock())
    assert [seat.email for seat in before.seats] == back[-2]
    assert house.listed(text="p4") == emails[40:50]


@pytest.mark.parametrize(
    "cursor", ["x", "W10", "WzEsMl0", "W251bGwsMV0", "WyJhIiwiYiJd", "%", "é", "a" * 700]
)
def test_a_cursor_that_is_none_starts_at_the_beginning(house: House, cursor: str) -> None:
    house.invite(MAX)
    for query in (seat_list.Query(after=cursor), seat_list.Query(before=cursor, show="ended")):
        seat_list.page(house.subscription.id, query, now=house.clock())
    assert (
        len(seat_list.page(house.subscription.id, seat_list.Query(after=cursor), now=house.clock()).seats)
        == 1
    )


def test_a_new_name_is_found_and_sorted_by(house: House) -> None:
    house.invite(MAX)
    people.change_name(house.person(MAX).id, "Adam Neu", now=house.clock())
    assert house.listed(text="adam") == [MAX] and house.seat(MAX).sort_key == "adam neu"
