"""What signing in costs beyond the one hash that nobody can save."""

from __future__ import annotations

import os
from itertools import count
from statistics import median

from bench.backends import Backend
from bench.filling import PASSWORD
from bench.load import Arm, Client, interleaved, middle
from bench.pages import HOST, SMALL, Figures, Filled
from bench.servers import PORTAL, Server, serving
from webapp.domain import passwords

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


def measure(backend: Backend, filled: Filled, *, rounds: int, seconds: float) -> Figures:
    stored = passwords.hash_password(PASSWORD)
    with serving(PORTAL, filled.environment, host=HOST, path="/sign-in") as server:
        arms = [
            Arm("sign-in", Visitors(server).sign_in, server.processes, backend.processes),
            Arm("hash", lambda: passwords.verify(PASSWORD, stored), lambda: [os.getpid()]),
        ]
        samples = interleaved(arms, rounds=rounds, seconds=seconds)
    beyond = median(
        one.cpu + one.database_cpu - bare.cpu
        for one, bare in zip(samples["sign-in"], samples["hash"], strict=True)
    )
    return {
        "sign_in_beyond_hash_ms": beyond * 1e3,
        "sign_in_cpu_ms": middle(samples["sign-in"]) * 1e3,
        "hash_cpu_ms": middle(samples["hash"]) * 1e3,
    }
