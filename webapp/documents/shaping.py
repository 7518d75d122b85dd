"""How text is set: its style, how wide it is, where its lines break."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from unicodedata import category

from webapp.documents.fonts import REGULAR, SEMIBOLD, latin, plain
from webapp.documents.levels import first_strong_is_rtl
from webapp.documents.lines import line

INK, INK_2, HAIRLINE = "#1a1e21", "#575d62", "#d9d6d0"
CANVAS, WHITE = "#f6f5f2", "#ffffff"

__all__ = ["CANVAS", "HAIRLINE", "INK", "INK_2", "REGULAR", "SEMIBOLD", "WHITE", "Style", "width", "wrap"]


@dataclass(frozen=True, slots=True)
class Style:
    size: float
    face: str = REGULAR
    color: str = INK
    leading: float = 0.0  # from one baseline to the next; 0: as the size wants

    @property
    def line_height(self) -> float:
        return self.leading or self.size * 1.45


def width(text: str, style: Style) -> float:
    """In points."""
    return _width(text, style.face) * style.size / 1000


def _width(text: str, weight: str) -> float:
    if plain(weight).fullmatch(text):
        return latin(weight).measure(text)
    return line(text, weight).width


# Between ideographs and kana a line may end anywhere, but for these (kinsoku).
_IDEOGRAPHS = "\u2e80-\u2fff\u3000-\u9fff\uf900-\ufaff\uff01-\uff60\uffe0-\uffe6\U00020000-\U0003ffff"
_NEVER_FIRST = frozenset(
    "、。，．・：；？！゛゜ヽヾゝゞ々ー’”）〕］｝〉》」』】°′″℃％‰ぁぃぅぇぉっゃゅょゎァィゥェォッャュョヮヵヶ),.:;?!]}»›…‥〜"
)
_NEVER_LAST = frozenset("‘“（〔［｛〈《「『【￥＄£([{«‹")
_ATOMS = re.compile(f"[{_IDEOGRAPHS}]|[^ {_IDEOGRAPHS}]+| +")
# French sets its signs apart; a plain space before them or after an opening one is no place to break.
_HANGS = re.compile("[»›:;!?%€°]|[–—] ?[,;]")
# Within a long word, better after these than anywhere.
_SEAMS = re.compile(r"(?<=[-/@_.·–])(?=\w)|(?<= )")


def _atoms(text: str) -> Iterator[str]:
    """Pieces that stay whole, each with the spaces after it."""
    held = ""
    for match in _ATOMS.finditer(text):
        piece = match.group()
        if held and not piece.isspace() and _may_break(held, piece):
            yield held
            held = piece
        else:
            held += piece
    if held:
        yield held


def _may_break(before: str, after: str) -> bool:
    if before[-1] == " ":
        return not (_HANGS.fullmatch(after) or before.rstrip(" ").endswith(("«", "‹")))
    return before[-1] not in _NEVER_LAST and after[0] not in _NEVER_FIRST


@lru_cache(maxsize=8192)
def _atom_width(atom: str, weight: str) -> tuple[float, float]:
    """Without and with the spaces after it."""
    word = atom.rstrip(" ")
    space = latin(weight).widths[32]
    bare = _width(word, weight)
    return bare, bare + space * (len(atom) - len(word))


def wrap(text: str, style: Style, width: float) -> list[str]:
    """Lines in the order they are read; never none. Words too long for a line are broken."""
    limit = width * 1000 / style.size
    weight = style.face
    if plain(weight).fullmatch(text) and latin(weight).measure(text) <= limit:
        return [text]
    lines, current, used = [], "", 0.0
    for atom in _atoms(" ".join(text.split("\n"))):
        bare, whole = _atom_width(atom, weight)
        if current and used + bare > limit:
            lines.append(current.rstrip(" "))
            current, used = "", 0.0
        if bare > limit:
            *full, atom = _broken(atom, weight, limit)
            lines += [piece.rstrip(" ") for piece in full]
            whole = _atom_width(atom, weight)[1]
        current, used = current + atom, used + whole
    return _all_one_way(text, [*lines, current.rstrip(" ")])


def _all_one_way(text: str, lines: list[str]) -> list[str]:
    """Each line runs as the paragraph does, whichever way the word runs that it happens to begin with."""
    if len(lines) == 1 or text.isascii():
        return lines
    rtl = first_strong_is_rtl(text, False)
    mark = "\u200f" if rtl else "\u200e"
    return [line if first_strong_is_rtl(line, rtl) == rtl else mark + line for line in lines]


def _broken(word: str, weight: str, limit: float) -> list[str]:
    """Pieces that fit, the last with what follows of the line."""
    pieces = []
    while len(word) > 1 and _atom_width(word, weight)[0] > limit:
        end = _fitting(word, weight, limit)
        pieces.append(word[:end])
        word = word[end:]
    return [*pieces, word]


def _fitting(word: str, weight: str, limit: float) -> int:
    """How much of a word fits: up to its last seam, or to the last letter, which keeps its accents."""
    low, high = 1, len(word)
    while low < high:
        middle = (low + high + 1) // 2
        low, high = (middle, high) if _width(word[:middle], weight) <= limit else (low, middle - 1)
    seams = [match.start() for match in _SEAMS.finditer(word) if match.start() <= low]
    if seams:
        return seams[-1]
    end = low
    while end > 1 and category(word[end])[0] == "M":
        end -= 1
    return end
