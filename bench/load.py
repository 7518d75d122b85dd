"""The load: one client with one kept connection, bounded to seconds, and what the server spent on it."""

from __future__ import annotations

import http.client
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from statistics import median
from urllib.parse import urlencode

from bench import machine


class UnexpectedAnswer(RuntimeError):
    """What is measured must be the page, and not an error or a redirect."""


@dataclass(frozen=True)
class Sample:
    """Of one round: seconds of the server's processors, of its database's, and on the clock, a request."""

    cpu: float
    database_cpu: float
    wall: float


@dataclass
class Client:
    port: int
    host: str
    cookie: str = ""
    source: str = "127.0.0.1"  # each address of the loopback net is a visitor of its own to the rate limits
    _connection: http.client.HTTPConnection | None = field(default=None, repr=False)

    def ask(
        self, path: str, *, form: Mapping[str, str] | None = None, expect: int = 200, **headers: str
    ) -> tuple[http.client.HTTPResponse, bytes]:
        if self._connection is None:
            self._connection = http.client.HTTPConnection("127.0.0.1", self.port, 30, (self.source, 0))
        sent = {"Host": f"{self.host}:{self.port}", "Accept-Language": "fr", **headers}
        if self.cookie:
            sent["Cookie"] = self.cookie
        if form is not None:
            sent |= {"Sec-Fetch-Site": "same-origin", "Content-Type": "application/x-www-form-urlencoded"}
        self._connection.request(
            "GET" if form is None else "POST", path, urlencode(form) if form else None, sent
        )
        answer = self._connection.getresponse()
        body = answer.read()
        if answer.status != expect:
            raise UnexpectedAnswer(f"{path} answered {answer.status} instead of {expect}.")
        return answer, body

    def close(self) -> None:
        if self._connection:
            self._connection.close()
            self._connection = None

    def sign_in(self, email: str, password: str) -> None:
        answer, _body = self.ask("/sign-in", form={"email": email, "password": password}, expect=303)
        self.cookie = str(answer.headers["Set-Cookie"]).split(";")[0]


@dataclass(frozen=True)
class Arm:
    """One of the things that are compared: a request, and the processes that work for it."""

    name: str
    once: Callable[[], object]
    processes: Callable[[], list[int]]
    database_processes: Callable[[], list[int]] = field(default=lambda: [])

    def sample(self, seconds: float) -> Sample:
        processes, database = self.processes(), self.database_processes()
        started = time.perf_counter()
        cpu, database_cpu = machine.cpu_seconds(processes), machine.cpu_seconds(database)
        requests = 0
        while time.perf_counter() - started < seconds:
            self.once()
            requests += 1
        wall = time.perf_counter() - started
        cpu = machine.cpu_seconds(processes) - cpu
        database_cpu = machine.cpu_seconds(database) - database_cpu
        return Sample(cpu / requests, database_cpu / requests, wall / requests)


def interleaved(arms: list[Arm], *, rounds: int, seconds: float) -> dict[str, list[Sample]]:
    """A B A B, after everything ran once unmeasured."""
    for arm in arms:
        arm.sample(seconds / 2)
    samples: dict[str, list[Sample]] = {arm.name: [] for arm in arms}
    for _round in range(rounds):
        for arm in arms:
            samples[arm.name].append(arm.sample(seconds))
    return samples


def middle(samples: list[Sample], of: Callable[[Sample], float] = lambda sample: sample.cpu) -> float:
    return median(of(sample) for sample in samples)


def ratio(
    samples: list[Sample], base: list[Sample], of: Callable[[Sample], float] = lambda sample: sample.cpu
) -> float:
    """Of neighbours in time: what slows the machine down for a while slows both."""
    return median(of(one) / of(other) for one, other in zip(samples, base, strict=True))
