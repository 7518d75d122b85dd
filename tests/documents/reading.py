"""Reads a PDF back: what is said on each page, what is decoration, and PDFium's view of the tree of tags."""

from __future__ import annotations

import ctypes
import re
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import pypdfium2
from pypdfium2 import raw


@dataclass(frozen=True)
class Piece:
    """A line or a run of it, in the order of the page's stream."""

    mark: int  # -1: an artifact
    text: str
    x: float
    y: float


class File:
    """The objects of a file as our own writer lays them down: one stream a page, subsets with a map to Unicode."""

    def __init__(self, data: bytes) -> None:
        found = re.finditer(rb"(?:^|\n)(\d+) 0 obj\n(.*?)\nendobj(?=\n)", data, re.DOTALL)
        self.objects = {int(match[1]): match[2] for match in found}
        self._maps = {name: self._map(int(number)) for name, number in self._fonts()}

    def _fonts(self) -> list[tuple[str, str]]:
        table = next(
            o for o in self.objects.values() if re.search(rb"/F\d+\+0 \d+ 0 R", o) and b"stream" not in o
        )
        return re.findall(r"/(F\d+\+\d+) (\d+) 0 R", table.decode("latin-1").replace("#2b", "+"))

    def _map(self, font: int) -> dict[int, str]:
        number = int(re.search(rb"/ToUnicode (\d+) 0 R", self.objects[font])[1])  # type: ignore[index]
        entries = re.findall(rb"<(\w\w)> <(\w{4,})>\n", self.stream(number))
        return {int(code, 16): bytes.fromhex(word.decode()).decode("utf-16-be") for code, word in entries}

    def stream(self, number: int) -> bytes:
        body = self.objects[number].partition(b"\nstream\n")[2].removesuffix(b"\nendstream")
        return zlib.decompress(body)

    def page_numbers(self) -> list[int]:
        tree = next(o for o in self.objects.values() if re.search(rb"/Type /Pages\b", o))
        kids = re.search(rb"/Kids \[(.*?)\]", tree, re.DOTALL)
        assert kids
        return [int(number) for number in re.findall(rb"(\d+) 0 R", kids[1])]

    def pages(self) -> list[str]:
        """Their operators, in the order of the pages."""
        contents = [
            re.search(rb"/Contents (\d+) 0 R", self.objects[number]) for number in self.page_numbers()
        ]
        return [self.stream(int(found[1])).decode("latin-1") for found in contents if found]

    def spoken(self) -> dict[tuple[int, int], str]:
        """(page's object, marked content) → what is read instead of what is drawn."""
        pattern = re.compile(rb"/S/Span/P \d+ 0 R/Pg (\d+) 0 R/K\[(\d+)\].*?/ActualText<FEFF(\w+)>")
        found = (pattern.search(o) for o in self.objects.values())
        return {
            (int(one[1]), int(one[2])): bytes.fromhex(one[3].decode()).decode("utf-16-be")
            for one in found
            if one
        }

    def pieces(self) -> list[list[Piece]]:
        spoken = self.spoken()
        return [
            list(
                _Stream(
                    self._maps, {mark: words for (on, mark), words in spoken.items() if on == number}
                ).read(page)
            )
            for number, page in zip(self.page_numbers(), self.pages(), strict=True)
        ]


_TOKENS = re.compile(
    r"/(?P<tag>\w+) <</MCID (?P<mark>\d+)>> BDC|(?P<artifact>/Artifact BMC)|(?P<cluster>/Span <</ActualText <\w+>>> BDC)"
    r"|(?P<end>EMC)|BT (?P<x>[-\d.]+) (?P<y>[-\d.]+) Td|/(?P<font>F\d+\+\d+) [\d.]+ Tf"
    r"|\((?P<shown>(?:[^()\\]|\\.)*)\) Tj",
    re.DOTALL,
)
_ESCAPES = {"r": "\r", "n": "\n"}


class _Stream:
    def __init__(self, maps: dict[str, dict[int, str]], spoken: dict[int, str]) -> None:
        self.maps, self.spoken = maps, spoken

    def read(self, operators: str) -> Iterator[Piece]:
        mark, font, place = -1, "", (0.0, 0.0)
        said: set[int] = set()
        for token in _TOKENS.finditer(operators):
            if token["mark"]:
                mark = int(token["mark"])
            elif token["artifact"]:
                mark = -1
            elif token["x"]:
                place = float(token["x"]), float(token["y"])
            elif token["font"]:
                font = token["font"]
            elif token["shown"] is None or mark in said:
                continue
            elif mark in self.spoken:
                said.add(mark)
                yield Piece(mark, self.spoken[mark], *place)
            else:
                yield Piece(mark, self._decoded(font, token["shown"]), *place)

    def _decoded(self, font: str, shown: str) -> str:
        plain = re.sub(r"\\(.)", lambda m: _ESCAPES.get(m[1], m[1]), shown, flags=re.DOTALL)
        return "".join(self.maps[font][ord(code)] for code in plain)


def pages_of(data: bytes) -> list[list[Piece]]:
    return File(data).pieces()


def read_aloud(data: bytes) -> str:
    """All that is tagged, in the order it is said."""
    return "\n".join(piece.text for page in pages_of(data) for piece in page if piece.mark >= 0)


def decoration(page: list[Piece]) -> list[str]:
    return [piece.text for piece in page if piece.mark < 0]


_DIRECTION = dict.fromkeys([0x200E, 0x200F, *range(0x2066, 0x206A)])


def squeezed(text: str) -> str:
    """Without any space: lines end where they end. Without marks of direction, which are no words."""
    return "".join(text.translate(_DIRECTION).split())


@dataclass
class Node:
    tag: str
    language: str
    alt: str
    marks: list[int]
    kids: list[Node] = field(default_factory=list)

    def walk(self) -> Iterator[Node]:
        yield self
        for kid in self.kids:
            yield from kid.walk()


def _string(call: Any, element: Any) -> str:
    size = call(element, None, 0)
    buffer = ctypes.create_string_buffer(size + 2)
    call(element, buffer, size)
    return buffer.raw[:size].decode("utf-16-le").rstrip("\0")


def trees(data: bytes) -> list[Node]:
    """Of each page, as PDFium reads it."""
    document = pypdfium2.PdfDocument(data)
    return [_tree(page) for page in document]


def _tree(page: pypdfium2.PdfPage) -> Node:
    handle = raw.FPDF_StructTree_GetForPage(page.raw)
    try:
        return _node(raw.FPDF_StructTree_GetChildAtIndex(handle, 0))
    finally:
        raw.FPDF_StructTree_Close(handle)


def _node(element: Any) -> Node:
    count = raw.FPDF_StructElement_GetMarkedContentIdCount(element)
    marks = [
        raw.FPDF_StructElement_GetMarkedContentIdAtIndex(element, index) for index in range(max(count, 0))
    ]
    node = Node(
        _string(raw.FPDF_StructElement_GetType, element),
        _string(raw.FPDF_StructElement_GetLang, element),
        _string(raw.FPDF_StructElement_GetAltText, element),
        [mark for mark in marks if mark >= 0],
    )
    for index in range(raw.FPDF_StructElement_CountChildren(element)):
        kid = raw.FPDF_StructElement_GetChildAtIndex(element, index)
        if kid:
            node.kids.append(_node(kid))
    return node
