"""Ways through a document: links on its pages and the outline beside them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from reportlab.pdfbase import pdfdoc

from webapp.documents.tuning import Raw, add_object, reference
from webapp.documents.writer import hexadecimal


@dataclass(frozen=True, slots=True)
class Place:
    page: int  # index
    y: float


@dataclass(frozen=True, slots=True)
class Link:
    page: int
    box: tuple[float, float, float, float]
    target: str  # an anchor's name, or an address with its scheme
    contents: str  # what a screen reader says of it


@dataclass(slots=True)
class Bookmark:
    title: str
    place: Place
    parent: Bookmark | None
    number: int = 0
    kids: list[Bookmark] = field(default_factory=list)


class Outline:
    """Chapters and what is in them, for the viewer's side panel."""

    def __init__(self) -> None:
        self.root = Bookmark("", Place(0, 0), None)
        self._open = [self.root]

    def add(self, title: str, level: int, place: Place) -> None:
        """`level` 1 is the highest; one that leaves out a level hangs under the last there is."""
        del self._open[max(level, 1) :]
        bookmark = Bookmark(title, place, self._open[-1])
        self._open[-1].kids.append(bookmark)
        self._open.append(bookmark)

    def write(self, document: Any, pages: Sequence[int]) -> None:
        document.Catalog.Outlines = None
        if not self.root.kids:
            return
        written = self._number(document, self.root)
        for bookmark, raw in written:
            raw.content = _bookmark(bookmark, pages).encode()
        document.Catalog.Outlines = reference(document, self.root.number)
        document.Catalog.PageMode = pdfdoc.PDFName("UseOutlines")

    def _number(self, document: Any, bookmark: Bookmark) -> list[tuple[Bookmark, Raw]]:
        bookmark.number, raw = add_object(document)
        below = [self._number(document, kid) for kid in bookmark.kids]
        return [(bookmark, raw), *(pair for pairs in below for pair in pairs)]


def _descendants(bookmark: Bookmark) -> int:
    return sum(1 + _descendants(kid) for kid in bookmark.kids)


def _bookmark(bookmark: Bookmark, pages: Sequence[int]) -> str:
    said = ""
    if bookmark.kids:
        first, last = bookmark.kids[0].number, bookmark.kids[-1].number
        said = f"/First {first} 0 R/Last {last} 0 R/Count {_descendants(bookmark)}"
    if bookmark.parent is None:
        return f"<</Type/Outlines{said}>>"
    row = bookmark.parent.kids
    index = next(i for i, kid in enumerate(row) if kid is bookmark)
    said += f"/Prev {row[index - 1].number} 0 R" if index else ""
    said += f"/Next {row[index + 1].number} 0 R" if index + 1 < len(row) else ""
    target = _destination(bookmark.place, pages)
    return f"<</Title{hexadecimal(bookmark.title)}/Parent {bookmark.parent.number} 0 R/Dest{target}{said}>>"


def _destination(place: Place, pages: Sequence[int]) -> str:
    return f"[{pages[place.page]} 0 R/XYZ 0 {place.y:.2f} null]"


def write_links(
    document: Any, links: Sequence[Link], anchors: dict[str, Place], pages: Sequence[int]
) -> list[int]:
    """Their object numbers. In the tree of tags' parents they come after the pages."""
    numbers = []
    for index, link in enumerate(links):
        where = " ".join(f"{edge:.2f}" for edge in link.box)
        if link.target in anchors:
            action = f"/Dest{_destination(anchors[link.target], pages)}"
        else:
            action = f"/A<</S/URI/URI{_ascii(link.target)}>>"
        number, _raw = add_object(
            document,
            (
                f"<</Type/Annot/Subtype/Link/Rect[{where}]/Border[0 0 0]/F 4{action}"
                f"/Contents{hexadecimal(link.contents)}/StructParent {len(pages) + index}>>"
            ).encode(),
        )
        page = document.Pages.pages[link.page]
        page.Annots = [*(page.Annots or []), reference(document, number)]
        numbers.append(number)
    return numbers


def _ascii(address: str) -> str:
    return f"<{address.encode('ascii', 'replace').hex().upper()}>"
