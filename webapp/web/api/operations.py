"""What an operation of the API says of itself: its scope, what it takes and answers. See `openapi`."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Any, TypeVar

from flask import Flask
from pydantic import BaseModel, ConfigDict

from webapp.domain.intake.intake_document import Part
from webapp.web.policy import Policy

View = TypeVar("View", bound=Callable[..., object])
JSON, NDJSON = "application/json", "application/x-ndjson"
MOST_DOCUMENT = 256 * 1024  # bytes of a body


class Shape(BaseModel):
    """What is answered."""

    model_config = ConfigDict(frozen=True)


@dataclass(frozen=True, slots=True)
class Body:
    model: type[BaseModel]
    media_type: str = JSON
    most: int = MOST_DOCUMENT


@dataclass(frozen=True, slots=True)
class Told:
    """An answer: why, and what is in it."""

    why: str
    model: type[BaseModel]
    media_type: str = JSON


@dataclass(frozen=True, slots=True)
class Operation:
    summary: str
    scope: str
    answers: Mapping[int, Told]
    body: Body | None = None
    query: type[Part] | None = None
    refuses: Mapping[int, str] = field(default_factory=dict)  # beside what every operation may answer
    codes: tuple[str, ...] = ()  # with which what was sent is refused
    repeatable: bool = False  # takes an Idempotency-Key


class Undocumented(RuntimeError):
    """A route of the API that says nothing of itself: found at start."""


def operation(
    summary: str, *, scope: str, answers: Mapping[int, Told], **more: Any
) -> Callable[[View], View]:
    """Declares who may ask, too."""

    def declare(view: View) -> View:
        view.policy = Policy("key", "site", scope=scope)  # type: ignore[attr-defined]
        view.operation = Operation(summary, scope, answers, **more)  # type: ignore[attr-defined]
        return view

    return declare


def operation_of(app: Flask, endpoint: str) -> Operation | None:
    return getattr(app.view_functions[endpoint], "operation", None)


@cache
def parameters_of(query: type[Part]) -> frozenset[str]:
    return frozenset(query.model_fields)
