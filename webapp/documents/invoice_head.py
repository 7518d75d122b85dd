"""The head of an invoice's first page: who to whom, and what accounts payable look for."""

from __future__ import annotations

from dataclasses import replace

from webapp.documents import invoice_layout as at
from webapp.documents.invoice_layout import MARGIN, PlacedFact
from webapp.documents.invoice_sheet import BRAND_WIDTH, Sheet
from webapp.documents.shaping import HAIRLINE, SEMIBOLD, Style, width, wrap

_BRAND, _TITLE = Style(16, SEMIBOLD, leading=19), Style(24, SEMIBOLD)


def draw_head(sheet: Sheet) -> None:
    _letterhead(sheet)
    _addresses(sheet)
    _facts(sheet)
    plan = sheet.plan
    if plan.around.lead:
        sheet.paper.lines(MARGIN, sheet.y(plan.around.lead_y + 2), plan.around.lead, at.LEAD)


def _letterhead(sheet: Sheet) -> None:
    paper, brand = sheet.paper, replace(_BRAND, color=sheet.accent)
    paper.box(MARGIN, sheet.y(39), 26, 3, fill=sheet.accent)
    paper.lines(MARGIN, sheet.y(64), wrap(sheet.plan.said.brand, brand, BRAND_WIDTH)[:2], brand)
    title, space = sheet.plan.said.title, sheet.form.end - at.FACTS_X
    size = min(_TITLE.size, _TITLE.size * space / width(title, _TITLE))
    paper.text(at.FACTS_X, sheet.y(64), title, replace(_TITLE, size=size), tag="H1")


def _addresses(sheet: Sheet) -> None:
    """As the window of an envelope shows them."""
    paper = sheet.paper
    sender = wrap(sheet.plan.said.sender, at.SENDER, at.ADDRESS_WIDTH)
    top = at.WINDOW_Y - (len(sender) - 1) * at.SENDER.line_height
    paper.lines(MARGIN, sheet.y(top), sender, at.SENDER)
    below = sheet.y(at.WINDOW_Y + 4)
    paper.rule(MARGIN, below, MARGIN + at.ADDRESS_WIDTH, below, color=HAIRLINE)
    paper.lines(MARGIN, sheet.y(at.WINDOW_Y + 19), sheet.plan.around.buyer, at.ADDRESS)


def _facts(sheet: Sheet) -> None:
    plan, y = sheet.plan, at.FACTS_Y
    below = at.facts_y(plan.around.strong_facts)
    sheet.panel(y - at.PANEL_PADDING, below - at.PANEL_PADDING)
    with sheet.paper.element("Table"):
        for fact in plan.around.strong_facts:
            _stacked(sheet, fact, y)
            y += fact.height
        sheet.facts(plan.around.facts, at.FACTS_X, below, plan.around.label_width)


def _stacked(sheet: Sheet, fact: PlacedFact, y: float) -> None:
    paper = sheet.paper
    with paper.element("TR"):
        below = paper.lines(at.FACTS_X, sheet.y(y + 8), fact.label, at.STRONG_LABEL, tag="TH", scope="Row")
        paper.lines(at.FACTS_X, below - 2, fact.value, at.STRONG_VALUE, tag="TD")
