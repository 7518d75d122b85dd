"""The periodic work, by name, and running it site by site."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta

from webapp import logs, metrics
from webapp.assembly import Portal
from webapp.data.database import STORAGE_FAILURES
from webapp.data.schema import OldSchema
from webapp.jobs import webhooks
from webapp.jobs.claims import settle_claims
from webapp.jobs.issue import issue
from webapp.jobs.lapse import lapse
from webapp.jobs.outbox import deliver
from webapp.jobs.purge import purge
from webapp.jobs.remind import remind
from webapp.jobs.renew import end, renew
from webapp.jobs.whereabouts import answer_waiting
from webapp.mail.failures import in_words
from webapp.mail.transport import transport_for
from webapp.sites import Site

log = logging.getLogger(__name__)

Counts = Mapping[str, int]


class UnknownJob(LookupError):
    def __init__(self, name: str) -> None:
        super().__init__(f"There is no job “{name}”. Jobs: {', '.join(JOBS)}.")


@dataclass(frozen=True, slots=True)
class Job:
    """Running it once more than needed does no harm: what is due is read from the site's tables."""

    name: str
    summary: str
    run: Callable[[Portal, Site], Counts]
    every: timedelta = timedelta(minutes=1)  # how often a worker looks whether something is due
    in_hurry: bool = True  # false: it may wait for others' servers, so everything else goes first


@dataclass(frozen=True, slots=True)
class JobResult:
    job: str
    site: str
    counts: Counts = field(default_factory=dict)
    error: str = ""

    @property
    def ok(self) -> bool:
        return not self.error


class MailServerUnavailable(RuntimeError):
    """Nothing is lost: the mails wait for the next run."""


def _deliver(portal: Portal, site: Site) -> Counts:
    transport = transport_for(portal.settings)
    try:
        done = deliver(portal, site, transport)
    finally:
        transport.close()
    if done.unavailable:
        raise MailServerUnavailable(done.unavailable)
    return {"sent": done.sent, "failed": done.failed, "dead": done.dead}


def _lapse(portal: Portal, site: Site) -> Counts:
    return {"lapsed": lapse(portal, site)}


def _purge(portal: Portal, site: Site) -> Counts:
    return {"deleted": purge(portal, site)}


_ALL = (
    Job("lapse", "mark subscriptions that nobody activated in time", _lapse, timedelta(minutes=15)),
    Job("renew", "begin terms and billing periods, record their invoices", renew, timedelta(minutes=5)),
    Job("end", "end what was cancelled, free its licenses", end, timedelta(minutes=5)),
    Job("remind", "remind people of dates and of what is missing", remind, timedelta(minutes=5)),
    Job("claims", "hand over what was claimed and nobody objected to", settle_claims, timedelta(minutes=5)),
    Job("issue", "issue invoices that are due", issue),
    Job("whereabouts", "look for people who miss their subscriptions", answer_waiting, timedelta(seconds=30)),
    Job("outbox", "deliver waiting e-mails", _deliver, timedelta(seconds=5), in_hurry=False),
    Job("webhooks", "tell the shop what happened", webhooks.tell, timedelta(seconds=5), in_hurry=False),
    Job("purge", "delete expired links, sessions and attempts", _purge, timedelta(hours=1)),
)
JOBS: Mapping[str, Job] = {job.name: job for job in _ALL}


def run_due(
    portal: Portal, names: Iterable[str] | None = None, sites: Iterable[Site] | None = None
) -> list[JobResult]:
    """All jobs at all sites, or those named. What fails at one site stops nothing elsewhere."""
    chosen = jobs_named(names)
    at = list(sites) if sites is not None else list(portal.sites)
    return [run_one(portal, job, site) for job in chosen for site in at]


def jobs_named(names: Iterable[str] | None) -> list[Job]:
    return [_job(name) for name in names] if names is not None else list(_ALL)


def _job(name: str) -> Job:
    if name not in JOBS:
        raise UnknownJob(name)
    return JOBS[name]


def run_one(portal: Portal, job: Job, site: Site) -> JobResult:
    began = time.monotonic()
    with logs.about(job=job.name, site=site.code):
        result = _run(portal, job, site)
    metrics.job_ended(job=job.name, site=site.code, ok=result.ok, seconds=time.monotonic() - began)
    return result


def _run(portal: Portal, job: Job, site: Site) -> JobResult:
    try:
        return JobResult(job.name, site.code, job.run(portal, site))
    except MailServerUnavailable as problem:
        log.warning("The mail server takes nothing from site %s: %s", site.code, problem)
        return JobResult(job.name, site.code, error=str(problem))
    except (OldSchema, *STORAGE_FAILURES) as problem:  # they last: no traceback every few seconds
        log.warning("Job %s can't work at site %s: %s", job.name, site.code, in_words(problem))
        return JobResult(job.name, site.code, error=in_words(problem))
    except Exception as problem:
        log.exception("Job %s failed at site %s.", job.name, site.code)
        return JobResult(job.name, site.code, error=in_words(problem))
