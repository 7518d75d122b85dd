"""The Swiss payment slip: its code is read back by a scanner, and what is printed is what the code says."""

from __future__ import annotations

import ctypes
from dataclasses import replace
from datetime import date

import pypdfium2
import pytest
import zxingcpp
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.documents.invoices import QR_IBAN, pages_of, pdf_of, text_of, with_qr_reference
from tests.support.papers import an_invoice
from webapp.data.issued import HowToPay, IssuedDocument
from webapp.documents import swiss_bill, swiss_slip
from webapp.documents.invoice import render
from webapp.documents.shaping import wrap
from webapp.einvoice.swiss_qr import creditor_reference, payload

MM = 72 / 25.4
IBAN = "CH5604835012345678009"
DPI = 220


def _slip_page(pdf: bytes) -> pypdfium2.PdfPage:
    document = pypdfium2.PdfDocument(pdf)
    return document[len(document) - 1]


def _scanned(pdf: bytes) -> str:
    page = _slip_page(pdf)
    image = page.render(scale=DPI / 72, crop=(0, 0, 0, page.get_height() - 105 * MM)).to_pil()
    codes = zxingcpp.read_barcodes(image)
    assert [code.format.name for code in codes] == ["QRCode"]
    return str(codes[0].text)


# ---- generated bills

_LETTERS = "abcdefghijklmnopqrstuvwxyzäöüéèàçßABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÜÉ &'.,-0123456789"
_names = (
    st.text(_LETTERS, min_size=1, max_size=70).map(str.strip).filter(lambda text: any(map(str.isalnum, text)))
)
_towns = (
    st.text(_LETTERS[:40], min_size=2, max_size=35).map(str.strip).filter(lambda text: text[:1].isalpha())
)


@st.composite
def bills(draw: st.DrawFn) -> IssuedDocument:
    document = an_invoice(
        "ch", count=draw(st.integers(1, 12)), number=f"CH-2026-{draw(st.integers(1, 999999)):06d}"
    )
    gross = draw(st.integers(1, 99_999_999_999))
    iban, reference = draw(
        st.sampled_from([(QR_IBAN, ""), (IBAN, ""), (IBAN, creditor_reference(document.number))])
    )
    buyer = replace(
        document.buyer,
        name=draw(_names),
        line1=draw(_names),
        city=draw(_towns),
        postal_code=str(draw(st.integers(1000, 9999))),
    )
    how = HowToPay("invoice", date(2026, 12, 22), iban=iban, reference=reference)
    return replace(
        document,
        language=draw(st.sampled_from(["de_CH", "fr_CH", "it_CH", "en"])),
        currency=draw(st.sampled_from(["CHF", "EUR"])),
        buyer=buyer,
        gross=gross,
        payment=how,
    )


@settings(
    max_examples=50, deadline=None, derandomize=True, database=None, suppress_health_check=list(HealthCheck)
)
@given(bills())
def test_a_scanner_reads_exactly_what_the_bank_is_to_know(document: IssuedDocument) -> None:
    text = payload(document)
    assert _scanned(render(document, swiss_payload=text)) == text


def test_a_scanner_would_notice_another_sum() -> None:
    document = an_invoice("ch")
    other = payload(replace(document, gross=document.gross + 1))
    assert _scanned(render(document, swiss_payload=other)) != payload(document)


# ---- what is printed


def _printed(document: IssuedDocument) -> str:
    return pages_of(pdf_of(document))[-1].replace("\xa0", " ")


