"""Mails about invoices, in words."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import date

import pytest

from tests.mail.written import ISSUED, LINK, SITES, rendered, words
from tests.support.papers import an_invoice
from webapp.data.issued import HowToPay


def test_who_never_asked_for_invoices_hears_who_did_and_that_nothing_will_come() -> None:
    mail = rendered("invoice_address")
    for part in (mail.text, words(mail.html)):
        assert "Alice Martin entered eloise@example.com" in part
        assert "The link works once, for 7 days." in part
        assert "without your confirmation nothing is sent" in part
        assert "somebody entered your address" in part and "address is registered" not in part


def test_an_invoice_says_number_purchase_order_amount_and_how_to_pay() -> None:
    mail = rendered("invoice")
    assert mail.subject == "Invoice FA-2026-000042 – purchase order number BC 2026-113 – €708.00"
    for part in (mail.text, words(mail.html)):
        for said in (
            "PROFIS Engineering Premium",
            "Purchase order number",
            "BC 2026-113",
            "22 Nov 2026 to 21 Nov 2027",
            "€590.00",
            "TVA",
            "€118.00",
            "€708.00",
            "Please transfer €708.00 by 22 December 2026.",
            "FR76 3000 6000 0112 3456 7890 189",
            "Reference for your transfer",
            "FR-2026-000042",
            "attached as a PDF",
            "Factur-X",
        ):
            assert said in part, said


def test_an_invoice_without_what_can_be_missing_says_no_empty_line() -> None:
    bare = replace(ISSUED, po_number="", buyer_reference="", payment=HowToPay("invoice"))
    mail = rendered("invoice", document=bare, e_invoice=False)
    assert mail.subject == "Invoice FA-2026-000042 – €708.00"
    for part in (mail.text, words(mail.html)):
        assert "Please transfer €708.00." in part
        for unsaid in (
            "Purchase order number",
            "Your reference",
            "Due date",
            "IBAN",
            "BIC",
            "Factur-X",
            "None",
        ):
            assert unsaid not in part
    assert not re.search(r": *$", mail.text, re.M)


@pytest.mark.parametrize(
    ("payment", "paid", "said", "unsaid"),
    [
        (
            HowToPay(
                "direct_debit",
                date(2026, 12, 22),
                debited_account="FR…0189",
                mandate="M-1",
                creditor_id="C-1",
            ),
            0,
            ["We debit €708.00 from your account on 22 December 2026.", "FR…0189", "M-1", "C-1"],
            ["Please transfer", "IBAN"],
        ),
        (HowToPay("credit_card"), 0, ["We charge €708.00 to your credit card."], ["Please transfer"]),
        (ISSUED.payment, 70_800, ["Nothing is left to pay.", "Already paid"], ["Please transfer", "IBAN"]),
        (ISSUED.payment, 20_800, ["Please transfer €500.00 by", "Already paid", "€208.00"], []),
    ],
)
def test_an_invoice_says_what_is_to_be_done(
    payment: HowToPay, paid: int, said: list[str], unsaid: list[str]
) -> None:
    mail = rendered("invoice", document=replace(ISSUED, payment=payment, paid=paid))
    for part in (mail.text, words(mail.html)):
        assert all(each in part for each in said)
        assert not any(each in part for each in unsaid)


def test_a_swiss_invoice_points_to_its_slip() -> None:
    swiss = rendered("invoice", SITES["ch"], "de_CH", document=an_invoice("ch"), e_invoice=False)
    by_card = replace(an_invoice("ch"), payment=HowToPay("credit_card"))
    assert "QR" in swiss.text and "QR" in words(swiss.html)
    assert "QR" not in rendered("invoice", SITES["ch"], "de_CH", document=by_card, e_invoice=False).text
    assert "QR" not in rendered("invoice").text


def test_a_credit_note_says_which_invoice_it_takes_back_and_why() -> None:
    mail = rendered("credit_note", document=replace(ISSUED, number="AV-2026-000007"))
    assert (
        mail.subject == "Credit note AV-2026-000007 for invoice FA-2026-000041 – "
        "purchase order number BC 2026-113 – €708.00"
    )
    for part in (mail.text, words(mail.html)):
        assert "takes back invoice FA-2026-000041 of 22 November 2026. Reason: Wrong address" in part
        assert "Do not pay that invoice any more." in part
        assert "Please transfer" not in part


@pytest.mark.parametrize("kind", ["invoice", "credit_note"])
def test_an_address_for_invoices_is_told_why_and_led_nowhere(kind: str) -> None:
    mail = rendered(kind, reads_portal=False)
    for part in (mail.text, words(mail.html)):
        assert "this address was confirmed for invoices of Société Lyonnaise de Bâtiment SARL" in part
        assert "is registered" not in part
        assert LINK not in part
    assert "View invoice" not in mail.html
