"""How the production server is started: see docs/decisions/001-server.md."""

from __future__ import annotations

import sys

THREADS = 4
# A password hash takes 19 MiB for a moment. From this size on (bytes) memory goes back to the system at once;
# without it each thread keeps what its last hash took.
ENVIRONMENT = {"MALLOC_MMAP_THRESHOLD_": str(4 * 1024 * 1024)}


def command(
    port: int, *, app: str = "webapp.wsgi:app", threads: int = THREADS, log: str = "warning"
) -> list[str]:
    return [
        *(sys.executable, "-m", "granian", "--interface", "wsgi", "--host", "127.0.0.1", "--port", str(port)),
        *("--workers", "1", "--blocking-threads", str(threads), "--log-level", log, app),
    ]
