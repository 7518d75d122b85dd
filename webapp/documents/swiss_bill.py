"""Draws the Swiss QR-bill at the foot of a page: receipt and payment part, with the code a bank reads."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from math import cos, pi, sin

import segno

from webapp.documents import swiss_slip as slips
from webapp.documents.fonts import SLIP, SLIP_BOLD
from webapp.documents.paper import Paper
from webapp.documents.shaping import Style, wrap
from webapp.documents.swiss_slip import MM, Blank, Block, Slip
from webapp.i18n import _

BLACK, WHITE = "#000000", "#ffffff"
HEIGHT = slips.HEIGHT
_CROSS = 7 * MM


def draw(paper: Paper, payload: str, language: str) -> None:
    """`payload` is what the code says; all that is printed is taken from it."""
    slip, words = slips.slip_of(payload), slips.headings(language)
    placed = slips.place(slip, words, _wrap)
    _separators(paper, words.separate)
    with paper.element("Sect"):
        _blocks(paper, placed.receipt)
    with paper.element("Sect"):
        _blocks(paper, placed.payment_part[:1])
        _code(paper, slip, payload)
        _blocks(paper, placed.payment_part[1:])
    for blank in placed.blanks:
        _corners(paper, blank)


def style_of(size: float, *, bold: bool = False) -> Style:
    """In Arimo, whose outlines are those of Liberation Sans: the standard allows that, Arial, Frutiger and
    Helvetica. What it has not, and no bank's character set, is in the face of our text."""
    return Style(size, SLIP_BOLD if bold else SLIP, BLACK)


def _wrap(text: str, size: float, width: float) -> Sequence[str]:
    return wrap(text, style_of(size), width)


def _blocks(paper: Paper, blocks: Sequence[Block]) -> None:
    for block in blocks:
        with paper.element("H2" if block.title else "P"), paper.mark():
            for words in block.words:
                style = style_of(words.size, bold=words.bold)
                align = "right" if words.right else "start"
                paper.text(words.x, words.y, words.text, style, tag=None, align=align)


# ---- the code

Box = tuple[float, float, float, float]


def modules(payload: str) -> Iterator[Box]:
    """Dark modules of the code, joined row by row; places and sizes in points."""
    matrix = segno.make(payload, error="m", micro=False, boost_error=False, encoding="utf-8").matrix
    unit = slips.QR_SIZE / len(matrix)
    for number, row in enumerate(matrix):
        y = slips.QR_Y + slips.QR_SIZE - (number + 1) * unit
        start = None
        for column, dark in enumerate((*row, 0)):
            if dark and start is None:
                start = column
            elif not dark and start is not None:
                yield slips.QR_X + start * unit, y, (column - start) * unit, unit
                start = None


def _code(paper: Paper, slip: Slip, payload: str) -> None:
    amount = f"{slip.currency} {slip.amount}"
    alt = (
        _("QR code for the payment: %(amount)s to %(account)s", amount=amount, account=slip.account)
        if slip.amount
        else _("QR code for the payment to %(account)s", account=slip.account)
    )
    with paper.figure(alt, slips.QR_X, slips.QR_Y, slips.QR_SIZE, slips.QR_SIZE):
        paper.areas(modules(payload), fill=BLACK)
        _cross(paper, slips.QR_X + slips.QR_SIZE / 2, slips.QR_Y + slips.QR_SIZE / 2)


def _cross(paper: Paper, x: float, y: float) -> None:
    """The Swiss cross, 7 mm with its white frame, exactly in the middle."""

    def centred(width: float, height: float) -> Box:
        return x - width / 2, y - height / 2, width, height

    paper.areas([centred(_CROSS, _CROSS)], fill=WHITE)
    paper.areas([centred(6 * MM, 6 * MM)], fill=BLACK)
    bar, beam = 3.9 * MM, 1.17 * MM
    paper.areas([centred(bar, beam), centred(beam, bar)], fill=WHITE)


# ---- where to cut, where to write


def _separators(paper: Paper, text: str) -> None:
    """Dashed, each with scissors; above the slip it is said in words, too."""
    paper.rule(0, HEIGHT, slips.WIDTH, HEIGHT, color=BLACK, width=0.5, dash="3 3")
    paper.rule(slips.RECEIPT_WIDTH, 0, slips.RECEIPT_WIDTH, HEIGHT, color=BLACK, width=0.5, dash="3 3")
    paper.path(_scissors(7 * MM, HEIGHT, upright=False), fill=BLACK)
    paper.path(_scissors(slips.RECEIPT_WIDTH, HEIGHT - 7 * MM, upright=True), fill=BLACK)
    paper.text(slips.WIDTH / 2, HEIGHT + 3, text, style_of(6, bold=True), align="center")


def _scissors(x: float, y: float, *, upright: bool) -> str:
    """Two handles and two blades, closed on the cut."""
    shapes = []
    for side in (1, -1):
        shapes.append(_ring(-5.0, 2.0 * side, 1.9))
        shapes.append(_ring(-5.0, 2.0 * side, 1.1, inner=True))
        shapes.append([(-3.9, 1.35 * side), (-3.2, 0.75 * side), (6.5, -1.35 * side), (-1.2, 1.25 * side)])
    return " ".join(_path(shape, x, y, upright) for shape in shapes)


def _ring(x: float, y: float, radius: float, *, inner: bool = False) -> list[tuple[float, float]]:
    """Sixteen corners look round at this size; the inner one runs the other way, and stays white."""
    steps = range(16) if not inner else range(16, 0, -1)
    return [(x + radius * cos(i * pi / 8), y + radius * sin(i * pi / 8)) for i in steps]


def _path(points: Sequence[tuple[float, float]], x: float, y: float, upright: bool) -> str:
    turned = [(x - b, y - a) if upright else (x + a, y + b) for a, b in points]
    first, *rest = (f"{a:.2f} {b:.2f}" for a, b in turned)
    return f"{first} m " + " ".join(f"{point} l" for point in rest) + " h"


def _corners(paper: Paper, blank: Blank) -> None:
    """Only the corners of a field: who fills it in by hand writes between them."""
    left, right = blank.x, blank.x + blank.width
    bottom, top = blank.y, blank.y + blank.height
    for x, inwards in ((left, slips.MARK), (right, -slips.MARK)):
        for y, upwards in ((bottom, slips.MARK), (top, -slips.MARK)):
            paper.rule(x, y, x + inwards, y, color=BLACK, width=slips.MARK_WIDTH)
            paper.rule(x, y, x, y + upwards, color=BLACK, width=slips.MARK_WIDTH)
