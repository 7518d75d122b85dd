"""What is counted and logged of each answered request: its route, never its address: it may hold a secret."""

from __future__ import annotations

import logging
import time
from typing import Any

from flask import request

from webapp import logs, metrics

ROUTE_KEY = "portal.route"
_METHODS = {"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"}
_WITHOUT_SITE = "-"


def note_route() -> None:
    """A hook before each view."""
    request.environ[ROUTE_KEY] = request.url_rule.rule if request.url_rule else "-"


def answered(
    environ: dict[str, Any], *, status: str, site: str | None, began: float, log: logging.Logger
) -> None:
    """Whatever a stranger may choose freely is no label: the number of series stays small."""
    route = str(environ.get(ROUTE_KEY, "-"))
    method = environ.get("REQUEST_METHOD", "")
    method = method if method in _METHODS else "other"
    seconds = time.perf_counter() - began
    metrics.request_answered(
        route=route, method=method, status=status, site=site or _WITHOUT_SITE, seconds=seconds
    )
    if log.isEnabledFor(logging.INFO):
        told = logs.facts(method=method, route=route, status=int(status), ms=round(seconds * 1000, 1))
        log.info("answered", extra=told)
