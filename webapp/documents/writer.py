"""Text as operators of a page's stream, written straight into it: the hottest path of a document."""

from __future__ import annotations

from functools import cache
from typing import Any

from webapp.documents.fonts import Face
from webapp.documents.lines import Cluster, Glyph, Line, Run

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
        subset, code = divmod(self._assigned(character), 256)
        if subset:
            self.several = True
            shown = chr(_BEYOND + 256 * subset + code)
        else:
            shown = _byte(code)
        self[character] = shown
        return shown

    def _assigned(self, character: int) -> int:
        """The next free code, as ReportLab's fonts give it: 0 means unknown, 32 is always the space."""
        if character == 0xA0:
            character = 32
        state = self._font._assignState(self._document)
        if character in state.assignments:
            return int(state.assignments[character])
        if character not in self._font.face.charToGlyph:
            return 0
        code = state.nextCode
        if code & 0xFF == 32:
            if code != 32:
                state.subsets[code >> 8].append(32)
            code += 1
        if code > 32 and not code & 0xFF:
            state.subsets.append([0])
            code += 1
        if code > 32:
            state.subsets[code >> 8].append(character)
        else:
            state.subsets[0][code] = character
        state.assignments[character] = code
        state.nextCode = code + 1
        return int(code)

    def name_of(self, subset: int) -> str:
        if subset not in self._names:
            self._names[subset] = self._font.getSubsetInternalName(subset, self._document)
        return self._names[subset]

    def pieces(self, text: str) -> list[tuple[int, str]]:
        """(subset, its bytes), in order."""
        return self._split(text.translate(self))

    def piece(self, code: int) -> tuple[int, str]:
        """The same of one glyph."""
        return self._split(self[code])[0]

    def _split(self, coded: str) -> list[tuple[int, str]]:
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
        for run in line.runs:
            self._show_run(x, y, run, size)
            x += run.width * size / 1000

    def _codes_of(self, face: Face) -> _Codes:
        codes = self._codes.get(face.name)
        if codes is None:
            codes = self._codes[face.name] = _Codes(face, self._document)
        return codes

    def _show_run(self, x: float, y: float, run: Run, size: float) -> None:
        codes = self._codes_of(run.face)
        if run.clusters:
            shown = _Setter(self, codes, size).set(run.clusters)
        else:
            shown = "".join(
                f"{self.select(codes, subset, size)}({text}) Tj " for subset, text in codes.pieces(run.text)
            )
        self.code.append(f"BT {x:.2f} {y:.2f} Td {shown}ET")

    def select(self, codes: _Codes, subset: int, size: float) -> str:
        name = codes.name_of(subset)
        if self._font == (name, size):
            return ""
        self._font = name, size
        return f"{name} {size:g} Tf "


class _Setter:
    """Glyph by glyph, with the moves between them that HarfBuzz asks for."""

    def __init__(self, writer: Writer, codes: _Codes, size: float) -> None:
        self._writer, self._codes, self._size = writer, codes, size
        self._out: list[str] = []
        self._held = ""  # bytes that are shown in one go
        self._rise = self._move = 0.0  # a positive move goes right

    def set(self, clusters: tuple[Cluster, ...]) -> str:
        for cluster in clusters:
            together = len(cluster.glyphs) > 1
            if together:  # for readers that know nothing of tags
                self._say(f"/Span <</ActualText {hexadecimal(cluster.text)}>> BDC ")
            for glyph in cluster.glyphs:
                self._glyph(glyph)
            if together:
                self._say("EMC ")
        self._say("0 Ts " if self._rise else "")
        return "".join(self._out)

    def _say(self, operators: str) -> None:
        if self._held:
            self._out.append(f"({self._held}) Tj ")
            self._held = ""
        self._out.append(operators)

    def _glyph(self, glyph: Glyph) -> None:
        subset, byte = self._codes.piece(glyph.code)
        self._move += glyph.x_offset
        change = self._writer.select(self._codes, subset, self._size)  # first: a move is in its thousandths
        change += f"[{-self._move:g}] TJ " if self._move else ""
        if glyph.y_offset != self._rise:
            self._rise = glyph.y_offset
            change += f"{self._rise * self._size / 1000:.3g} Ts "
        if change:
            self._say(change)
        self._held += byte
        self._move = glyph.advance - glyph.width - glyph.x_offset
