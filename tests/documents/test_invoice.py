"""What invoices and credit notes say on paper, and on how many pages."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import date
from decimal import Decimal

import pypdfium2
import pytest

from tests.documents.invoices import (
    arabic_english,
    by_direct_debit,
    pages_of,
    paid_by_card,
    pdf_of,
    reverse_charge,
    text_of,
)
from tests.support.papers import SITES, a_credit_note, a_line, an_invoice
from webapp.data.issued import HowToPay, Mention
from webapp.documents import invoice_layout as layout
from webapp.documents.invoice_words import words_of
from webapp.documents.paper import A4
from webapp.documents.shaping import width


def _page_count(count: int, site: str) -> int:
    return len(pages_of(pdf_of(an_invoice(site, count=count))))


@pytest.mark.parametrize("site", [site for site in SITES if site != "ch"])
def test_twelve_lines_fit_one_page_on_every_site(site: str) -> None:
    assert _page_count(12, site) == 1


@pytest.mark.parametrize("count", range(1, 12))
def test_up_to_twelve_lines_fit_one_page(count: int) -> None:
    assert _page_count(count, "fr") == 1


def test_many_lines_take_more_pages() -> None:
    assert _page_count(16, "fr") == 2
    assert _page_count(40, "de") == 3


def test_every_page_says_which_it_is_and_the_next_ones_which_invoice_they_belong_to() -> None:
    pages = pages_of(pdf_of(an_invoice("de", count=40)))
    assert [f"Seite {number} von 3" in page for number, page in enumerate(pages, 1)] == [True] * 3
    assert all("Rechnung DE-2026-000042" in page for page in pages[1:])


def test_the_table_is_headed_on_every_page_and_its_sum_carried_over() -> None:
    first, second, third = pages_of(pdf_of(an_invoice("de", count=40)))
    assert all("Einzelpreis" in page for page in (first, second, third))
    carried = [re.findall(r"Übertrag\s+([\d.,]+)", page) for page in (first, second, third)]
    assert carried[0] == carried[1][:1]
    assert carried[1][1:] == carried[2]
    assert (len(carried[0]), len(carried[1]), len(carried[2])) == (1, 2, 1)


def test_what_is_carried_over_is_the_sum_of_the_lines_before() -> None:
    first, *_rest = pages_of(pdf_of(an_invoice("de", count=40)))
    net = sum(line.net for line in an_invoice("de", count=first.count("SUB-DE-") - 1).lines)
    shown = f"{net // 100:,}".replace(",", ".") + f",{net % 100:02d}"
    assert re.findall(r"Übertrag\s+([\d.,]+)", first) == [shown]


def test_no_line_is_lost_over_pages() -> None:
    text = text_of(an_invoice("de", count=40))
    for number in range(40):
        assert f"SUB-DE-{204_118 + number}" in text


def test_sums_never_stand_alone_on_a_page() -> None:
    for count in range(10, 40):
        last = pages_of(pdf_of(an_invoice("gb", count=count)))[-1]
        assert last.count("SUB-GB-") >= 2, count


@pytest.mark.parametrize("site", SITES)
def test_purchase_order_number_and_numbers_are_on_the_first_page(site: str) -> None:
    page = pages_of(pdf_of(an_invoice(site)))[0]
    for wanted in ("BC 2026-113", f"{site.upper()}-2026-000042", "10700001", f"SUB-{site.upper()}-204118"):
        assert wanted in page


def test_purchase_order_number_stands_right_below_the_invoice_number() -> None:
    lines = text_of(an_invoice("gb")).splitlines()
    assert lines[lines.index("Invoice number") + 1] == "GB-2026-000042"
    assert lines[lines.index("Purchase order number") + 1] == "BC 2026-113"


def test_without_a_purchase_order_number_there_is_no_empty_label() -> None:
    assert "Purchase order number" not in text_of(an_invoice("gb", po_number=""))


def test_amounts_are_as_the_language_and_country_write_them() -> None:
    assert "1 180,00 €" in text_of(an_invoice("fr", count=2))
    assert "1.180,00 €" in text_of(an_invoice("de", count=2))
    assert "CHF 1’180.00" in text_of(an_invoice("ch", count=2))
    assert "$1,180.00" in text_of(an_invoice("us", count=2))
    assert "AED 1,180.00" in text_of(an_invoice("ae", count=2))


def test_yen_have_no_decimals() -> None:
    text = text_of(an_invoice("jp"))
    assert "￥81,950" in text
    assert "81,950." not in text


def test_totals_by_tax_rate_add_up_to_what_is_to_be_paid() -> None:
    text = text_of(an_invoice("fr", count=3))
    for wanted in (
        "Total HT",
        "3 540,00 €",
        "TVA 20 % sur 3 540,00 €",
        "708,00 €",
        "Total TTC",
        "4 248,00 €",
    ):
        assert wanted in text


def test_each_tax_rate_has_its_own_row() -> None:
    lines = (a_line(0, "de"), a_line(1, "de", tax_rate=Decimal(7)))
    text = text_of(an_invoice("de", lines=lines))
    assert "MwSt. 19 % auf 590,00 €" in text
    assert "MwSt. 7 % auf 1.180,00 €" in text


def test_rates_keep_their_decimals() -> None:
    assert "8.25%" in text_of(an_invoice("us"))


def test_large_sums_and_long_tax_names_do_not_touch() -> None:
    lines = (a_line(0, "ch", unit_price=9_999_999_999, net=9_999_999_999),)
    document = an_invoice("ch", lines=lines, tax_name="Umsatzsteuer des Landes", format="pdf")
    form = layout.Format(*A4)
    for one in layout.plan(words_of(document), form).around.sums:
        label, value = layout.sum_styles(one.strong)
        widest = max(width(line, label) for line in one.label)
        assert widest + width(one.value, value) < form.end - layout.FACTS_X
    assert "Umsatzsteuer des Landes 8,1 %" in text_of(document).replace("8.1%", "8,1 %")


def test_why_no_tax_is_charged_is_said() -> None:
    text = text_of(reverse_charge())
    assert "Steuerschuldnerschaft des Leistungsempfängers" in text
    assert "MwSt. 0 % auf 590,00 €" in text


def test_mentions_of_the_country_are_on_the_paper() -> None:
    text = text_of(an_invoice("fr"))
    assert "Indemnité forfaitaire pour frais de recouvrement en cas de retard : 40 €" in text
    assert "Pas d’escompte pour paiement anticipé" in text


def test_many_long_mentions_go_on_over_the_page() -> None:
    mentions = tuple(
        Mention(f"{number}. " + "Ce que la loi veut voir écrit ici. " * 12) for number in range(40)
    )
    pages = pages_of(pdf_of(an_invoice("fr", mentions=mentions)))
    assert len(pages) > 1
    assert "39. Ce que" in pages[-1]


def test_a_transfer_names_account_reference_and_day() -> None:
    text = text_of(an_invoice("fr"))
    for wanted in (
        "FR76 3000 6000 0112 3456 7890 189",
        "Référence à indiquer",
        "22 décembre 2026",
        "Musterbank",
    ):
        assert wanted in text


def test_a_direct_debit_names_mandate_and_account_and_asks_for_no_transfer() -> None:
    text = text_of(by_direct_debit())
    for wanted in ("M-FR-204118-1", "FR72ZZZ123456", "FR…0189", "Nous prélèverons"):
        assert wanted in text
    assert "virer" not in text


def test_what_was_paid_by_card_is_not_asked_for_again() -> None:
    text = text_of(paid_by_card())
    assert "Paid by credit card. Nothing is left to pay." in text
    assert "transfer" not in text


def test_what_was_paid_before_is_taken_off() -> None:
    text = text_of(an_invoice("gb", paid=10_000))
    assert "Already paid" in text
    assert "Please transfer £608.00" in text


def test_a_card_that_will_be_charged_leaves_nothing_to_do() -> None:
    text = text_of(an_invoice("gb", payment=HowToPay("credit_card")))
    assert "We charge £708.00 to your credit card." in text


def test_a_credit_note_names_its_invoice_and_reason_and_asks_for_nothing() -> None:
    text = text_of(a_credit_note("fr"))
    assert "Avoir" in text
    assert "Cet avoir annule la facture FR-2026-000042 du 22 novembre 2026." in text
    assert "Motif : Wrong address on the invoice" in text
    for demand in ("Paiement", "IBAN", "échéance", "virer", "retard", "escompte"):
        assert demand not in text


def test_the_sellers_numbers_are_at_the_foot() -> None:
    lines = text_of(an_invoice("fr")).splitlines()
    foot = "\n".join(lines[-9:])
    for wanted in ("FR00000000000", "RCS Exempleville 000 000 000", "billing@fr.portal.example"):
        assert wanted in foot


@pytest.mark.parametrize(
    "name",
    [
        "Donaudampfschifffahrtselektrizitätenhauptbetriebswerkbauunterbeamtengesellschaft mit beschränkter "
        "Haftung und Compagnie Kommanditgesellschaft auf Aktien, Zweigniederlassung Nürnberg",
        "شركة الخليج للمقاولات ذ.م.م",
        "Bau 🏗️ Emoji ☃ GmbH",
        "Müller\u200b & \u202eSöhne\u202c",
        "Ελληνικά και Кириллица ООО",
        "חברת בניין בע״מ",
        "鹿島見本建設株式会社",
        "A" * 200,
        "<b>Böse & Co.</b> %s %(name)s",
        "Name\nin two lines\twith a tab",
    ],
)
def test_odd_names_neither_break_nor_leave_the_page(name: str) -> None:
    document = an_invoice("de", count=12)
    document = replace(document, buyer=replace(document.buyer, name=name, line2=name[:60]))
    for page in pypdfium2.PdfDocument(pdf_of(document)):
        text = page.get_textpage()
        for index in range(text.count_rects()):
            left, bottom, right, top = text.get_rect(index)
            assert left >= 40
            assert right <= page.get_width() - 40
            assert bottom >= 5
            assert top <= page.get_height() - 20


def test_the_person_who_gets_the_invoices_is_in_the_address() -> None:
    document = an_invoice("gb")
    document = replace(document, buyer=replace(document.buyer, contact_name="Erin Payne, accounts"))
    lines = text_of(document).splitlines()
    assert lines[lines.index("Thames Construction plc") + 1] == "Erin Payne, accounts"


def test_long_descriptions_wrap_and_are_said_in_full() -> None:
    words = " ".join(f"word{number}" for number in range(900))
    text = text_of(an_invoice("gb", lines=(a_line(0, "gb", description=words), a_line(1, "gb"))))
    assert text.split().count("word899") == 1
    assert {f"word{number}" for number in range(900)} <= set(text.split())


def test_a_purchase_order_number_of_a_line_is_said_where_it_differs() -> None:
    lines = (a_line(0, "gb", po_number="BC 2026-113"), a_line(1, "gb", po_number="PO-77"))
    text = text_of(an_invoice("gb", lines=lines))
    assert "PO PO-77" in text
    assert text.count("BC 2026-113") == 1


def _left(page: pypdfium2.PdfPage, words: str) -> float:
    text = page.get_textpage()
    found = text.search(words).get_next()
    assert found, words
    return float(text.get_charbox(found[0])[0])


def test_right_to_left_documents_are_mirrored() -> None:
    arabic = pypdfium2.PdfDocument(pdf_of(arabic_english()))[0]
    english = pypdfium2.PdfDocument(pdf_of(an_invoice("ae", count=4)))[0]
    middle = english.get_width() / 2
    for words in ("AE-2026-000042", "2,360"):
        assert _left(arabic, words) < middle < _left(english, words)
    assert _left(english, "PROFIS") < middle < _left(arabic, "PROFIS")


def test_phone_numbers_keep_their_order_in_right_to_left_documents() -> None:
    page = pypdfium2.PdfDocument(pdf_of(arabic_english()))[0]
    assert _left(page, "+33") < _left(page, "12 34")


def test_american_invoices_are_on_letter_paper() -> None:
    assert pypdfium2.PdfDocument(pdf_of(an_invoice("us")))[0].get_size() == (612, 792)
    width, height = pypdfium2.PdfDocument(pdf_of(an_invoice("fr")))[0].get_size()
    assert (round(width), round(height)) == (595, 842)


def test_a_due_date_of_the_first_is_french() -> None:
    document = an_invoice("fr")
    document = replace(document, payment=replace(document.payment, due_on=date(2027, 1, 1)))
    assert "1er janvier 2027" in text_of(document)
