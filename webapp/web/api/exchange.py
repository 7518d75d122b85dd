"""Reads what an operation was sent, and sends what it answers."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable
from typing import TypeVar

from flask import Response, request
from pydantic import BaseModel
from werkzeug.exceptions import RequestEntityTooLarge

from webapp.domain.intake.intake_document import Part, read_document
from webapp.domain.intake.intake_refusals import IntakeRefused, shown
from webapp.domain.shop import idempotency
from webapp.domain.shop.idempotency import Answer
from webapp.web.api.callers import caller
from webapp.web.api.operations import JSON, Body, parameters_of
from webapp.web.api.problems import CODES, Problem
from webapp.web.site import this_portal

PARAMETER_CODES = (
    *("missing_field", "missing_value", "value_too_long", "invalid_encoding", "invalid_number"),
    *("invalid_date", "date_in_future", "invalid_state", "invalid_cursor", "unknown_parameter"),
)
_KEY = re.compile(r'"([\x21\x23-\x7e ]{1,255})"|([\x21\x23-\x7e]{1,255})')

Query = TypeVar("Query", bound=Part)


def body_of(declared: Body) -> bytes:
    """All of it, if it is of the kind and size that the operation takes."""
    expect(declared)
    body = request.get_data(cache=False)
    if len(body) > declared.most:  # one whose length nobody said is cut off there
        raise RequestEntityTooLarge
    return body


def expect(declared: Body) -> None:
    request.max_content_length = declared.most + 1
    charset = request.mimetype_params.get("charset", "utf-8").lower()
    plain = request.headers.get("Content-Encoding", "identity").lower() == "identity"
    if request.mimetype != declared.media_type or charset not in ("utf-8", "utf8") or not plain:
        detail = f"the body must be {declared.media_type}, in UTF-8 and not compressed"
        raise Problem(415, "unsupported_media_type", detail, Accept=declared.media_type)
    if (request.content_length or 0) > declared.most:
        raise RequestEntityTooLarge


def query_of(model: type[Query]) -> Query:
    """The parameters; one that nobody knows is a slip that would be overlooked."""
    sent = request.args.to_dict()
    for name in sent:
        if name not in parameters_of(model):
            raise IntakeRefused("unknown_parameter", shown(name), f"there is no parameter {shown(name)}")
    return read_document(model, sent, codes=PARAMETER_CODES)


# ---- answers


def read(told: BaseModel) -> Response:
    """To a GET: with a fingerprint, so that nothing is sent again that the caller has."""
    body = told.model_dump_json().encode()
    response = Response(body, content_type=JSON)
    response.set_etag(hashlib.sha256(body).hexdigest()[:32])
    response.headers["Cache-Control"] = "private, no-cache"
    response.vary.add("Authorization")
    response.make_conditional(request)
    return response


def changed(told: BaseModel) -> Response:
    return Response(told.model_dump_json(), content_type=JSON)


def stored(status: int, told: BaseModel, location: str = "") -> Answer:
    return Answer(status, told.model_dump_json(), location)


def carry_out(act: Callable[[], Answer], body: bytes) -> Response:
    """Once, if the caller gave the request a key."""
    key = _idempotency_key()
    answer = act() if key is None else _once(act, key, body)
    response = Response(answer.body, answer.status, content_type=JSON)
    if answer.location:
        response.headers["Location"] = answer.location
    if answer.repeated:
        response.headers["Idempotency-Replayed"] = "true"
    return response


def _once(act: Callable[[], Answer], key: str, body: bytes) -> Answer:
    asked = f"{request.method} {request.path}\n".encode() + body
    return idempotency.once(
        act,
        caller=caller().name,
        key=key,
        fingerprint=hashlib.sha256(asked).hexdigest(),
        now=this_portal().clock(),
    )


def _idempotency_key() -> str | None:
    """A string as RFC 8941 writes it, or without the quotation marks."""
    sent = request.headers.get("Idempotency-Key")
    if sent is None:
        return None
    found = _KEY.fullmatch(sent.strip())
    if found is None:
        raise Problem(400, "invalid_idempotency_key", CODES["invalid_idempotency_key"])
    return found[1] or found[2]
