"""`portal worker` as it runs: killed in the middle of a mail, told to stop, its queue deleted under its hands."""

from __future__ import annotations

import random
import signal
import subprocess
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from tests.conftest import TestClock
from tests.faults.machine import Machine, wait_for
from tests.faults.mail_servers import StallingServer, serving
from tests.mail.cast import person
from tests.mail.server import MailServer
from webapp.assembly import Portal
from webapp.data.outbox import QUEUED, SENT, OutboxMessage
from webapp.domain import outbox

pytestmark = pytest.mark.parametrize("engine", ["sqlite"], indirect=True)
WORKER = ("webapp.commands", "worker")


@pytest.fixture
def machine(portal: Portal) -> Machine:
    for site in portal.sites:
        with portal.at(site):
            pass
    return Machine(portal)


@pytest.fixture
def write(portal: Portal, clock: TestClock) -> Callable[[str], None]:
    """Puts a mail to each of these addresses into the outbox of fr."""

    def enqueue(*names: str) -> None:
        with portal.at(portal.sites["fr"]):
            for name in names:
                outbox.enqueue("password_changed", to=person(address(name), now=clock.now), now=clock.now)

    return enqueue


def address(name: str) -> str:
    return f"{name}@example.com"


def states(portal: Portal) -> dict[str, str]:
    with portal.at(portal.sites["fr"]):
        return {message.to_email: message.state for message in OutboxMessage.select()}


def all_sent(portal: Portal) -> bool:
    return set(states(portal).values()) == {SENT}


def ids(server: MailServer) -> dict[str, set[str]]:
    """Address → the Message-IDs it was sent."""
    found: dict[str, set[str]] = {}
    for mail in server.accepted:
        found.setdefault(mail.to[0], set()).add(mail.message["Message-ID"])
    return found


def later(machine: Machine, minutes: int) -> None:
    """Workers that are started from now on live so much later."""
    clock = datetime.fromisoformat(machine.clock) + timedelta(minutes=minutes)
    machine.clock = clock.isoformat()


def delete_queue(machine: Machine) -> None:
    for part in machine.data.glob("queue.sqlite3*"):
        part.unlink()


@pytest.mark.row("worker killed")
@pytest.mark.parametrize(("moment", "copies"), [("before", 1), ("after", 2)])
def test_a_worker_killed_in_the_middle_of_a_mail_repeats_it_only_if_the_server_had_it(
    machine: Machine, portal: Portal, write, moment: str, copies: int
) -> None:
    """And the queue is gone, too, when the next worker comes."""
    write("a", "b", "c", "d")
    server = StallingServer(**{moment: address("b")})
    with serving(server):
        with machine.running(*WORKER, "--workers", "1", PORTAL_SMTP=server.url) as worker:
            assert server.reached.wait(30), machine.said()
            worker.kill()
            worker.wait(10)
        assert states(portal)[address("b")] == QUEUED
        server.before = server.after = ""
        delete_queue(machine)
        later(machine, 6)  # the killed worker's lease is over
        with machine.running(*WORKER, PORTAL_SMTP=server.url):
            wait_for(lambda: all_sent(portal), machine=machine)
    assert Counter(server.recipients) == {**{address(one): 1 for one in "acd"}, address("b"): copies}
    assert all(len(each) == 1 for each in ids(server).values())


@pytest.mark.row("queue deleted")
def test_a_queue_deleted_under_the_workers_hands_loses_nothing(
    machine: Machine, portal: Portal, write, mail_server: MailServer
) -> None:
    write("first")
    with machine.running(*WORKER, PORTAL_SMTP=mail_server.url):
        wait_for(lambda: all_sent(portal), machine=machine)
        delete_queue(machine)
        write("second")
        wait_for(lambda: all_sent(portal), machine=machine)
        assert (machine.data / "queue.sqlite3").exists()
    assert mail_server.recipients == [address("first"), address("second")]


@pytest.mark.parametrize("kind", ["thread", "process"])
def test_a_worker_that_is_told_to_stop_finishes_its_mail_and_no_other(
    machine: Machine, portal: Portal, write, kind: str
) -> None:
    write("a", "b", "c")
    server = StallingServer(after=address("b"), seconds=1.0)
    with (
        serving(server),
        machine.running(*WORKER, "--kind", kind, "--workers", "1", PORTAL_SMTP=server.url) as worker,
    ):
        assert server.reached.wait(30), machine.said()
        worker.send_signal(signal.SIGTERM)
        assert worker.wait(20) == 0, machine.said()
    assert states(portal) == {address("a"): SENT, address("b"): SENT, address("c"): QUEUED}


def children_of(process: subprocess.Popen[bytes]) -> list[int]:
    found = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text()
    return [int(pid) for pid in found.split()]


def lives(pid: int) -> bool:
    try:
        return "State:\tZ" not in Path(f"/proc/{pid}/status").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return False


def test_worker_processes_end_with_the_one_that_started_them(
    machine: Machine, portal: Portal, write, mail_server: MailServer
) -> None:
    """Else those of an old version would work on beside the new one's."""
    write("a")
    with machine.running(*WORKER, "--kind", "process", PORTAL_SMTP=mail_server.url) as worker:
        wait_for(lambda: all_sent(portal), machine=machine)
        children = children_of(worker)
        assert len(children) == 3  # two workers and their scheduler
        worker.kill()
        worker.wait(10)
    wait_for(lambda: not any(lives(pid) for pid in children))


@pytest.mark.row("worker killed")
@pytest.mark.soak
def test_workers_killed_again_and_again_lose_no_mail(
    machine: Machine, portal: Portal, write, mail_server: MailServer, figure
) -> None:
    """Two workers at a time, killed at any moment; each was at one mail at most."""
    kills, chance = 40, random.Random(5)
    write(*(f"person{number:04}" for number in range(3000)))
    for _kill in range(kills):
        with machine.running(*WORKER, PORTAL_SMTP=mail_server.url) as worker:
            taken = len(mail_server.accepted)
            wait_for(lambda taken=taken: len(mail_server.accepted) > taken or all_sent(portal))
            with suppress(subprocess.TimeoutExpired):
                worker.wait(chance.uniform(0, 0.2))
        later(machine, 6)
    unsent = sum(state != SENT for state in states(portal).values())
    with machine.running(*WORKER, PORTAL_SMTP=mail_server.url):
        wait_for(lambda: all_sent(portal), seconds=120, machine=machine)
    doubled = len(mail_server.recipients) - 3000
    figure("kills, and mails still waiting after the last one", (kills, unsent))
    figure("mails lost, doubled under the same Message-ID", (3000 - len(ids(mail_server)), doubled))
    assert len(ids(mail_server)) == 3000
    assert all(len(each) == 1 for each in ids(mail_server).values())
    assert doubled <= 2 * kills
