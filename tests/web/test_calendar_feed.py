"""The calendar: an address that is shown once, works without cookies, and is worth nothing once it was closed."""

from __future__ import annotations

import re
from datetime import date, timedelta

import pytest
from flask import Flask
from icalendar import Calendar

from tests.conftest import TestClock
from tests.support.cast import ALICE, CHARLIE, DORA, KIM, Actor, Cast
from tests.support.client import client_at, signed_in
from webapp.assembly import Portal
from webapp.data.calendar_feeds import CalendarFeed
from webapp.data.subscriptions import Subscription


def opened(app: Flask, actor: Actor) -> str:
    """The path of a new address, as the page shows it."""
    page = signed_in(app, actor).post("/profile/calendar")
    assert page.status_code == 200
    found = re.search(r"/calendar/[\w-]{43}\.ics", page.text)
    assert found
    return found[0]


def events(app: Flask, path: str, site: str = "fr") -> dict[str, tuple[date, str]]:
    answer = client_at(app, site).get(path)
    assert (answer.status_code, answer.mimetype) == (200, "text/calendar")
    found = Calendar.from_ical(answer.text).walk("VEVENT")
    return {str(one["UID"]): (one["DTSTART"].dt, str(one["SUMMARY"])) for one in found}


def test_each_subscription_that_is_managed_has_its_day(portal: Portal, app: Flask, cast: Cast) -> None:
    found = events(app, opened(app, ALICE))
    rows = {state: cast.row(ALICE, state).public_id for state in ("pending", "active", "cancelled")}
    with portal.at(portal.sites["fr"]):
        dates = {row.public_id: row for row in Subscription.select()}
    renewal = dates[rows["active"]].term_end
    last_day = dates[rows["cancelled"]].ends_on - timedelta(days=1)
    assert found[f"{rows['active']}-renewal@fr.localhost"][0] == renewal
    assert found[f"{rows['cancelled']}-end@fr.localhost"][0] == last_day
    assert f"{rows['pending']}-activation@fr.localhost" in found
    gone = {cast.row(ALICE, state).public_id for state in ("ended", "lapsed", "marked", "withdrawn")}
    assert not any(public_id in uid for uid in found for public_id in gone)


def test_the_backup_reads_what_they_manage_and_no_more(app: Flask, cast: Cast) -> None:
    active = cast.row(ALICE, "active").public_id
    assert list(events(app, opened(app, KIM))) == [f"{active}-renewal@fr.localhost"]


def test_what_has_not_changed_is_not_sent_again(app: Flask, cast: Cast, clock: TestClock) -> None:
    path, program = opened(app, ALICE), client_at(app, "fr")
    first = program.get(path)
    assert first.headers["Cache-Control"] == "private, no-cache"
    clock.forward(hours=3)
    again = program.get(path, headers={"If-None-Match": first.headers["ETag"]})
    assert (again.status_code, again.data) == (304, b"")


def test_a_new_address_ends_the_old_one_and_closing_ends_both(app: Flask, cast: Cast) -> None:
    first, second = opened(app, ALICE), opened(app, ALICE)
    program, alice = client_at(app, "fr"), signed_in(app, ALICE)
    assert [program.get(path).status_code for path in (first, second)] == [404, 200]
    assert second not in alice.page("/profile/calendar").text, "it is shown once"
    alice.post("/profile/calendar/close")
    assert [program.get(path).status_code for path in (first, second)] == [404, 404]


def test_it_is_worth_nothing_elsewhere_and_stored_as_a_hash(portal: Portal, app: Flask, cast: Cast) -> None:
    path, foreign = opened(app, ALICE), opened(app, DORA)
    assert client_at(app, "de").get(path).status_code == 404
    assert client_at(app, "fr").get(foreign).status_code == 404
    with portal.at(portal.sites["fr"]):
        assert path[10:53] not in str(list(CalendarFeed.select().tuples()))


def test_nobody_elses_dates_are_in_it(app: Flask, cast: Cast) -> None:
    uids = events(app, opened(app, CHARLIE))
    assert uids
    assert not any(row.public_id in uid for row in cast.rows_of(ALICE) for uid in uids)


@pytest.mark.usefixtures("cast")
def test_a_program_that_asks_again_and_again_is_told_to_wait(app: Flask) -> None:
    path, program = opened(app, ALICE), client_at(app, "fr")
    answers = [program.get(path, headers={"If-None-Match": '"x"'}) for _time in range(61)]
    assert [answer.status_code for answer in answers] == [200] * 60 + [429]
    assert answers[-1].headers["Retry-After"]
    assert program.get(opened(app, KIM)).status_code == 200, "each address is counted by itself"
