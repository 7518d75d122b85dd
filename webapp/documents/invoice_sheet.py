"""What all parts of an invoice draw with: places from the top, rules, panels, the turn of a page."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import lru_cache

from webapp.data.issued import IssuedDocument
from webapp.documents import invoice_layout as at
from webapp.documents.invoice_layout import MARGIN, Format, PlacedFact, Plan
from webapp.documents.paper import Paper
from webapp.documents.shaping import HAIRLINE, INK_2, SEMIBOLD, Style, wrap
from webapp.i18n import _

_RUNNING, _RUNNING_BRAND = Style(7.5, color=INK_2), Style(9, SEMIBOLD)
BRAND_WIDTH = at.FACTS_X - MARGIN - 20


@lru_cache(maxsize=64)
def tint(colour: str, share: float = 0.07) -> str:
    """So much of a colour on white."""
    parts = (int(colour[i : i + 2], 16) for i in (1, 3, 5))
    return "#" + "".join(f"{round(255 - (255 - part) * share):02x}" for part in parts)


@dataclass(slots=True)
class Sheet:
    paper: Paper
    plan: Plan
    form: Format
    document: IssuedDocument
    page: int = 0

    def y(self, from_top: float) -> float:
        return self.form.height - from_top

    @property
    def accent(self) -> str:
        return self.document.accent

    def rule(self, y: float, start: float = MARGIN, *, strong: bool = False) -> None:
        colour, pen = (self.accent, 0.9) if strong else (HAIRLINE, 0.5)
        self.paper.rule(start, self.y(y), self.form.end, self.y(y), color=colour, width=pen)

    def panel(self, top: float, bottom: float) -> None:
        """Behind the right column, a little wider than its text."""
        left, colour = at.FACTS_X - at.PANEL_PADDING, tint(self.accent)
        self.paper.box(left, self.y(bottom), self.form.end - left, bottom - top, fill=colour, radius=3)

    def facts(self, facts: Sequence[PlacedFact], x: float, y: float, label_width: float) -> None:
        """Rows of a table: what it is, what it says."""
        for fact in facts:
            style = at.PAYMENT_STRONG if fact.strong else at.VALUE
            with self.paper.element("TR"):
                baseline = self.y(y + 8)
                self.paper.lines(x, baseline, fact.label, at.LABEL, tag="TH", scope="Row")
                self.paper.lines(x + label_width + 10, baseline, fact.value, style, tag="TD")
            y += fact.height

    # ---- pages

    def turn(self) -> None:
        """To the next page; foot and head of it are not read aloud again."""
        with self.paper.artifact():
            self.footer()
        self.paper.new_page()
        self.page += 1
        with self.paper.artifact():
            self._running_head()

    def _running_head(self) -> None:
        brand = replace(_RUNNING_BRAND, color=self.accent)
        self.paper.text(MARGIN, self.y(44), wrap(self.document.brand, brand, BRAND_WIDTH)[0], brand)
        self.paper.text(self.form.end, self.y(44), self.plan.said.full_title, _RUNNING, align="end")
        self.rule(53)

    def footer(self) -> None:
        """The seller's numbers and the number of the page; above the payment slip where there is one."""
        slip = self.form.slip_height if self.plan.pages[self.page].slip else 0
        top = self.form.height - slip - at.footer_height(self.plan.around.footer) + 12
        self.rule(top)
        third = self.form.content / 3
        for number, column in enumerate(self.plan.around.footer):
            if column:
                self.paper.lines(MARGIN + number * third, self.y(top + 12), column, at.FOOTER)
        with self.paper.artifact():
            shown = _("Page %(page)s of %(pages)s", page=self.page + 1, pages=len(self.plan.pages))
            bottom = self.form.height - slip - 14
            self.paper.text(self.form.end, self.y(bottom), shown, at.FOOTER, align="end")
