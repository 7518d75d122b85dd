"""“Why can’t I see my subscriptions?”: nobody is lost, nobody hears twice, and what is asked tells nothing."""

from __future__ import annotations

import re
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Barrier
from typing import Any

import pytest

from tests.conftest import TestClock
from tests.support.cast import accept, keep_person, place_order
from tests.support.client import said
from webapp.assembly import Portal
from webapp.data.audit import AuditEvent
from webapp.data.outbox import OutboxMessage
from webapp.data.subscriptions import Seat
from webapp.data.support import SharedAttempt, SupportNotBound, WhereaboutsLook, WhereaboutsRequest
from webapp.data.whereabouts import AnsweredRequest
from webapp.domain import audit, outbox
from webapp.domain.limits import TooOften
from webapp.domain.people import whereabouts
from webapp.sites import Site

ADDRESS = "Alice@Example.com"


def ask(portal: Portal, email: str = ADDRESS, network: str = "192.0.2.0/24") -> None:
    with portal.support.bound():
        whereabouts.ask(email, network=network, now=portal.clock())


def waiting(portal: Portal, site_code: str = "fr") -> list[tuple[str, str]]:
    with portal.support.bound():
        return [(request.key, request.email) for request in whereabouts.waiting_for(site_code)]


# ---- the shared database


def test_shared_rows_need_the_shared_database_bound(portal: Portal, site_fr: Site) -> None:
    with pytest.raises(SupportNotBound):
        WhereaboutsRequest.select().count()
    with portal.at(site_fr), pytest.raises(SupportNotBound):
        WhereaboutsRequest.select().count()


def test_it_is_bound_beside_a_site_and_mixes_nothing(portal: Portal, site_fr: Site, clock: TestClock) -> None:
    with portal.at(site_fr):
        keep_person(ADDRESS, name="Alice", password=None, now=clock.now)
        with portal.support.bound():
            whereabouts.ask(ADDRESS, network="x", now=clock.now)
            assert WhereaboutsRequest.select().count() == 1
            assert "whereabouts_request" not in portal.databases.of(site_fr).get_tables()
            with pytest.raises(RuntimeError), portal.support.bound():
                pass


# ---- asking


def test_a_request_waits_for_each_site(portal: Portal) -> None:
    ask(portal)
    assert [email for _key, email in waiting(portal)] == [ADDRESS]
    assert waiting(portal, "de") == waiting(portal)


def test_who_is_asked_about_too_often_is_not_asked_about_again_and_nobody_hears_it(
    portal: Portal, clock: TestClock
) -> None:
    for spelling in (ADDRESS, ADDRESS.lower(), f" {ADDRESS} ", ADDRESS.upper(), ADDRESS):
        ask(portal, spelling)
    assert len(waiting(portal)) == whereabouts.PER_ADDRESS.times
    ask(portal, "bob@example.com")
    assert len(waiting(portal)) == whereabouts.PER_ADDRESS.times + 1
    clock.forward(days=1, seconds=1)
    ask(portal)
    assert len(waiting(portal)) == whereabouts.PER_ADDRESS.times + 2


def test_a_network_asks_only_so_often_whatever_it_asks_for(portal: Portal) -> None:
    for number in range(whereabouts.PER_NETWORK.times):
        ask(portal, f"{number}@example.com")
    with pytest.raises(TooOften):
        ask(portal, "one-more@example.com")
    assert len(waiting(portal)) == whereabouts.PER_NETWORK.times
    ask(portal, "one-more@example.com", network="198.51.100.0/24")


@pytest.mark.parametrize(
    ("address", "network"),
    [
        ("192.0.2.77", "192.0.2.0/24"),
        ("2001:db8:0:1234:5678::9", "2001:db8:0:1200::/56"),
        ("", "unknown"),
        ("not an address", "unknown"),
    ],
)
def test_neighbours_are_one_network(address: str, network: str) -> None:
    assert whereabouts.network_of(address) == network


def test_the_shared_database_keeps_no_list_of_addresses(portal: Portal) -> None:
    ask(portal)
    with portal.support.bound():
        assert not [
            row.subject for row in SharedAttempt.select() if "@" in row.subject or "192" in row.subject
        ]


def test_the_request_goes_after_the_last_site_has_looked(portal: Portal) -> None:
    ask(portal)
    key, _email = waiting(portal)[0]
    for code in portal.sites.codes:
        assert waiting(portal, code)
        with portal.support.bound():
            whereabouts.note_look(key, code, all_sites=portal.sites.codes)
            whereabouts.note_look(key, code, all_sites=portal.sites.codes)  # two workers
        assert not waiting(portal, code)
    with portal.support.bound():
        assert not WhereaboutsRequest.select().count() and not WhereaboutsLook.select().count()


