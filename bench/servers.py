"""The production server with one worker on a core of its own, serving the portal or a floor."""

from __future__ import annotations

import os
import socket
import subprocess
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass

from bench import machine
from bench.load import Client, UnexpectedAnswer
from webapp.commands.server import ENVIRONMENT, THREADS, command

PORTAL, FLOOR = "webapp.wsgi:app", "bench.floor:app"


@dataclass(frozen=True)
class Server:
    pid: int
    port: int
    started_in: float  # seconds until the first answer

    def processes(self) -> list[int]:
        return machine.family(self.pid)

    @property
    def worker(self) -> int:
        """The biggest: the others only look after it."""
        return max(self.processes(), key=machine.resident_mib)

    def client(self, host: str, **more: str) -> Client:
        return Client(self.port, host, **more)


def free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


@contextmanager
def serving(
    app: str, environment: Mapping[str, str], *, host: str, path: str, threads: int = THREADS
) -> Iterator[Server]:
    port = free_port()
    started = time.perf_counter()
    process = subprocess.Popen(
        [
            "taskset",
            "--cpu-list",
            str(machine.SERVER_CORE),
            *command(port, app=app, threads=threads, log="error"),
        ],
        env={**os.environ, **ENVIRONMENT, **environment, "PORT": str(port)},
    )
    try:
        _wait_for_answer(process, Client(port, host), path)
        yield Server(process.pid, port, time.perf_counter() - started)
    finally:
        process.terminate()
        process.wait(20)


def _wait_for_answer(process: subprocess.Popen[bytes], client: Client, path: str) -> None:
    for _try in range(600):
        try:
            client.ask(path)
            return
        except (OSError, UnexpectedAnswer) as problem:
            client.close()
            if process.poll() is not None or isinstance(problem, UnexpectedAnswer):
                raise
            time.sleep(0.02)
    raise TimeoutError(f"No answer from {path}.")
