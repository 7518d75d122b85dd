"""What went wrong, in the visitor's language, with a way on. Refusals of the rules become answers here."""

from __future__ import annotations

import logging
import math
from typing import Any

import peewee as pw
from flask import Flask, Response
from playhouse.pool import MaxConnectionsExceeded
from werkzeug.exceptions import HTTPException

from webapp.domain.limits import TooOften
from webapp.domain.refusals import NotThere, Refusal
from webapp.i18n import _
from webapp.web import language
from webapp.web.htmx import render

log = logging.getLogger(__name__)


def _page(status: int, title: str, text: str) -> Response:
    language.speak()
    return render(
        "errors/page.html", fragment="errors/_note.html", status=status, title=title, text=text, code=status
    )


def not_found(problem: Exception) -> Response:
    language.speak()
    return _page(
        404,
        _("This page is not here"),
        _("It does not exist, or it belongs to another account or another country site."),
    )


def forbidden(problem: Exception) -> Response:
    language.speak()
    return _page(
        403,
        _("That did not come from this page"),
        _("Nothing was changed. Open the page again and repeat it there."),
    )


def too_often(problem: TooOften) -> Response:
    language.speak()
    response = _page(429, _("Please wait a while"), str(problem))
    response.headers["Retry-After"] = str(max(1, math.ceil(problem.retry_after.total_seconds())))
    return response


def refused(problem: Refusal) -> Response:
    """A rule said no where the page offers no place of its own for it."""
    language.speak()
    return _page(409, _("That is not possible"), str(problem))


def unavailable(problem: Exception) -> Response:
    log.error("database not available: %s", problem)
    language.speak()
    response = _page(
        503,
        _("The portal can’t save anything right now"),
        _("Nothing was changed. Please try again in a moment."),
    )
    response.headers["Retry-After"] = "5"
    return response


def broken(problem: Exception) -> Response:
    language.speak()
    return _page(
        500, _("Something went wrong"), _("Nothing was changed. We have been told and look into it.")
    )


def other(problem: HTTPException) -> Response | HTTPException:
    if problem.code is None or problem.code < 400:
        return problem
    language.speak()
    return _page(problem.code, _("That was not understood"), _("Nothing was changed. Go back and try again."))


def init_app(app: Flask) -> None:
    handlers: list[tuple[Any, Any]] = [
        (404, not_found),
        (NotThere, not_found),
        (403, forbidden),
        (TooOften, too_often),
        (Refusal, refused),
        (pw.OperationalError, unavailable),
        (pw.InterfaceError, unavailable),
        (MaxConnectionsExceeded, unavailable),
        (500, broken),
        (HTTPException, other),
    ]
    for problem, handler in handlers:
        app.register_error_handler(problem, handler)
