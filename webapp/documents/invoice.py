"""The PDF of an invoice or credit note: for people, machines, archives and screen readers."""

from __future__ import annotations

from webapp.data.issued import IssuedDocument
from webapp.documents import swiss_bill
from webapp.documents.invoice_closing import draw_closing
from webapp.documents.invoice_head import draw_head
from webapp.documents.invoice_layout import Format, plan
from webapp.documents.invoice_sheet import Sheet
from webapp.documents.invoice_table import draw_table
from webapp.documents.invoice_words import Said, words_of
from webapp.documents.paper import A4, LETTER, Paper, rendering
from webapp.i18n import Speech, speaking, speech

PROFILE = "EN 16931"
_ON_LETTER = {"US", "CA"}


@rendering
def render(document: IssuedDocument, *, xml: bytes | None = None, swiss_payload: str | None = None) -> bytes:
    """`xml` goes inside as Factur-X; `swiss_payload` is the text of the QR-bill's code.

    The same document always gives the same bytes.
    """
    territory = document.seller.country
    if document.gross <= document.paid:
        swiss_payload = None  # nothing is left to pay
    with speaking(speech(document.language, territory)) as spoken:
        said = words_of(document, by_slip=swiss_payload is not None)
        size = LETTER if territory in _ON_LETTER else A4
        form = Format(size[0], size[1], 0 if swiss_payload is None else swiss_bill.HEIGHT)
        paper = _paper(document, said, spoken, size)
        sheet = Sheet(paper, plan(said, form), form, document)
        draw_head(sheet)
        draw_table(sheet)
        draw_closing(sheet, swiss_payload)
        if xml is not None:
            _embed(paper, xml)
        return paper.finish()


def _paper(document: IssuedDocument, said: Said, spoken: Speech, size: tuple[float, float]) -> Paper:
    return Paper(
        title=said.full_title,
        author=document.seller.name,
        subject=said.full_title,
        keywords=document.po_number,
        language=spoken.text_language,
        made_at=document.issued_at,
        rtl=spoken.direction == "rtl",
        size=size,
    )


def _embed(paper: Paper, xml: bytes) -> None:
    """“Alternative”: with the EN 16931 profile the XML says all that the paper says (Factur-X, 6.2.2)."""
    paper.attach("factur-x.xml", xml, "text/xml", "Alternative", "Factur-X", profile=PROFILE)