@pytest.mark.parametrize(
    ("language", "words"),
    [
        ("de_CH", ("Empfangsschein", "Zahlteil", "Konto / Zahlbar an", "Zahlbar durch", "Währung", "Betrag",
                   "Annahmestelle", "Zusätzliche Informationen", "Vor der Einzahlung abzutrennen")),
        ("fr_CH", ("Récépissé", "Section paiement", "Compte / Payable à", "Payable par", "Monnaie", "Montant",
                   "Point de dépôt", "Informations supplémentaires", "A détacher avant le versement")),
        ("it_CH", ("Ricevuta", "Sezione pagamento", "Conto / Pagabile a", "Pagabile da", "Valuta", "Importo",
                   "Punto di accettazione", "Informazioni supplementari", "Da staccare prima del versamento")),
        ("en", ("Receipt", "Payment part", "Account / Payable to", "Payable by", "Currency", "Amount",
                "Acceptance point", "Additional information", "Separate before paying in")),
    ],
)  # fmt: skip
def test_headings_are_those_of_the_standard(language: str, words: tuple[str, ...]) -> None:
    lines = _printed(an_invoice("ch", language=language)).splitlines()
    for heading in words:
        assert heading in lines


def test_account_sum_and_parties_are_printed_on_receipt_and_payment_part() -> None:
    text = _printed(an_invoice("ch", count=3))
    for wanted in (
        "CH56 0483 5012 3456 7800 9",
        "3 826.74",
        "Zürcher Bau & Söhne AG",
        "Example Tools (Schweiz) AG",
    ):
        assert text.count(wanted) >= 2, wanted


def test_a_qr_reference_is_printed_in_groups_of_five() -> None:
    assert _printed(with_qr_reference()).count("00 00000 00000 12172 02600 00423") == 2


def test_a_creditor_reference_is_printed_in_groups_of_four() -> None:
    document = an_invoice("ch")
    reference = creditor_reference(document.number)
    document = replace(document, payment=replace(document.payment, reference=reference))
    grouped = " ".join(reference[start : start + 4] for start in range(0, len(reference), 4))
    assert _printed(document).count(grouped) == 2


def test_without_a_reference_none_is_headed() -> None:
    assert "Referenz" not in _printed(an_invoice("ch"))


def test_a_slip_without_sum_and_payer_leaves_fields_to_fill_in() -> None:
    lines = payload(an_invoice("ch")).split("\r\n")
    lines[18], lines[20:27] = "", [""] * 7
    slip = swiss_slip.slip_of("\r\n".join(lines))
    assert (slip.amount, slip.debtor) == ("", ())
    placed = swiss_slip.place(slip, swiss_slip.headings("de"), lambda text, size, width: [text])
    sizes = sorted((round(blank.width / MM), round(blank.height / MM)) for blank in placed.blanks)
    assert sizes == [(30, 10), (40, 15), (52, 20), (65, 25)]
    text = pages_of(render(an_invoice("ch"), swiss_payload="\r\n".join(lines)))[-1]
    assert text.count("Zahlbar durch (Name/Adresse)") == 2


def test_there_is_no_slip_where_nothing_is_left_to_pay() -> None:
    document = an_invoice("ch")
    document = replace(document, paid=document.gross)
    assert "Zahlteil" not in text_of(document)
    assert "Es ist nichts mehr zu zahlen." in text_of(document)


def test_payers_abroad_have_their_country_before_the_postal_code() -> None:
    document = an_invoice("ch")
    document = replace(
        document, buyer=replace(document.buyer, country="DE", postal_code="79761", city="Waldshut")
    )
    assert "DE-79761 Waldshut" in _printed(document)


def test_a_line_of_few_entries_carries_the_slip_on_its_page_and_many_do_not() -> None:
    assert len(pages_of(pdf_of(an_invoice("ch", count=2)))) == 1
    assert len(pages_of(pdf_of(an_invoice("ch", count=12)))) == 2


# ---- measures


def _objects(pdf: bytes) -> list[tuple[float, float, float, float]]:
    """Boxes of all paths of the slip, in mm from the lower left corner."""
    page = _slip_page(pdf)
    kind = pypdfium2.raw.FPDF_PAGEOBJ_PATH
    boxes = [found.get_bounds() for found in page.get_objects(filter=[kind])]
    return [tuple(round(edge / MM, 2) for edge in box) for box in boxes if box[1] <= 105.5 * MM]  # type: ignore[misc]


