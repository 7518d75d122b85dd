"""Host → country site, before anything else: the site's database is bound until the last byte was sent."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack
from contextvars import copy_context
from typing import Any

from flask import Flask, current_app, request
from werkzeug.wrappers import Response

from webapp.assembly import Portal
from webapp.data.database import STORAGE_FAILURES
from webapp.data.schema import OldSchema
from webapp.sites import Site

SITE_KEY = "portal.site"
FAILURE_KEY = "portal.failure"
WsgiApp = Callable[[dict[str, Any], Any], Iterable[bytes]]


def this_portal() -> Portal:
    portal: Portal = current_app.extensions["portal"]
    return portal


def this_site() -> Site:
    """The site of this request. Only pages of country sites ask."""
    site: Site = request.environ[SITE_KEY]
    return site


def site_or_none() -> Site | None:
    return request.environ.get(SITE_KEY)


class _BoundBody:
    """The answer's body; the site stays bound while it is read, in the context the request ran in.

    A file that is made while it is sent (CSV, ZIP) asks the database after the view has returned.
    """

    def __init__(self, context: Any, body: Iterable[bytes], release: Callable[[], None]) -> None:
        self._context, self._body, self._release = context, body, release
        self._parts: Iterator[bytes] = iter(body)
        self._closed = False

    def __iter__(self) -> _BoundBody:
        return self

    def __next__(self) -> bytes:
        try:
            part: bytes = self._context.run(next, self._parts)
        except StopIteration:
            self.close()  # read to its end: not every server closes what it has read
            raise
        return part

    def close(self) -> None:
        if self._closed:
            return
        self._closed = True
        try:
            if hasattr(self._body, "close"):
                self._context.run(self._body.close)
        finally:
            self._context.run(self._release)


class SiteMiddleware:
    """Unknown hosts end here; static files and the bare domain need no database."""

    def __init__(self, app: WsgiApp, portal: Portal) -> None:
        self.app, self.portal = app, portal

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        host = environ.get("HTTP_HOST", "")
        site = self.portal.sites.site_for_host(host, self.portal.settings.domain)
        environ.pop(SITE_KEY, None)
        if site is None:
            if host.partition(":")[0].lower() != self.portal.settings.domain:
                return Response("There is no such site.\n", 404)(environ, start_response)
            return self.app(environ, start_response)
        if environ.get("PATH_INFO", "").startswith("/static/"):
            return self.app(environ, start_response)
        environ[SITE_KEY] = site
        return self._bound(site, environ, start_response)

    def _bound(self, site: Site, environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        context = copy_context()
        stack = ExitStack()
        try:
            try:
                context.run(stack.enter_context, self.portal.at(site))
            except (OldSchema, *STORAGE_FAILURES) as failure:
                environ[FAILURE_KEY] = failure  # the app says so, on a page
            body = context.run(self.app, environ, start_response)
        except BaseException:
            context.run(stack.close)
            raise
        return _BoundBody(context, body, stack.close)


def refuse_without_database() -> None:
    if failure := request.environ.get(FAILURE_KEY):
        raise failure


def wrap(app: Flask, portal: Portal) -> None:
    """Almost last in `create_app`: only the entrance comes before it."""
    app.wsgi_app = SiteMiddleware(app.wsgi_app, portal)  # type: ignore[method-assign]
