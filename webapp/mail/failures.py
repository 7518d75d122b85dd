"""Why a mail did not go. Each failure carries the server's own words, for operators and support."""

from __future__ import annotations

from webapp.mail.render import one_line

_LONGEST_WORDS = 500


class DeliveryFailure(Exception):
    """Not delivered; one of the two below."""


class TemporaryFailure(DeliveryFailure):
    """Worth another try later."""


class ServerUnavailable(TemporaryFailure):
    """No mail can go now: not this one's fault."""


class PermanentFailure(DeliveryFailure):
    """The server will never take this mail."""


def in_words(problem: Exception) -> str:
    return one_line(f"{type(problem).__name__}: {problem}")[:_LONGEST_WORDS]


def reply_in_words(code: int, words: bytes | str) -> str:
    text = words if isinstance(words, str) else words.decode("utf-8", "replace")
    return one_line(f"{code} {text}")[:_LONGEST_WORDS]
