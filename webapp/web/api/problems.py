"""What went wrong, for programs: `application/problem+json` (RFC 9457) with a code that stays."""

from __future__ import annotations

import json
import logging
import math
from http import HTTPStatus
from typing import Any

from flask import Response
from werkzeug.exceptions import HTTPException, MethodNotAllowed

from webapp.data.database import STORAGE_FAILURES
from webapp.domain.intake.intake_refusals import IntakeRefused
from webapp.domain.limits import TooOften
from webapp.domain.orders.order_corrections import OrderNoLongerPending, OrderUnknown
from webapp.domain.refusals import NotThere, Refusal
from webapp.domain.shop.idempotency import KeyReused
from webapp.domain.shop.shop_view import CursorInvalid
from webapp.i18n import current_speech
from webapp.web.api.titles import title_of

log = logging.getLogger(__name__)

MEDIA_TYPE = "application/problem+json"
RETRY_SECONDS = 5
# By what happened; those of documents and parameters are in their own lists.
CODES = {
    "not_found": "there is no such thing at this site",
    "unauthorized": "no API key, or one that is not valid here",
    "insufficient_scope": "the key may not do this",
    "method_not_allowed": "see the header Allow",
    "order_no_longer_pending": "only a pending order can be corrected or withdrawn",
    "payload_too_large": "more bytes than are read at once",
    "unsupported_media_type": "the body must be what the operation asks for, in UTF-8 and not compressed",
    "invalid_idempotency_key": "1 to 255 printable characters of ASCII",
    "idempotency_key_reused": "the Idempotency-Key came before with another request",
    "too_many_requests": "wait as long as Retry-After says",
    "unavailable": "nothing was changed; ask again after Retry-After",
    "bad_request": "the request could not be read",
    "refused": "a rule of the portal said no",
    "internal_error": "our fault; nothing was changed",
}
_BY_STATUS = {
    404: "not_found",
    405: "method_not_allowed",
    413: "payload_too_large",
    415: "unsupported_media_type",
}


class Problem(Exception):
    """An answer of its own kind; `headers` go with it."""

    def __init__(
        self, status: int, code: str, detail: str, *, field: str | None = None, **headers: str
    ) -> None:
        self.status, self.code, self.detail, self.field = status, code, detail, field
        self.headers = {name.replace("_", "-"): value for name, value in headers.items()}
        super().__init__(detail)

    def as_dict(self) -> dict[str, Any]:
        told: dict[str, Any] = {
            "type": f"urn:problem-type:subscription-portal:{self.code}",
            "title": title_of(self.code, HTTPStatus(self.status).phrase),
            "status": self.status,
            "detail": self.detail,
            "code": self.code,
        }
        return told if self.field is None else {**told, "field": self.field}

    def as_response(self) -> Response:
        body = json.dumps(self.as_dict(), ensure_ascii=False)
        spoken = {"Content-Language": current_speech().language_tag, "Vary": "Accept-Language"}
        return Response(body, self.status, {**spoken, **self.headers}, content_type=MEDIA_TYPE)


def answer_to(problem: Exception) -> Response:
    return problem_of(problem).as_response()


def problem_of(problem: Exception) -> Problem:
    match problem:
        case Problem():
            return problem
        case Refusal():
            return _of_refusal(problem)
        case HTTPException():
            return _of_http(problem)
        case _ if isinstance(problem, STORAGE_FAILURES):
            log.error("database not available: %s", problem)
            detail = "the database does not answer; nothing was changed"
            return Problem(503, "unavailable", detail, Retry_After=str(RETRY_SECONDS))
    return Problem(500, "internal_error", "something went wrong; nothing was changed")


def _of_refusal(refusal: Refusal) -> Problem:
    match refusal:
        case IntakeRefused():
            status = 409 if refusal.code.endswith("_conflict") else 422
            return Problem(status, refusal.code, refusal.message, field=refusal.field)
        case NotThere() | OrderUnknown():
            return Problem(404, "not_found", str(refusal) or "there is no such thing at this site")
        case OrderNoLongerPending():
            return Problem(409, "order_no_longer_pending", str(refusal))
        case KeyReused():
            return Problem(422, "idempotency_key_reused", str(refusal))
        case CursorInvalid():
            return Problem(422, "invalid_cursor", str(refusal), field="after")
        case TooOften():
            seconds = max(1, math.ceil(refusal.retry_after.total_seconds()))
            return Problem(429, "too_many_requests", str(refusal), Retry_After=str(seconds))
    return Problem(409, "refused", str(refusal))


def _of_http(problem: HTTPException) -> Problem:
    status = problem.code or 500
    if status >= 500:
        return Problem(500, "internal_error", "something went wrong; nothing was changed")
    code = _BY_STATUS.get(status, "bad_request")
    found = Problem(status, code, CODES[code])
    if isinstance(problem, MethodNotAllowed) and problem.valid_methods:
        found.headers["Allow"] = ", ".join(sorted(problem.valid_methods))
    return found
