"""Many sites are asked at once: who hangs or breaks holds up nobody, and leaves no thread for each question."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from types import SimpleNamespace
from typing import Any

import pytest

from webapp.domain.everywhere import Answer, Everywhere

SITES: list[Any] = [SimpleNamespace(code=f"s{number:02}") for number in range(48)]
BROKEN, HANGING = SITES[5], SITES[7]


class Ground:
    """Sites that answer with their code, but for those that are told otherwise."""

    def __init__(self) -> None:
        self.hang: set[str] = set()
        self.broken: set[str] = set()
        self.asked: list[str] = []
        self.released = threading.Event()
        self._here, self._counting = threading.local(), threading.Lock()
        self.most = self._at_once = 0

    @contextmanager
    def at(self, site: Any) -> Iterator[None]:
        self.asked.append(site.code)
        if site.code in self.hang:
            self.released.wait(20)
        if site.code in self.broken:
            raise OSError("no such server")
        self._here.code = site.code
        yield

    def question(self) -> str:
        with self._counting:
            self._at_once += 1
            self.most = max(self.most, self._at_once)
        time.sleep(0.002)
        with self._counting:
            self._at_once -= 1
        return str(self._here.code)


@pytest.fixture
def ground() -> Iterator[Ground]:
    made = Ground()
    yield made
    made.released.set()


def threads() -> int:
    return sum(thread.name == "everywhere" for thread in threading.enumerate())


def by_site(answers: list[Answer[str]]) -> dict[str, tuple[str | None, str]]:
    return {answer.site.code: (answer.found, answer.trouble) for answer in answers}


def until(true: Any) -> None:
    for _look in range(200):
        if true():
            return
        time.sleep(0.01)
    raise AssertionError("It never came true.")


def test_every_site_answers_once_and_for_itself(ground: Ground) -> None:
    everywhere = Everywhere(ground.at)
    answers = list(everywhere.ask(SITES, ground.question))
    assert len(answers) == len(SITES)
    assert by_site(answers) == {site.code: (site.code, "") for site in SITES}
    until(lambda: not threads())


def test_answers_come_as_they_are_ready_not_when_all_are(ground: Ground) -> None:
    ground.hang = {HANGING.code}
    asking = Everywhere(ground.at).ask(SITES, ground.question, patience=5)
    started = time.monotonic()
    first = [next(asking) for _answer in range(len(SITES) - 1)]
    assert time.monotonic() - started < 2 and all(answer.found for answer in first)
    ground.released.set()
    assert [answer.site for answer in asking] == [HANGING]


def test_broken_and_hanging_sites_are_told_and_the_others_answer(ground: Ground) -> None:
    ground.hang, ground.broken = {HANGING.code}, {BROKEN.code}
    started = time.monotonic()
    found = by_site(list(Everywhere(ground.at).ask(SITES, ground.question, patience=0.3)))
    assert time.monotonic() - started < 1
    assert (found.pop(HANGING.code), found.pop(BROKEN.code)) == ((None, "late"), (None, "broken"))
    assert all(answer == (code, "") for code, answer in found.items())


def test_a_site_that_hangs_is_not_asked_again_until_it_has_answered(ground: Ground) -> None:
    ground.hang = {HANGING.code}
    everywhere = Everywhere(ground.at)
    for _question in range(5):
        found = by_site(list(everywhere.ask(SITES, ground.question, patience=0.1)))
        assert found[HANGING.code] == (None, "late")
    until(lambda: threads() == 1)
    assert ground.asked.count(HANGING.code) == everywhere.hanging == 1
    ground.released.set()
    until(lambda: not everywhere.hanging)
    ground.hang.clear()
    assert by_site(list(everywhere.ask(SITES, ground.question)))[HANGING.code] == (HANGING.code, "")
    until(lambda: not threads())


def test_more_hanging_sites_than_threads_still_leave_the_others_their_turn(ground: Ground) -> None:
    ground.hang = {site.code for site in SITES[:10]}
    everywhere = Everywhere(ground.at, threads=2)
    found = by_site(list(everywhere.ask(SITES, ground.question, patience=0.1, longest=5)))
    assert {code for code, (_found, trouble) in found.items() if trouble} == ground.hang
    until(lambda: threads() == 10)


def test_when_all_the_time_is_over_the_rest_is_late_and_never_asked(ground: Ground) -> None:
    ground.hang = {site.code for site in SITES}
    everywhere = Everywhere(ground.at, threads=2)
    started = time.monotonic()
    found = by_site(list(everywhere.ask(SITES, ground.question, patience=0.2, longest=0.3)))
    assert time.monotonic() - started < 1
    assert set(found.values()) == {(None, "late")} and len(ground.asked) <= 4


def test_many_who_ask_at_once_share_the_threads(ground: Ground) -> None:
    everywhere = Everywhere(ground.at, threads=3)
    with ThreadPoolExecutor(6) as agents:
        found = list(agents.map(lambda _agent: list(everywhere.ask(SITES, ground.question)), range(6)))
    assert all(len(answers) == len(SITES) for answers in found)
    assert not any(answer.trouble for answers in found for answer in answers)
    assert ground.most == 3


def test_who_stops_reading_leaves_the_rest_unasked(ground: Ground) -> None:
    everywhere = Everywhere(ground.at, threads=1)
    asking = everywhere.ask(SITES, ground.question)
    next(asking)
    asking.close()  # type: ignore[attr-defined]
    until(lambda: not threads())
    assert len(ground.asked) < 5 and not everywhere.hanging
