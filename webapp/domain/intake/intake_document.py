"""What all documents that are handed over have in common: strict fields, a hash of what is meant, schemas."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from datetime import date, datetime
from decimal import Decimal
from typing import Any, TypeVar

from pydantic import BaseModel, ConfigDict, ValidationError

from webapp.data.database import to_micros
from webapp.domain.intake.intake_reading import Spelled, field_name
from webapp.domain.intake.intake_refusals import IntakeRefused


class Part(BaseModel):
    """Fields that we don't know are kept with the document and reported as a warning."""

    model_config = ConfigDict(extra="allow", frozen=True)


Document = TypeVar("Document", bound=Part)


def read_document(
    model: type[Document],
    content: dict[str, Any],
    *,
    codes: tuple[str, ...],
    refused: type[IntakeRefused] = IntakeRefused,
) -> Document:
    """`codes`: the published ones, with which a field may be refused."""
    try:
        return model.model_validate(content)
    except ValidationError as error:
        raise refused(*_problem(error, codes)) from None


def _problem(error: ValidationError, codes: tuple[str, ...]) -> tuple[str, str, str]:
    """A missing field before all else; then the first wrong one in the order of the model."""
    problems = error.errors(include_url=False, include_input=False)
    problem = next((found for found in problems if found["type"] == "missing"), problems[0])
    field = field_name(problem["loc"])
    if problem["type"] == "missing":
        return "missing_field", field, f"the record has no {field} field"
    if problem["type"] in codes:
        return problem["type"], field, problem["msg"]
    return "missing_value", field, "there must be an object: {…}"


def hash_of(content: dict[str, Any]) -> str:
    """Equal for equal content: the order of keys and escapes do not matter."""
    canonical = json.dumps(content, sort_keys=True, default=_canonical)
    return hashlib.sha256(canonical.encode("ascii")).hexdigest()


def _canonical(value: object) -> Any:
    match value:
        case datetime():
            return to_micros(value)
        case date():
            return value.isoformat()
        case Decimal():
            return str(value.normalize())
        case Spelled():
            return [value.text]
    raise TypeError(f"{type(value).__name__} has no canonical form")


def unknown_fields(part: Part, path: tuple[str, ...] = ()) -> Iterator[str]:
    for name in part.model_extra or {}:
        yield field_name((*path, name))
    for name in type(part).model_fields:
        inside = getattr(part, name)
        if isinstance(inside, Part):
            yield from unknown_fields(inside, (*path, name))


def published_schema(model: type[Part]) -> str:
    """As the file in `docs/` has it."""
    schema = {"$schema": "https://json-schema.org/draft/2020-12/schema", **model.model_json_schema()}
    return json.dumps(schema, ensure_ascii=False, indent=2) + "\n"
