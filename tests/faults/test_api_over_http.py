"""The API over real HTTP: the same order from everywhere at once, and every example of its page."""

from __future__ import annotations

import http.client
import json
import re
import shutil
import subprocess
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from threading import Barrier
from typing import Any

import pytest

from tests.browser.server import free_port
from tests.faults.machine import Machine, wait_for
from tests.support.debian import install
from tests.support.orders import an_order
from tests.support.taking import counts_at
from webapp.assembly import Portal
from webapp.commands import server
from webapp.data.database import database
from webapp.domain.shop import api_keys
from webapp.domain.shop.api_keys import SCOPES

API_PAGE = Path(__file__).parents[2] / "docs" / "api.md"
JSON = "application/json"
DELIVERIES = 64


class Shop:
    """At fr, on a port of this machine."""

    def __init__(self, portal: Portal, port: int) -> None:
        self.port = port
        with portal.at(portal.sites["fr"]):
            self.key = api_keys.create_key("shop", scopes=list(SCOPES), now=portal.clock())

    def post(self, path: str, body: Any, kind: str = JSON) -> tuple[int, Any]:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        try:
            headers = {
                "Host": f"fr.localhost:{self.port}",
                "Authorization": f"Bearer {self.key}",
                "Content-Type": kind,
            }
            connection.request(
                "POST", f"/api/v1{path}", body, headers, encode_chunked=not isinstance(body, bytes)
            )
            answer = connection.getresponse()
            return answer.status, answer.read()
        finally:
            connection.close()

    def at_once(self, *bodies: bytes) -> list[tuple[int, Any]]:
        """Sent at the same moment, each over a connection of its own."""
        together = Barrier(len(bodies))

        def deliver(body: bytes) -> tuple[int, Any]:
            together.wait(timeout=60)
            return self.post("/orders", body)

        with ThreadPoolExecutor(len(bodies)) as threads:
            return list(threads.map(deliver, bodies))


@contextmanager
def serving(machine: Machine, portal: Portal) -> Iterator[Shop]:
    port = free_port()
    name, *arguments = server.command(port)[2:]
    with machine.running(name, *arguments, PORT=str(port)):
        shop = Shop(portal, port)

        def answers() -> bool:
            try:
                return shop.post("/nothing", b"")[0] == 404
            except OSError:
                return False

        wait_for(answers, machine=machine)
        yield shop


@pytest.mark.parametrize("engine", ["sqlite", "postgresql"], indirect=True)
def test_64_deliveries_of_one_order_make_one_subscription_and_one_mail(
    machine: Machine, portal: Portal
) -> None:
    with serving(machine, portal) as shop:
        answers = shop.at_once(*[an_order()] * DELIVERIES)
        assert Counter(status for status, _answer in answers) == {201: 1, 200: DELIVERIES - 1}
        assert len({answer for _status, answer in answers}) == 1
        others = shop.at_once(*[an_order(quantity=100 + number) for number in range(8)])
        assert {status for status, _answer in others} == {409}
    counts = counts_at(portal)
    assert (counts["Subscription"], counts["OutboxMessage"], counts["Order"]) == (1, 1, 1)


@pytest.mark.parametrize("engine", ["sqlite"], indirect=True)
def test_control_without_the_unique_number_deliveries_make_several(
    machine: Machine, portal: Portal, tmp_path: Path
) -> None:
    """The server runs with a rule that looks too early, in a database that has no such index."""
    with portal.at(portal.sites["fr"]):
        for index in database.get_indexes("shop_order"):
            if index.columns == ["order_number"]:
                database.execute_sql(f'DROP INDEX "{index.name}"')
    (tmp_path / "blind.py").write_text(
        "from webapp.domain.orders import order_intake\n"
        "order_intake._known = lambda received: None\n"
        "from webapp.wsgi import app\n"
    )
    port = free_port()
    command = server.command(port, app="blind:app")[2:]
    with machine.running(*command, PORT=str(port), PYTHONPATH=f"{tmp_path}:{Path.cwd()}"):
        shop = Shop(portal, port)
        wait_for(lambda: _listens(shop), machine=machine)
        shop.at_once(*[an_order()] * 8)
    assert counts_at(portal)["Subscription"] > 1


def _listens(shop: Shop) -> bool:
    try:
        return shop.post("/nothing", b"")[0] == 404
    except OSError:
        return False


@pytest.mark.parametrize("engine", ["sqlite"], indirect=True)
def test_bodies_without_a_length_and_the_examples_of_the_page(machine: Machine, portal: Portal) -> None:
    with serving(machine, portal) as shop:
        assert shop.post("/orders", iter([an_order()[:100], an_order()[100:]]))[0] == 201
        assert shop.post("/orders", iter([b" " * 100_000] * 4))[0] == 413
        lines = iter([an_order() + b"\n", an_order(order_number="N2") + b"\n"])
        status, answer = shop.post("/batches/orders", lines, "application/x-ndjson")
        told = [json.loads(line) for line in answer.splitlines()]
        assert status == 200 and [line.get("status") for line in told] == [200, 201, None]
        examples = list(examples_of(API_PAGE.read_text(encoding="utf-8")))
        assert len(examples) == 8
        for command, wanted, shown in examples:
            status, answer = run_example(command, shop)
            assert status == wanted, f"{command}\n{answer}"
            if shown:
                assert json.loads(answer).keys() == json.loads(shown).keys(), command


def examples_of(page: str) -> Iterator[tuple[str, int, str]]:
    """Command, status, and the JSON that is shown, if any."""
    pattern = r"```sh\n(.*?)```\n\nAnswers `(\d+)`[.:]\n(?:\n```json\n(.*?)```)?"
    for found in re.finditer(pattern, page, re.DOTALL):
        yield found[1], int(found[2]), found[3] or ""
    assert page.count("```sh") == len(re.findall(pattern, page, re.DOTALL))


def run_example(command: str, shop: Shop) -> tuple[int, str]:
    if shutil.which("curl") is None:
        install("curl")
    here = f"http://fr.localhost:{shop.port}"
    options = f"curl -sS --resolve fr.localhost:{shop.port}:127.0.0.1 -w '\\n%{{http_code}}'"
    script = command.replace("https://fr.portal.example", here).replace("curl ", f"{options} ", 1)
    done = subprocess.run(
        ["/bin/sh", "-c", script],
        env={"KEY": shop.key, "PATH": "/usr/bin:/bin"},
        capture_output=True,
        text=True,
        timeout=60,
    )
    answer, _, status = done.stdout.rpartition("\n")
    assert done.returncode == 0, f"{script}\n{done.stderr}"
    return int(status), answer
