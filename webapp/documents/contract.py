"""The contract of a subscription as a document: who with whom, the agreement word for word, its acceptance.

`ContractContent` says all that is on it; nothing is looked up: the same content is always the same file.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

from webapp import formats
from webapp.documents.flow import VALUE, Draft, Entry, Flow, Margins
from webapp.documents.markdown import Block, blocks_of, headings_of, plain
from webapp.documents.paper import A4, LETTER, Paper, rendering
from webapp.documents.shapes import polyline
from webapp.documents.shaping import HAIRLINE, INK, INK_2, SEMIBOLD, WHITE, Style, width, wrap
from webapp.i18n import Speech, _, direction_of, speaking, speech

WARN, WARN_SOFT, OK, OK_SOFT = "#7a4a00", "#fff4dc", "#12613a", "#e2f3e8"
_EYEBROW = Style(8, SEMIBOLD, leading=12)
_SMALL = Style(8, color=INK_2, leading=11.5)
_BAND = 24.0  # height of the mark of what is pending
_LETTER_COUNTRIES = ("US", "CA", "MX")


@dataclass(frozen=True, slots=True)
class Company:
    name: str
    address: tuple[str, ...] = ()  # its lines, as the country writes them
    registration: str = ""
    vat_id: str = ""
    customer_number: str = ""


@dataclass(frozen=True, slots=True)
class Accepted:
    name: str
    email: str
    at: datetime
    language: str  # a locale: what the person read


@dataclass(frozen=True, slots=True)
class ContractContent:
    language: str  # a locale, of the document: `fr`, `de_CH`
    territory: str  # the site's country: `FR`
    time_zone: str  # of the site: `Europe/Paris`
    brand: str
    accent: str  # `#0a5168`
    made_at: datetime  # when it was accepted; while pending, when its text was shown
    seller: Company
    buyer: Company
    text: str  # Markdown, word for word
    text_language: str
    version: str
    sha256: str
    subscription: str  # its public id
    product: str
    kind: str  # software, service
    quantity: int
    unit_price: int  # net, of one licence and billing period, in the currency's minor unit
    currency: str
    commitment: str  # annual, monthly
    billing_period: str
    order_number: str
    ordered_at: datetime
    administrator: str
    administrator_email: str
    po_number: str = ""
    binding_language: str = ""  # where the site has several languages: whose text counts if they differ
    term_start: date | None = None  # from the activation on
    renewal_on: date | None = None
    accepted: Accepted | None = None  # None: not yet


@rendering
def render(content: ContractContent) -> bytes:
    spoken = speech(content.language, content.territory)
    blocks = blocks_of(content.text)
    with speaking(spoken):
        rtl = _starts_right(content, spoken)
        size = LETTER if content.territory in _LETTER_COUNTRIES else A4
        draft = _Contract(content, blocks, Flow(Draft(rtl, size), _margins(content)), [])
        draft.draw()
        paper = Paper(
            title=f"{_('Software and service agreement')} – {content.product} – {content.subscription}",
            author=content.seller.name,
            subject=_("Order %(number)s of %(date)s", number=content.order_number, date=_ordered(content)),
            keywords=f"{content.subscription}, {content.order_number}, {content.sha256}",
            language=spoken.text_language,
            made_at=content.made_at,
            rtl=rtl,
            size=size,
        )
        contract = _Contract(content, blocks, Flow(paper, _margins(content)), draft.flow.entries)
        contract.draw()
        paper.every_page(contract.frame)
        return paper.finish()


def _starts_right(content: ContractContent, spoken: Speech) -> bool:
    """As the language of the document has it, once its words or the agreement are in that language."""
    return spoken.direction == "rtl" and (
        direction_of(spoken.text_language) == "rtl" or direction_of(content.text_language) == "rtl"
    )


def _margins(content: ContractContent) -> Margins:
    return Margins(top=84.0) if content.accepted is None else Margins()


def _ordered(content: ContractContent) -> str:
    return formats.local_day(content.ordered_at, ZoneInfo(content.time_zone))


class _Contract:
    def __init__(
        self, content: ContractContent, blocks: tuple[Block, ...], flow: Flow, known: list[Entry]
    ) -> None:
        self.content, self.blocks, self.flow = content, blocks, flow
        self.paper = flow.paper
        self.known = known  # headings and their pages, once a draft has found them

    def draw(self) -> None:
        self._cover()
        self.flow.new_page()
        self._contents()
        self.flow.new_page()
        self._agreement()
        self.flow.new_page()
        self._certificate()

    # ---- first page

    def _cover(self) -> None:
        flow, content = self.flow, self.content
        flow.y -= 8
        with self.paper.element("Sect"):
            flow.paragraph(_("Contract"), replace(_EYEBROW, color=content.accent), after=2)
            flow.heading(1, _("Software and service agreement"), listed=False)
            flow.paragraph(content.product, Style(13, color=INK, leading=18), after=1)
            flow.paragraph(content.subscription, Style(9.5, color=INK_2, leading=14), after=14)
            if content.accepted is None:
                self._pending_note()
        self._parties()
        with self.paper.element("Sect"):
            flow.heading(2, _("Order and terms"))
            flow.facts(self._terms())

    def _pending_note(self) -> None:
        words = _(
            "Not yet accepted. There is a contract once the administrator has accepted it in the portal."
        )
        self._panel(words, WARN, WARN_SOFT)

    def _panel(self, words: str, color: str, fill: str) -> None:
        """A coloured note across the page, its text part of the document."""
        flow, style = self.flow, Style(9.5, SEMIBOLD, color, 14)
        height = len(wrap(words, style, flow.measure - 56)) * style.leading + 22
        flow.need(height)
        self.paper.box(flow.start, flow.y - height, flow.measure, height, fill=fill, radius=8)
        self._sign(flow.start + 16, flow.y - 11 - style.leading / 2, color)
        flow.y -= 11
        with flow.inset(38, 18):
            flow.paragraph(words, style, after=11)
        flow.y -= 14

    def _sign(self, x: float, middle: float, color: str) -> None:
        """A tick in a disc, or a clock."""
        self.paper.box(x, middle - 6, 12, 12, fill=color, radius=6)
        x = self.paper.left_of(x, 12)
        tick = ((3.4, -0.2), (5.2, -2.0), (8.6, 2.0))
        clock = ((6.0, 3.4), (6.0, 0.0), (8.4, -1.4))
        points = [(x + dx, middle + dy) for dx, dy in (tick if self.content.accepted else clock)]
        self.paper.path(polyline(points), stroke=WHITE, line=1.2)

    def _parties(self) -> None:
        flow, top = self.flow, self.flow.y
        half = flow.measure / 2
        with self.paper.element("Sect"):
            ends = [
                self._party(label, company, flow.start + index * half, top, half - 20)
                for index, (label, company) in enumerate(
                    ((_("Provider"), self.content.seller), (_("Customer"), self.content.buyer))
                )
            ]
        flow.y = min(ends) - 8

    def _party(self, label: str, company: Company, x: float, y: float, measure: float) -> float:
        y -= 12
        eyebrow = replace(_EYEBROW, color=INK_2)
        name = Style(10.5, SEMIBOLD, leading=15)
        y = self.paper.lines(x, y, wrap(label, eyebrow, measure), eyebrow) or y
        y -= 3
        y = self._lines(x, y, wrap(company.name, name, measure), name)
        details = [line for part in _company_details(company) for line in wrap(part, VALUE, measure)]
        return self._lines(x, y, details, VALUE)

    def _lines(self, x: float, y: float, lines: list[str], style: Style) -> float:
        self.paper.lines(x, y, lines, style)
        return y - len(lines) * style.line_height

    def _terms(self) -> list[tuple[str, str]]:
        content = self.content
        rows = [
            (_("Product"), f"{content.product}\n{_kind(content.kind)}"),
            (_("Subscription ID"), content.subscription),
            (_("License quantity"), formats.number(content.quantity)),
            (_price_label(content), self._price()),
            (_("Term"), _period(content.commitment)),
            (
                _("Order"),
                _("Order %(number)s of %(date)s", number=content.order_number, date=_ordered(content)),
            ),
            (_("Purchase order number"), content.po_number or _("None given yet")),
            (_("Administrator"), f"{content.administrator}\n{content.administrator_email}"),
        ]
        if content.term_start:
            rows.append((_("Active since"), formats.day(content.term_start)))
        if content.renewal_on:
            rows.append((_("Next renewal date"), formats.day(content.renewal_on)))
        return rows

    def _price(self) -> str:
        content = self.content
        total = formats.money(content.unit_price * content.quantity, content.currency)
        each = formats.money(content.unit_price, content.currency)
        how = _("net, %(quantity)s × %(price)s", quantity=formats.number(content.quantity), price=each)
        return f"{total}\n{how}"

    # ---- contents, text

    def _contents(self) -> None:
        with self.paper.element("Sect"):
            self.flow.heading(2, _("Contents"), listed=False)
            self.flow.contents(self.known or self._headings())

    def _headings(self) -> list[Entry]:
        """As many as there will be, in a draft that does not know their pages yet."""
        own = [_("Order and terms"), self._certificate_title()]
        text = [(heading.level + 1, plain(heading.spans)) for heading in headings_of(self.blocks)]
        titles = [(2, own[0]), *text, (2, own[1])]
        return [Entry(level, title, "", 0) for level, title in titles]

    def _agreement(self) -> None:
        flow = self.flow
        rtl = direction_of(self.content.text_language) == "rtl"
        language = self.content.text_language.replace("_", "-")
        with self.paper.element("Sect", language=language), self.paper.direction(rtl):
            flow.rtl = rtl
            flow.blocks(self.blocks, level=1)
            flow.rtl = None

    # ---- last page

    def _certificate_title(self) -> str:
        return _("Certificate of acceptance") if self.content.accepted else _("Acceptance")

    def _certificate(self) -> None:
        with self.paper.element("Sect"):
            self.flow.heading(2, self._certificate_title())
            if self.content.accepted:
                self._acceptance(self.content.accepted)
            else:
                self._pending_note()
            self.flow.heading(3, self._text_title(), listed=False)
            self.flow.facts(self._text_facts())
            self.flow.heading(3, _("Order and terms"), listed=False)
            self.flow.facts(self._terms())

    def _text_title(self) -> str:
        return _("What was accepted") if self.content.accepted else _("What is to be accepted")

    def _acceptance(self, accepted: Accepted) -> None:
        company = self.content.buyer.name
        words = _("%(name)s accepted this agreement for %(company)s.", name=accepted.name, company=company)
        self._panel(words, OK, OK_SOFT)
        self.flow.facts(
            [
                (_("Accepted by"), f"{accepted.name}\n{accepted.email}"),
                (_("Accepted on"), self._moment(accepted.at)),
                (_("Accepted how"), _("In the portal, with “Activate Subscription” below the whole text")),
                (_("Language"), formats.language_name(accepted.language)),
            ]
        )

    def _moment(self, at: datetime) -> str:
        """By the site's clock, and as it is kept."""
        local = formats.moment(at, ZoneInfo(self.content.time_zone))
        return f"{local}\n{at.astimezone(UTC).isoformat(timespec='seconds').replace('+00:00', 'Z')}"

    def _text_facts(self) -> list[tuple[str, str]]:
        content = self.content
        title = next((plain(heading.spans) for heading in headings_of(self.blocks)), "")
        half = len(content.sha256) // 2
        fingerprint = "\n".join(
            formats.grouped(part, 8) for part in (content.sha256[:half], content.sha256[half:])
        )
        return [
            (_("Agreement"), title),
            (_("Version"), content.version),
            (_("Language of the text"), formats.language_name(content.text_language)),
            (_("Fingerprint of the text (SHA-256)"), fingerprint),
            *(
                [(_("Binding version"), formats.binding_version(content.binding_language))]
                if content.binding_language
                else []
            ),
        ]

    # ---- every page

    def frame(self, paper: Paper, page: int, pages: int) -> None:
        content, margins = self.content, self.flow.margins
        start, end, top = margins.start, paper.width - margins.end, paper.height - 44
        if content.accepted is None:
            self._pending_band(paper)
            top -= 12
        self._running_head(paper, start, end, top, page)
        foot = margins.bottom - 26
        paper.rule(start, foot + 14, end, foot + 14, color=HAIRLINE)
        paper.text(start, foot, _("Version %(version)s", version=content.version), _SMALL)
        paper.text(end, foot, _("Page %(page)s of %(pages)s", page=page, pages=pages), _SMALL, align="end")

    def _running_head(self, paper: Paper, start: float, end: float, y: float, page: int) -> None:
        content = self.content
        paper.box(start, y - 1.5, 9, 9, fill=content.accent, radius=2.5)
        paper.text(start + 15, y, content.brand, replace(_EYEBROW, size=8.5, color=INK))
        if page > 1:
            words = f"{content.product} · {content.subscription}"
            room = end - start - 40 - width(content.brand, replace(_EYEBROW, size=8.5))
            paper.text(end, y, wrap(words, _SMALL, room)[0], _SMALL, align="end")

    def _pending_band(self, paper: Paper) -> None:
        """Across the head of every page: nobody takes this for a contract."""
        paper.box(0, paper.height - _BAND, paper.width, _BAND, fill=WARN_SOFT)
        paper.rule(0, paper.height - _BAND, paper.width, paper.height - _BAND, color=WARN, width=0.8)
        style = Style(9.5, SEMIBOLD, WARN)
        paper.text(paper.width / 2, paper.height - 15.5, _("Not yet accepted"), style, align="center")


def _company_details(company: Company) -> list[str]:
    details = [*company.address, company.registration]
    if company.vat_id:
        details.append(_("%(label)s: %(value)s", label=_("VAT number"), value=company.vat_id))
    if company.customer_number:
        number = company.customer_number
        details.append(_("%(label)s: %(value)s", label=_("Customer number"), value=number))
    return [line for line in details if line]


def _period(name: str) -> str:
    return _("Annual") if name == "annual" else _("Monthly")


def _kind(name: str) -> str:
    return _("Service") if name == "service" else _("Software")


def _price_label(content: ContractContent) -> str:
    return _("Price per year") if content.billing_period == "annual" else _("Price per month")
