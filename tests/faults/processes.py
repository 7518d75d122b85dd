"""The same work in several processes at once, each with connections of its own; what a test has planted in the
rules is planted in them."""

from __future__ import annotations

import multiprocessing
import traceback
from collections.abc import Callable
from typing import Any

from tests.faults.machine import Machine
from webapp.assembly import Portal, assemble
from webapp.config import read_settings

_FORKED = multiprocessing.get_context("fork")
Work = Callable[[Portal, int], Any]


def at_once(machine: Machine, work: Work, *, processes: int, seconds: float = 60) -> list[Any]:
    """What `work(portal, number)` answered in each of them. Nobody speaks on another process' connections."""
    machine.portal.databases.of(machine.portal.sites["fr"]).close_all()  # type: ignore[attr-defined]
    together, answers = _FORKED.Barrier(processes), _FORKED.SimpleQueue()
    environment = machine.environment()
    arguments = [(environment, work, number, together, answers) for number in range(processes)]
    started = [_FORKED.Process(target=_begin, args=one) for one in arguments]
    for process in started:
        process.start()
    try:
        told = [answers.get() for _process in started]
        for process in started:
            process.join(seconds)
    finally:
        for process in started:
            process.kill()
    failed = [answer for done, answer in told if not done]
    assert not failed, failed[0]
    return [answer for _done, answer in told]


def _begin(environment: dict[str, str], work: Work, number: int, together: Any, answers: Any) -> None:
    try:
        portal = assemble(read_settings(environment))
        with portal.at(portal.sites["fr"]):
            pass  # opened before the others are waited for
        together.wait(timeout=60)
        answers.put((True, work(portal, number)))
    except BaseException:
        answers.put((False, traceback.format_exc()))
