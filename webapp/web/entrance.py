"""What every request passes first: where it came from, what it is called, and health. And last: its line in
the log, and its count."""

from __future__ import annotations

import logging
import time
from collections.abc import Iterable
from typing import Any

from flask import Flask
from werkzeug.wrappers import Response

from webapp import logs
from webapp.assembly import Portal
from webapp.web import metrics
from webapp.web.health import PATHS, Health
from webapp.web.proxies import believe, request_id
from webapp.web.site import WsgiApp

_ONLY_HTTPS = (
    "This portal answers over https only.\n"
    "If you run it: PORTAL_PROXIES must name the proxy, and the proxy must send X-Forwarded-Proto.\n"
)

log = logging.getLogger(__name__)


class Entrance:
    def __init__(self, app: WsgiApp, portal: Portal, flask: Flask) -> None:
        self.app, self.flask = app, flask
        self.sites, self.domain = portal.sites, portal.settings.domain
        self.proxies, self.https = portal.settings.proxies, portal.settings.production
        self.health = Health(portal)

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        began = time.perf_counter()
        believe(environ, self.proxies)
        name = request_id(environ)
        path = environ.get("PATH_INFO", "")
        if path in PATHS:
            method, query = environ.get("REQUEST_METHOD", ""), environ.get("QUERY_STRING", "")
            return self.health.answer(path, method, query)(environ, start_response)
        site = self.sites.site_for_host(environ.get("HTTP_HOST", ""), self.domain)
        code = site.code if site else None
        answered = [""]

        def start(status: str, headers: list[tuple[str, str]], *more: Any) -> Any:
            answered[0] = status[:3]
            return start_response(status, [*headers, ("X-Request-Id", name)], *more)

        with logs.about(request=name, **({"site": code} if code else {})):
            body = self._answer(environ, start)
            metrics.answered(environ, status=answered[0] or "500", site=code, began=began, log=log)
            return body

    def _answer(self, environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        if self.https and environ.get("wsgi.url_scheme") != "https":
            return Response(_ONLY_HTTPS, 400)(environ, start_response)
        try:
            return self.app(environ, start_response)
        except Exception:
            if self.flask.testing:
                raise
            log.exception("no page could be made of it")
            return Response("Something went wrong. Please try again.\n", 500)(environ, start_response)


def wrap(app: Flask, portal: Portal) -> None:
    """Last in `create_app`: the outermost layer."""
    app.before_request_funcs.setdefault(None, []).insert(0, metrics.note_route)
    app.wsgi_app = Entrance(app.wsgi_app, portal, app)  # type: ignore[method-assign]
