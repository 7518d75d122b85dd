"""The job that looks for people at all sites: in turn, whatever crashes or runs twice."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.conftest import TestClock
from tests.support.cast import keep_person
from tests.support.letters import fetch_letters
from webapp.assembly import Portal
from webapp.data.outbox import OutboxMessage
from webapp.data.support import WhereaboutsRequest
from webapp.domain.people import whereabouts
from webapp.jobs.registry import JobResult, run_due

ADDRESS = "alice@example.com"


@pytest.fixture
def asked(portal: Portal, clock: TestClock) -> Portal:
    """Somebody asks about an address that fr and de know."""
    for code in ("fr", "de"):
        with portal.at(portal.sites[code]):
            keep_person(ADDRESS, name=f"Alice of {code}", now=clock.now)
    with portal.support.bound():
        whereabouts.ask(ADDRESS, network="x", now=clock.now)
    return portal


def run(portal: Portal, *codes: str) -> dict[str, JobResult]:
    sites = [portal.sites[code] for code in codes] or list(portal.sites)
    return {result.site: result for result in run_due(portal, ["whereabouts"], sites)}


def mailed(portal: Portal) -> dict[str, int]:
    found = {}
    for site in portal.sites:
        with portal.at(site):
            found[site.code] = OutboxMessage.select().where(OutboxMessage.kind == "whereabouts").count()
    return {code: number for code, number in found.items() if number}


def left(portal: Portal) -> int:
    with portal.support.bound():
        return int(WhereaboutsRequest.select().count())


def test_each_site_that_knows_the_address_mails_once(asked: Portal) -> None:
    results = run(asked)
    assert all(result.ok for result in results.values())
    assert results["fr"].counts == {"looked": 1, "mailed": 1}
    assert results["ch"].counts == {"looked": 1, "mailed": 0}
    assert mailed(asked) == {"fr": 1, "de": 1} and not left(asked)
    run(asked)
    assert mailed(asked) == {"fr": 1, "de": 1}
    for code in ("fr", "de"):
        (letter,) = fetch_letters(asked, code)
        assert letter.to.endswith(ADDRESS) or ADDRESS in letter.to
        assert f"{asked.sites[code].origin}/sign-in" in letter.links


def test_a_site_that_fails_stops_no_other_and_is_asked_again(
    asked: Portal, monkeypatch: pytest.MonkeyPatch
) -> None:
    sound = asked.databases.of

    def broken(site: object, mode: str = "all") -> object:
        if getattr(site, "code", "") == "de":
            raise OSError("no route to the database")
        return sound(site, mode)  # type: ignore[arg-type]

    with monkeypatch.context() as patch:
        patch.setattr(asked.databases, "of", broken)
        results = run(asked)
    assert [code for code, result in results.items() if not result.ok] == ["de"]
    assert mailed(asked) == {"fr": 1} and left(asked) == 1
    assert all(result.ok for result in run(asked).values())
    assert mailed(asked) == {"fr": 1, "de": 1} and not left(asked)


class Crash(BaseException):
    """The process ends here."""


@pytest.mark.parametrize("moment", ["answer", "note_look"])
@pytest.mark.parametrize("before", [True, False])
def test_a_crash_loses_no_request_and_mails_nobody_twice(
    asked: Portal, monkeypatch: pytest.MonkeyPatch, moment: str, before: bool
) -> None:
    sound: Callable[..., object] = getattr(whereabouts, moment)

    def crash(*args: object, **facts: object) -> None:
        if not before:
            sound(*args, **facts)
        raise Crash

    with monkeypatch.context() as patch:
        patch.setattr(whereabouts, moment, crash)
        with pytest.raises(Crash):
            run(asked, "fr")
    run(asked)
    run(asked)
    assert mailed(asked) == {"fr": 1, "de": 1} and not left(asked)


def test_a_request_that_can_not_be_answered_keeps_no_other_waiting(
    asked: Portal, clock: TestClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    with asked.at(asked.sites["fr"]):
        keep_person("bob@example.com", name="Bob", now=clock.now)
    with asked.support.bound():
        whereabouts.ask("bob@example.com", network="x", now=clock.now)
    sound = whereabouts.answer

    def fails_for_alice(key: str, email: str, **facts: object) -> bool:
        if email == ADDRESS:
            raise ValueError("no such template")
        return sound(key, email, **facts)  # type: ignore[arg-type]

    with monkeypatch.context() as patch:
        patch.setattr(whereabouts, "answer", fails_for_alice)
        assert "1 of 2" in run(asked, "fr")["fr"].error
    assert mailed(asked) == {"fr": 1}
    run(asked)
    assert mailed(asked) == {"fr": 2, "de": 1}


def test_more_requests_than_are_read_at_once_are_all_looked_at(
    asked: Portal, clock: TestClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(whereabouts, "AT_ONCE", 2)
    with asked.support.bound():
        for number in range(5):
            whereabouts.ask(f"{number}@example.com", network="x", now=clock.now)
    assert run(asked, "fr")["fr"].counts == {"looked": 6, "mailed": 1}
