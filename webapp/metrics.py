"""What the processes of this machine count, each in files of its own in one folder (`PORTAL_METRICS`).

`portal metrics` adds them up: any number of web processes and workers, killed and started as it happens.
Without a folder nothing is counted.
"""

from __future__ import annotations

import logging
import os
import time
from functools import cache
from pathlib import Path
from typing import Any

_FOLDER = "PROMETHEUS_MULTIPROC_DIR"  # where the library looks, when it is imported and not before
_SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30)

_counting = False

log = logging.getLogger(__name__)


def keep_in(folder: Path | None) -> None:
    """Before anything is counted, once in a process."""
    global _counting
    if folder is None:
        return
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as problem:
        log.warning("Nothing is counted: the folder of PORTAL_METRICS can’t be made: %s", problem)
        return
    os.environ[_FOLDER] = str(folder)
    _counting = True


class _Counters:
    def __init__(self) -> None:
        from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

        registry = CollectorRegistry()  # what is in the files is read, this one is only there to be named
        route, job = ("route", "method"), ("job", "site")
        self.requests = Counter(
            "portal_requests", "Answered requests.", [*route, "status", "site"], registry=registry
        )
        self.request_seconds = Histogram(
            "portal_request_seconds",
            "Until an answer begins.",
            route,
            registry=registry,
            buckets=_SECONDS,
        )
        self.job_runs = Counter("portal_job_runs", "Runs of a job.", [*job, "outcome"], registry=registry)
        self.job_seconds = Histogram(
            "portal_job_seconds", "How long a run took.", ["job"], registry=registry, buckets=_SECONDS
        )
        self.job_last_success = Gauge(
            "portal_job_last_success_timestamp_seconds",
            "When a job last did all that was due.",
            job,
            registry=registry,
            multiprocess_mode="max",
        )


@cache
def _counters() -> Any:
    return _Counters()


def request_answered(*, route: str, method: str, status: str, site: str, seconds: float) -> None:
    if _counting:
        counters = _counters()
        counters.requests.labels(route, method, status, site).inc()
        counters.request_seconds.labels(route, method).observe(seconds)


def job_ended(*, job: str, site: str, ok: bool, seconds: float) -> None:
    if _counting:
        counters = _counters()
        counters.job_runs.labels(job, site, "done" if ok else "failed").inc()
        counters.job_seconds.labels(job).observe(seconds)
        if ok:
            counters.job_last_success.labels(job, site).set(time.time())
