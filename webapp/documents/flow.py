"""Running text on as many pages as it takes: paragraphs, headings, lists and tables, one after another.

A flow is drawn twice: on a `Draft`, to learn on which page each heading comes, then on paper.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any

from webapp.documents.markdown import Block, Grid, Heading, Items, Line, Paragraph, Quote, Spans, plain
from webapp.documents.paper import A4, Paper
from webapp.documents.shaping import HAIRLINE, INK, INK_2, SEMIBOLD, Style, width, wrap

BODY = Style(9.5, color=INK, leading=14.4)
HEADINGS = {
    1: Style(26, SEMIBOLD, leading=32),
    2: Style(17, SEMIBOLD, leading=23),
    3: Style(11.5, SEMIBOLD, leading=16),
    4: Style(9.5, SEMIBOLD, leading=14.4),
}
_ABOVE = {1: 0.0, 2: 10.0, 3: 12.0, 4: 8.0}
_BELOW = {1: 10.0, 2: 8.0, 3: 3.0, 4: 2.0}
LABEL = Style(8.5, color=INK_2, leading=13)
VALUE = Style(9.5, color=INK, leading=13.6)
_AFTER = 6.5  # a paragraph
_INDENT = 18.0


class Draft:
    """Paper that nothing is drawn on: only its pages are counted."""

    def __init__(self, rtl: bool, size: tuple[float, float] = A4) -> None:
        self.width, self.height = size
        self.rtl = rtl
        self.page = 1

    def new_page(self) -> None:
        self.page += 1

    def _nothing(self, *_args: object, **_settings: object) -> float:
        return 0.0

    def _no_scope(self, *_args: object, **_settings: object) -> AbstractContextManager[None]:
        return nullcontext()

    text = lines = rule = box = path = bookmark = anchor = left_of = every_page = _nothing
    element = mark = artifact = link = direction = _no_scope


@dataclass(frozen=True, slots=True)
class Entry:
    """A heading, for the contents."""

    level: int
    title: str
    anchor: str
    page: int


@dataclass(frozen=True, slots=True)
class Margins:
    start: float = 64.0
    end: float = 64.0
    top: float = 76.0
    bottom: float = 70.0


@lru_cache(maxsize=1024)
def _set(spans: Spans, style: Style, measure: float) -> tuple[Spans, ...]:
    """Lines of a paragraph. Where some of it is stressed all of it is measured so, which only breaks
    a line a little early."""
    if len(spans) <= 1:
        text, stressed = spans[0] if spans else ("", False)
        face = replace(style, face=SEMIBOLD) if stressed else style
        return tuple(((line, stressed),) for line in _without_runt(text, face, measure))
    text = plain(spans).replace("\n", " ")
    marks = [stressed for piece, stressed in spans for _character in piece]
    found, position = [], 0
    for line in wrap(text, replace(style, face=SEMIBOLD), measure):
        position = text.index(line, position)
        found.append(_stretches(line, marks[position : position + len(line)]))
        position += len(line)
    return tuple(found)


def _without_runt(text: str, style: Style, measure: float) -> list[str]:
    """Set a little narrower where that saves the last line from being one short word."""
    lines = wrap(text, style, measure)
    for part in (0.97, 0.94, 0.91):
        if len(lines) < 2 or width(lines[-1], style) > measure / 12:
            break
        narrower = wrap(text, style, measure * part)
        if len(narrower) == len(lines):
            lines = narrower
    return lines


def _stretches(line: str, marks: Sequence[bool]) -> Spans:
    found: list[tuple[str, bool]] = []
    for character, stressed in zip(line, marks, strict=True):
        if found and found[-1][1] == stressed:
            found[-1] = found[-1][0] + character, stressed
        else:
            found.append((character, stressed))
    return tuple(found)


def _baseline(style: Style) -> float:
    """Below the top of its line: capitals stand in the middle."""
    return style.line_height / 2 + style.size * 0.355


class Flow:
    def __init__(self, paper: Paper | Draft, margins: Margins | None = None) -> None:
        self.paper: Any = paper
        self.margins = margins or Margins()
        self.y = paper.height - self.margins.top
        self.start = self.margins.start
        self.measure = paper.width - self.margins.start - self.margins.end
        self.entries: list[Entry] = []
        self.rtl: bool | None = None  # direction of the paragraphs; None: each its own

    # ---- room

    @property
    def room(self) -> float:
        return self.y - self.margins.bottom

    @property
    def untouched(self) -> bool:
        return self.y >= self.paper.height - self.margins.top - 0.01

    def new_page(self) -> None:
        self.paper.new_page()
        self.y = self.paper.height - self.margins.top

    def need(self, height: float) -> None:
        if self.room < height and not self.untouched:
            self.new_page()

    @contextmanager
    def inset(self, by: float, at_end: float = 0.0) -> Iterator[None]:
        before = self.start, self.measure
        self.start += by
        self.measure -= by + at_end
        try:
            yield
        finally:
            self.start, self.measure = before

    # ---- text

    def paragraph(
        self,
        spans: Spans | str,
        style: Style = BODY,
        *,
        tag: str | None = "P",
        after: float = _AFTER,
        language: str = "",
    ) -> None:
        if isinstance(spans, str):
            spans = ((spans, False),)
        lines = _set(spans, style, self.measure)
        with self.paper.element(tag, language=language) if tag else nullcontext():
            self._draw(lines, style)
        self.y -= after

    def _draw(self, lines: Sequence[Spans], style: Style) -> None:
        """No line alone at the foot of a page, nor at the top of the next."""
        while lines:
            fitting = int(self.room / style.line_height + 0.001)
            if fitting < len(lines):
                fitting = min(fitting, len(lines) - 2)
                if fitting < 2 and not self.untouched:
                    self.new_page()
                    continue
                fitting = max(fitting, 1)
            with self.paper.mark():
                for line in lines[:fitting]:
                    self._line(line, style)
            lines = lines[fitting:]

    def _line(self, line: Spans, style: Style) -> None:
        x = self.start
        for text, stressed in line:
            face = replace(style, face=SEMIBOLD) if stressed else style
            x += self.paper.text(x, self.y - _baseline(style), text, face, tag=None, rtl=self.rtl)
        self.y -= style.line_height

    def heading(self, level: int, spans: Spans | str, *, listed: bool = True, color: str = "") -> None:
        """Never the last thing on a page: two lines of what follows go with it."""
        if isinstance(spans, str):
            spans = ((spans, False),)
        style = HEADINGS[min(level, 4)]
        style = replace(style, color=color) if color else style
        lines = _set(tuple((text, True) for text, _stressed in spans), style, self.measure)
        above = 0.0 if self.untouched else _ABOVE[min(level, 4)]
        below = _BELOW[min(level, 4)]
        self.need(above + len(lines) * style.line_height + below + 3 * BODY.line_height)
        self.y -= 0.0 if self.untouched else above
        if listed:
            self._list(level, plain(spans))
        with self.paper.element(f"H{min(level, 6)}"):
            self._draw(lines, style)
        self.y -= below

    def _list(self, level: int, title: str) -> None:
        entry = Entry(level, title, f"heading-{len(self.entries)}", self.paper.page)
        self.entries.append(entry)
        self.paper.anchor(entry.anchor, self.y + 6)
        self.paper.bookmark(title, level - 1, y=self.y + 6)

    # ---- blocks of Markdown

    def blocks(self, blocks: Sequence[Block], *, level: int = 0) -> None:
        """`level` is added to that of each heading."""
        for block in blocks:
            match block:
                case Heading():
                    self.heading(block.level + level, block.spans)
                case Paragraph():
                    self.paragraph(block.spans)
                case Items():
                    self._items(block, level)
                case Quote():
                    with self.paper.element("BlockQuote"), self.inset(_INDENT):
                        self.blocks(block.blocks, level=level)
                case Grid():
                    self._grid(block)
                case Line():
                    self.line()

    def line(self) -> None:
        self.need(12)
        self.y -= 5
        self.rule_across()
        self.y -= 7

    def rule_across(self) -> None:
        self.paper.rule(self.start, self.y, self.start + self.measure, self.y, color=HAIRLINE)

    def _items(self, items: Items, level: int) -> None:
        with self.paper.element("L", numbering="Decimal" if items.start else "Disc"):
            for index, blocks in enumerate(items.items):
                self.need(2 * BODY.line_height)
                with self.paper.element("LI"):
                    self._bullet(f"{items.start + index}." if items.start else "•")
                    with self.paper.element("LBody"), self.inset(_INDENT):
                        self.blocks(blocks, level=level)
                self.y += _AFTER - 3.5  # items stand closer than paragraphs
        self.y -= _AFTER - 3.5

    def _bullet(self, label: str) -> None:
        """Drawn first, on the page and line that its text begins on."""
        y = self.y - _baseline(BODY)
        if label == "•":
            self.paper.text(self.start + 3, y, label, replace(BODY, color=INK_2), tag="Lbl")
        else:
            style = replace(BODY, color=INK_2)
            self.paper.text(self.start + _INDENT - 5, y, label, style, tag="Lbl", align="end")

    def _grid(self, grid: Grid) -> None:
        columns = max(len(row) for row in grid.rows)
        step = self.measure / columns
        with self.paper.element("Table"):
            for number, row in enumerate(grid.rows):
                cells = [_set(spans, VALUE, step - 10) for spans in row]
                if not number:
                    cells = [
                        _set(tuple((text, True) for text, _s in spans), VALUE, step - 10) for spans in row
                    ]
                height = max(len(lines) for lines in cells) * VALUE.line_height + 7
                self.need(height)
                with self.paper.element("TR"):
                    for index, lines in enumerate(cells):
                        self._cell(self.start + index * step, lines, "Column" if not number else "")
                self.y -= height
                self.rule_across()
        self.y -= _AFTER + 2

    def _cell(self, x: float, lines: Sequence[Spans], scope: str) -> None:
        before = self.start, self.y
        self.start, self.y = x, self.y - 3
        with self.paper.element("TH" if scope else "TD", scope=scope), self.paper.mark():
            for line in lines:
                self._line(line, VALUE)
        self.start, self.y = before

    # ---- facts

    def facts(self, rows: Sequence[tuple[str, str]], *, column: float = 150.0) -> None:
        """Label and value, a hairline under each."""
        with self.paper.element("Table"):
            for label, value in rows:
                self._fact(label, value, column)
        self.y -= _AFTER

    def _fact(self, label: str, value: str, column: float) -> None:
        labels = wrap(label, LABEL, column - 12)
        values = [line for part in value.split("\n") for line in wrap(part, VALUE, self.measure - column)]
        height = max(len(labels) * LABEL.line_height, len(values) * VALUE.line_height) + 9
        self.need(height)
        y = self.y - 4.5
        first = y - _baseline(VALUE)
        with self.paper.element("TR"):
            self.paper.lines(self.start, first, labels, LABEL, tag="TH", scope="Row")
            self.paper.lines(self.start + column, first, values, VALUE, tag="TD")
        self.y -= height
        self.rule_across()

    def contents(self, entries: Sequence[Entry]) -> None:
        """Title, leader and page; each leads to its heading."""
        with self.paper.element("TOC"):
            for entry in entries:
                self._contents_line(entry)

    def _contents_line(self, entry: Entry) -> None:
        top = entry.level == 2
        style = Style(9.5, SEMIBOLD if top else BODY.face, leading=16.5)
        indent = 0.0 if top else 14.0
        number = str(entry.page)
        lines = wrap(entry.title, style, self.measure - indent - 40)
        self.y -= 6 if top else 0
        self.need(len(lines) * style.line_height)
        end = self.start + self.measure
        last = self.y - (len(lines) - 1) * style.line_height - _baseline(style)
        height = len(lines) * style.line_height
        with (
            self.paper.element("TOCI"),
            self.paper.element("Reference"),
            self.paper.link(entry.anchor, entry.title, self.start, self.y - height, self.measure, height),
            self.paper.mark(),
        ):
            self.paper.lines(self.start + indent, self.y - _baseline(style), lines, style, tag=None)
            self.paper.text(end, last, number, style, tag=None, align="end")
        self._leader(indent + width(lines[-1], style), end - width(number, style), last)
        self.y -= height

    def _leader(self, used: float, end: float, y: float) -> None:
        start = self.start + used + 6
        if end - 6 > start:
            self.paper.rule(start, y, end - 6, y, color=HAIRLINE, width=0.8, dash="0.8 3")
