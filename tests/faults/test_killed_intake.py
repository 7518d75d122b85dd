"""kill -9 while orders are taken: what was acknowledged is stored, once, and the next process goes on."""

from __future__ import annotations

import json
import random
import statistics
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

import peewee as pw
import pytest

from tests.faults.feeder import number
from tests.faults.machine import Machine, wait_for
from tests.support.orders import an_order
from tests.support.taking import counts_at, take
from webapp.assembly import Portal
from webapp.data.database import database
from webapp.data.outbox import OutboxMessage
from webapp.data.subscriptions import Order, Subscription

FEEDER = "tests.faults.feeder"
ENDLESS = "100000"


@dataclass
class Tally:
    acknowledged: set[int] = field(default_factory=set)
    seconds_to_serve: list[float] = field(default_factory=list)


def kill_again_and_again(machine: Machine, kills: int, *, manner: str = "") -> Tally:
    """As a shop that sends again what it got no answer to."""
    tally, chance, killed_at = Tally(), random.Random(9), None
    for _kill in range(kills):
        following = str(max(tally.acknowledged, default=0) + 1)
        with machine.running(FEEDER, following, ENDLESS, FEEDER=manner) as process:
            assert process.stdout is not None
            for answers in range(chance.randint(1, 4)):
                line = process.stdout.readline()
                assert line, machine.said()
                if killed_at is not None and not answers:
                    tally.seconds_to_serve.append(time.monotonic() - killed_at)
                tally.acknowledged.add(int(line))
            if manner != "early":
                time.sleep(chance.uniform(0, 0.02))
            process.kill()
            killed_at = time.monotonic()
            tally.acknowledged.update(int(line) for line in process.stdout.read().split())
    return tally


def stored(portal: Portal) -> Counter[str]:
    with portal.at(portal.sites["fr"]):
        return Counter(order.order_number for order in Order.select(Order.order_number))


def lost(portal: Portal, tally: Tally) -> set[int]:
    known = stored(portal)
    return {turn for turn in tally.acknowledged if number(turn) not in known}


def check_everything_is_there_once(portal: Portal, tally: Tally) -> None:
    assert not lost(portal, tally)
    assert set(stored(portal).values()) == {1}
    assert len(stored(portal)) <= max(tally.acknowledged) + 1  # at most the one that was being taken
    check_that_nothing_is_half(portal)
    for turn in sorted(tally.acknowledged):
        who = {"purchaser.email": f"purchaser{turn % 50}@example.com"}
        assert take(portal, an_order({"order_number": number(turn), **who})).kind == "known"


def check_that_nothing_is_half(portal: Portal) -> None:
    counts = counts_at(portal)
    assert counts["Order"] == counts["Subscription"] == counts["OutboxMessage"]
    with portal.at(portal.sites["fr"]):
        assert (
            not Subscription.select()
            .group_by(Subscription.order)
            .having(pw.fn.COUNT(Subscription.id) > 1)
            .exists()
        )
        assert not OutboxMessage.select().where(OutboxMessage.subscription.is_null()).exists()
        if portal.databases.urls["fr"].startswith("sqlite"):
            assert database.execute_sql("PRAGMA integrity_check").fetchone()[0] == "ok"


def test_kills_lose_no_acknowledged_order_and_double_none(machine: Machine, portal: Portal) -> None:
    kills = 6 if portal.databases.urls["fr"].startswith("sqlite") else 2
    check_everything_is_there_once(portal, kill_again_and_again(machine, kills))


@pytest.mark.row("kill -9")
@pytest.mark.soak
def test_200_kills_lose_no_acknowledged_order_and_double_none(
    machine: Machine, portal: Portal, figure
) -> None:
    tally = kill_again_and_again(machine, 200)
    doubled = sum(times - 1 for times in stored(portal).values())
    figure("orders acknowledged, lost, doubled", (len(tally.acknowledged), len(lost(portal, tally)), doubled))
    figure("seconds until the next order is taken, median", statistics.median(tally.seconds_to_serve))
    figure("the same, longest", max(tally.seconds_to_serve))
    check_everything_is_there_once(portal, tally)
    assert statistics.median(tally.seconds_to_serve) <= 2.0


@pytest.mark.row("kill -9", control=True)
@pytest.mark.parametrize("engine", ["sqlite"], indirect=True)
def test_control_an_answer_before_it_is_stored_is_found_out(machine: Machine, portal: Portal) -> None:
    assert lost(portal, kill_again_and_again(machine, 2, manner="early"))


@pytest.mark.parametrize("engine", ["sqlite"], indirect=True)
def test_an_import_that_is_killed_may_be_repeated(machine: Machine, portal: Portal, tmp_path: Path) -> None:
    orders = tmp_path / "orders.jsonl"
    orders.write_bytes(b"\n".join(an_order({"order_number": number(turn)}) for turn in range(400)))
    command = ("webapp.commands", "orders", "import", str(orders), "--json")
    with machine.running(*command) as process:
        wait_for(lambda: len(stored(portal)) > 20, machine=machine)
        process.kill()
    before = len(stored(portal))
    assert 20 < before < 400
    with machine.running(*command) as process:
        report = json.loads(process.communicate(timeout=60)[0])
    assert (report["accepted"], report["known"]) == (400 - before, before)
    assert set(stored(portal).values()) == {1}
    check_that_nothing_is_half(portal)
