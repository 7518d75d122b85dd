"""All that is changed in ReportLab, in one place: what archives demand and what makes it quick.

Imported for its effect by `fonts`, before the first face is read.
"""

from __future__ import annotations

import zlib
from functools import lru_cache
from typing import Any

from reportlab import rl_config
from reportlab.pdfbase import pdfdoc, ttfonts

# Characters get codes as they occur: the usual 96 ASCII glyphs in every subset would double a file.
rl_config.ttfAsciiReadable = 0
# Pages as bytes: as letters they would be a quarter longer.
rl_config.useA85 = 0

# A tagged page names its entry of the parent tree and lets the tab key follow the structure.
pdfdoc.PDFPage.__NoDefault__ = [*pdfdoc.PDFPage.__NoDefault__, "StructParents", "Tabs"]

# Files that belong to the document, and what its colours mean: PDF/A asks for both in the catalog.
pdfdoc.PDFCatalog.__NoDefault__ = [*pdfdoc.PDFCatalog.__NoDefault__, "OutputIntents", "AF"]
pdfdoc.PDFCatalog.__Refs__ = pdfdoc.PDFCatalog.__NoDefault__


class Raw(pdfdoc.PDFObject):
    """An indirect object whose bytes are written by us: ReportLab's dictionaries take ten times as long."""

    __RefOnly__ = 1

    def __init__(self, content: bytes = b"") -> None:
        self.content = content

    def format(self, document: Any) -> bytes:
        return self.content


def add_object(document: Any, content: bytes = b"") -> tuple[int, Raw]:
    """Its number, and the object: its content may follow later, when its neighbours have numbers."""
    raw = Raw(content)
    document.Reference(raw)
    return document.objectcounter, raw


def add_stream(document: Any, head: str, content: bytes) -> int:
    """Bytes that are packed already, or need not be; returns the object's number."""
    number, _raw = add_object(
        document, b"<<%b/Length %d>>\nstream\n%b\nendstream" % (head.encode(), len(content), content)
    )
    return number


def reference(document: Any, number: int) -> Any:
    return pdfdoc.PDFObjectReference(document.numberToId[number])


def _stream(stream: Any, document: Any) -> bytes:
    """As ReportLab's own, but with an end of line before `endstream`, as PDF/A wants."""
    head = pdfdoc.PDFDictionary(stream.dictionary.dict)
    content = stream.content
    filters = stream.filters or ()
    if filters and "Filter" not in head:
        for one in reversed(filters):
            content = one.encode(content)
        head["Filter"] = pdfdoc.PDFArray([pdfdoc.PDFName(one.pdfname) for one in filters])
    content = pdfdoc.format(content, document)
    head["Length"] = len(content)
    return b"%b\nstream\n%b\nendstream\n" % (head.format(document), content)


pdfdoc.PDFStream.format = _stream


_LONGEST = 3  # characters that one glyph stands for
_BITS = 21  # of a character
_SILENT = "\u200b"  # read for a glyph that only completes the one before it


def code_beyond(glyph: int, meaning: str) -> int:
    """A key no character has."""
    code = glyph + 1
    for index in range(_LONGEST):
        code = code << _BITS | (ord(meaning[index]) if index < len(meaning) else 0)
    return code


def _meaning(code: int) -> str:
    if code <= 0x10FFFF:
        return chr(code)
    parts = (code >> _BITS * index & (1 << _BITS) - 1 for index in reversed(range(_LONGEST)))
    return "".join(chr(part) for part in parts if part) or _SILENT


_make_subset = ttfonts.TTFontFace.makeSubset
_make_to_unicode = ttfonts.makeToUnicodeCMap


@lru_cache(maxsize=64)
def _subset(face: Any, characters: tuple[int, ...]) -> tuple[bytes, bytes]:
    """The file of a subset, and packed. Papers of one batch, or rendered again, share it."""
    content = _make_subset(face, characters)
    return content, zlib.compress(content)


