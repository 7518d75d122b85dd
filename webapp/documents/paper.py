"""A document while it is drawn: pages of tagged text, lines and pictures, and at the end its bytes.

Coordinates are points. `y` counts from the foot of the page; `x` from the edge where lines *start*: the left
one, or the right one in a right-to-left document, so that one layout serves both. Hold `RENDER_LOCK` (or
decorate with `rendering`) from the first call to the last: fonts are shared.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from functools import wraps
from io import BytesIO
from typing import Any, ParamSpec, TypeVar

from reportlab.lib.pagesizes import A4, LETTER
from reportlab.pdfgen.canvas import Canvas

from webapp.documents import pdfa
from webapp.documents.fonts import REGULAR, RENDER_LOCK, latin
from webapp.documents.lines import line as line_of
from webapp.documents.navigation import Link, Outline, Place, write_links
from webapp.documents.shapes import painted, rectangle, rounded
from webapp.documents.shaping import Style
from webapp.documents.tags import Element, StructureTree, attributes
from webapp.documents.tuning import serialise
from webapp.documents.writer import Writer, colour_operands
from webapp.i18n import direction_of

__all__ = ["A4", "LETTER", "Paper", "rendering"]

P = ParamSpec("P")
R = TypeVar("R")


def rendering(render: Callable[P, R]) -> Callable[P, R]:
    """One document of this process at a time."""

    @wraps(render)
    def alone(*args: P.args, **kwargs: P.kwargs) -> R:
        with RENDER_LOCK:
            return render(*args, **kwargs)

    return alone


def _readable(text: str) -> str:
    """One line without control characters, as XML and outlines need it."""
    return " ".join("".join(c if c.isprintable() else " " for c in text).split())


class Paper:
    def __init__(
        self,
        *,
        title: str,
        author: str,
        subject: str,
        language: str,
        made_at: datetime,
        keywords: str = "",
        rtl: bool | None = None,
        size: tuple[float, float] = A4,
    ) -> None:
        """`language` is a locale of the words in it (`de_CH`); `made_at` the moment that the file names."""
        self.width, self.height = size
        self.rtl = direction_of(language) == "rtl" if rtl is None else rtl
        self._about = pdfa.About(
            _readable(title), _readable(author), _readable(subject), _readable(keywords), made_at
        )
        self.canvas = Canvas(
            BytesIO(),
            pagesize=size,
            invariant=1,
            initialFontName=latin(REGULAR).name,
            lang=language.replace("_", "-"),
        )
        self._document: Any = self.canvas._doc
        self._writer = Writer(self._document)
        self._tree = StructureTree()
        self._outline = Outline()
        self._anchors: dict[str, Place] = {}
        self._links: list[Link] = []
        self._attachments: list[pdfa.Attachment] = []
        self._profile = ""
        self._on_every_page: list[Callable[[Paper, int, int], None]] = []
        self._within = ""  # a mark or an artifact that is open
        self._marked = False  # what is drawn now belongs to an element
        self.page = 0  # number of the page that is drawn on
        self._begin_page()

    # ---- pages

    def _begin_page(self) -> None:
        self.page += 1
        self._tree.new_page()
        self._writer.begin(self.canvas._code)

    def new_page(self) -> None:
        assert not self._within, "a mark ends on the page it began on"
        self.canvas.showPage()
        self._begin_page()

    def every_page(self, draw: Callable[[Paper, int, int], None]) -> None:
        """`draw(paper, page, of_pages)`, called at the end for each page, inside an artifact."""
        self._on_every_page.append(draw)

    # ---- structure

    @contextmanager
    def element(
        self,
        tag: str,
        *,
        scope: str = "",
        columns: int = 1,
        rows: int = 1,
        language: str = "",
        alt: str = "",
        numbering: str = "",
    ) -> Iterator[None]:
        """Groups what is drawn inside: Sect, Table, TR, L, LI … or a P over several lines or pages."""
        before = self._tree.current
        said = attributes(
            scope=scope, columns=columns, rows=rows, language=language, alt=alt, numbering=numbering
        )
        self._tree.current = self._tree.add(tag, said)
        try:
            yield
        finally:
            self._tree.current = before

    @contextmanager
    def mark(self) -> Iterator[None]:
        """One piece of the element that is open: several texts that are read as one."""
        if self._within:
            yield
            return
        self._within = "mark"
        try:
            yield
        finally:
            self._within = ""
            self._close_mark()

    def _open_mark(self, element: Element) -> None:
        number = self._tree.mark(element)
        self._writer.code.append(f"/{element.tag} <</MCID {number}>> BDC")
        self._marked = True

    def _close_mark(self) -> None:
        if self._marked:
            self._writer.code.append("EMC")
            self._marked = False

    @contextmanager
    def artifact(self) -> Iterator[None]:
        """Decoration, and what repeats on every page: not read aloud."""
        if self._within:
            yield
            return
        self._within = "artifact"
        self._writer.code.append("/Artifact BMC")
        try:
            yield
        finally:
            self._within = ""
            self._writer.code.append("EMC")

    # ---- text

    def text(
        self,
        x: float,
        y: float,
        text: str,
        style: Style,
        *,
        tag: str | None = "P",
        align: str = "start",
        rtl: bool | None = None,
        scope: str = "",
        columns: int = 1,
        language: str = "",
    ) -> float:
        """Draws one line and returns its width. `tag` None: part of the element that is open.

        `x` is where the line starts, ends (`align="end"`) or has its middle (`center`); `left` and `right`
        are those of the page. `rtl` is the direction of the paragraph it is from; else the text's own.
        """
        shaped = line_of(text, style.face, rtl=rtl, default_rtl=self.rtl)
        width = shaped.width * style.size / 1000
        element = self._tree.current
        if tag is not None and not self._within:
            plain = not (scope or language) and columns == 1
            said = "" if plain else attributes(scope=scope, columns=columns, language=language)
            element = self._tree.add(tag, said)
        if text:
            self._begin_text(element, shaped.spoken)
            self._writer.show(self._left(x, width, align), y, shaped, style.size, style.color)
            if shaped.spoken or not self._within:
                self._close_mark()
        return width

    def _begin_text(self, element: Element, spoken: str) -> None:
        """What is drawn from right to left, or otherwise than it is written, says what is to be read."""
        if self._within == "artifact":
            return
        if spoken and element.tag != "Figure":  # whose words are those of the whole picture
            self._close_mark()
            self._open_mark(self._tree.add("Span", attributes(spoken=spoken), parent=element))
        elif not self._marked:
            self._open_mark(element)

    def lines(
        self,
        x: float,
        y: float,
        lines: Iterable[str],
        style: Style,
        *,
        tag: str | None = "P",
        align: str = "start",
        rtl: bool | None = None,
        scope: str = "",
        columns: int = 1,
        language: str = "",
    ) -> float:
        """One element of several lines, the first on `y`; returns the baseline after the last."""
        if tag is not None and not self._within:
            with self.element(tag, scope=scope, columns=columns, language=language):
                return self.lines(x, y, lines, style, tag=None, align=align, rtl=rtl)
        with self.mark():
            for text in lines:
                self.text(x, y, text, style, tag=None, align=align, rtl=rtl)
                y -= style.line_height
        return y

    def _left(self, x: float, width: float, align: str) -> float:
        """The physical left end of something so wide."""
        if self.rtl and align in ("start", "end"):
            align = "right" if align == "start" else "left"
        else:
            align = {"start": "left", "end": "right"}.get(align, align)
        x = self.width - x if self.rtl else x
        if align == "left":
            return x
        return x - width if align == "right" else x - width / 2

    @contextmanager
    def direction(self, rtl: bool) -> Iterator[None]:
        """What is drawn inside starts at the other edge: an Arabic text in an English document."""
        before, self.rtl = self.rtl, rtl
        try:
            yield
        finally:
            self.rtl = before

    def left_of(self, x: float, width: float = 0.0) -> float:
        """Physical left edge of a box that starts at `x`: for drawing on `canvas`."""
        return self.width - x - width if self.rtl else x

    # ---- lines and areas; decoration unless a mark or figure is open

    def _draw(self, operators: str) -> None:
        if self._within == "artifact" or self._marked:
            self._writer.code.append(f"q {operators} Q")
        else:
            self._writer.code.append(f"/Artifact BMC q {operators} Q EMC")

    def rule(
        self, x1: float, y1: float, x2: float, y2: float, *, color: str, width: float = 0.5, dash: str = ""
    ) -> None:
        """A straight line; `dash` as `3 2`."""
        x1, x2 = self.left_of(x1), self.left_of(x2)
        dashed = f"[{dash}] 0 d " if dash else ""
        pen = f"{colour_operands(color)} RG {width:g} w {dashed}"
        self._draw(f"{pen}{x1:.2f} {y1:.2f} m {x2:.2f} {y2:.2f} l S")

    def box(
        self,
        x: float,
        y: float,
        width: float,
        height: float,
        *,
        fill: str = "",
        stroke: str = "",
        line: float = 0.5,
        radius: float = 0.0,
    ) -> None:
        left = self.left_of(x, width)
        outline = rounded(left, y, width, height, radius) if radius else rectangle(left, y, width, height)
        self._draw(painted(outline, fill, stroke, line))

    def areas(self, boxes: Iterable[tuple[float, float, float, float]], *, fill: str) -> None:
        """Many rectangles as one path, such as the modules of a QR code."""
        outline = " ".join(
            rectangle(self.left_of(x, width), y, width, height) for x, y, width, height in boxes
        )
        self._draw(f"{colour_operands(fill)} rg {outline} f")

    def path(self, operators: str, *, fill: str = "", stroke: str = "", line: float = 0.5) -> None:
        """PDF path operators (`m l c re h`) in physical coordinates."""
        self._draw(painted(operators, fill, stroke, line))

    @contextmanager
    def figure(self, alt: str, x: float, y: float, width: float, height: float) -> Iterator[Any]:
        """A picture with the words that stand for it; yields ReportLab's canvas, to draw on freely."""
        left = self.left_of(x, width)
        said = attributes(alt=alt, box=(left, y, left + width, y + height))
        before = self._tree.current
        self._tree.current = self._tree.add("Figure", said)
        try:
            with self.mark():
                self._open_mark(self._tree.current)
                self.canvas.saveState()
                yield self.canvas
                self.canvas.restoreState()
        finally:
            self._tree.current = before

    # ---- ways through it, and files in it

    def bookmark(self, title: str, level: int = 1, *, y: float | None = None) -> None:
        """In the viewer's outline: this page, at the height `y`."""
        place = Place(self.page - 1, self.height if y is None else y)
        self._outline.add(_readable(title), level, place)

    def anchor(self, name: str, y: float) -> None:
        """What links may point at."""
        self._anchors[name] = Place(self.page - 1, y)

    @contextmanager
    def link(
        self, target: str, contents: str, x: float, y: float, width: float, height: float
    ) -> Iterator[None]:
        """What is drawn inside leads to an anchor (now or later), or to an address such as `mailto:…`."""
        left = self.left_of(x, width)
        with self.element("Link"):
            self._tree.link(self._tree.current)
            box = (left, y, left + width, y + height)
            self._links.append(Link(self.page - 1, box, target, _readable(contents)))
            yield

    def attach(
        self,
        name: str,
        data: bytes,
        mime: str = "text/xml",
        relationship: str = "Alternative",
        description: str = "",
        *,
        profile: str = "",
    ) -> None:
        """A file inside the file. `profile` names that of a Factur-X invoice: `EN 16931`."""
        self._attachments.append(pdfa.Attachment(name, data, mime, relationship, description or name))
        self._profile = profile or self._profile

    # ---- the end

    def finish(self) -> bytes:
        assert not self._within, "a mark is still open"
        self.canvas.showPage()
        contents = self._complete_pages()
        pages = [
            self._document.idToObjectNumberAndVersion[f"Page{number}"][0]
            for number in range(1, self.page + 1)
        ]
        links = write_links(self._document, self._links, self._anchors, pages)
        structure = self._tree.write(self._document, pages, links)
        self._outline.write(self._document, pages)
        about = self._about.with_profile(self._profile)
        pdfa.write(self._document, about, self._attachments, structure)
        pdfa.identify(self._document, [*contents, *(a.content for a in self._attachments)])
        return serialise(self._document)

    def _complete_pages(self) -> list[bytes]:
        """Adds what needs the number of pages; the streams as they will be packed."""
        pages: Sequence[Any] = self._document.Pages.pages
        for number, page in enumerate(pages, 1):
            if self._on_every_page:
                page.stream += self._repeated(number, len(pages))
            page.stream = page.stream.encode("latin-1")
            page.StructParents, page.Tabs = number - 1, "/S"
        return [page.stream for page in pages]

    def _repeated(self, number: int, total: int) -> str:
        code: list[str] = []
        self._writer.begin(code)
        with self.artifact():
            for draw in self._on_every_page:
                draw(self, number, total)
        return "q\n" + "\n".join(code) + "\nQ\n"
