"""Which way each character of a line runs: the levels of the Unicode bidirectional algorithm."""

from __future__ import annotations

import re
from typing import Any
from unicodedata import bidirectional

from bidi import algorithm

# The library knows no isolates: what is inside is calculated by itself, and is one neutral sign outside.
_ISOLATE = re.compile("[\u2066-\u2068]|\u2069")
_WITHOUT_ISOLATES = dict.fromkeys(range(0x2066, 0x206A), "\u200b")
_NEUTRAL = "\ufffc"
_BRACKETS = dict(zip("([{（［｛〈《「『【〔", ")]}）］｝〉》」』】〕", strict=True))


def first_strong_is_rtl(text: str, default: bool) -> bool:
    """The direction a text gives itself, as `dir="auto"` has it."""
    for character in text:
        direction = bidirectional(character)
        if direction in ("L", "R", "AL"):
            return direction != "L"
    return default


def levels(text: str, rtl: bool) -> list[int]:
    """Even: left to right. Odd: right to left."""
    inner = _isolated(text)
    if not inner:
        return _levels(text, rtl)
    outside, last = [], 0
    for start, end in inner:
        outside.append(text[last:start] + _NEUTRAL)
        last = end
    around = iter(_levels("".join([*outside, text[last:]]), rtl))
    found: list[int] = []
    last = 0
    for start, end in inner:
        found += [next(around) for _index in range(last, start)] + _inside(text[start:end], rtl, next(around))
        last = end
    return [*found, *around]


def _isolated(text: str) -> list[tuple[int, int]]:
    """Where the outermost isolates begin and end; one that a broken line cuts off ends with the line."""
    depth, begun, found = 0, 0, []
    for match in _ISOLATE.finditer(text):
        if match.group() != "\u2069":
            begun = begun if depth else match.start()
            depth += 1
        elif depth == 1:
            found.append((begun, match.end()))
            depth = 0
        else:
            depth = max(depth - 1, 0)
    return [*found, (begun, len(text))] if depth else found


def _inside(text: str, rtl: bool, outer: int) -> list[int]:
    """Of an isolate with its two signs, embedded in a text of direction `rtl`."""
    ends = text.endswith("\u2069")
    inner = text[1:-1] if ends else text[1:]
    inner_rtl = text[0] == "\u2067" or (text[0] == "\u2068" and first_strong_is_rtl(inner, False))
    shift = int(rtl) + 1 + int(inner_rtl == rtl) - int(inner_rtl)
    return [outer, *(level + shift for level in levels(inner, inner_rtl)), *([outer] if ends else [])]


def _levels(text: str, rtl: bool) -> list[int]:
    storage = algorithm.get_empty_storage()
    base = storage["base_level"] = int(rtl)
    storage["base_dir"] = "R" if rtl else "L"
    algorithm.get_embedding_levels(_known(text), storage)
    for index, character in enumerate(storage["chars"]):
        character["index"] = index
    algorithm.explicit_embed_and_overrides(storage)
    algorithm.resolve_weak_types(storage)
    _resolve_brackets(storage)
    algorithm.resolve_neutral_types(storage, False)
    algorithm.resolve_implicit_levels(storage, False)
    found = [base] * len(text)
    for character in storage["chars"]:
        found[character["index"]] = character["level"]
    for index in range(len(text.rstrip()), len(text)):
        found[index] = base
    return found


def _known(text: str) -> str:
    """Characters newer than Python's tables run as letters do."""
    text = text.translate(_WITHOUT_ISOLATES)
    return "".join(character if bidirectional(character) else "A" for character in text)


def _resolve_brackets(storage: dict[str, Any]) -> None:
    """Both brackets of a pair face the same way (rule N0, which the library leaves out)."""
    for run in storage["runs"]:
        chars = storage["chars"][run["start"] : run["start"] + run["length"]]
        for opening, closing in _pairs(chars):
            direction = _direction_of_pair(chars, opening, closing, run["sor"])
            if direction:
                chars[opening]["type"] = chars[closing]["type"] = direction


def _pairs(chars: list[dict[str, Any]]) -> list[tuple[int, int]]:
    waiting: list[tuple[str, int]] = []
    pairs = []
    for index, character in enumerate(chars):
        if character["type"] != "ON":
            continue
        sign = character["ch"]
        if sign in _BRACKETS:
            waiting.append((_BRACKETS[sign], index))
            continue
        for depth in range(len(waiting) - 1, -1, -1):
            if waiting[depth][0] == sign:
                pairs.append((waiting[depth][1], index))
                del waiting[depth:]
                break
    return sorted(pairs)


_STRONG = {"L": "L", "R": "R", "AN": "R", "EN": "R"}


def _direction_of_pair(chars: list[dict[str, Any]], opening: int, closing: int, before: str) -> str | None:
    inside = {_STRONG.get(character["type"]) for character in chars[opening + 1 : closing]} - {None}
    embedding = "R" if chars[opening]["level"] % 2 else "L"
    if not inside:
        return None
    if embedding in inside:
        return embedding
    for character in reversed(chars[:opening]):
        if character["type"] in _STRONG:
            before = _STRONG[character["type"]]
            break
    return before if before != embedding else embedding
