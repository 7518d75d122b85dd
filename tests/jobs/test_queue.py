"""The queue of jobs: what waits in it, who takes it, and what becomes of it when it is lost."""

from __future__ import annotations

import json
import os
import sqlite3
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from types import MappingProxyType
from typing import Any

import psycopg
import pytest

from tests.conftest import TestClock
from tests.mail.cast import person
from tests.sites import CODES
from tests.support.engines import PostgresEngine, SqliteEngine
from webapp.assembly import Portal
from webapp.domain import outbox
from webapp.jobs import registry, turn
from webapp.jobs.queue import TURN, JobQueue, Workers, make_workers
from webapp.jobs.registry import Job, run_due
from webapp.sites import Site

on_sqlite = pytest.mark.parametrize("engine", ["sqlite"], indirect=True)
SITES = len(CODES)


@dataclass
class Seconds:
    now: float = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def seconds() -> Seconds:
    return Seconds()


@pytest.fixture
def jobs(monkeypatch: pytest.MonkeyPatch):
    """Puts jobs of the test's own in place of the portal's."""

    def use(*chosen: Job) -> None:
        monkeypatch.setattr(registry, "JOBS", MappingProxyType({job.name: job for job in chosen}))

    return use


@pytest.fixture
def make_queue(portal: Portal, engine: SqliteEngine | PostgresEngine, seconds: Seconds):
    """A queue on the engine of the test: its file, or a database of PostgreSQL."""
    url = None
    if isinstance(engine, PostgresEngine):
        url = portal.support.url
        with portal.support.bound():
            pass  # it is there from now on
    made: list[JobQueue] = []

    def make(**more: Any) -> JobQueue:
        settings = replace(portal.settings, queue=url)
        made.append(JobQueue(replace(portal, settings=settings), seconds=seconds, **more))
        return made[-1]

    yield make
    for queue in made:
        queue.storage.close()


@pytest.fixture
def queue(make_queue: Callable[..., JobQueue]) -> JobQueue:
    return make_queue()


@contextmanager
def working(queue: JobQueue, number: int = 2) -> Iterator[Workers]:
    """Workers in threads; only a process of its own may have `run()`, which listens to signals."""
    workers = make_workers(queue, number=number, kind="thread")
    workers._set_signal_handlers = lambda: None
    workers.start()
    try:
        yield workers
    finally:
        workers.stop(graceful=True)


def wait_for(condition: Callable[[], bool], seconds: float = 20) -> None:
    give_up = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < give_up, "it did not happen in time"
        time.sleep(0.02)


def waiting(queue: JobQueue) -> Counter[tuple[str, str]]:
    return Counter(tuple(task.args) for task in queue.pending())


def work_off(queue: JobQueue) -> list[tuple[str, str]]:
    """Does what waits, in this thread; says in which order."""
    queue.storage.blocking = False
    done = []
    while (task := queue.dequeue()) is not None:
        done.append(tuple(task.args))
        queue.execute(task)
    return done


def test_at_first_everything_is_due_everywhere(queue: JobQueue, portal: Portal) -> None:
    assert queue.queue_due() == len(registry.JOBS) * SITES
    assert waiting(queue) == Counter(
        {(name, code): 1 for name in registry.JOBS for code in portal.sites.codes}
    )


def test_each_job_has_its_turn_and_none_earlier(queue: JobQueue, seconds: Seconds, jobs) -> None:
    often = Job("often", "", lambda *at: {}, timedelta(seconds=5))
    jobs(often, Job("seldom", "", lambda *at: {}, timedelta(minutes=1)))
    queue = JobQueue(queue.portal, seconds=seconds)
    seen: Counter[str] = Counter()
    for _second in range(60):
        queue.queue_due()
        seen.update(job for job, _site in work_off(queue))
        seconds.now += 1
    assert seen == {"often": 12 * SITES, "seldom": SITES}


