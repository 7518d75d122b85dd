"""Invoice numbers while jobs in several processes issue at once, each in many threads, and much is rolled back."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from tests.conftest import NOON
from tests.faults.machine import Machine
from tests.faults.processes import at_once
from tests.support.billed import active, many_due
from webapp.assembly import Portal
from webapp.data import pool
from webapp.data.billing import Invoice
from webapp.data.database import STORAGE_FAILURES, atomic
from webapp.domain.invoices import invoices

JOBS, THREADS, EACH = 16, 8, 5
CONNECTIONS = 4  # of a process: all together stay below PostgreSQL's usual limit


class RolledBack(Exception):
    """What the transaction of an issued invoice may still meet."""


def issue_a_share(portal: Portal, job: int) -> int:
    """Every fourth is rolled back after it was issued. How many stayed."""
    with portal.at(portal.sites["fr"]):
        due = [
            one.id for one in Invoice.select(Invoice.id).where(Invoice.state == "due").order_by(Invoice.id)
        ]
    mine = list(enumerate(due))[job::JOBS]
    with ThreadPoolExecutor(THREADS) as threads:
        return sum(threads.map(lambda one: _issue(portal, one[1], doomed=one[0] % 4 == 0), mine))


def _issue(portal: Portal, invoice: int, *, doomed: bool) -> bool:
    """Who waited too long for all others leaves nothing, and comes again, as a job does."""
    while True:
        try:
            return _issue_once(portal, invoice, doomed=doomed)
        except STORAGE_FAILURES:
            pass


def _issue_once(portal: Portal, invoice: int, *, doomed: bool) -> bool:
    try:
        with portal.at(portal.sites["fr"]), atomic():
            invoices.issue(Invoice.get_by_id(invoice), now=NOON)
            if doomed:
                raise RolledBack
    except RolledBack:
        return False
    return True


@pytest.mark.soak
@pytest.mark.row("numbers")
def test_numbers_have_no_gap_under_sixteen_jobs_of_eight_threads(
    machine: Machine, portal: Portal, monkeypatch: pytest.MonkeyPatch, figure: Any
) -> None:
    number = JOBS * THREADS * EACH
    with portal.at(portal.sites["fr"]):
        many_due(active(portal, now=NOON), number, now=NOON)
    monkeypatch.setattr(pool, "MAX_CONNECTIONS", CONNECTIONS)
    issued = sum(at_once(machine, issue_a_share, processes=JOBS, seconds=600))
    assert issued == number * 3 // 4
    with portal.at(portal.sites["fr"]):
        numbers = [one.number for one in Invoice.select().where(Invoice.number.is_null(False))]
    found = sorted(int(one.rpartition("-")[2]) for one in numbers)
    figure("numbers given, rolled back, gaps", (len(found), number - issued, found[-1] - len(found)))
    assert found == list(range(1, issued + 2))  # and the one of the activation
