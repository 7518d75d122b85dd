"""The mail server is down, mute, slow or gone in the middle of a mail: nothing is lost, nobody else waits.

What it refuses, and what two workers at once do, is in tests/jobs/test_outbox.py.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable
from dataclasses import replace

import pytest

from tests.conftest import TestClock
from tests.faults.machine import wait_for
from tests.faults.mail_servers import StallingServer, halfway, mute, serving
from tests.mail.cast import person
from tests.mail.server import MailServer
from webapp.assembly import Portal
from webapp.data.outbox import QUEUED, SENT, OutboxMessage
from webapp.domain import outbox
from webapp.jobs import queue as jobs_queue
from webapp.jobs import registry
from webapp.jobs.outbox import deliver
from webapp.jobs.queue import JobQueue, make_workers
from webapp.jobs.registry import run_due
from webapp.mail import transport as way_out
from webapp.mail.smtp import SmtpTransport
from webapp.sites import Site

on_sqlite = pytest.mark.parametrize("engine", ["sqlite"], indirect=True)


@pytest.fixture
def write(portal: Portal, clock: TestClock) -> Callable[..., None]:
    def enqueue(mails: int, *codes: str) -> None:
        for code in codes:
            with portal.at(portal.sites[code]):
                for number in range(mails):
                    to = person(f"person{number:04}@example.com", now=clock.now)
                    outbox.enqueue("password_changed", to=to, now=clock.now)

    return enqueue


def states(portal: Portal, code: str = "fr") -> Counter[str]:
    with portal.at(portal.sites[code]):
        return Counter(message.state for message in OutboxMessage.select(OutboxMessage.state))


def at(portal: Portal, url: str) -> Portal:
    return replace(portal, settings=replace(portal.settings, smtp=url))


@pytest.mark.row("mail server")
@on_sqlite
def test_a_server_gone_in_mid_data_costs_a_try_and_gets_the_mail_once_when_it_is_back(
    portal: Portal, site_fr: Site, write, clock: TestClock, mail_server: MailServer
) -> None:
    write(3, "fr")
    with halfway() as (server, url):
        transport = SmtpTransport(url, timeout=5)
        done = deliver(portal, site_fr, transport)
        transport.close()
    assert (done.sent, done.failed, done.dead, server.halves) == (0, 3, 0, 3)
    assert states(portal) == {QUEUED: 3}
    clock.forward(minutes=1)
    transport = SmtpTransport(mail_server.url, timeout=5)
    assert deliver(portal, site_fr, transport).sent == 3
    transport.close()
    assert set(Counter(mail_server.recipients).values()) == {1}


@pytest.mark.row("mail server")
@on_sqlite
def test_a_mute_server_costs_no_mail_a_try(
    portal: Portal, site_fr: Site, write, clock: TestClock, mail_server: MailServer
) -> None:
    write(3, "fr")
    with mute() as url:
        done = deliver(portal, site_fr, SmtpTransport(url, timeout=0.3))
    assert "timed out" in done.unavailable
    with portal.at(site_fr):
        assert [message.attempts for message in OutboxMessage.select()] == [0, 0, 0]
    clock.forward(minutes=1)
    transport = SmtpTransport(mail_server.url, timeout=5)
    assert deliver(portal, site_fr, transport).sent == 3
    transport.close()


@pytest.fixture
def patience(monkeypatch: pytest.MonkeyPatch) -> float:
    """Seconds that a mail server is waited for; the real ones would take minutes."""
    seconds = 1.0

    def impatient(url: str) -> SmtpTransport:
        return SmtpTransport(url, timeout=seconds)

    monkeypatch.setattr(way_out, "SmtpTransport", impatient)
    return seconds


@on_sqlite
def test_while_the_server_is_mute_all_other_jobs_are_done(
    portal: Portal, write, patience: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Mails wait at every site, and each would hold up a worker for as long as it is waited for."""
    others = {name for name, job in registry.JOBS.items() if job.in_hurry}
    portal = replace(
        portal, sites=portal.sites.but(portal.sites.codes[6:])
    )  # more take more time, nothing else
    write(2, *portal.sites.codes)
    done: list[str] = []
    monkeypatch.setattr(jobs_queue, "_report", lambda result: done.append(result.job))
    with mute() as url:
        queue = JobQueue(at(portal, url))
        queue.queue_due()
        began = time.monotonic()
        workers = make_workers(queue, number=2, kind="thread")
        workers._set_signal_handlers = lambda: None
        workers.start()
        wait_for(lambda: sum(job in others for job in done) >= len(others) * len(portal.sites))
        assert time.monotonic() - began < patience * len(portal.sites) / 2
        workers.stop(graceful=True)
        queue.storage.close()


@pytest.mark.row("mail server")
@on_sqlite
def test_a_slow_server_keeps_no_site_from_its_turn(
    portal: Portal, write, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Forty mails of one site would take four seconds; the other site's mail goes after a turn of half a one."""
    monkeypatch.setattr(jobs_queue, "TURN", jobs_queue.TURN / 60)
    write(40, "de")
    write(1, "fr")
    with serving(StallingServer(seconds_for_each=0.1)) as server:
        queue = JobQueue(at(portal, server.url))
        queue.add("outbox", "de")
        queue.add("outbox", "fr")
        workers = make_workers(queue, number=1, kind="thread")
        workers._set_signal_handlers = lambda: None
        workers.start()
        wait_for(lambda: states(portal)[SENT] == 1)
        assert 0 < states(portal, "de")[SENT] < 30
        workers.stop(graceful=True)
        queue.storage.close()


@pytest.mark.row("mail server")
@pytest.mark.soak
def test_1000_mails_wait_for_eight_hours_and_are_drained_in_minutes(
    portal: Portal, site_fr: Site, write, clock: TestClock, mail_server: MailServer, figure
) -> None:
    write(1000, "fr")
    mail_server.stop()
    down = at(portal, mail_server.url)
    for _minute in range(8 * 60):
        (result,) = run_due(down, ["outbox"], [site_fr])
        assert not result.ok
        clock.forward(minutes=1)
    assert states(portal) == {QUEUED: 1000}
    mail_server.start()
    began = time.monotonic()
    while states(portal)[QUEUED]:
        assert all(result.ok for result in run_due(down, ["outbox"], [site_fr]))
        clock.forward(minutes=1)
    seconds = time.monotonic() - began
    figure("seconds to drain 1,000 mails after 8 hours", seconds)
    arrived = Counter(mail_server.recipients)
    figure("mails lost, doubled", (1000 - len(arrived), arrived.total() - len(arrived)))
    assert states(portal) == {SENT: 1000} and seconds <= 300
    assert set(Counter(mail_server.recipients).values()) == {1}
