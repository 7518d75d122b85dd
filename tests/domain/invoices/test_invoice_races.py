"""Numbers without a gap while many issue at once and a quarter of them is rolled back."""

from __future__ import annotations

import random
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from itertools import count
from threading import Barrier, Lock

import peewee as pw
import pytest

from tests.support.billed import active, an_issued, many_due
from webapp.assembly import Portal
from webapp.data import counters
from webapp.data.billing import CREDITED, OPEN, Invoice
from webapp.data.counters import Counter
from webapp.data.database import atomic
from webapp.domain import audit
from webapp.domain.invoices import credit_notes, invoices
from webapp.domain.invoices.credit_notes import NotCreditable
from webapp.domain.invoices.invoices import AlreadyIssued
from webapp.sites import Site

JOBS, THREADS = 16, 8
Take = Callable[..., int]


class RolledBack(Exception):
    """What the transaction of an issued invoice may still meet."""


def issue_at_once(portal: Portal, site: Site, *, now: datetime) -> tuple[list[int], int]:
    """So many jobs in so many threads, one transaction each; a quarter is rolled back after issuing.

    The numbers that are there then, in order, and how many jobs failed on a number that was taken twice.
    """
    with portal.at(site):
        first = active(portal, now=now)
        ids = [one.id for one in many_due(first, JOBS * THREADS, now=now)]
    together, doomed = Barrier(THREADS), set(random.Random(7).sample(ids, len(ids) // 4))
    twice = 0

    def work(thread: int) -> None:
        nonlocal twice
        together.wait(timeout=30)
        for one in ids[thread::THREADS]:
            with portal.at(site):
                try:
                    with atomic():
                        invoices.issue(Invoice.get_by_id(one), now=now)
                        if one in doomed:
                            raise RolledBack
                except RolledBack:
                    pass
                except pw.IntegrityError:
                    twice += 1

    with ThreadPoolExecutor(THREADS) as threads:
        list(threads.map(work, range(THREADS)))
    with portal.at(site):
        issued = [one.number for one in Invoice.select().where(Invoice.number.is_null(False))]
        return sorted(int(number.rpartition("-")[2]) for number in issued), twice


EXPECTED = list(range(1, JOBS * THREADS * 3 // 4 + 2))  # and the one of the activation


@pytest.mark.row("numbers")
def test_numbers_have_no_gap_while_a_quarter_is_rolled_back(
    portal: Portal, site_fr: Site, now: datetime
) -> None:
    assert issue_at_once(portal, site_fr, now=now) == (EXPECTED, 0)
    with portal.at(site_fr):
        left = invoices.unissued()
        assert len(left) == JOBS * THREADS // 4
        for one in left:
            invoices.issue(one, now=now)
        numbers = sorted(one.number for one in Invoice.select())
        assert numbers == [f"FA-2026-{number:06}" for number in range(1, JOBS * THREADS + 2)]
        assert Counter.get(Counter.name == "invoice FA 2026").value == JOBS * THREADS + 1


@pytest.mark.row("numbers", control=True)
def test_control_a_counter_outside_the_transaction_leaves_gaps(
    portal: Portal, site_fr: Site, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As a sequence of the database would count: fast, and no rollback gives a number back."""
    numbers, lock = count(1), Lock()

    def take(name: str, *, first: int) -> int:
        with lock:
            return next(numbers)

    monkeypatch.setattr(counters, "take", take)
    found, _twice = issue_at_once(portal, site_fr, now=now)
    assert len(found) == len(EXPECTED)
    assert found != EXPECTED


@pytest.mark.row("numbers", control=True)
@pytest.mark.parametrize("engine", ["postgresql"], indirect=True)
def test_control_looking_first_takes_numbers_twice(
    portal: Portal, site_fr: Site, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    """SQLite lets one writer in at a time; on PostgreSQL only the counter's own update makes others wait."""

    def take(name: str, *, first: int) -> int:
        return int(Invoice.select().where(Invoice.number.is_null(False)).count()) + 1

    monkeypatch.setattr(counters, "take", take)
    _found, twice = issue_at_once(portal, site_fr, now=now)
    assert twice > 0


def race(portal: Portal, site: Site, rule: Callable[[Invoice], object], times: int = 8) -> list[str]:
    """Eight at the same invoice: what each of them heard."""
    together = Barrier(times)

    def click(invoice_id: int) -> str:
        with portal.at(site):
            held = Invoice.get_by_id(invoice_id)
            together.wait(timeout=30)
            try:
                rule(held)
            except (AlreadyIssued, NotCreditable) as refusal:
                return type(refusal).__name__
            return "done"

    with portal.at(site):
        invoice_id = Invoice.select().order_by(Invoice.id.desc()).get().id
    with ThreadPoolExecutor(times) as threads:
        return sorted(threads.map(click, [invoice_id] * times))


def test_one_invoice_is_issued_once_by_whoever_is_first(portal: Portal, site_fr: Site, now: datetime) -> None:
    with portal.at(site_fr):
        many_due(active(portal, now=now), 1, now=now)
    heard = race(portal, site_fr, lambda held: invoices.issue(held, now=now))
    assert heard == ["AlreadyIssued"] * 7 + ["done"]
    with portal.at(site_fr):
        assert [one.state for one in Invoice.select()] == [OPEN, OPEN]
        assert Counter.get(Counter.name == "invoice FA 2026").value == 2


def test_one_invoice_is_credited_once_by_whoever_is_first(
    portal: Portal, site_fr: Site, now: datetime
) -> None:
    with portal.at(site_fr):
        an_issued(portal, now=now)

    def credit(held: Invoice) -> None:
        credit_notes.credit(held, reason="twice", actor=audit.OPERATOR, now=now)

    assert race(portal, site_fr, credit) == ["NotCreditable"] * 7 + ["done"]
    with portal.at(site_fr):
        assert sorted(one.state for one in Invoice.select()) == [CREDITED, "given"]
        assert Counter.get(Counter.name == "invoice AV 2026").value == 1
