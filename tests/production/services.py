"""Programs that are started, looked after as systemd would, killed by a test, and ended by their own ids."""

from __future__ import annotations

import os
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

RESTART_SECONDS = 0.5


@dataclass
class Service:
    name: str
    command: list[str]
    environment: Mapping[str, str]
    log: Path
    answers: Callable[[], bool]
    process: subprocess.Popen[bytes] | None = None
    kills: int = 0

    def start(self) -> None:
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                self.command, env=dict(self.environment), stdout=log, stderr=log, start_new_session=True
            )

    @property
    def dead(self) -> bool:
        return self.process is not None and self.process.poll() is not None

    def signal(self, number: signal.Signals) -> None:
        """It and all its processes, as systemd ends them."""
        assert self.process is not None
        try:
            os.killpg(self.process.pid, number)
        except ProcessLookupError:
            return

    def kill(self) -> None:
        self.kills += 1
        self.signal(signal.SIGKILL)

    def said(self) -> str:
        return self.log.read_text(encoding="utf-8", errors="replace")


@dataclass
class Supervisor:
    """`Restart=always`."""

    services: list[Service] = field(default_factory=list)
    _ending: threading.Event = field(default_factory=threading.Event)
    _thread: threading.Thread | None = None

    def add(self, service: Service) -> Service:
        service.start()
        self.services.append(service)
        return service

    def look_after(self) -> None:
        self._thread = threading.Thread(target=self._restart_the_dead, daemon=True)
        self._thread.start()

    def _restart_the_dead(self) -> None:
        while not self._ending.wait(0.05):
            for service in self.services:
                if service.dead:
                    self._ending.wait(RESTART_SECONDS)
                    service.signal(signal.SIGKILL)  # what its main process left behind
                    service.start()

    def wait_until_all_answer(self, seconds: float = 40) -> None:
        for service in self.services:
            wait_for(service.answers, f"{service.name}: {service.said()[-2000:]}", seconds)

    def end(self) -> None:
        self._ending.set()
        if self._thread:
            self._thread.join(10)
        for service in reversed(self.services):
            service.signal(signal.SIGTERM)
        for service in self.services:
            assert service.process is not None
            try:
                service.process.wait(15)
            except subprocess.TimeoutExpired:
                service.signal(signal.SIGKILL)
                service.process.wait(15)
            service.signal(signal.SIGKILL)


def wait_for(condition: Callable[[], object], words: str, seconds: float = 40) -> None:
    give_up = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < give_up, f"It did not happen in time. {words}"
        time.sleep(0.05)