def test_the_queue_does_not_grow_while_nobody_works(
    make_queue: Callable[..., JobQueue], seconds: Seconds
) -> None:
    schedulers = [make_queue(), make_queue()]
    for _hour in range(24):
        for queue in schedulers:
            queue.queue_due()
        seconds.now += 3600
    assert set(waiting(schedulers[0]).values()) == {1}
    assert schedulers[0].pending_count() == len(registry.JOBS) * SITES


def test_a_task_says_which_job_at_which_site_and_nothing_else(queue: JobQueue) -> None:
    queue.add("outbox", "fr")
    (stored,) = queue.storage.enqueued_items()
    assert json.loads(bytes(stored)) == {"job": "outbox", "site": "fr"}


@on_sqlite
@pytest.mark.parametrize(
    "planted",
    [
        b"cos\nsystem\n(S'touch planted'\ntR.",  # what pickle would obey
        b"{}",
        b"not at all",
        b'{"job": "outbox"}',
    ],
)
def test_what_is_no_task_is_dropped_and_the_next_one_done(
    queue: JobQueue, planted: bytes, jobs, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    done: list[str] = []
    jobs(Job("work", "", lambda _portal, site: done.append(site.code) or {}))
    queue.storage.enqueue(planted)
    queue.add("work", "fr")
    queue.stopping = lambda: False
    with working(queue, 1):
        wait_for(lambda: "fr" in done)
    assert not (tmp_path / "planted").exists()


@on_sqlite
def test_a_job_or_a_site_that_is_not_known_is_only_noted(
    queue: JobQueue, caplog: pytest.LogCaptureFixture
) -> None:
    queue.add("dance", "fr")
    queue.add("outbox", "mars")
    assert work_off(queue) == [("dance", "fr"), ("outbox", "mars")]
    assert "dance at fr" in caplog.text
    assert "outbox at mars" in caplog.text
    assert not list(queue.pending())


def test_who_waits_for_other_servers_lets_everybody_else_go_first(queue: JobQueue) -> None:
    queue.queue_due()
    order = [job for job, _site in work_off(queue)]
    slow = 2 * SITES
    assert set(order[-slow:]) == {"outbox", "webhooks"} and not {"outbox", "webhooks"} & set(order[:-slow])


def test_results_and_revocations_are_not_stored(queue: JobQueue) -> None:
    queue.queue_due()
    work_off(queue)
    assert (queue.result_count(), queue.scheduled_count(), queue.pending_count()) == (0, 0, 0)


def test_a_job_that_fails_at_one_site_is_done_at_all_others(queue: JobQueue, jobs) -> None:
    done: list[str] = []

    def work(_portal: Portal, site: Site) -> dict[str, int]:
        if site.code == "de":
            raise OSError("disk full")
        done.append(site.code)
        return {}

    jobs(Job("work", "", work))
    for code in queue.portal.sites.codes:
        queue.add("work", code)
    with working(queue):
        wait_for(lambda: len(done) == SITES - 1)
    assert sorted(done) == sorted(set(queue.portal.sites.codes) - {"de"})


def test_a_long_job_is_cut_at_its_turns_end_and_goes_to_the_end_of_the_queue(
    queue: JobQueue, seconds: Seconds, jobs
) -> None:
    left = {"fr": 100, "de": 3}

    def work(_portal: Portal, site: Site) -> dict[str, int]:
        while left[site.code] and not turn.is_over():
            left[site.code] -= 1
            seconds.now += 1
            turn.advanced()
        return {}

    jobs(Job("work", "", work))
    queue.add("work", "fr")
    queue.add("work", "de")
    length = int(TURN.total_seconds())
    assert work_off(queue) == [("work", "fr"), ("work", "de")] + [("work", "fr")] * (100 // length)
    assert left == {"fr": 0, "de": 0}


@on_sqlite
def test_who_runs_jobs_by_hand_is_told_how_far_they_are_and_never_cut(
    portal: Portal, site_fr: Site, clock: TestClock
) -> None:
    with portal.at(site_fr):
        to = person(now=clock.now)
        for _mail in range(3):
            outbox.enqueue("password_changed", to=to, now=clock.now)
    told: list[int] = []
    with turn.taking(turn.Turn(tell=told.append)):
        (result,) = run_due(portal, ["outbox"], [site_fr])
    assert (result.counts["sent"], told) == (3, [1, 2, 3])


@on_sqlite
def test_workers_that_are_told_to_stop_finish_the_mail_they_are_at(queue: JobQueue, jobs) -> None:
    begun, go_on, done = threading.Event(), threading.Event(), []

    def work(_portal: Portal, _site: Site) -> dict[str, int]:
        while not turn.is_over():
            begun.set()
            assert go_on.wait(20)
            done.append(1)
        return {}

    jobs(Job("work", "", work))
    queue.add("work", "fr")
    workers = make_workers(queue, number=1, kind="thread")
    workers._set_signal_handlers = lambda: None
    workers.start()
    assert begun.wait(20)
    threading.Timer(0.2, go_on.set).start()
    workers.stop(graceful=True)
    assert done == [1]


# ---- the queue is lost


def queue_file(queue: JobQueue) -> Path:
    return Path(queue.storage.filename)


@on_sqlite
def test_a_queue_that_is_deleted_in_mid_run_is_made_anew_and_filled_again(
    queue: JobQueue, seconds: Seconds
) -> None:
    queue.queue_due()
    for part in queue_file(queue).parent.glob("queue.sqlite3*"):
        part.unlink()
    assert queue.pending_count() == 0
    seconds.now += 3600
    assert queue.queue_due() == len(registry.JOBS) * SITES
    assert queue_file(queue).exists()
    assert len(work_off(queue)) == len(registry.JOBS) * SITES


@on_sqlite
def test_what_was_written_ahead_of_a_deleted_queue_is_not_read_into_the_new_one(
    make_queue: Callable[..., JobQueue],
) -> None:
    first = make_queue()
    first.queue_due()
    queue_file(first).unlink()
    assert make_queue().pending_count() == 0


@on_sqlite
def test_a_queue_that_can_not_be_read_is_replaced(make_queue: Callable[..., JobQueue]) -> None:
    path = queue_file(make_queue())
    for part in path.parent.glob("queue.sqlite3*"):
        part.unlink()
    path.write_bytes(b"this is no database\n" * 400)
    queue = make_queue()
    queue.queue_due()
    assert queue.pending_count() == len(registry.JOBS) * SITES


@on_sqlite
def test_a_queue_that_is_busy_is_not_thrown_away(make_queue: Callable[..., JobQueue]) -> None:
    queue = make_queue()
    queue.add("outbox", "fr")
    inode = os.stat(queue_file(queue)).st_ino
    busy = sqlite3.connect(queue_file(queue), isolation_level=None)
    busy.execute("BEGIN EXCLUSIVE")
    queue.storage._timeout = 0.1
    queue.storage.close()
    with pytest.raises(sqlite3.OperationalError, match="locked"):
        queue.add("outbox", "de")
    busy.close()
    assert os.stat(queue_file(queue)).st_ino == inode
    assert waiting(queue) == {("outbox", "fr"): 1}


@pytest.mark.parametrize("engine", ["postgresql"], indirect=True)
def test_a_queue_in_postgresql_that_drops_its_connections_loses_no_turn(
    queue: JobQueue, engine: PostgresEngine
) -> None:
    name = engine._name(queue.portal.settings.queue_url)
    ended = "SELECT count(pg_terminate_backend(pid, 5000)) FROM pg_stat_activity WHERE datname = %s"
    queue.pending_count()
    assert engine.admin.execute(ended, (name,)).fetchone()[0] > 0
    with pytest.raises(psycopg.OperationalError):
        queue.queue_due()
    assert queue.queue_due() == len(registry.JOBS) * SITES
