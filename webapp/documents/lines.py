"""One line of text as it will be drawn: runs in visual order, each of one face, shaped where needed."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import lru_cache
from itertools import groupby
from typing import Any, NamedTuple
from unicodedata import category

from webapp.documents.fonts import UNKNOWN, Face, face_for, latin, plain
from webapp.documents.levels import first_strong_is_rtl, levels


class Glyph(NamedTuple):
    """In thousandths of the size, as HarfBuzz placed it."""

    code: int
    width: float
    advance: float
    x_offset: float
    y_offset: float


class Cluster(NamedTuple):
    """Glyphs that show some characters together, such as a letter and its dots."""

    text: str
    glyphs: tuple[Glyph, ...]


class Run(NamedTuple):
    face: Face
    width: float  # at size 1000
    text: str  # drawn as it is where there are no clusters
    clusters: tuple[Cluster, ...] = ()  # from left to right


class Line(NamedTuple):
    runs: tuple[Run, ...]
    width: float  # at size 1000
    # What is read where it differs from what is drawn, character by character; else empty.
    spoken: str = ""


_SPACES = dict.fromkeys((*range(0x09, 0x0E), *range(0x1C, 0x20), 0x85, 0x2028, 0x2029), " ")
_JOINERS = "\u200c\u200d"


def line(text: str, weight: str, *, rtl: bool | None = None, default_rtl: bool = False) -> Line:
    """Base direction `rtl`, or the one the text gives itself."""
    simple = plain(weight).fullmatch(text) is not None
    if simple and not (default_rtl if rtl is None else rtl):
        return _straight(text, weight)
    base = first_strong_is_rtl(text, default_rtl) if rtl is None else rtl
    if simple and (not base or _keeps_its_order(text)):
        return _straight(text, weight)
    return _complex(text, weight, base)


def _keeps_its_order(text: str) -> bool:
    """In a line that starts at the right too."""
    return not text or (text[0].isalpha() and text[-1].isalnum()) or text.isdecimal()


def _straight(text: str, weight: str) -> Line:
    face = latin(weight)
    width = face.measure(text)
    return Line((Run(face, width, text),), width)


@lru_cache(maxsize=4096)
def _complex(text: str, weight: str, rtl: bool) -> Line:
    readable = text.translate(_SPACES).encode("utf-16", "replace").decode("utf-16")
    runs = tuple(
        _shape(face, part, level) for face, level, part in _in_visual_order(_split(readable, weight, rtl))
    )
    drawn = "".join(run.text for run in runs if not run.clusters)
    spoken = "" if drawn == readable else readable
    return Line(runs, sum(run.width for run in runs), spoken)


def _is_invisible(character: str) -> bool:
    return category(character) in ("Cf", "Cc") and character not in _JOINERS


def _split(text: str, weight: str, rtl: bool) -> list[tuple[Face, int, str]]:
    """Runs of one face and one level, in the order they are read."""
    parts: list[tuple[Face, int, list[str]]] = []
    face: Face | None = None
    for character, level in zip(text, levels(text, rtl), strict=True):
        if _is_invisible(character):
            continue
        face, shown = _choose(character, weight, face)
        if parts and parts[-1][0] is face and parts[-1][1] == level:
            parts[-1][2].append(shown)
        else:
            parts.append((face, level, [shown]))
    return [(face, level, "".join(shown)) for face, level, shown in parts]


def _choose(character: str, weight: str, previous: Face | None) -> tuple[Face, str]:
    """Spaces, signs and marks stay with the letters before them, where that face has them."""
    if previous is not None and not character.isalnum() and previous.has(character):
        return previous, character
    face = face_for(character, weight)
    if face is not None:
        return face, character
    unseen = character in _JOINERS or _is_mark(character)
    return (previous or latin(weight), "") if unseen else (_with_unknown(weight), UNKNOWN)


def _with_unknown(weight: str) -> Face:
    found = face_for(UNKNOWN, weight)
    assert found is not None
    return found


def _is_mark(character: str) -> bool:
    return category(character)[0] == "M"


def _in_visual_order(runs: list[tuple[Face, int, str]]) -> list[tuple[Face, int, str]]:
    """From the highest level down, every stretch of that level or above is turned round."""
    runs = list(runs)
    for level in range(max((run[1] for run in runs), default=0), 0, -1):
        start = 0
        while start < len(runs):
            end = start
            while end < len(runs) and runs[end][1] >= level:
                end += 1
            runs[start:end] = runs[start:end][::-1]
            start = max(end, start + 1)
    return runs


def _needs_shaping(face: Face, text: str, level: int) -> bool:
    return face.joins or level % 2 == 1 or any(_is_mark(c) or c in _JOINERS for c in text)


def _shape(face: Face, text: str, level: int) -> Run:
    if not _needs_shaping(face, text, level):
        return Run(face, face.measure(text), text)
    clusters = tuple(_clusters(face, text, rtl=level % 2 == 1))
    return Run(face, sum(glyph.advance for one in clusters for glyph in one.glyphs), text, clusters)


def _clusters(face: Face, text: str, *, rtl: bool) -> Iterator[Cluster]:
    import uharfbuzz

    buffer = uharfbuzz.Buffer()
    buffer.add_str(text)
    buffer.guess_segment_properties()
    buffer.direction = "rtl" if rtl else "ltr"
    buffer.language = "und"  # never that of the machine
    uharfbuzz.shape(face.shaper, buffer, {"kern": True, "liga": True})
    placed = list(zip(buffer.glyph_infos or (), buffer.glyph_positions or (), strict=True))
    starts = sorted({info.cluster for info, _place in placed})
    ends = dict(zip(starts, [*starts[1:], len(text)], strict=True))
    for start, glyphs in groupby(placed, key=lambda one: one[0].cluster):
        meaning = text[start : ends[start]]
        yield Cluster(meaning, tuple(_glyphs(face, meaning, glyphs)))


def _glyphs(face: Face, meaning: str, placed: Iterable[tuple[Any, Any]]) -> Iterator[Glyph]:
    """The first of them means the whole, the others nothing."""
    scale = face.font.pdfScale
    for info, place in placed:
        code = face.code_of(info.codepoint, meaning) if info.codepoint else ord(" ")
        width = face.widths.get(code, place.x_advance)
        yield Glyph(code, width, scale(place.x_advance), scale(place.x_offset), scale(place.y_offset))
        meaning = ""