def test_sites_that_look_at_once_leave_nothing_behind(portal: Portal) -> None:
    ask(portal)
    key, _email = waiting(portal)[0]
    together = Barrier(len(portal.sites))

    def note(code: str) -> None:
        with portal.support.bound():
            together.wait(timeout=30)
            whereabouts.note_look(key, code, all_sites=portal.sites.codes)

    pool = 8  # connections of the shared database a process has
    codes = portal.sites.codes[:pool]
    together = Barrier(len(codes))
    for code in portal.sites.codes[pool:]:
        with portal.support.bound():
            whereabouts.note_look(key, code, all_sites=portal.sites.codes)
    with ThreadPoolExecutor(len(codes)) as threads:
        list(threads.map(note, codes))
    with portal.support.bound():
        assert not WhereaboutsRequest.select().count()


def test_what_no_site_could_be_asked_for_a_week_is_given_up(portal: Portal, clock: TestClock) -> None:
    ask(portal)
    clock.forward(days=6)
    ask(portal, "bob@example.com")
    clock.forward(days=1)
    with portal.support.bound():
        assert whereabouts.give_up_old(now=clock.now) == 1
        assert [row.email for row in WhereaboutsRequest.select()] == ["bob@example.com"]
        assert SharedAttempt.select().count() == 2


# ---- answering


def test_a_site_that_knows_the_address_mails_its_own_link(portal: Portal, clock: TestClock) -> None:
    for code, language in (("fr", "fr"), ("de", "de")):
        with portal.at(portal.sites[code]):
            place_order(portal, ordered_at=clock.now, purchaser={"name": "Alice", "email": ADDRESS.lower()})
            OutboxMessage.delete().execute()
            assert whereabouts.answer("key", ADDRESS, now=clock.now)
            mail = OutboxMessage.get()
            assert (mail.kind, mail.to_email, mail.language) == ("whereabouts", ADDRESS.lower(), language)
            assert f"{portal.sites[code].origin}/sign-in\n" in mail.text
            assert "Musterbau" in mail.text
            event = AuditEvent.select().order_by(AuditEvent.id.desc()).get()
            assert (event.action, event.person.email) == (audit.WHEREABOUTS_MAILED, ADDRESS.lower())


@pytest.mark.parametrize(("facts", "uses"), [({}, 1), ({"counted": 0}, 0), ({"over_on": "2026-01-01"}, 0)])
def test_only_what_can_be_used_today_is_told(
    portal: Portal, bound_fr: Site, clock: TestClock, facts: dict[str, Any], uses: int
) -> None:
    placed = place_order(portal, ordered_at=clock.now, purchaser={"name": "Alice", "email": ADDRESS.lower()})
    accept(placed, now=clock.now)
    Seat.create(subscription=placed, person=placed.administrator, state="active", since=clock.now, **facts)
    OutboxMessage.delete().execute()
    assert whereabouts.answer("key", ADDRESS, now=clock.now)
    told = said(bound_fr, "Subscriptions that you use")
    assert re.search(rf"{re.escape(told)}\W+{uses}\n", OutboxMessage.get().text)


def test_a_site_that_does_not_know_it_does_nothing(bound_fr: Site, clock: TestClock) -> None:
    assert not whereabouts.answer("key", ADDRESS, now=clock.now)
    assert not OutboxMessage.select().count() and not AnsweredRequest.select().count()


def test_the_same_request_is_answered_once(portal: Portal, bound_fr: Site, clock: TestClock) -> None:
    keep_person(ADDRESS, name="Alice", now=clock.now)
    answered = [whereabouts.answer("key", ADDRESS, now=clock.now) for _time in range(3)]
    assert answered == [True, False, False] and OutboxMessage.select().count() == 1
    assert whereabouts.answer("another", ADDRESS, now=clock.now)


def test_workers_at_once_answer_once(portal: Portal, site_fr: Site, clock: TestClock) -> None:
    with portal.at(site_fr):
        keep_person(ADDRESS, name="Alice", now=clock.now)
    together = Barrier(4)

    def answer(_number: int) -> bool:
        with portal.at(site_fr):
            together.wait(timeout=30)
            return whereabouts.answer("key", ADDRESS, now=clock.now)

    with ThreadPoolExecutor(4) as threads:
        assert Counter(threads.map(answer, range(4))) == {True: 1, False: 3}
    with portal.at(site_fr):
        assert OutboxMessage.select().count() == 1


def test_all_of_an_answer_is_kept_or_nothing(
    bound_fr: Site, clock: TestClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    keep_person(ADDRESS, name="Alice", now=clock.now)

    def fail(*args: object, **facts: object) -> None:
        raise RuntimeError("the disk is full")

    monkeypatch.setattr(outbox, "enqueue", fail)
    with pytest.raises(RuntimeError):
        whereabouts.answer("key", ADDRESS, now=clock.now)
    assert not AnsweredRequest.select().count() and not AuditEvent.select().count()


def test_answers_are_remembered_for_longer_than_a_request_waits(bound_fr: Site, clock: TestClock) -> None:
    keep_person(ADDRESS, name="Alice", now=clock.now)
    whereabouts.answer("key", ADDRESS, now=clock.now)
    assert not whereabouts.forget_answered(now=clock.now + whereabouts.KEPT + timedelta(days=1))
    assert whereabouts.forget_answered(now=clock.now + whereabouts.REMEMBERED) == 1
