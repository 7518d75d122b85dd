"""What signing in costs beyond the one hash that nobody can save."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from statistics import median

from bench import machine
from bench.backends import Backend
from bench.filling import PASSWORD
from bench.load import Arm, Client, interleaved, middle
from bench.pages import HOST, SMALL, Figures, Filled
from bench.servers import PORTAL, Server, serving
from webapp.commands.server import ENVIRONMENT

_A_VISITOR = 50  # sign-ins from one address, below what the limit per address allows


class Visitors:
    """Signs in from ever new addresses."""

    def __init__(self, server: Server) -> None:
        self._server, self._done = server, count()
        self._client: Client | None = None

    def sign_in(self) -> None:
        number = next(self._done)
        if self._client is None or number % _A_VISITOR == 0:
            if self._client:
                self._client.close()
            visitor = number // _A_VISITOR
            self._client = self._server.client(HOST, source=f"127.0.{1 + visitor // 250}.{1 + visitor % 250}")
        self._client.ask("/sign-in", form={"email": SMALL, "password": PASSWORD}, expect=303)


_VERIFY = """
import sys
from webapp.domain import passwords
stored = passwords.hash_password(sys.argv[1])
for _line in sys.stdin:
    print(passwords.verify(sys.argv[1], stored), flush=True)
"""


@contextmanager
def hashing() -> Iterator[Arm]:
    """The hash alone, by the server's own function on the server's core, memory taken as there."""
    command = ["taskset", "--cpu-list", str(machine.SERVER_CORE), sys.executable, "-c", _VERIFY, PASSWORD]
    environment = {**os.environ, **ENVIRONMENT}
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=environment) as process:
        asked, answered = process.stdin, process.stdout
        assert asked and answered

        def once() -> None:
            asked.write(b"\n")
            asked.flush()
            assert answered.readline() == b"True\n"

        yield Arm("hash", once, lambda: [process.pid])
        asked.close()


def measure(backend: Backend, filled: Filled, *, rounds: int, seconds: float) -> Figures:
    with serving(PORTAL, filled.environment, host=HOST, path="/sign-in") as server, hashing() as hash_alone:
        sign_in = Arm("sign-in", Visitors(server).sign_in, server.processes, backend.processes)
        samples = interleaved([sign_in, hash_alone], rounds=rounds, seconds=seconds)
    beyond = median(
        one.cpu + one.database_cpu - bare.cpu
        for one, bare in zip(samples["sign-in"], samples["hash"], strict=True)
    )
    return {
        "sign_in_beyond_hash_ms": beyond * 1e3,
        "sign_in_cpu_ms": middle(samples["sign-in"]) * 1e3,
        "hash_cpu_ms": middle(samples["hash"]) * 1e3,
    }
