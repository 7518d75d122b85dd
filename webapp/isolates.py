"""Names, numbers and addresses within a sentence of the other direction: none turns what is around it."""

from __future__ import annotations

import re

ISOLATE, END = (
    "\u2068",
    "\u2069",
)  # first strong isolate: the text inside has the direction of its first letter
_OVERRIDING = "\u202a\u202b\u202c\u202d\u202e\u2066\u2067"
_TURNING = re.compile(f"[\u200e\u200f\u061c{_OVERRIDING}{ISOLATE}{END}]")


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
