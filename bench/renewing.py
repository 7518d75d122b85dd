"""Eight workers renew 100,000 subscriptions at once, against bare inserts of the same rows by as many."""

from __future__ import annotations

import multiprocessing
import os
import time
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from statistics import median
from typing import Any

from bench.backends import Backend
from bench.filling import fill_account, insert_rows
from bench.pages import CLOCK, Figures
from webapp.assembly import Portal, assemble
from webapp.config import read_settings
from webapp.data.database import atomic, database
from webapp.data.statements import engine_name, rows, run
from webapp.domain.lifecycle.renewals import BATCH
from webapp.jobs.issue import issue
from webapp.jobs.renew import end, renew

SIZE, FEW, WORKERS = 100_000, 1_000, 8
AN_ACCOUNT = 5_000
RUNS = 200
_PROCESSES = multiprocessing.get_context("fork")


def measure(backend: Backend) -> Figures:
    few, renewing, bare = (_environment(backend, folder) for folder in ("few", "renewing", "inserted"))
    _fill(few, FEW)
    for environment in (renewing, bare):
        _fill(environment, SIZE)
    _at_once(few, _renew)
    taken = _at_once(renewing, _renew)
    _check(renewing)
    inserted = _at_once(bare, _insert, _rows_of(renewing))
    at_few, at_many = _nothing_due(few, renewing)
    return {
        "renewals_over_bare_inserts": inserted / taken,
        "renewals_per_second": SIZE / taken,
        "nothing_due_of_100000_over_1000": at_many / at_few,
    }


def _environment(backend: Backend, folder: str) -> dict[str, str]:
    backend.create(f"{folder}_fr")
    return {**os.environ, **backend.environment(folder, PORTAL_CLOCK=CLOCK)}


def _portal(environment: dict[str, str]) -> Portal:
    return assemble(read_settings(environment))


def _fill(environment: dict[str, str], size: int) -> None:
    """All of them active, their terms over today."""
    portal = _portal(environment)
    with portal.at(portal.sites["fr"]):
        now: datetime = portal.clock()
        for first in range(0, size, AN_ACCOUNT):
            account = str(2001 + first // AN_ACCOUNT)
            number = min(AN_ACCOUNT, size - first)
            fill_account(portal, size=number, account=account, email=f"{account}@demo.example", now=now)
        today, last_year = now.date(), (now - timedelta(days=365)).date()
        run(
            "UPDATE subscription SET status = 'active', shelf = 'active', ends_on = NULL, anchor_day = :day,"
            " term_start = :start, term_end = :today, billed_until = :today, renewal_key = :today,"
            " activated_at = COALESCE(activated_at, ordered_at)",
            day=today.day,
            start=last_year.isoformat(),
            today=today.isoformat(),
        )
        run("DELETE FROM invoice WHERE state = 'due'")
        if engine_name() == "postgresql":
            database.execute_sql("VACUUM ANALYZE")
    portal.databases.close_all()


def _at_once(environment: dict[str, str], work: Callable[..., None], shares: Sequence[Any] = ()) -> float:
    """Seconds until the last of the workers is done; each has a process and connections of its own."""
    ready = _PROCESSES.Barrier(WORKERS + 1)
    arguments = [shares[number::WORKERS] for number in range(WORKERS)]
    workers = [_PROCESSES.Process(target=_begin, args=(environment, work, one, ready)) for one in arguments]
    for worker in workers:
        worker.start()
    ready.wait()
    started = time.perf_counter()
    for worker in workers:
        worker.join()
    if any(worker.exitcode for worker in workers):
        raise RuntimeError("A worker failed.")
    return time.perf_counter() - started


def _begin(environment: dict[str, str], work: Callable[..., None], share: Sequence[Any], ready: Any) -> None:
    portal = _portal(environment)
    with portal.at(portal.sites["fr"]):
        pass  # opened and looked at before time is taken
    ready.wait()
    work(portal, share)


def _renew(portal: Portal, _share: Sequence[Any]) -> None:
    renew(portal, portal.sites["fr"])


def _check(environment: dict[str, str]) -> None:
    portal = _portal(environment)
    with portal.at(portal.sites["fr"]):
        found = rows(
            "SELECT count(*) AS due, count(DISTINCT subscription_id) AS apart FROM invoice WHERE state = 'due'"
        )
        if (found[0].due, found[0].apart) != (SIZE, SIZE):
            raise RuntimeError(f"Not each of them was renewed once: {found[0]}")
    portal.databases.close_all()


Batch = tuple[list[dict[str, Any]], list[dict[str, Any]]]


def _rows_of(environment: dict[str, str]) -> list[Batch]:
    """What the renewals wrote, in batches of the same size."""
    portal = _portal(environment)
    with portal.at(portal.sites["fr"]):
        invoices = _all("SELECT * FROM invoice WHERE state = 'due' ORDER BY id")
        events = _all("SELECT * FROM audit_event WHERE action = 'subscription.renewed' ORDER BY id")
    portal.databases.close_all()
    firsts = range(0, SIZE, BATCH)
    return [(invoices[first : first + BATCH], events[first : first + BATCH]) for first in firsts]


def _all(sql: str) -> list[dict[str, Any]]:
    """Without their keys: the database counts them up itself."""
    return [{name: value for name, value in row._asdict().items() if name != "id"} for row in rows(sql)]


def _insert(portal: Portal, share: Sequence[Batch]) -> None:
    for invoices, events in share:
        with portal.at(portal.sites["fr"]), atomic():
            insert_rows("invoice", invoices)
            insert_rows("audit_event", events)


def _nothing_due(*environments: dict[str, str]) -> list[float]:
    """Of a run of the jobs of time; by turns, so that all meet the same machine."""
    portals = [_settled(environment) for environment in environments]
    taken: list[list[float]] = [[] for _portal in portals]
    for _turn in range(RUNS):
        for portal, times in zip(portals, taken, strict=True):
            started = time.perf_counter()
            for job in (renew, end, issue):
                job(portal, portal.sites["fr"])
            times.append(time.perf_counter() - started)
    for portal in portals:
        portal.databases.close_all()
    return [median(times) for times in taken]


def _settled(environment: dict[str, str]) -> Portal:
    """Nothing is due any more, and the database has looked at what there is."""
    portal = _portal(environment)
    with portal.at(portal.sites["fr"]):
        run("UPDATE invoice SET state = 'credited' WHERE state = 'due'")
        if engine_name() == "postgresql":
            database.execute_sql("VACUUM ANALYZE")
    return portal
