"""Kinds of field of what is handed over: what each accepts, which code refuses the rest, its schema."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

from pydantic import GetCoreSchemaHandler, GetJsonSchemaHandler
from pydantic_core import CoreSchema, PydanticCustomError, core_schema

from webapp.domain.intake.intake_refusals import shown

# Control characters, line separators, overrides of the writing direction, and what XML can't hold.
UNPRINTABLE = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\u202d\u202e\ud800-\udfff\ufffe\uffff]")
_INVISIBLE = re.compile(
    "[\\s\u00ad\u061c\u115f\u1160\u200b-\u200f\u202a-\u202e\u2060-\u2064\u2066-\u2069\u3164\ufeff]*"
)


@dataclass(frozen=True)
class Check:
    """A field's rule for Pydantic: the function that reads it, and what the published schema says of it."""

    read: Callable[[Any], Any]
    schema: dict[str, Any]

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.no_info_plain_validator_function(self.read)

    def __get_pydantic_json_schema__(self, core: CoreSchema, handler: GetJsonSchemaHandler) -> dict[str, Any]:
        return dict(self.schema)


def refusing(code: str, message: str) -> PydanticCustomError:
    """Pydantic adds which field it was; the message itself may hold braces."""
    return PydanticCustomError(code, "{message}", {"message": message})


def is_blank(value: object) -> bool:
    return value is None or (isinstance(value, str) and _INVISIBLE.fullmatch(value) is not None)


def refuse_blank(value: object, message: str = "there must be a value, not null or blanks") -> None:
    if is_blank(value):
        raise refusing("missing_value", message)


def read_text(value: object, limit: int) -> str:
    refuse_blank(value)
    if not isinstance(value, str):
        raise refusing("missing_value", "the value must be text in quotation marks")
    text = value.strip()
    if len(text) > limit:
        raise refusing("value_too_long", f"{len(text)} characters, at most {limit} are allowed")
    if UNPRINTABLE.search(text):
        raise refusing("invalid_encoding", "there is a line break or another character that can’t be printed")
    return text


def text(limit: int) -> Check:
    return Check(partial(read_text, limit=limit), {"type": "string", "minLength": 1, "maxLength": limit})


def optional_text(limit: int) -> Check:
    def read(value: object) -> str | None:
        return None if is_blank(value) else read_text(value, limit)

    return Check(read, {"type": ["string", "null"], "maxLength": limit})


def choice(*choices: str, code: str) -> Check:
    def read(value: object) -> str:
        refuse_blank(value)
        if not isinstance(value, str) or value not in choices:
            raise refusing(code, f"use {', '.join(choices[:-1])} or {choices[-1]}, not {shown(value)}")
        return value

    return Check(read, {"type": "string", "enum": list(choices)})


def optional(check: Check) -> Check:
    return Check(
        lambda value: None if value is None else check.read(value),
        {"anyOf": [check.schema, {"type": "null"}]},
    )


def word(pattern: str, *, code: str, unknown: str) -> Check:
    """A word that is looked up later; here it is only made sure that it can be one."""

    def read(value: object) -> str:
        refuse_blank(value)
        if not isinstance(value, str) or not re.fullmatch(pattern, value):
            raise refusing(code, f"{unknown} {shown(value)}")
        return value

    return Check(read, {"type": "string", "pattern": f"^{pattern}$"})


SITE = word("[a-z]{2}", code="unknown_site", unknown="there is no site")
CURRENCY = word("[A-Z]{3}", code="unknown_currency", unknown="no currency is called")