def _add_descriptor(face: Any, document: Any, name: str, subset: tuple[int, ...]) -> int:
    content, packed = _subset(face, subset)
    file = add_stream(document, f"/Length1 {len(content)}/Filter/FlateDecode", packed)
    flags = face.flags & ~ttfonts.FF_NONSYMBOLIC | ttfonts.FF_SYMBOLIC
    box = " ".join(f"{value:g}" for value in face.bbox)
    descriptor = (
        f"<</Type/FontDescriptor/FontName/{name}/Flags {flags}/FontBBox[{box}]"
        f"/Ascent {face.ascent:g}/Descent {face.descent:g}/CapHeight {face.capHeight:g}"
        f"/ItalicAngle {face.italicAngle:g}/StemV {face.stemV}/MissingWidth {face.defaultWidth:g}"
        f"/FontFile2 {file} 0 R>>"
    )
    return add_object(document, descriptor.encode())[0]


@lru_cache(maxsize=256)
def _widths(face: Any, subset: tuple[int, ...]) -> str:
    return " ".join(f"{face.getCharWidth(character):g}" for character in subset)


def _add_font(font: Any, document: Any) -> None:
    """Each subset of a face that a document used, as ReportLab writes it, but as ready bytes."""
    state = font.state[document]
    state.frozen = 1
    fonts = document.idToObject["BasicFonts"].dict
    for index, characters in enumerate(state.subsets):
        subset = tuple(characters)
        name = f"{ttfonts.SUBSETN(index).decode()}+{font.face.name.decode()}"
        descriptor = _add_descriptor(font.face, document, name, subset)
        unicode_map = add_stream(document, "/Filter/FlateDecode", _to_unicode(name, subset))
        number, _raw = add_object(
            document,
            (
                f"<</Type/Font/Subtype/TrueType/BaseFont/{name}/FirstChar 0/LastChar {len(subset) - 1}"
                f"/Widths[{_widths(font.face, subset)}]"
                f"/FontDescriptor {descriptor} 0 R/ToUnicode {unicode_map} 0 R>>"
            ).encode(),
        )
        fonts[font.getSubsetInternalName(index, document)[1:]] = reference(document, number)
    del font.state[document]


ttfonts.TTFont.addObjects = _add_font


@lru_cache(maxsize=256)
def _to_unicode(name: str, subset: tuple[int, ...]) -> bytes:
    """Code → character, packed: blocks of a hundred, as its specification wants; beyond the BMP as UTF-16."""
    head, _, _rest = _make_to_unicode(name, [0] * len(subset)).partition(f"{len(subset)} beginbfchar")
    entries = [
        f"<{i:02X}> <{_meaning(c).encode('utf-16-be').hex().upper()}>" for i, c in enumerate(subset) if c
    ]
    blocks = [entries[i : i + 100] for i in range(0, len(entries), 100)]
    body = "".join(f"{len(block)} beginbfchar\n" + "\n".join(block) + "\nendbfchar\n" for block in blocks)
    tail = "endcmap\nCMapName currentdict /CMap defineresource pop\nend\nend"
    return zlib.compress((head + body + tail).encode())


def serialise(document: Any) -> bytes:
    """The file: every object, where each of them is, and the trailer. ReportLab's own loop wraps each
    object in two more, which costs a tagged document a third of its time."""
    for font in document.delayedFonts:
        font.addObjects(document)
    catalog, info = document.Reference(document.Catalog), document.Reference(document.info)
    out = [b"%%PDF-%d.%d\n%%\223\214\213\236\n" % document._pdfVersion]
    position = len(out[0])
    places = ["0000000000 65535 f \n"]
    number = 1
    while number in document.numberToId:  # formatting an object may add others
        found = document.idToObject[document.numberToId[number]]
        body = found.content if type(found) is Raw else pdfdoc.format(found, document, toplevel=1)
        written = b"%d 0 obj\n%b\nendobj\n" % (number, body.rstrip(b"\n"))
        places.append(f"{position:010d} 00000 n \n")
        out.append(written)
        position += len(written)
        number += 1
    trailer = f"trailer\n<</Size {number}/Root {_shown(catalog, document)}/Info {_shown(info, document)}/ID"
    out += [f"xref\n0 {number}\n{''.join(places)}{trailer}".encode(), document.ID()]
    out.append(f">>\nstartxref\n{position}\n%%EOF\n".encode())
    return b"".join(out)


def _shown(pointer: Any, document: Any) -> str:
    return str(pointer.format(document).decode())
