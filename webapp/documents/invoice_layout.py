"""Where everything of an invoice stands: measured and broken into pages, before anything is drawn.

Places are points from the top, and from the edge where reading starts.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from webapp.documents.invoice_words import Fact, Payment, Row, Said, Sum
from webapp.documents.shaping import INK_2, SEMIBOLD, Style, width, wrap

MARGIN = 56.7  # 20 mm: the edge of the window of an envelope
FACTS_X = MARGIN + 256
WINDOW_Y = 134.0  # of the line above the address: 47 mm
ADDRESS_WIDTH = 232.0
FACTS_Y = 92.0
TABLE_Y = 272.0
NEXT_TABLE_Y = 74.0  # on the pages after the first
HEAD_HEIGHT = 17.0
CARRIED_HEIGHT = 18.0
SUMS_GAP = 14.0
CELL_GAP = 14.0
PANEL_PADDING = 10.0  # of the tinted panel behind what accounts payable look for
PAYMENT_WIDTH = FACTS_X - MARGIN - 12
_LONGEST_PIECE = 30  # lines of a row that stay on one page
_LONGEST_MENTIONS = 150.0  # that are kept together with the sums

SENDER = Style(6.5, color=INK_2)
ADDRESS = Style(10, leading=13.5)
LEAD = Style(9.5, leading=13)
LABEL = Style(7.5, color=INK_2, leading=9.4)
VALUE = Style(8.5, leading=11)
STRONG_LABEL = Style(8, color=INK_2, leading=10)
STRONG_VALUE = Style(11, SEMIBOLD, leading=13.5)
PAYMENT_STRONG = Style(8.5, SEMIBOLD, leading=11)
HEAD = Style(7.2, SEMIBOLD, INK_2)
SUM, SUM_LABEL = Style(8.5), Style(8.5, color=INK_2)
TOTAL, TOTAL_LABEL = Style(13, SEMIBOLD), Style(10, SEMIBOLD)
NOTE = Style(7.2, color=INK_2, leading=9.2)
MENTION = Style(7.2, color=INK_2, leading=9.8)
FOOTER = Style(6.8, color=INK_2, leading=8.9)

Lines = Sequence[str]


@dataclass(frozen=True, slots=True)
class Density:
    name: Style
    detail: Style
    padding: float  # above and below


COMFORTABLE = Density(Style(9, SEMIBOLD, leading=12), Style(7.5, color=INK_2, leading=10), 5.2)
COMPACT = Density(Style(8.5, SEMIBOLD, leading=10.6), Style(7, color=INK_2, leading=8.8), 2.5)


@dataclass(frozen=True, slots=True)
class PlacedRow:
    name: Lines
    details: Lines
    cells: tuple[str, ...]
    net: int
    height: float


@dataclass(frozen=True, slots=True)
class PlacedFact:
    label: Lines
    value: Lines
    strong: bool
    height: float


@dataclass(frozen=True, slots=True)
class PlacedSum:
    label: Lines
    value: str
    note: Lines
    strong: bool
    height: float


@dataclass(frozen=True, slots=True)
class PlacedPayment:
    heading: str
    sentence: Lines
    facts: tuple[PlacedFact, ...]
    label_width: float
    height: float


@dataclass(slots=True)
class Page:
    table_y: float
    rows: list[PlacedRow] = field(default_factory=list)
    carried_in: int | None = None  # what the rows before it add up to
    carried_out: int | None = None
    closing_y: float | None = None  # where sums and payment begin
    mentions: list[Lines] = field(default_factory=list)
    mentions_y: float = 0.0
    bottom: float = 0.0
    slip: bool = False  # the Swiss payment slip lies at its foot
    only_slip: bool = False


@dataclass(frozen=True, slots=True)
class Around:
    """All but the table."""

    buyer: Lines
    strong_facts: tuple[PlacedFact, ...]
    facts: tuple[PlacedFact, ...]
    label_width: float  # of the facts
    lead: Lines
    lead_y: float
    columns: tuple[float, ...]  # where the description and then each of the cells ends
    sums: tuple[PlacedSum, ...]
    payment: PlacedPayment | None
    mentions: tuple[Lines, ...]
    footer: tuple[Lines, ...]

    @property
    def closing(self) -> float:
        """Height of sums and payment, side by side."""
        return max(sum(one.height for one in self.sums), self.payment.height if self.payment else 0)


@dataclass(frozen=True, slots=True)
class Plan:
    said: Said
    around: Around
    density: Density
    pages: tuple[Page, ...]


@dataclass(frozen=True, slots=True)
class Format:
    width: float
    height: float
    slip_height: float = 0.0

    @property
    def end(self) -> float:
        return self.width - MARGIN

    @property
    def content(self) -> float:
        return self.width - 2 * MARGIN


def footer_height(footer: Sequence[Lines]) -> float:
    return max((len(column) for column in footer), default=0) * FOOTER.line_height + 44


def plan(said: Said, form: Format) -> Plan:
    """Comfortable, or compact where that saves a page."""
    around = _around(said, form)
    roomy = _planned(said, form, around, COMFORTABLE)
    if len(roomy.pages) == 1:
        return roomy
    dense = _planned(said, form, around, COMPACT)
    return dense if len(dense.pages) < len(roomy.pages) else roomy


def _planned(said: Said, form: Format, around: Around, density: Density) -> Plan:
    space = around.columns[0] - MARGIN
    rows = [placed for row in said.rows for placed in _row(row, space, density)]
    lead_height = len(around.lead) * LEAD.line_height + 12 if around.lead else 0
    pages = _Breaker(form, around, rows).pages(around.lead_y + lead_height)
    return Plan(said, around, density, tuple(pages))


def _around(said: Said, form: Format) -> Around:
    right = form.end - FACTS_X
    strong_facts = _strong_facts([fact for fact in said.facts if fact.strong], right)
    facts, label_width = _facts([fact for fact in said.facts if not fact.strong], right)
    buyer = [line for text in said.buyer for line in wrap(text, ADDRESS, ADDRESS_WIDTH)]
    facts_end = facts_y(strong_facts) + sum(fact.height for fact in facts)
    address_end = WINDOW_Y + 15 + len(buyer) * ADDRESS.line_height
    return Around(
        buyer=buyer,
        strong_facts=strong_facts,
        facts=facts,
        label_width=label_width,
        lead=[line for text in said.lead for line in wrap(text, LEAD, form.content)],
        lead_y=max(TABLE_Y, facts_end + 18, address_end + 18),
        columns=_columns(said, form),
        sums=tuple(_sum(one, right) for one in said.sums),
        payment=_payment(said.payment),
        mentions=tuple(wrap(text, MENTION, form.content) for text in said.mentions),
        footer=tuple(_footer(column, form.content / 3 - 12) for column in said.footer),
    )


def _footer(column: Sequence[str], space: float) -> Lines:
    return [line for text in column for line in wrap(text, FOOTER, space)]


def facts_y(strong_facts: Sequence[PlacedFact]) -> float:
    """Below the panel."""
    return FACTS_Y + sum(fact.height for fact in strong_facts) + 2 * PANEL_PADDING - 6


def _strong_facts(facts: Sequence[Fact], space: float) -> tuple[PlacedFact, ...]:
    """Label above value: a long purchase order number has the whole width."""
    placed = []
    for fact in facts:
        label = wrap(fact.label, STRONG_LABEL, space - 2 * PANEL_PADDING)
        value = wrap(fact.value, STRONG_VALUE, space - 2 * PANEL_PADDING)
        height = len(label) * STRONG_LABEL.line_height + len(value) * STRONG_VALUE.line_height + 4
        placed.append(PlacedFact(label, value, True, height))
    return tuple(placed)


def _facts(
    facts: Sequence[Fact], space: float, longest_label: float = 100
) -> tuple[tuple[PlacedFact, ...], float]:
    widest = max((width(fact.label, LABEL) for fact in facts), default=0)
    label_width = min(widest + 0.5, longest_label)
    return tuple(_fact(fact, label_width, space - label_width - 10) for fact in facts), label_width


def _fact(fact: Fact, label_width: float, space: float) -> PlacedFact:
    label = wrap(fact.label, LABEL, label_width)
    value = wrap(fact.value, PAYMENT_STRONG if fact.strong else VALUE, space)
    height = max(len(label) * LABEL.line_height, len(value) * VALUE.line_height) + 2.6
    return PlacedFact(label, value, fact.strong, height)


def _columns(said: Said, form: Format) -> tuple[float, ...]:
    """As wide as their widest cell; the description has what is left."""
    ends, end = [], form.end
    for index in (3, 2, 1, 0):
        cells = {row.cells[index] for row in said.rows}
        widest = max((width(cell, SUM) for cell in cells), default=0)
        ends.append(end)
        end -= max(widest, width(said.heads[index + 1], HEAD)) + CELL_GAP
    return (end, *reversed(ends))


def _row(row: Row, space: float, density: Density) -> list[PlacedRow]:
    """One, or several where it is too long to stay together."""
    name = wrap(row.name, density.name, space)
    details = [line for text in row.details for line in wrap(text, density.detail, space)]
    placed = [_piece(name[:_LONGEST_PIECE], details[:_LONGEST_PIECE], row.cells, row.net, density)]
    name, details = name[_LONGEST_PIECE:], details[_LONGEST_PIECE:]
    while name or details:
        placed.append(_piece(name[:_LONGEST_PIECE], details[:_LONGEST_PIECE], (), 0, density))
        name, details = name[_LONGEST_PIECE:], details[_LONGEST_PIECE:]
    return placed


def _piece(name: Lines, details: Lines, cells: tuple[str, ...], net: int, density: Density) -> PlacedRow:
    text = len(name) * density.name.line_height + len(details) * density.detail.line_height
    return PlacedRow(name, details, cells, net, text + 2 * density.padding)


def sum_styles(strong: bool) -> tuple[Style, Style]:
    """Of label and amount."""
    return (TOTAL_LABEL, TOTAL) if strong else (SUM_LABEL, SUM)


def _sum(one: Sum, space: float) -> PlacedSum:
    label_style, style = sum_styles(one.strong)
    label = wrap(one.label, label_style, max(space - width(one.value, style) - 8, space / 3))
    note = wrap(one.note, NOTE, space) if one.note else []
    height = (27.0 if one.strong else 14.5) + (len(label) - 1) * label_style.line_height
    return PlacedSum(
        label, one.value, note, one.strong, height + (len(note) * NOTE.line_height + 2 if note else 0)
    )


def _payment(payment: Payment | None) -> PlacedPayment | None:
    if payment is None:
        return None
    sentence = wrap(payment.sentence, VALUE, PAYMENT_WIDTH)
    facts, label_width = _facts(payment.facts, PAYMENT_WIDTH, longest_label=84)
    height = 16 + len(sentence) * VALUE.line_height + 6 + sum(fact.height for fact in facts)
    return PlacedPayment(payment.heading, sentence, facts, label_width, height)


class _Breaker:
    """Fills pages with rows, and puts sums, payment and mentions after the last of them."""

    def __init__(self, form: Format, around: Around, rows: Sequence[PlacedRow]) -> None:
        self.form, self.rows = form, rows
        self.closing, self.mentions = around.closing, around.mentions
        self.bottom = form.height - footer_height(around.footer)  # of what stands above the footer

    def pages(self, first_y: float) -> list[Page]:
        pages = [Page(first_y)]
        y = first_y + HEAD_HEIGHT
        for index, row in enumerate(self.rows):
            if y + self._needed(index) > self.bottom and pages[-1].rows:
                y = self._turn(pages)
            pages[-1].rows.append(row)
            y += row.height
        self._close(pages, y)
        self._lay_slip(pages)
        return pages

    @property
    def _tail(self) -> float:
        """What must follow the last row on its page."""
        mentions = sum(map(self._height, self.mentions))
        return SUMS_GAP + self.closing + (14 + mentions if mentions < _LONGEST_MENTIONS else 0)

    def _needed(self, index: int) -> float:
        """The last two rows stay together with the sums, where a page can hold them."""
        left = len(self.rows) - index
        if left > 2:
            return self.rows[index].height + CARRIED_HEIGHT
        together = sum(row.height for row in self.rows[index:]) + self._tail
        room = self.bottom - NEXT_TABLE_Y - HEAD_HEIGHT - CARRIED_HEIGHT
        return together if together <= room else self.rows[index].height + CARRIED_HEIGHT

    def _turn(self, pages: list[Page]) -> float:
        pages[-1].carried_out = sum(row.net for page in pages for row in page.rows)
        pages.append(Page(NEXT_TABLE_Y, carried_in=pages[-1].carried_out))
        return NEXT_TABLE_Y + HEAD_HEIGHT + CARRIED_HEIGHT

    def _close(self, pages: list[Page], y: float) -> None:
        if y + SUMS_GAP + self.closing > self.bottom:
            pages.append(Page(NEXT_TABLE_Y))
            y = NEXT_TABLE_Y
        pages[-1].closing_y = y + SUMS_GAP
        y += SUMS_GAP + self.closing + 14
        pages[-1].mentions_y = y
        for mention in self.mentions:
            if y + self._height(mention) > self.bottom:
                y = NEXT_TABLE_Y
                pages.append(Page(y, mentions_y=y))
            pages[-1].mentions.append(mention)
            y += self._height(mention)
        pages[-1].bottom = y

    @staticmethod
    def _height(mention: Lines) -> float:
        return len(mention) * MENTION.line_height + 2

    def _lay_slip(self, pages: list[Page]) -> None:
        if not self.form.slip_height:
            return
        if pages[-1].bottom > self.bottom - self.form.slip_height:
            pages.append(Page(NEXT_TABLE_Y, bottom=NEXT_TABLE_Y, only_slip=True))
        pages[-1].slip = True
