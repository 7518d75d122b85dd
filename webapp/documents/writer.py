"""Text as operators of a page's stream, written straight into it: the hottest path of a document."""

from __future__ import annotations

from functools import cache
from typing import Any

from webapp.documents.fonts import Face
from webapp.documents.lines import Glyph, Line, Run

_ESCAPED = {ord("("): "\\(", ord(")"): "\\)", ord("\\"): "\\\\", ord("\r"): "\\r", ord("\n"): "\\n"}
_BEYOND = 0xF0000  # stands for codes of a second and further subset of 256 glyphs


@cache
def colour_operands(colour: str) -> str:
    """`#0a5168` → `0.0392 0.3176 0.4078`."""
    parts = (int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5))
    return " ".join(f"{part:.4g}" for part in parts)


def hexadecimal(text: str) -> str:
    """A text string of the PDF format."""
    return f"<FEFF{text.encode('utf-16-be', 'replace').hex().upper()}>"


class _Codes(dict[int, str]):
    """Character → its byte in the document's subset of a face; assigned as characters occur, so that
    the same document always gets the same."""

    def __init__(self, face: Face, document: Any) -> None:
        self._font, self._document = face.font, document
        self.several = False  # subsets
        self._names: dict[int, str] = {}

    def __missing__(self, character: int) -> str:
        subset, byte = self._font.splitString(chr(character), self._document)[0]
        code = byte[0]
        if subset:
            self.several = True
            shown = chr(_BEYOND + 256 * subset + code)
        else:
            shown = _ESCAPED.get(code, chr(code))
        self[character] = shown
        return shown

    def name_of(self, subset: int) -> str:
        if subset not in self._names:
            self._names[subset] = self._font.getSubsetInternalName(subset, self._document)
        return self._names[subset]

    def pieces(self, text: str) -> list[tuple[int, str]]:
        """(subset, its bytes), in order."""
        coded = text.translate(self)
        if not self.several:
            return [(0, coded)]
        found: list[tuple[int, str]] = []
        for sign in coded:
            beyond = ord(sign) - _BEYOND
            subset, byte = (0, sign) if beyond < 0 else (beyond >> 8, _byte(beyond & 0xFF))
            if found and found[-1][0] == subset:
                found[-1] = subset, found[-1][1] + byte
            else:
                found.append((subset, byte))
        return found


def _byte(code: int) -> str:
    return _ESCAPED.get(code, chr(code))


class Writer:
    """Knows which font and colour the stream has just now, and says each only once."""

    def __init__(self, document: Any) -> None:
        self._document = document
        self._codes: dict[str, _Codes] = {}
        self.code: list[str] = []
        self._font: tuple[str, float] | None = None
        self._colour = ""

    def begin(self, code: list[str]) -> None:
        """A new page, or a piece of one: nothing is set yet."""
        self.code = code
        self._font, self._colour = None, ""

    def fill(self, colour: str) -> None:
        if colour != self._colour:
            self._colour = colour
            self.code.append(f"{colour_operands(colour)} rg")

    def show(self, x: float, y: float, line: Line, size: float, colour: str) -> None:
        self.fill(colour)
        if line.spoken:
            self.code.append(f"/Span <</ActualText {hexadecimal(line.spoken)}>> BDC")
        for run in line.runs:
            self._show_run(x, y, run, size)
            x += run.width * size / 1000
        if line.spoken:
            self.code.append("EMC")

    def _codes_of(self, face: Face) -> _Codes:
        codes = self._codes.get(face.name)
        if codes is None:
            codes = self._codes[face.name] = _Codes(face, self._document)
        return codes

    def _show_run(self, x: float, y: float, run: Run, size: float) -> None:
        codes = self._codes_of(run.face)
        if run.glyphs:
            shown = self._placed(codes, run.glyphs, size)
        else:
            shown = "".join(
                f"{self._select(codes, subset, size)}({text}) Tj " for subset, text in codes.pieces(run.text)
            )
        self.code.append(f"BT {x:.2f} {y:.2f} Td {shown}ET")

    def _select(self, codes: _Codes, subset: int, size: float) -> str:
        name = codes.name_of(subset)
        if self._font == (name, size):
            return ""
        self._font = name, size
        return f"{name} {size:g} Tf "

    def _placed(self, codes: _Codes, glyphs: tuple[Glyph, ...], size: float) -> str:
        """Glyph by glyph, with the moves between them that HarfBuzz asks for."""
        out: list[str] = []
        rise = move = 0.0  # a positive move goes right
        for glyph in glyphs:
            subset, byte = codes.pieces(chr(glyph.code))[0]
            out.append(self._select(codes, subset, size))  # before a move, which is in its thousandths
            move += glyph.x_offset
            if move:
                out.append(f"[{-move:g}] TJ ")
            if glyph.y_offset != rise:
                rise = glyph.y_offset
                out.append(f"{rise * size / 1000:.3g} Ts ")
            out.append(f"({byte}) Tj ")
            move = glyph.advance - glyph.width - glyph.x_offset
        if rise:
            out.append("0 Ts ")
        return "".join(out)
