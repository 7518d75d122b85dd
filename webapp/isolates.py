"""Names, numbers and addresses within a sentence of the other direction: none turns what is around it."""

from __future__ import annotations

import re
from collections.abc import Mapping

ISOLATE, END = (
    "\u2068",
    "\u2069",
)  # first strong isolate: the text inside has the direction of its first letter
_FROM_THE_RIGHT = "\u200f"
_OVERRIDING = "\u202a\u202b\u202c\u202d\u202e\u2066\u2067"
_TURNING = re.compile(f"[\u200e\u200f\u061c{_OVERRIDING}{ISOLATE}{END}]")


def fill_from_the_right(sentence: str, values: Mapping[str, object]) -> str:
    """A sentence that begins with a name is marked: programs look for its direction at its first letter."""
    filled = sentence % {name: _apart(value) for name, value in values.items()}
    return _FROM_THE_RIGHT + filled if filled.startswith(ISOLATE) else filled


def _apart(value: object) -> object:
    return isolated(value) if isinstance(value, str) and not value.isdecimal() else value


def isolated(text: str) -> str:
    inner = text if well_nested(text) else _TURNING.sub("", text)
    return f"{ISOLATE}{inner}{END}"


def well_nested(text: str) -> bool:
    """Nothing in it reaches beyond it: isolates that end, and nothing stronger."""
    depth = 0
    for sign in _TURNING.findall(text):
        depth += {ISOLATE: 1, END: -1}.get(sign, 0)
        if depth < 0 or sign in _OVERRIDING:
            return False
    return depth == 0
