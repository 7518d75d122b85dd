"""What the rules refuse. Each refusal says why in words that a person understands, in their language."""

from __future__ import annotations

from collections.abc import Sequence


class Refusal(Exception):
    """A rule said no. Subclasses stand beside their rule; `str()` of one is its message."""


class SeveralRefusals(Refusal):
    """All that is wrong with what was typed, in the order of its fields, to be mended at once."""

    def __init__(self, refusals: Sequence[Refusal]) -> None:
        super().__init__()
        self.refusals = tuple(refusals)

    def __str__(self) -> str:
        return " ".join(str(refusal) for refusal in self.refusals)


class NotThere(Refusal):
    """Not yours or not there: nobody is told which."""
