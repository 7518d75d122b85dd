"""What went wrong, in the visitor's language, with a way on. Refusals of the rules become answers here."""

from __future__ import annotations

import logging
import math
from collections.abc import Callable
from functools import wraps
from typing import Any

from flask import Flask, Response, request
from werkzeug.exceptions import HTTPException, MethodNotAllowed

from webapp.data.database import STORAGE_FAILURES
from webapp.data.schema import OldSchema
from webapp.domain.limits import TooOften
from webapp.domain.refusals import NotThere, Refusal
from webapp.i18n import _
from webapp.web import auth, language
from webapp.web.api import problems
from webapp.web.htmx import render
from webapp.web.policy import API

log = logging.getLogger(__name__)

_NOT_NOW = (OldSchema, *STORAGE_FAILURES)


def _page(status: int, title: str, text: str) -> Response:
    return render(
        "errors/page.html", fragment="errors/_note.html", status=status, title=title, text=text, code=status
    )


def not_found(problem: Exception) -> Response:
    return _page(
        404,
        _("This page is not here"),
        _("It does not exist, or it belongs to another account or another country site."),
    )


def forbidden(problem: Exception) -> Response:
    return _page(
        403,
        _("That did not come from this page"),
        _("Nothing was changed. Open the page again and repeat it there."),
    )


def too_often(problem: TooOften) -> Response:
    response = _page(429, _("Please wait a while"), str(problem))
    response.headers["Retry-After"] = str(max(1, math.ceil(problem.retry_after.total_seconds())))
    return response


def refused(problem: Refusal) -> Response:
    """A rule said no where the page offers no place of its own for it."""
    return _page(409, _("That is not possible"), str(problem))


def unavailable(problem: Exception) -> Response:
    log.error("database not available: %s", problem)
    response = _page(
        503,
        _("The portal can’t save anything right now"),
        _("Nothing was changed. Please try again in a moment."),
    )
    response.headers["Retry-After"] = "5"
    return response


def broken(problem: Exception) -> Response:
    return _page(
        500, _("Something went wrong"), _("Nothing was changed. We have been told and look into it.")
    )


def other(problem: HTTPException) -> Response | HTTPException:
    if problem.code is None or problem.code < 400:
        return problem
    response = _page(
        problem.code, _("That was not understood"), _("Nothing was changed. Go back and try again.")
    )
    if isinstance(problem, MethodNotAllowed) and problem.valid_methods:
        response.headers["Allow"] = ", ".join(sorted(problem.valid_methods))
    return response


def _in_their_language(handler: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """What failed may have failed before the language was chosen, or in asking who is there."""

    @wraps(handler)
    def handle(problem: Exception) -> Any:
        if isinstance(problem, _NOT_NOW):
            auth.ask_nobody()
        language.speak()
        if request.path.startswith(API):
            return problems.answer_to(problem)
        return handler(problem)

    return handle


def init_app(app: Flask) -> None:
    handlers: list[tuple[Any, Any]] = [
        (problems.Problem, problems.answer_to),
        (404, not_found),
        (NotThere, not_found),
        (403, forbidden),
        (TooOften, too_often),
        (Refusal, refused),
        *((failure, unavailable) for failure in _NOT_NOW),
        (500, broken),
        (HTTPException, other),
    ]
    for problem, handler in handlers:
        app.register_error_handler(problem, _in_their_language(handler))