def _is_near(one: tuple[float, ...], other: tuple[float, ...]) -> bool:
    return all(abs(a - b) <= 0.3 for a, b in zip(one, other, strict=True))


@pytest.mark.parametrize(
    ("what", "box"),
    [
        ("code", (67, 42, 113, 88)),
        ("white frame of the cross", (86.5, 61.5, 93.5, 68.5)),
        ("cross", (87, 62, 93, 68)),
        ("line above", (0, 105, 210, 105)),
        ("line between receipt and payment part", (62, 0, 62, 105)),
    ],
)
def test_measures_are_those_of_the_standard(what: str, box: tuple[float, ...]) -> None:
    found = _objects(pdf_of(an_invoice("ch")))
    assert any(_is_near(one, box) for one in found), what


def test_titles_are_eleven_points_and_no_text_is_below_six() -> None:
    text = _slip_page(pdf_of(an_invoice("ch", language="en"))).get_textpage()
    sizes = {}
    for words in ("Payment part", "Receipt", "Acceptance point", "Account / Payable to"):
        found = text.search(words, match_case=True).get_next()
        assert found
        sizes[words] = round(pypdfium2.raw.FPDFText_GetFontSize(text.raw, found[0]), 1)
    assert list(sizes.values()) == [11, 11, 6, 6]


def test_everything_of_the_slip_stays_within_its_margins() -> None:
    document = an_invoice("ch")
    long = "Genossenschaft für die Verwaltung ausserordentlich langer Firmennamen"
    document = replace(document, buyer=replace(document.buyer, name=long, line1=long, city="W" * 35))
    document = replace(document, payment=replace(document.payment, iban=QR_IBAN))
    text = _slip_page(pdf_of(document)).get_textpage()
    for index in range(text.count_rects()):
        left, bottom, right, top = text.get_rect(index)
        if top < 104 * MM:
            assert left >= 5 * MM - 1
            assert right <= 205 * MM + 1
            assert bottom >= 5 * MM - 3
            assert right <= 57 * MM + 1 or left >= 67 * MM - 1


def test_receipts_do_without_streets_rather_than_overflow() -> None:
    document = an_invoice("ch")
    long = "Genossenschaft für die Verwaltung ausserordentlich langer Firmennamen"
    document = replace(document, buyer=replace(document.buyer, name=long, line1=f"{long} 1"))
    document = replace(document, seller=replace(document.seller, name=long, line1=f"{long} 1"))
    document = replace(document, payment=replace(document.payment, iban=QR_IBAN))
    slip = swiss_slip.slip_of(payload(document))
    placed = swiss_slip.place(slip, swiss_slip.headings("de"), _wrap)
    information = [words for block in placed.receipt[1:4] for words in block.words]
    assert min(words.y for words in information) >= 37 * MM


def _wrap(text: str, size: float, width: float) -> list[str]:
    return wrap(text, swiss_bill.style_of(size), width)


def test_the_face_is_one_of_those_that_the_standard_names() -> None:
    page = _slip_page(pdf_of(an_invoice("ch", language="en")))
    text = page.get_textpage()
    for words in ("Payment part", "CH56 0483 5012 3456 7800 9", "Separate before paying in"):
        found = text.search(words, match_case=True).get_next()
        assert found
        assert "Arimo" in _face(text, found[0])


def _face(text: pypdfium2.PdfTextPage, index: int) -> str:
    name, flags = ctypes.create_string_buffer(100), ctypes.c_int()
    pypdfium2.raw.FPDFText_GetFontInfo(text.raw, index, name, 100, flags)
    return name.value.decode()


def test_a_name_beyond_the_banks_character_set_is_still_printed() -> None:
    lines = payload(an_invoice("ch")).split("\r\n")
    lines[21] = "鹿島見本建設株式会社 Zürich"
    pages = pages_of(render(an_invoice("ch"), swiss_payload="\r\n".join(lines)))
    assert pages[-1].count("鹿島見本建設株式会社") == 2
