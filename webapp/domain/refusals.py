"""What the rules refuse. Each refusal says why in words that a person understands, in their language."""

from __future__ import annotations


class Refusal(Exception):
    """A rule said no. Subclasses stand beside their rule; `str()` of one is its message."""


class NotThere(Refusal):
    """Not yours or not there: nobody is told which."""
