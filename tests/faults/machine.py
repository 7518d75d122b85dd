"""A portal whose processes are started and killed from outside. The test looks at the same databases."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from webapp.assembly import Portal

CLOCK = "2026-11-22T12:00:00Z"


@dataclass
class Machine:
    portal: Portal
    clock: str = CLOCK

    @property
    def data(self) -> Path:
        return self.portal.settings.data

    def environment(self, **more: str) -> dict[str, str]:
        self.data.mkdir(parents=True, exist_ok=True)
        kept = {name: value for name, value in os.environ.items() if not name.startswith("PORTAL_")}
        urls = {f"PORTAL_DATABASE_{code.upper()}": url for code, url in self.portal.databases.urls.items()}
        shared = {"PORTAL_DATABASE_SUPPORT": self.portal.support.url}
        settings = {"PORTAL_DATA": str(self.data), "PORTAL_CLOCK": self.clock}
        return {**kept, **urls, **shared, **settings, **more}

    def start(self, *module: str, **more: str) -> subprocess.Popen[bytes]:
        """`python -m …` with its output in our hands."""
        with (self.data_folder() / "stderr.log").open("ab") as log:
            return subprocess.Popen(
                [sys.executable, "-u", "-m", *module],
                env=self.environment(**more),
                stdout=subprocess.PIPE,
                stderr=log,
                start_new_session=True,  # so that `running` can end what it started in its turn
            )

    def data_folder(self) -> Path:
        self.data.mkdir(parents=True, exist_ok=True)
        return self.data

    @contextmanager
    def running(self, *module: str, **more: str) -> Iterator[subprocess.Popen[bytes]]:
        process = self.start(*module, **more)
        try:
            yield process
        finally:
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait(20)
            if process.stdout:
                process.stdout.close()

    def said(self) -> str:
        return (self.data_folder() / "stderr.log").read_text(encoding="utf-8", errors="replace")[-4000:]


def wait_for(condition: Callable[[], object], *, seconds: float = 30, machine: Machine | None = None) -> None:
    give_up = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < give_up, machine.said() if machine else "it did not happen in time"
        time.sleep(0.02)
