"""The lines of an invoice, on as many pages as they need."""

from __future__ import annotations

from webapp.documents import invoice_layout as at
from webapp.documents.invoice_layout import MARGIN, Page, PlacedRow
from webapp.documents.invoice_sheet import Sheet
from webapp.documents.invoice_words import amount
from webapp.i18n import _


def draw_table(sheet: Sheet) -> None:
    with sheet.paper.element("Table"):
        for index, page in enumerate(sheet.plan.pages):
            if page.rows:
                if index:
                    sheet.turn()
                _draw_page(sheet, page, index)


def _draw_page(sheet: Sheet, page: Page, index: int) -> None:
    _head(sheet, page, repeated=index > 0)
    y = page.table_y + at.HEAD_HEIGHT
    if page.carried_in is not None:
        _carried(sheet, y, page.carried_in)
        y += at.CARRIED_HEIGHT
        sheet.rule(y)
    for row in page.rows:
        _row(sheet, row, y)
        y += row.height
    if page.carried_out is not None:
        _carried(sheet, y, page.carried_out)


def _head(sheet: Sheet, page: Page, *, repeated: bool) -> None:
    baseline = sheet.y(page.table_y + 8)
    with sheet.paper.artifact() if repeated else sheet.paper.element("TR"):
        text, heads = sheet.paper.text, sheet.plan.said.heads
        text(MARGIN, baseline, heads[0], at.HEAD, tag="TH", scope="Column")
        for x, head in zip(sheet.plan.around.columns[1:], heads[1:], strict=True):
            text(x, baseline, head, at.HEAD, tag="TH", align="end", scope="Column")
    sheet.rule(page.table_y + at.HEAD_HEIGHT - 3, strong=True)


def _row(sheet: Sheet, row: PlacedRow, y: float) -> None:
    paper, density = sheet.paper, sheet.plan.density
    baseline = sheet.y(y + density.padding + density.name.size)
    with paper.element("TR"):
        with paper.element("TD", columns=1 if row.cells else 5), paper.mark():
            below = paper.lines(MARGIN, baseline, row.name, density.name, tag=None)
            paper.lines(MARGIN, below + 1 if row.name else baseline, row.details, density.detail, tag=None)
        for x, cell in zip(sheet.plan.around.columns[1:], row.cells, strict=False):
            paper.text(x, baseline, cell, at.SUM, tag="TD", align="end")
    sheet.rule(y + row.height)


def _carried(sheet: Sheet, y: float, net: int) -> None:
    """For people with paper in their hands."""
    with sheet.paper.artifact():
        baseline = sheet.y(y + 12)
        sheet.paper.text(MARGIN, baseline, _("Carried over"), at.SUM_LABEL)
        shown = amount(net, sheet.document.currency)
        sheet.paper.text(sheet.form.end, baseline, shown, at.SUM_LABEL, align="end")
