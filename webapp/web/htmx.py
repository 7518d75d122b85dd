"""All that is known about HX-* headers: one view, a page and a fragment."""

from __future__ import annotations

from typing import Any

from flask import Response, make_response, redirect, render_template
from htmx_flask import request
from werkzeug.urls import iri_to_uri
from werkzeug.wrappers import Response as WerkzeugResponse

VARY = ("HX-Request", "HX-Request-Type")


def wants_fragment() -> bool:
    """An htmx request for a part of the page, neither boosted nor restoring history."""
    partial = request.headers.get("HX-Request-Type") == "partial"
    return (
        bool(request.htmx)
        and partial
        and not request.htmx.boosted
        and not request.htmx.history_restore_request
    )


def render(page: str, /, *, fragment: str | None = None, status: int = 200, **context: Any) -> Response:
    """The page, or the fragment that the page includes, from the same context."""
    in_place = fragment is not None and wants_fragment()
    text = render_template(fragment if in_place else page, in_place=in_place, **context)  # type: ignore[arg-type]
    response = make_response(text, status)
    if fragment:
        response.vary.update(VARY)
    return response


def go(location: str) -> Response | WerkzeugResponse:
    """After a change: 303, so that reloading changes nothing again; htmx is told to load the page."""
    if not request.htmx:
        return redirect(location, 303)
    response = make_response("", 204)
    response.headers["HX-Redirect"] = iri_to_uri(location)
    return response


def sign_in_first(location: str) -> Response | WerkzeugResponse:
    if not request.htmx:
        return redirect(location, 303)
    response = make_response("", 401)
    response.headers["HX-Redirect"] = location
    return response
