"""`/healthz` and `/readyz`, at any host: for who watches the processes, not for customers.

`/healthz` says that this process answers, and asks nobody. `/readyz` asks every database. One country whose
database is away does not take the others from the load balancer: it is 503 only where no site can be
served; `/readyz?site=fr` asks about one.
"""

from __future__ import annotations

import json
import threading
import time
from urllib.parse import parse_qs

from werkzeug.wrappers import Response

from webapp.assembly import Portal
from webapp.data.probe import Probed
from webapp.readiness import SHARED, in_words, probe_all

PATHS = ("/healthz", "/readyz")
_KEPT_SECONDS = 5.0  # however often it is asked, databases are looked at no oftener


class Health:
    def __init__(self, portal: Portal) -> None:
        self._portal = portal
        self._lock = threading.Lock()
        self._found: dict[str, Probed] = {}
        self._looked_at = 0.0

    def answer(self, path: str, method: str, query: str) -> Response:
        if method not in ("GET", "HEAD"):
            return Response("", 405, {"Allow": "GET, HEAD"})
        if path == "/healthz":
            return _told({"alive": True}, 200)
        return self._ready(parse_qs(query).get("site", [""])[0])

    def _ready(self, code: str) -> Response:
        found = self._look()
        if code:
            one = found.get(code)
            return _told({code: _in_words(one)}, 200 if one and one.ready else 503 if one else 404)
        some = any(one.ready for name, one in found.items() if name != SHARED)
        everything = all(one.ready for one in found.values())
        ready = "all" if everything else "some" if some else "none"
        not_ready = {name: _in_words(one) for name, one in found.items() if not one.ready}
        return _told({"ready": ready, "not_ready": not_ready}, 200 if some else 503)

    def _look(self) -> dict[str, Probed]:
        with self._lock:
            if not self._found or time.monotonic() - self._looked_at > _KEPT_SECONDS:
                self._found = probe_all(self._portal)
                self._looked_at = time.monotonic()
            return self._found


def _in_words(found: Probed | None) -> str:
    """Not the database's own words: who asks here is not signed in."""
    if found is None:
        return "no such site"
    if found.silent:
        return "its database does not answer"
    return f"its database {in_words(found.waiting)}" if found.waiting else "ready"


def _told(facts: dict[str, object], status: int) -> Response:
    body = json.dumps(facts) + "\n"
    return Response(body, status, {"Cache-Control": "no-store"}, mimetype="application/json")
