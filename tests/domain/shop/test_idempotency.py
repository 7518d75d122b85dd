"""`Idempotency-Key`: carried out once, answered as often as asked, even at the same time."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import count
from threading import Barrier

import pytest

from tests.conftest import TestClock
from webapp.assembly import Portal
from webapp.data import counters
from webapp.data.api_keys import IdempotentRequest
from webapp.domain.shop import idempotency
from webapp.domain.shop.idempotency import KEPT, Answer, KeyReused, once
from webapp.jobs.purge import purge
from webapp.sites import Site


def asked(clock: TestClock, **changes: str) -> dict[str, object]:
    return {"caller": "shop", "key": "k-1", "fingerprint": "f" * 64, "now": clock.now, **changes}


@pytest.fixture
def act() -> Iterator[Callable[[], Answer]]:
    """Takes a number, as what takes an order does."""
    yield lambda: Answer(201, str(counters.take("act", first=1)), "/there")


def test_the_second_time_gets_the_first_answer(
    bound_fr: Site, clock: TestClock, act: Callable[[], Answer]
) -> None:
    first = once(act, **asked(clock))
    second = once(act, **asked(clock))
    assert (first.status, first.body, first.location, first.repeated) == (201, "1", "/there", False)
    assert (second.status, second.body, second.location, second.repeated) == (201, "1", "/there", True)


def test_another_request_under_the_same_key_is_refused(
    bound_fr: Site, clock: TestClock, act: Callable[[], Answer]
) -> None:
    once(act, **asked(clock))
    with pytest.raises(KeyReused):
        once(act, **asked(clock, fingerprint="0" * 64))
    assert counters.take("act", first=1) == 2


def test_keys_of_other_callers_are_other_keys(
    bound_fr: Site, clock: TestClock, act: Callable[[], Answer]
) -> None:
    bodies = [once(act, **asked(clock, caller=caller)).body for caller in ("shop", "erp")]
    assert bodies == ["1", "2"]


def test_what_was_refused_may_come_again_mended(
    bound_fr: Site, clock: TestClock, act: Callable[[], Answer]
) -> None:
    def refuse() -> Answer:
        raise LookupError

    with pytest.raises(LookupError):
        once(refuse, **asked(clock))
    assert not IdempotentRequest.select().exists()
    assert once(act, **asked(clock, fingerprint="0" * 64)).body == "1"


def test_answers_are_kept_for_two_days(
    portal: Portal, site_fr: Site, clock: TestClock, act: Callable[[], Answer]
) -> None:
    with portal.at(site_fr):
        once(act, **asked(clock))
    clock.now += KEPT
    clock.forward(microseconds=-1)
    purge(portal, site_fr)
    with portal.at(site_fr):
        assert once(act, **asked(clock)).repeated
    clock.forward(microseconds=1)
    assert purge(portal, site_fr) == 1
    with portal.at(site_fr):
        assert not once(act, **asked(clock)).repeated


def at_once(portal: Portal, clock: TestClock, act: Callable[[], Answer], number: int = 8) -> Counter[str]:
    """The bodies of what that many callers get who ask at the same time."""
    together = Barrier(number)

    def ask(_: int) -> str:
        together.wait(timeout=30)
        with portal.at(portal.sites["fr"]):
            return once(act, **asked(clock)).body

    with portal.at(portal.sites["fr"]):
        counters.take("other", first=1)
    with ThreadPoolExecutor(number) as threads:
        return Counter(threads.map(ask, range(number)))


def test_at_the_same_time_it_is_carried_out_once(
    portal: Portal, clock: TestClock, act: Callable[[], Answer]
) -> None:
    assert at_once(portal, clock, act) == {"1": 8}


def test_control_without_the_claim_it_is_carried_out_by_everybody(
    portal: Portal, clock: TestClock, act: Callable[[], Answer], monkeypatch: pytest.MonkeyPatch
) -> None:
    claims = count()

    def each_of_them(model: object, **values: object) -> bool:
        values["key"] = f"{values['key']} {next(claims)}"
        return insert(model, **values)

    insert = idempotency.insert_if_new
    monkeypatch.setattr(idempotency, "insert_if_new", each_of_them)
    assert len(at_once(portal, clock, act)) == 8
