"""The faces of the documents: Noto, read once per process and chosen character by character.

ReportLab's fonts are shared by all documents of a process and not safe between threads:
whoever renders holds `RENDER_LOCK` from the first line to the last byte.
"""

from __future__ import annotations

import re
import threading
from functools import cache, lru_cache
from pathlib import Path
from unicodedata import bidirectional, category

from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.ttfonts import TTFont

from webapp.documents import tuning  # before a face is read

RENDER_LOCK = threading.RLock()

REGULAR, SEMIBOLD = "regular", "semibold"
SLIP, SLIP_BOLD = "slip", "slip-bold"  # of Swiss payment slips, in the face that their standard wants
UNKNOWN = "\ufffd"  # what is drawn for a character that no face has

_FOLDER = Path(__file__).parent / "fonts"
_FILES = {REGULAR: "Regular", SEMIBOLD: "SemiBold", SLIP: "Regular", SLIP_BOLD: "Bold"}
_LATIN, _ARABIC, _HEBREW, _JAPANESE = "NotoSans", "NotoSansArabic", "NotoSansHebrew", "NotoSansJP"


class Face:
    """A font file: what it can draw, how wide that is, and HarfBuzz's view of it."""

    def __init__(self, family: str, weight: str) -> None:
        self.name = f"{family}-{_FILES[weight]}"
        self.joins = family in (_ARABIC, _HEBREW)  # its letters are always shaped
        self.font = TTFont(self.name, str(_FOLDER / f"{self.name}.ttf"))
        pdfmetrics.registerFont(self.font)
        self.glyphs: dict[int, int] = self.font.face.charToGlyph
        self.widths: dict[int, float] = self.font.face.charWidths
        self.measure = lru_cache(maxsize=4096)(self._measure)  # labels come again and again
        self._shaper: object = None

    @property
    def shaper(self) -> object:
        if self._shaper is None:
            import uharfbuzz

            self._shaper = uharfbuzz.Font(self.font.hbFace)
        return self._shaper

    def has(self, character: str) -> bool:
        return ord(character) in self.glyphs

    def _measure(self, text: str) -> float:
        """Width at size 1000, every character by its own glyph."""
        return float(self.font.stringWidth(text, 1000))

    def code_of(self, glyph: int, meaning: str) -> int:
        """What stands for a glyph in ReportLab's tables: its character, or else a number beyond Unicode.

        That number is made of the glyph and what it means here, and never of which glyphs earlier documents
        used: else two processes would write different bytes.
        """
        if len(meaning) == 1 and self.glyphs.get(ord(meaning)) == glyph:
            return ord(meaning)
        code = tuning.code_beyond(glyph, meaning)
        if code not in self.glyphs:
            self.glyphs[code] = glyph
            self.widths[code] = self.font.pdfScale(self.font.face.hmetrics[glyph][0])
        return code


@cache
def face(family: str, weight: str) -> Face:
    with RENDER_LOCK:
        return Face(family, weight)


def latin(weight: str) -> Face:
    """Latin, Greek and Cyrillic; the first of every chain."""
    return face("Arimo" if weight in (SLIP, SLIP_BOLD) else _LATIN, weight)


def _family_of(code: int) -> str:
    """Where a character outside Noto Sans may be, without opening the 5 MB of Japanese to see."""
    if 0x590 <= code < 0x600 or 0xFB1D <= code < 0xFB50:
        return _HEBREW
    if 0x600 <= code < 0x8E2 or 0xFB50 <= code < 0xFE00 or 0xFE70 <= code < 0xFEFF:
        return _ARABIC
    return _JAPANESE


# What a slip's face has not, those of the text have.
_OF_THE_TEXT = {SLIP: REGULAR, SLIP_BOLD: SEMIBOLD}


@cache
def face_for(character: str, weight: str) -> Face | None:
    first = latin(weight)
    if first.has(character):
        return first
    if weight in _OF_THE_TEXT:
        return face_for(character, _OF_THE_TEXT[weight])
    other = face(_family_of(ord(character)), weight)
    return other if other.has(character) else None


_PLAIN_CATEGORIES = ("L", "N", "P", "S", "Zs")
_PLAIN_DIRECTIONS = ("L", "EN", "ES", "ET", "CS", "ON", "WS")


def _is_plain(code: int) -> bool:
    character = chr(code)
    alphabet = code < 0x2C80 or 0xA640 <= code < 0xAB70 or 0xFB00 <= code < 0xFB07
    return (
        alphabet
        and category(character).startswith(_PLAIN_CATEGORIES)
        and bidirectional(character) in _PLAIN_DIRECTIONS
    )


@cache
def plain(weight: str) -> re.Pattern[str]:
    """Texts that need no shaping and no reordering in a left-to-right line: most of all."""
    codes = sorted(code for code in latin(weight).glyphs if _is_plain(code))
    return re.compile("[" + "".join(re.escape(chr(code)) for code in codes) + "]*")
