"""Periodic work on huey: whose turn it is, and workers that do it.

A task says which job at which site, and nothing else: the truth is in the site's tables. A task that is lost
is queued again when the job's turn comes, and one that runs twice finds nothing to do the second time.
"""

from __future__ import annotations

import json
import logging
import os
import time
import uuid
from collections.abc import Callable, Iterable, Mapping
from datetime import timedelta
from typing import Any

from huey import Huey
from huey.consumer import Consumer, Scheduler, Worker
from huey.registry import Message
from huey.serializer import Serializer

from webapp import logs
from webapp.assembly import Portal
from webapp.jobs import registry, turn
from webapp.jobs.registry import Job, JobResult
from webapp.jobs.storage import storage_for
from webapp.jobs.turn import Turn

log = logging.getLogger(__name__)

TURN = timedelta(seconds=30)
FINISHING = timedelta(seconds=30)  # after SIGTERM; a mail that is being sent then takes at most 20
_TASK = "webapp.jobs.queue.job"
_HURRY, _PATIENCE = 1, 0  # of two tasks the one with the higher number goes first


class PlainText(Serializer):
    """Tasks as `{"job": "outbox", "site": "fr"}`: who can write into the queue can't make a worker do
    anything else."""

    def _serialize(self, data: Message) -> bytes:
        job, site = data.args
        return json.dumps({"job": job, "site": site}).encode()

    def _deserialize(self, data: bytes) -> Message:
        told = json.loads(bytes(data))
        return Message(uuid.uuid4().hex, _TASK, None, 0, 0, None, (str(told["job"]), str(told["site"])), {})


class Timetable:
    """Whose turn it is. Kept in memory only: after a start everything is due."""

    def __init__(self, jobs: Iterable[Job]) -> None:
        self._next: dict[str, float] = {}
        self._jobs = list(jobs)

    def due(self, at: float) -> list[Job]:
        return [job for job in self._jobs if self._next.get(job.name, at) <= at]

    def queued(self, jobs: Iterable[Job], at: float) -> None:
        self._next.update({job.name: at + job.every.total_seconds() for job in jobs})


class JobQueue(Huey):
    def __init__(self, portal: Portal, *, seconds: Callable[[], float] = time.monotonic) -> None:
        self.portal, self.stopping = portal, lambda: False
        self.home = os.getpid()
        self._seconds = seconds
        self._timetable = Timetable(registry.JOBS.values())
        storage = storage_for(portal.settings.queue_url)
        super().__init__("portal", results=False, serializer=PlainText(), storage_class=storage)
        self._job = self.task(name="job")(self.work)

    def queue_due(self) -> int:
        """A task for each job that is due at each site, unless one waits already: while nobody works, the
        queue does not grow. Says how many were added."""
        now = self._seconds()
        due = self._timetable.due(now)
        waiting = {tuple(task.args) for task in self.pending()} if due else set()
        wanted = [(job, site) for job in due for site in self.portal.sites.codes]
        missing = [(job, site) for job, site in wanted if (job.name, site) not in waiting]
        for job, site in missing:
            self.add(job.name, site, priority=_HURRY if job.in_hurry else _PATIENCE)
        self._timetable.queued(due, now)  # not before: a queue that failed just now is asked again
        return len(missing)

    def add(self, job: str, site: str, *, priority: int = _PATIENCE) -> None:
        self.enqueue(self._job.s(job, site, priority=priority))

    def work(self, job_name: str, site_code: str) -> None:
        job, site = registry.JOBS.get(job_name), self.portal.sites.by_code(site_code)
        if job is None or site is None:
            log.warning("The queue asks for %s at %s, which this portal does not know.", job_name, site_code)
            return
        ends = self._seconds() + TURN.total_seconds()
        with turn.taking(Turn(ends=lambda: self.stopping() or self._seconds() >= ends)) as taken:
            _report(registry.run_one(self.portal, job, site))
        if taken.cut and not self.stopping():
            self.add(job_name, site_code)


def _report(result: JobResult) -> None:
    """Failures were logged where they happened."""
    done = {name: number for name, number in result.counts.items() if number}
    if done:
        with logs.about(job=result.job, site=result.site):
            log.info("%s at %s: %s", result.job, result.site, _in_words(done))


def _in_words(counts: Mapping[str, int]) -> str:
    return ", ".join(f"{number} {name}" for name, number in counts.items())


def _end_with(home: int) -> None:
    """Worker processes end with the one that started them, even if that was killed."""
    if home not in (os.getpid(), os.getppid()):
        raise KeyboardInterrupt  # what huey's loops end at in silence


class _Worker(Worker):
    def loop(self, now: Any = None) -> None:
        _end_with(self.huey.home)
        super().loop(now)


class _Scheduler(Scheduler):
    """huey looks at its periodic tasks once a minute; our timetable has shorter turns and sites."""

    periodic_task_seconds = 1

    def loop(self, now: Any = None) -> None:
        _end_with(self.huey.home)
        super().loop(now)

    def enqueue_periodic_tasks(self, now: Any) -> None:
        try:
            self.huey.queue_due()
        except Exception:
            log.exception("What is due could not be queued; the next look is in a second.")


class Workers(Consumer):
    worker_class = _Worker
    scheduler_class = _Scheduler


def make_workers(queue: JobQueue, *, number: int, kind: str) -> Workers:
    """`run()` works until SIGTERM, and finishes then what it is at."""
    workers = Workers(
        queue,
        workers=number,
        worker_type=kind,
        max_delay=1.0,
        graceful_signal="TERM",
        shutdown_timeout=FINISHING.total_seconds(),
    )
    queue.stopping = workers.stop_flag.is_set
    return workers
