"""What follows the lines of an invoice: sums, how to pay, what the law wants said, the payment slip."""

from __future__ import annotations

from dataclasses import replace

from webapp.documents import invoice_layout as at
from webapp.documents import swiss_bill
from webapp.documents.invoice_layout import MARGIN, PlacedPayment, PlacedSum
from webapp.documents.invoice_sheet import Sheet
from webapp.documents.shaping import SEMIBOLD, Style, wrap

_HEADING, _TITLE = Style(9.5, SEMIBOLD), Style(16, SEMIBOLD)


def draw_closing(sheet: Sheet, swiss_payload: str | None) -> None:
    for index, page in enumerate(sheet.plan.pages):
        if index > sheet.page:
            sheet.turn()
        if page.closing_y is not None:
            _sums(sheet, page.closing_y)
            if sheet.plan.around.payment:
                _payment(sheet, sheet.plan.around.payment, page.closing_y)
        if page.only_slip:
            _above_the_slip(sheet)
        y = page.mentions_y
        for mention in page.mentions:
            sheet.paper.lines(MARGIN, sheet.y(y + 8), mention, at.MENTION)
            y += len(mention) * at.MENTION.line_height + 2
    sheet.footer()
    if swiss_payload is not None:
        swiss_bill.draw(sheet.paper, swiss_payload, sheet.document.language)


def _above_the_slip(sheet: Sheet) -> None:
    """Who tears the slip off keeps what it was for."""
    paper, plan = sheet.paper, sheet.plan
    paper.text(MARGIN, sheet.y(at.NEXT_TABLE_Y + 26), plan.said.full_title, _TITLE, tag="H2")
    y = at.NEXT_TABLE_Y + 52
    if plan.said.payment:
        sentence = wrap(plan.said.payment.sentence, at.LEAD, sheet.form.content)
        y = sheet.form.height - paper.lines(MARGIN, sheet.y(y), sentence, at.LEAD)
    with paper.element("Table"):
        for one in plan.around.sums[-1:]:
            _sum(sheet, one, y - 4, MARGIN)


def _sums(sheet: Sheet, y: float) -> None:
    with sheet.paper.element("Table"):
        for one in sheet.plan.around.sums:
            _sum(sheet, one, y)
            y += one.height


def _sum(sheet: Sheet, one: PlacedSum, y: float, x: float = at.FACTS_X) -> None:
    if one.strong:
        sheet.rule(y + 2, x, strong=True)
    label, value = at.sum_styles(one.strong)
    baseline = sheet.y(y + (18 if one.strong else 9.5))
    with sheet.paper.element("TR"):
        with sheet.paper.element("TH", scope="Row"), sheet.paper.mark():
            below = sheet.paper.lines(x, baseline, one.label, label, tag=None)
            sheet.paper.lines(x, below + label.line_height - 10.5, one.note, at.NOTE, tag=None)
        sheet.paper.text(sheet.form.end, baseline, one.value, value, tag="TD", align="end")


def _payment(sheet: Sheet, payment: PlacedPayment, y: float) -> None:
    paper = sheet.paper
    heading = replace(_HEADING, color=sheet.accent)
    paper.text(MARGIN, sheet.y(y + 9.5), payment.heading, heading, tag="H2")
    below = paper.lines(MARGIN, sheet.y(y + 24), payment.sentence, at.VALUE)
    if payment.facts:
        with paper.element("Table"):
            sheet.facts(payment.facts, MARGIN, sheet.form.height - below - 2, payment.label_width)
