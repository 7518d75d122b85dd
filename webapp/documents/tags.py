"""The structure of a document: what each mark on its pages is, for screen readers and archives.

The tree grows while pages are drawn and is written once at the end, as bytes: an invoice has some
two hundred elements.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from webapp.documents.tuning import add_object
from webapp.documents.writer import hexadecimal

# (page, marked content id), an annotation's index, or an element
Kid = "tuple[int, int] | int | Element"


class Element:
    __slots__ = ("attributes", "kids", "number", "parent", "tag")

    def __init__(self, tag: str, parent: Element | None, attributes: str = "") -> None:
        self.tag, self.parent, self.attributes = tag, parent, attributes
        self.kids: list[Any] = []
        self.number = 0
        if parent is not None:
            parent.kids.append(self)


def attributes(
    *,
    scope: str = "",
    columns: int = 1,
    rows: int = 1,
    language: str = "",
    alt: str = "",
    spoken: str = "",
    numbering: str = "",
    box: Sequence[float] = (),
) -> str:
    """What is said of an element besides its tag."""
    said = []
    if scope or columns > 1 or rows > 1:
        table = f"/Scope/{scope}" if scope else ""
        table += f"/ColSpan {columns}" if columns > 1 else ""
        table += f"/RowSpan {rows}" if rows > 1 else ""
        said.append(f"/A<</O/Table{table}>>")
    if numbering:
        said.append(f"/A<</O/List/ListNumbering/{numbering}>>")
    if box:
        edges = " ".join(f"{edge:.2f}" for edge in box)
        said.append(f"/A<</O/Layout/Placement/Block/BBox[{edges}]>>")
    if language:
        said.append(f"/Lang({language})")
    if alt:
        said.append(f"/Alt{hexadecimal(alt)}")
    if spoken:
        said.append(f"/ActualText{hexadecimal(spoken)}")
    return "".join(said)


class StructureTree:
    def __init__(self) -> None:
        self.root = Element("Document", None)
        self.current = self.root
        self._elements = [self.root]
        self._marks: list[list[Element]] = []  # of each page, by marked content id
        self._links: list[tuple[Element, int]] = []  # and the page that it is on

    def new_page(self) -> None:
        self._marks.append([])

    def add(self, tag: str, attributes: str = "", *, parent: Element | None = None) -> Element:
        element = Element(tag, parent or self.current, attributes)
        self._elements.append(element)
        return element

    def mark(self, element: Element) -> int:
        """The id of the next piece of content on this page, which belongs to the element."""
        marks = self._marks[-1]
        number = len(marks)
        marks.append(element)
        element.kids.append((len(self._marks) - 1, number))
        return number

    def link(self, element: Element) -> int:
        """The index of a link annotation that belongs to the element."""
        self._links.append((element, len(self._marks) - 1))
        element.kids.append(len(self._links) - 1)
        return len(self._links) - 1

    def write(self, document: Any, pages: Sequence[int], links: Sequence[int]) -> int:
        """`pages` and `links` are object numbers; returns that of the tree's root."""
        root_number, root = add_object(document)
        objects = []
        for element in self._elements:
            element.number, raw = add_object(document)
            objects.append((element, raw))
        for element, raw in objects:
            raw.content = self._element(element, root_number, pages, links).encode()
        parents = self._parent_tree()
        root.content = (
            f"<</Type/StructTreeRoot/K[{self.root.number} 0 R]"
            f"/ParentTree<</Nums[{parents}]>>/ParentTreeNextKey {len(pages) + len(links)}>>"
        ).encode()
        return root_number

    def _element(self, element: Element, root: int, pages: Sequence[int], links: Sequence[int]) -> str:
        parent = element.parent.number if element.parent else root
        home = next((kid[0] for kid in element.kids if type(kid) is tuple), None)
        page = "" if home is None else f"/Pg {pages[home]} 0 R"
        kids = " ".join(self._kid(kid, home, pages, links) for kid in element.kids)
        return f"<</Type/StructElem/S/{element.tag}/P {parent} 0 R{page}/K[{kids}]{element.attributes}>>"

    def _kid(self, kid: Any, home: int | None, pages: Sequence[int], links: Sequence[int]) -> str:
        if type(kid) is Element:
            return f"{kid.number} 0 R"
        if type(kid) is int:
            page = pages[self._links[kid][1]]
            return f"<</Type/OBJR/Obj {links[kid]} 0 R/Pg {page} 0 R>>"
        if kid[0] == home:
            return str(kid[1])
        return f"<</Type/MCR/Pg {pages[kid[0]]} 0 R/MCID {kid[1]}>>"

    def _parent_tree(self) -> str:
        """Page → the elements of its marks; after the pages, link → its element."""
        entries = [f"{page}[{_references(marks)}]" for page, marks in enumerate(self._marks)]
        entries += [
            f"{len(self._marks) + index} {element.number} 0 R"
            for index, (element, _page) in enumerate(self._links)
        ]
        return " ".join(entries)


def _references(elements: Iterable[Element]) -> str:
    return " ".join(f"{element.number} 0 R" for element in elements)
