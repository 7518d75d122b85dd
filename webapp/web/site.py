"""Host → country site, before anything else: the site's database is bound until the last byte was sent."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager, ExitStack
from contextvars import copy_context
from typing import Any

from flask import Flask, current_app, request
from werkzeug.wrappers import Response

from webapp.assembly import Portal
from webapp.data.database import STORAGE_FAILURES
from webapp.data.roles import Mode
from webapp.data.schema import OldSchema
from webapp.sites import SUPPORT, Site
from webapp.web.policy import Place

SITE_KEY = "portal.site"
PLACE_KEY = "portal.place"
FAILURE_KEY = "portal.failure"
BINDING_KEY = "portal.binding"
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


def place() -> Place:
    """Where this request is: at a site, at the bare domain, in the support console or on a visit."""
    found: Place = request.environ.get(PLACE_KEY, "front")
    return found


class Binding:
    """On a visit nothing of the site is bound at first; then it is `act` for a moment, and `look`."""

    def __init__(self, portal: Portal, site: Site) -> None:
        self._portal, self._site, self._stack = portal, site, ExitStack()

    def to(self, mode: Mode) -> None:
        self.off()
        self._stack.enter_context(self._portal.at(self._site, mode))

    def off(self) -> None:
        self._stack.close()

    def __enter__(self) -> Binding:
        return self

    def __exit__(self, *failure: object) -> None:
        self.off()


def binding() -> Binding:
    """Of a visit."""
    found: Binding = request.environ[BINDING_KEY]
    return found


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
        where, site = self._whereabouts(environ.get("HTTP_HOST", ""))
        environ.pop(SITE_KEY, None)
        if where is None:
            return Response("There is no such site.\n", 404)(environ, start_response)
        if environ.get("PATH_INFO", "").startswith("/static/"):
            where = "front"  # wherever they are asked for: nobody is known who asks
        environ[PLACE_KEY] = where
        if where == "front":
            return self.app(environ, start_response)
        if where == "support":
            return self._inside(self.portal.support.bound(), environ, start_response)
        assert site
        environ[SITE_KEY] = site
        if where == "visit":
            environ[BINDING_KEY] = Binding(self.portal, site)
            return self._inside(environ[BINDING_KEY], environ, start_response)
        return self._inside(self.portal.at(site), environ, start_response)

    def _whereabouts(self, host: str) -> tuple[Place | None, Site | None]:
        domain, sites = self.portal.settings.domain, self.portal.sites
        if site := sites.site_for_host(host, domain):
            return "site", site
        if site := sites.visited_site_for_host(host, domain):
            return "visit", site
        name = host.partition(":")[0].lower()
        own: dict[str, Place] = {domain: "front", f"{SUPPORT}.{domain}": "support"}
        return own.get(name), None

    def _inside(
        self, binding: AbstractContextManager[Any], environ: dict[str, Any], start_response: Any
    ) -> Iterable[bytes]:
        context = copy_context()
        stack = ExitStack()
        try:
            try:
                context.run(stack.enter_context, binding)
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
