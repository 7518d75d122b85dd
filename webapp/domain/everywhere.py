"""One question to many sites at once: answers come as they are ready, and a site that hangs holds up nobody.

A call that hangs can't be taken back. So it is left alone: its answer is not waited for, another thread takes
its place, and until it has ended its site is not asked again. There are never more threads than `threads`,
and those that hang: of a site, no more than were asked of it within one `patience`.
"""

from __future__ import annotations

import logging
import threading
import time
from collections import Counter, deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from queue import Empty, SimpleQueue
from typing import Any, Generic, Literal, TypeVar

from webapp.sites import Site

log = logging.getLogger(__name__)

Found = TypeVar("Found")
Trouble = Literal["", "late", "broken"]
At = Callable[[Site], AbstractContextManager[Any]]

THREADS = 3
PATIENCE = 0.8  # seconds for a site, once it is being asked
LONGEST = 3.0  # for all of them, waiting for a thread included
_LOOKS_UP = 0.02  # seconds between looks at who hangs
_WAITS, _RUNS, _DONE, _LEFT = range(4)  # states of a call


@dataclass(frozen=True, slots=True)
class Answer(Generic[Found]):
    site: Site
    found: Found | None
    trouble: Trouble = ""


class _Call:
    __slots__ = ("answer", "answers", "begun", "question", "site", "state")

    def __init__(self, site: Site, question: Callable[[], Any], answers: SimpleQueue[_Call]) -> None:
        self.site, self.question, self.answers = site, question, answers
        self.state, self.begun = _WAITS, 0.0
        self.answer: Answer[Any] = Answer(site, None, "late")


class Everywhere:
    """One for the whole process. `at` binds a site in the thread that asks it."""

    def __init__(self, at: At, *, threads: int = THREADS) -> None:
        self._at, self._threads = at, threads
        self._lock = threading.Lock()
        self._line: deque[_Call] = deque()
        self._busy = 0  # threads whose calls do not hang
        self._hanging: Counter[str] = Counter()  # calls of each site

    @property
    def hanging(self) -> int:
        """Threads that nobody waits for any more."""
        with self._lock:
            return self._hanging.total()

    def ask(
        self,
        sites: Sequence[Site],
        question: Callable[[], Found],
        *,
        patience: float = PATIENCE,
        longest: float = LONGEST,
    ) -> Iterator[Answer[Found]]:
        """Each site answers once. Who stops reading leaves the rest unasked."""
        answers: SimpleQueue[_Call] = SimpleQueue()
        calls = [_Call(site, question, answers) for site in sites]
        end, left = time.monotonic() + longest, dict.fromkeys(calls)
        self._line_up(calls)
        try:
            while left:
                for call in self._ready(answers, left, patience, end):
                    del left[call]
                    yield call.answer
        finally:
            self._leave(list(left))

    def _ready(
        self, answers: SimpleQueue[_Call], left: dict[_Call, None], patience: float, end: float
    ) -> list[_Call]:
        try:
            call = answers.get(timeout=_LOOKS_UP)
            return [call] if call in left else []
        except Empty:
            now = time.monotonic()
            over = [one for one in left if now >= end or (one.begun and now >= one.begun + patience)]
            return self._leave(over)

    def _line_up(self, calls: list[_Call]) -> None:
        with self._lock:
            for call in calls:
                if self._hanging[call.site.code]:
                    call.state = _LEFT
                    call.answers.put(call)
                else:
                    self._line.append(call)
        self._start_threads(1)  # the first answer is not to share the processor; then come the others

    def _leave(self, calls: list[_Call]) -> list[_Call]:
        """Those that are left to themselves; what has just been answered is in the queue of answers."""
        with self._lock:
            left = [call for call in calls if call.state in (_WAITS, _RUNS)]
            for call in left:
                if call.state == _RUNS:
                    self._busy -= 1
                    self._hanging[call.site.code] += 1
                call.state = _LEFT
        self._start_threads()
        return left

    def _start_threads(self, most: int | None = None) -> None:
        with self._lock:
            more = min(self._threads - self._busy, len(self._line), most or self._threads)
            self._busy += max(more, 0)
        for _number in range(more):
            threading.Thread(target=self._work, name="everywhere", daemon=True).start()

    def _work(self) -> None:
        while call := self._next():
            answer = self._asked(call)
            with self._lock:
                if call.state == _LEFT:  # another thread has taken this one's place
                    self._hanging[call.site.code] -= 1
                    return
                call.answer, call.state = answer, _DONE
            call.answers.put(call)
            if self._line and self._busy < self._threads:
                time.sleep(0)  # who waits for the first answer goes on before more threads want the processor
                self._start_threads()

    def _next(self) -> _Call | None:
        with self._lock:
            while self._line:
                call = self._line.popleft()
                if call.state == _WAITS and self._hanging[call.site.code]:
                    call.state = _LEFT
                    call.answers.put(call)
                elif call.state == _WAITS:
                    call.state, call.begun = _RUNS, time.monotonic()
                    return call
            self._busy -= 1
            return None

    def _asked(self, call: _Call) -> Answer[Any]:
        try:
            with self._at(call.site):
                return Answer(call.site, call.question())
        except Exception as problem:  # whatever it is, the other sites answer
            log.warning("Site %s could not be asked: %r", call.site.code, problem)
            return Answer(call.site, None, "broken")
