"""kill -9 of the web server while it answers: the next one serves at once."""

from __future__ import annotations

import http.client
import os
import signal
import statistics
import subprocess
import time

import pytest

from tests.browser.server import free_port
from tests.faults.machine import Machine
from webapp.assembly import Portal
from webapp.commands import server

pytestmark = pytest.mark.parametrize("engine", ["sqlite"], indirect=True)


def answers(port: int) -> bool:
    """A page of the French site."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
    try:
        connection.request("GET", "/sign-in", headers={"Host": f"fr.localhost:{port}"})
        return connection.getresponse().status == 200
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


def serve_until_killed(machine: Machine, port: int) -> float:
    """Seconds from its start to its first page. It is killed with all its processes, as by a reset machine."""
    began = time.monotonic()
    process = subprocess.Popen(
        server.command(port),
        env=machine.environment(PORT=str(port)),
        start_new_session=True,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        while not answers(port):
            assert time.monotonic() - began < 30, "the server did not start"
            time.sleep(0.01)
        return time.monotonic() - began
    finally:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait(10)


def test_a_killed_server_serves_again(machine: Machine, portal: Portal) -> None:
    port = free_port()
    for _kill in range(2):
        serve_until_killed(machine, port)


@pytest.mark.row("kill -9")
@pytest.mark.soak
def test_a_killed_server_serves_again_within_two_seconds(machine: Machine, portal: Portal, figure) -> None:
    port = free_port()
    seconds = [serve_until_killed(machine, port) for _kill in range(20)]
    figure("seconds until a killed server serves again, median", statistics.median(seconds))
    figure("the same, longest", max(seconds))
    assert statistics.median(seconds) <= 2.0
