"""Several workers, each a process as in production, renew the same subscriptions at once and again."""

from __future__ import annotations

import multiprocessing
import time
from typing import Any

import pytest

from tests.domain.lifecycle.life.defects import Defect
from tests.faults.machine import Machine
from tests.faults.processes import at_once
from tests.jobs.test_renew import RENEWAL_DAY, due, invoices_per_subscription
from webapp.assembly import Portal
from webapp.data.audit import AuditEvent
from webapp.data.database import STORAGE_FAILURES, atomic, database
from webapp.domain import audit
from webapp.domain.lifecycle import renewals
from webapp.domain.lifecycle.renewals import START
from webapp.jobs.renew import renew

__all__ = ["due"]
UNGUARDED = Defect(
    "a step is taken whatever happened since it was read",
    (renewals, "_STEP_SQL"),
    "AND subscription.billed_until = step.was_billed AND subscription.term_end = step.was_end",
)


@pytest.fixture
def machine(portal: Portal) -> Machine:
    with portal.at(portal.sites["fr"]):
        pass
    return Machine(portal, clock=RENEWAL_DAY.isoformat())


def renew_here(portal: Portal, _number: int) -> int:
    """As a worker does: who waited too long for all others comes again. How many there were, as far as told."""
    while True:
        try:
            return renew(portal, portal.sites["fr"])["renewed"]
        except STORAGE_FAILURES:
            pass


def check_renewed_once(machine: Machine, number: int, *, processes: int) -> None:
    assert sum(at_once(machine, renew_here, processes=processes, seconds=600)) <= number
    assert at_once(machine, renew_here, processes=2) == [0, 0]
    with machine.portal.at(machine.portal.sites["fr"]):
        assert invoices_per_subscription() == {1: number}
        assert AuditEvent.select().where(AuditEvent.action == audit.SUBSCRIPTION_RENEWED).count() == number


@pytest.mark.row("renewals")
def test_processes_at_once_renew_each_once(
    machine: Machine, due: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    due(300)
    monkeypatch.setattr(renewals.advance, "__kwdefaults__", {"after": START, "size": 20})
    check_renewed_once(machine, 300, processes=4)


@pytest.mark.row("renewals", control=True)
def test_control_without_the_guard_processes_renew_twice(
    machine: Machine, due: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Both have read what is due before either writes, and no index stands behind the guard."""
    due(40)
    UNGUARDED.plant(monkeypatch)
    with machine.portal.at(machine.portal.sites["fr"]):
        (index,) = [
            one for one in database.get_indexes("invoice") if one.columns == ["subscription_id", "cause"]
        ]
        database.execute_sql(f'DROP INDEX "{index.name}"')
    assert at_once(machine, take_what_both_read, processes=2) == [40, 40]
    with machine.portal.at(machine.portal.sites["fr"]):
        assert invoices_per_subscription() == {2: 40}


@pytest.mark.row("renewals")
def test_with_the_guard_what_both_have_read_is_renewed_once(machine: Machine, due: Any) -> None:
    due(40)
    assert sorted(at_once(machine, take_what_both_read, processes=2)) == [0, 40]
    with machine.portal.at(machine.portal.sites["fr"]):
        assert invoices_per_subscription() == {1: 40}


_both_have_read = multiprocessing.get_context("fork").Barrier(2)


def take_what_both_read(portal: Portal, _number: int) -> int:
    with portal.at(portal.sites["fr"]):
        found = renewals.due(now=RENEWAL_DAY)
        _both_have_read.wait(timeout=30)
        with atomic():
            return len(renewals._take(found, now=RENEWAL_DAY))


@pytest.mark.soak
@pytest.mark.row("renewals")
def test_eight_processes_renew_a_hundred_thousand(machine: Machine, due: Any, figure: Any) -> None:
    due(100_000)
    began = time.monotonic()
    check_renewed_once(machine, 100_000, processes=8)
    figure("renewed once by 8 processes, twice, again", (100_000, 0, 0))
    figure("seconds, with the runs that find nothing", time.monotonic() - began)
