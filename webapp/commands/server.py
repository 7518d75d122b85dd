"""How the production server is started: see docs/decisions/001-server.md."""

from __future__ import annotations

import sys
from pathlib import Path

THREADS = 4
# A password hash takes 19 MiB for a moment. From this size on (bytes) memory goes back to the system at once;
# without it each thread keeps what its last hash took.
ENVIRONMENT = {"MALLOC_MMAP_THRESHOLD_": str(4 * 1024 * 1024)}
_LOG = Path(__file__).with_name("granian-log.json")  # its own few lines as JSON too, on stderr


def command(
    port: int,
    *,
    app: str = "webapp.wsgi:app",
    threads: int = THREADS,
    log: str = "warning",
    host: str = "127.0.0.1",
    processes: int = 1,
    lasting: bool = False,
) -> list[str]:
    return [
        *(sys.executable, "-m", "granian", "--interface", "wsgi", "--host", host, "--port", str(port)),
        *("--workers", str(processes), "--blocking-threads", str(threads), "--log-level", log),
        *(("--respawn-failed-workers", "--log-config", str(_LOG)) if lasting else ()),
        app,
    ]
