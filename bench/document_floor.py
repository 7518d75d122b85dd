"""The floor of documents: ReportLab's bare canvas, drawing the very text of our page where we draw it.

No tags, no archive, no attachment, no layout: places and words are known before. Its fonts are ours, with all
that makes them quick; what remains is what ReportLab itself takes to draw the words and write a file.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from io import BytesIO
from typing import Any, NamedTuple

from reportlab.lib.colors import HexColor
from reportlab.pdfgen.canvas import Canvas

from webapp.documents.fonts import RENDER_LOCK, latin
from webapp.documents.paper import Paper
from webapp.documents.shaping import Style


class Drawn(NamedTuple):
    x: float
    y: float
    text: str
    face: str
    size: float
    colour: Any
    to_the_left: bool


@contextmanager
def _listening(heard: list[Drawn | None]) -> Iterator[None]:
    """None stands for the turn of a page."""
    text, new_page = Paper.text, Paper.new_page

    def listen(self: Paper, x: float, y: float, said: str, style: Style, **how: Any) -> float:
        ends = how.get("align") in ("end", "right")
        heard.append(Drawn(x, y, said, latin(style.face).name, style.size, HexColor(style.color), ends))
        return text(self, x, y, said, style, **how)

    def turn(self: Paper) -> None:
        heard.append(None)
        new_page(self)

    Paper.text, Paper.new_page = listen, turn  # type: ignore[method-assign]
    try:
        yield
    finally:
        Paper.text, Paper.new_page = text, new_page  # type: ignore[method-assign]


def heard_from(render: Callable[[], bytes]) -> list[Drawn | None]:
    heard: list[Drawn | None] = []
    with _listening(heard):
        render()
    return heard


def draw(heard: list[Drawn | None]) -> bytes:
    with RENDER_LOCK:
        target = BytesIO()
        canvas = Canvas(target, invariant=1, initialFontName=latin("regular").name)
        font: tuple[str, float] = ("", 0)
        for one in heard:
            if one is None:
                canvas.showPage()
                font = ("", 0)
                continue
            if font != (one.face, one.size):
                font = one.face, one.size
                canvas.setFont(*font)
            canvas.setFillColor(one.colour)
            (canvas.drawRightString if one.to_the_left else canvas.drawString)(one.x, one.y, one.text)
        canvas.save()
        return target.getvalue()
