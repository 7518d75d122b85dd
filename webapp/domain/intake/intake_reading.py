"""A document’s bytes → its JSON object. What two readers could understand differently is refused."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, NoReturn

from pydantic_core import from_json

from webapp.domain.intake.intake_refusals import Unreadable, shown

LONGEST = 256 * 1024  # bytes of one document; ours have less than 2 kB
DEEPEST = 20  # objects and lists within each other

_LONGEST_WHOLE_NUMBER = 18
_SUSPICIOUS_LENGTH = 10_000
_NOT_TEXT = re.compile("[\x00\ud800-\udfff]")


@dataclass(frozen=True, slots=True)
class Spelled:
    """A number that is not whole, or huge: kept as it was written, never rounded."""

    text: str


class _Object(dict[str, Any]):
    """A JSON object that remembers a key that was written twice."""

    __slots__ = ("repeated",)
    repeated: str | None


def _object(pairs: list[tuple[str, Any]]) -> _Object:
    found = _Object(pairs)
    found.repeated = None if len(found) == len(pairs) else _first_repeated(pairs)
    return found


def _first_repeated(pairs: list[tuple[str, Any]]) -> str | None:
    seen: set[str] = set()
    for key, _ in pairs:
        if key in seen:
            return key
        seen.add(key)
    return None


def _whole_number(text: str) -> int | Spelled:
    return int(text) if len(text) <= _LONGEST_WHOLE_NUMBER else Spelled(text)


def _refuse_constant(name: str) -> NoReturn:
    raise Unreadable("invalid_json", None, f"{name} is no value of JSON")


class _KeyTwice(Exception):
    """Somewhere: the slower decoder finds out where."""


def _plain_object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise _KeyTwice
    return found


def _decoder(hook: Callable[[list[tuple[str, Any]]], dict[str, Any]]) -> json.JSONDecoder:
    return json.JSONDecoder(
        object_pairs_hook=hook,
        parse_int=_whole_number,
        parse_float=Spelled,
        parse_constant=_refuse_constant,
    )


_QUICK, _THOROUGH = _decoder(_plain_object), _decoder(_object)


def read_text(line: bytes) -> str:
    """UTF-8 and nothing else; the mark that some programs put before a file is tolerated."""
    try:
        text = line.decode("utf-8-sig").strip(" \t\r\n")
    except UnicodeDecodeError as error:
        raise Unreadable(
            "invalid_encoding", None, f"it is not UTF-8 (byte {error.start + 1} of it)"
        ) from None
    if "\x00" in text:
        raise Unreadable("invalid_encoding", None, "it holds a NUL character")
    return text


def read_object(text: str) -> dict[str, Any]:
    try:
        value = _decode(text)
    except json.JSONDecodeError as error:
        raise Unreadable(
            "invalid_json", None, f"it is not complete JSON: {error.msg}, character {error.pos + 1}"
        ) from None
    except RecursionError:
        raise _too_deep() from None
    if not isinstance(value, dict):
        raise Unreadable("invalid_json", None, "a document is a JSON object: {…}")
    return value


def _decode(text: str) -> Any:
    # Without escapes and with few brackets there is no half of a surrogate pair, and nothing lies too deep.
    if "\\u" not in text and text.count("{") + text.count("[") <= DEEPEST:
        with suppress(_KeyTwice):
            return _QUICK.decode(text)
    value = _THOROUGH.decode(text)
    for inside, path in _everything_in(value):
        _refuse_ambiguous(inside, path)
    return value


def _refuse_ambiguous(value: Any, path: tuple[str, ...]) -> None:
    if isinstance(value, _Object) and value.repeated is not None:
        field = field_name((*path, value.repeated))
        raise Unreadable("duplicate_key", field, f"the key {field} is there twice")
    for text in (value, path[-1] if path else ""):
        if isinstance(text, str) and _NOT_TEXT.search(text):
            raise Unreadable(
                "invalid_encoding", field_name(path), "there is a NUL or half a surrogate pair in the text"
            )


def _everything_in(value: Any) -> Iterator[tuple[Any, tuple[str, ...]]]:
    """Each value with its path, in the order of the document."""
    waiting: list[tuple[Any, tuple[str, ...]]] = [(value, ())]
    while waiting:
        current, path = waiting.pop()
        if len(path) > DEEPEST:
            raise _too_deep()
        yield current, path
        children: list[tuple[str, Any]] = []
        if isinstance(current, dict):
            children = list(current.items())
        elif isinstance(current, list):
            children = [(str(index), child) for index, child in enumerate(current)]
        waiting.extend((child, (*path, key)) for key, child in reversed(children))


def _too_deep() -> Unreadable:
    return Unreadable(
        "invalid_json", None, f"objects and lists lie more than {DEEPEST} deep within each other"
    )


def field_name(path: tuple[int | str, ...]) -> str:
    return ".".join(shown(part) for part in path)


def refusal_of_long_line(beginning: bytes) -> Unreadable:
    """Names the field to blame if the line's first `LONGEST` bytes show it; the rest is never parsed."""
    limit = f"the line has more than {LONGEST // 1024} KiB"
    try:
        parsed = from_json(beginning.decode("utf-8-sig", "ignore"), allow_partial="trailing-strings")
        texts = [(len(value), path) for value, path in _everything_in(parsed) if isinstance(value, str)]
    except (ValueError, RecursionError, Unreadable):
        texts = []
    length, path = max(texts, default=(0, ()))
    if length < _SUSPICIOUS_LENGTH:
        return Unreadable("value_too_long", None, limit)
    field = field_name(path)
    return Unreadable("value_too_long", field, f"the value is far longer than allowed: {limit}")
