"""Many documents in one request, one a line; each is answered on a line of its own as soon as it is stored.

The request is read whole before the answer begins, since a proxy passes nothing more of it on once it has an
answer (nginx does not). What was answered is not kept, and no line stops the next ones. Only if the portal
itself fails the answer ends early: without its last line, which counts the others.
"""

from __future__ import annotations

import json
import logging
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from tempfile import SpooledTemporaryFile
from typing import IO, Any, Literal

from flask import Response, request
from pydantic import BaseModel, Field
from werkzeug.exceptions import HTTPException

from webapp.data.database import STORAGE_FAILURES
from webapp.domain.intake.intake_lines import Line, lines_of
from webapp.domain.intake.intake_reading import refusal_of_long_line
from webapp.domain.intake.intake_refusals import IntakeRefused
from webapp.web.api.exchange import expect
from webapp.web.api.operations import NDJSON, Body, Shape
from webapp.web.api.problems import problem_of

log = logging.getLogger(__name__)

MOST_BYTES = 32 * 1024 * 1024
MOST_LINES = 20_000
_PIECE = 64 * 1024  # bytes read at once
_IN_MEMORY = 1_000_000  # bytes; what is longer lies in a file meanwhile


class Lines(BaseModel):
    """JSON documents, one a line (NDJSON)."""


BATCH = Body(Lines, NDJSON, MOST_BYTES)


class ProblemLine(Shape):
    type: str
    title: str
    status: int
    detail: str
    code: str
    field: str | None = None


class LineAnswer(Shape):
    """One line of the answer: about a line of the request, or at last how many there were of each kind."""

    line: int | None = Field(default=None, description="Of the request, from 1.")
    status: int | None = Field(default=None, description="As if the line had been sent alone.")
    answer: dict[str, Any] | None = Field(default=None, description="Likewise.")
    problem: ProblemLine | None = None
    done: dict[Literal["accepted", "known", "lapsed", "refused"], int] | None = Field(
        default=None, description="The last line. Without it the answer was cut off: send the batch again."
    )


@dataclass(frozen=True, slots=True)
class Taken:
    """One document: how it is counted, and what is answered."""

    kind: str
    status: int
    told: BaseModel


Take = Callable[[bytes], Taken]


def answer_lines(take: Take, *, kinds: tuple[str, ...]) -> Response:
    expect(BATCH)
    sent = _read_whole(request.stream)
    response = Response(_answers(sent, take, dict.fromkeys((*kinds, "refused"), 0)), content_type=NDJSON)
    response.call_on_close(sent.close)
    response.headers["X-Accel-Buffering"] = "no"  # a proxy passes each line on
    return response


def _read_whole(stream: IO[bytes]) -> IO[bytes]:
    file = SpooledTemporaryFile(_IN_MEMORY)  # noqa: SIM115 - closed with the answer
    try:
        shutil.copyfileobj(stream, file, _PIECE)
    except BaseException:
        file.close()
        raise
    file.seek(0)
    return file


def _answers(stream: IO[bytes], take: Take, counts: dict[str, int]) -> Iterator[bytes]:
    number = 0
    try:
        for line in lines_of(stream):
            number = line.number
            if number > MOST_LINES:
                yield _refused(number, IntakeRefused("batch_too_long", None, f"over {MOST_LINES} lines"), 413)
                return
            if not line.is_blank:
                yield _answer(line, take, counts)
    except (HTTPException, *STORAGE_FAILURES) as failure:
        yield _refused(max(number, 1), failure)
        return
    except Exception as failure:
        log.exception("A batch ended at line %s.", number)
        yield _refused(number, failure)
        return
    yield _line({"done": counts})


def _answer(line: Line, take: Take, counts: dict[str, int]) -> bytes:
    try:
        if line.is_long:
            for _rest in line.rest():
                pass
            raise refusal_of_long_line(line.beginning)
        taken = take(line.beginning)
    except IntakeRefused as refusal:
        counts["refused"] += 1
        return _refused(line.number, refusal)
    counts[taken.kind] += 1
    told = taken.told.model_dump_json().encode()
    return b'{"line":%d,"status":%d,"answer":%b}\n' % (line.number, taken.status, told)


def _refused(number: int, failure: Exception, status: int = 0) -> bytes:
    problem = problem_of(failure).as_dict()
    problem["status"] = status or problem["status"]
    return _line({"line": number, "status": problem["status"], "problem": problem})


def _line(told: dict[str, Any]) -> bytes:
    return json.dumps(told, ensure_ascii=False, separators=(",", ":")).encode() + b"\n"
