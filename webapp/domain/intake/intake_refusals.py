"""Why what a shop or an ERP hands over is refused: a published code, the field it is about, and words."""

from __future__ import annotations

from typing import Literal

from webapp.domain.refusals import Refusal

# What can be wrong with any document, whatever it is about.
ReadingCode = Literal["invalid_json", "invalid_encoding", "duplicate_key", "value_too_long"]

_SHOWN = 40


class IntakeRefused(Refusal):
    """Nothing of this document was taken. The words are English: shops and operators read them."""

    code: str  # each kind of document publishes its list
    field: str | None
    message: str

    def __init__(self, code: str, field: str | None, message: str) -> None:
        self.code = code
        self.field = field
        self.message = message
        super().__init__(message)


class Unreadable(IntakeRefused):
    """The same document would be refused whatever it is about."""

    def __init__(self, code: ReadingCode, field: str | None, message: str) -> None:
        super().__init__(code, field, message)


def shown(value: object) -> str:
    """What a message may repeat of a value: its beginning, without what moves a cursor or turns a line."""
    text = str(value)
    cut = text[:_SHOWN] + ("…" if len(text) > _SHOWN else "")
    return "".join(letter if letter.isprintable() else "\N{REPLACEMENT CHARACTER}" for letter in cut)
