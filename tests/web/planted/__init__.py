"""Defects that would be leaks, each planted into the running code by changing a word of it."""

from __future__ import annotations

from tests.web.planted import entrances, lists, rows, support
from tests.web.planted.leak import Downgraded, Leak

# By the stage of the sweep that must see them.
LEAKS: dict[str, dict[str, Leak | Downgraded]] = {
    **support.LEAKS,
    **rows.LEAKS,
    **lists.LEAKS,
    **entrances.LEAKS,
}
