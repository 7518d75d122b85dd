"""`portal worker`, killed while it tells the shop."""

from __future__ import annotations

import threading
from datetime import datetime, timedelta
from http.server import BaseHTTPRequestHandler

import pytest

from tests.conftest import TestClock
from tests.faults.machine import Machine, wait_for
from tests.support.cast import place_order
from tests.support.receiver import Got, answer, receiving
from webapp.assembly import Portal
from webapp.data.webhooks import QUEUED, SENT, WebhookMessage
from webapp.domain.webhooks import webhook_endpoints

WORKER = ("webapp.commands", "worker", "--workers", "1")


@pytest.mark.parametrize("engine", ["sqlite"], indirect=True)
def test_what_a_killed_worker_was_telling_is_told_again_under_the_same_id(
    machine: Machine, portal: Portal, clock: TestClock
) -> None:
    go_on, site = threading.Event(), portal.sites["fr"]

    def states() -> list[str]:
        with portal.at(site):
            return [message.state for message in WebhookMessage.select().order_by(WebhookMessage.id)]

    def never_answer(_handler: BaseHTTPRequestHandler, _got: Got) -> None:
        go_on.wait(30)

    with receiving() as receiver:
        receiver.say_next = [answer(204), never_answer]
        with portal.at(site):
            options = {"vault": portal.vault, "reach": portal.reach, "now": clock.now}
            webhook_endpoints.add(receiver.url(), **options)
            for number in range(3):
                place_order(portal, ordered_at=clock.now, order_number=f"{number:010}")
        with machine.running(*WORKER) as worker:
            wait_for(lambda: len(receiver.got) == 2, machine=machine)
            worker.kill()
            worker.wait(10)
        go_on.set()
        assert states() == [SENT, QUEUED, QUEUED]
        machine.clock = (datetime.fromisoformat(machine.clock) + timedelta(minutes=2)).isoformat()
        with machine.running(*WORKER):
            wait_for(lambda: states() == [SENT] * 3, machine=machine)
    first, killed, *later = [got.id for got in receiver.got]
    assert sorted(later) == sorted({got.id for got in receiver.got} - {first})
    assert killed in later and len(later) == 2
