"""Pages that begin at a key, not at an offset: of subscriptions, of users, of members.

A cursor is the edge of the page one came from: the key that the list is sorted by, and the row's number.
"""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Callable
from typing import Any

PAGE_SIZE = 25
_LONGEST = 1600  # keys of a hundred letters, each of up to four bytes, twice over
_LARGEST = 2**62

Key = str | int


def write_cursor(key: Key, row_id: int) -> str:
    edge = json.dumps([key, row_id], separators=(",", ":"), ensure_ascii=False)
    return base64.urlsafe_b64encode(edge.encode()).decode().rstrip("=")


def read_cursor(text: str, kind: type[Key] = str) -> tuple[Key, int] | None:
    """None for a cursor that isn't one of ours: the list starts at its beginning."""
    if not text or len(text) > _LONGEST:
        return None
    try:
        key, last_id = json.loads(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)))
        str(key).encode()  # half a character, which no database takes, fails here
    except (ValueError, TypeError, binascii.Error, UnicodeDecodeError):
        return None
    fits = type(key) is kind and type(last_id) is int and abs(last_id) < _LARGEST
    if not fits or (kind is int and abs(key) >= _LARGEST) or "\0" in str(key):
        return None
    return key, last_id


def cut(
    found: list[Any], *, begun: bool, backwards: bool, key: Callable[[Any], Key]
) -> tuple[list[Any], str, str]:
    """The page's rows in their order, and the cursors of the next and the previous one.

    `found`: up to one row more than a page has; `begun`: read from a cursor on, `backwards` before it.
    """
    more = len(found) > PAGE_SIZE
    found = found[:PAGE_SIZE]
    if backwards:
        found.reverse()
    has_next, has_previous = (True, more) if backwards else (more, begun)
    return (
        found,
        write_cursor(key(found[-1]), found[-1].id) if has_next and found else "",
        write_cursor(key(found[0]), found[0].id) if has_previous and found else "",
    )
