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


class _Packed:
    """A filter that finds its work done."""

    pdfname = "FlateDecode"

    def __init__(self, packed: bytes) -> None:
        self.packed = packed

    def encode(self, content: object) -> bytes:
        return self.packed


_make_subset = ttfonts.TTFontFace.makeSubset
_make_to_unicode = ttfonts.makeToUnicodeCMap


@lru_cache(maxsize=256)
def _subset(face: Any, characters: tuple[int, ...]) -> tuple[bytes, bytes]:
    """The file of a subset, and packed. Papers of one batch, or rendered again, share it."""
    content = _make_subset(face, characters)
    return content, zlib.compress(content)


def _add_subset(face: Any, document: Any, name: str, subset: list[int]) -> Any:
    content, packed = _subset(face, tuple(subset))
    file = pdfdoc.PDFStream(content=content, filters=[_Packed(packed)])
    file.dictionary["Length1"] = len(content)
    flags = face.flags & ~ttfonts.FF_NONSYMBOLIC | ttfonts.FF_SYMBOLIC
    box = " ".join(f"{value:g}" for value in face.bbox)
    descriptor = (
        f"<</Type/FontDescriptor/FontName/{name}/Flags {flags}/FontBBox[{box}]"
        f"/Ascent {face.ascent:g}/Descent {face.descent:g}/CapHeight {face.capHeight:g}"
        f"/ItalicAngle {face.italicAngle:g}/StemV {face.stemV}/MissingWidth {face.defaultWidth:g}"
        f"/FontFile2 {document.Reference(file).format(document).decode()}>>"
    )
    number, _raw = add_object(document, descriptor.encode())
    return pdfdoc.PDFObjectReference(document.numberToId[number])


ttfonts.TTFontFace.addSubsetObjects = _add_subset


@lru_cache(maxsize=256)
def _to_unicode(name: str, subset: tuple[int, ...]) -> str:
    """No more than a hundred characters a block, as its specification says; beyond the BMP as UTF-16."""
    head, _, _rest = _make_to_unicode(name, [0] * len(subset)).partition(f"{len(subset)} beginbfchar")
    entries = [f"<{i:02X}> <{chr(c).encode('utf-16-be').hex().upper()}>" for i, c in enumerate(subset) if c]
    blocks = [entries[i : i + 100] for i in range(0, len(entries), 100)]
    body = "".join(f"{len(block)} beginbfchar\n" + "\n".join(block) + "\nendbfchar\n" for block in blocks)
    return head + body + "endcmap\nCMapName currentdict /CMap defineresource pop\nend\nend"


ttfonts.makeToUnicodeCMap = lambda name, subset: _to_unicode(name, tuple(subset))
