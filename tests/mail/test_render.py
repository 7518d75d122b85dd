"""What every mail shows, in every site's languages."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from urllib.parse import urlsplit

import pytest

from tests.support.papers import ISSUED_ON, an_invoice
from webapp.config import read_settings, resource_folder
from webapp.data.issued import Credited, HowToPay
from webapp.domain.reminder_items import ORDER, Item, Section
from webapp.i18n import speech
from webapp.mail.render import Rendered, one_line, render
from webapp.sites import Site, load_sites

KINDS = sorted(path.name for path in (resource_folder("templates") / "email").iterdir() if path.is_dir())
SITES = load_sites(resource_folder("tenants"), read_settings({}).origin)
# An invoice and a credit note at once: each mail takes what it shows.
ISSUED = replace(
    an_invoice("fr", number="FA-2026-000042"),
    credited=Credited("FA-2026-000041", ISSUED_ON),
    credit_reason="Wrong address",
)
_ITEM = Item(
    kind="renewal",
    public_id="SUB-FR-204118",
    product="PROFIS Engineering Premium",
    company="Exemple Construction",
    on=date(2027, 11, 22),
    days_left=30,
    path="/subscriptions/SUB-FR-204118",
    quantity=3,
    net=177000,
    currency="EUR",
    billing_period="annual",
    people=("Éloïse D’Hérouville", "Max Neu"),
)
REMINDED = [Section(kind, [replace(_ITEM, kind=kind)], number=1) for kind in ORDER]
LINK = "http://fr.localhost:8000/activate/0314100037"


def context(**changes: Any) -> dict[str, Any]:
    """Everything that any of the mails may need."""
    bought = SimpleNamespace(
        product_name="PROFIS Engineering Premium",
        quantity=3,
        po_number="BC 2026-113",
        account=SimpleNamespace(name="Exemple Construction"),
        administrator=SimpleNamespace(name="Alice Martin"),
        public_id="SUB-FR-204118",
        term_start=date(2026, 11, 22),
        term_end=date(2027, 11, 22),
        ends_on=None,
        unit_price=48000,
        currency="EUR",
    )
    return {
        "person": SimpleNamespace(name="Éloïse D’Hérouville", email="eloise@example.com"),
        "subscription": bought,
        "order_number": "0314100037",
        "last_day": date(2027, 2, 20),
        "days_left": 90,
        "reason": "We bought another tool",
        "by_name": "Alice Martin",
        "by_oneself": True,
        "version": "4.2",
        "from_name": "Alice Martin",
        "to_name": "Max Neu",
        "to_email": "max@example.com",
        "kept_seat": True,
        "company": "Exemple Construction",
        "changed_by": "Alice Martin",
        "changed": [
            ("city", "Town", "Lyon", "Nantes"),
            ("country", "Country", "FR", "DE"),
            ("vat_id", "VAT number", "", "FR40303265045"),
        ],
        "days": 7,
        "creditor_id": "FR00ZZZ000000",
        "old": {"method": "invoice", "ending": ""},
        "new": {"method": "direct_debit", "ending": "2606", "reference": "SUB-FR-204118-1A2B3C4D"},
        "on": True,
        "works_from": datetime(2026, 11, 23, 12, 0, tzinfo=UTC),
        "old_email": "eloise@example.com",
        "new_email": "eloise@example.org",
        "granted": True,
        "companies": ["Exemple Construction", "Autre Exemple"],
        "administers": 3,
        "uses": 1,
        "link_days": 30,
        "document": ISSUED,
        "reads_portal": True,
        "e_invoice": True,
        "number_of_users": 3,
        "invoice": SimpleNamespace(
            quantity=3, po_number="BC 2026-113", net=144000, currency="EUR", number="FA-2026-000042"
        ),
        "price": SimpleNamespace(
            added=2,
            quantity=5,
            unit_price=24066,
            net=48132,
            currency="EUR",
            first_day=date(2027, 5, 23),
            last_day=date(2027, 11, 21),
            next_day=date(2027, 11, 22),
            next_quantity=5,
            next_net=240000,
        ),
        "sections": REMINDED,
        "number_of_items": 5,
        "quantity": 2,
        "going": 1,
        "staying": 1,
        "token": SimpleNamespace(minutes=60),
        "link": LINK,
        "now": datetime(2026, 11, 22, 12, 0, tzinfo=UTC),
        **changes,
    }


def rendered(kind: str, site: Site | None = None, language: str = "en", **changes: Any) -> Rendered:
    site = site or SITES["gb"]
    return render(kind, site=site, speech=speech(language, site.territory), context=context(**changes))


def words(html: str) -> str:
    """What a reader of the HTML part sees."""
    body = html[html.index("<body") :]
    return " ".join(re.sub(r"<[^>]+>", " ", body).replace("&#39;", "'").split())


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(
    ("code", "language"), [(site.code, language) for site in SITES for language in site.languages]
)
def test_every_mail_can_be_written_in_every_language_of_every_site(
    kind: str, code: str, language: str
) -> None:
    site = SITES[code]
    mail = rendered(kind, site, language)
    spoken = speech(language, site.territory)
    assert mail.subject
    assert "\n" not in mail.subject
    assert f'<html lang="{spoken.language_tag}" dir="{spoken.direction}">' in mail.html
    assert f'lang="{spoken.language_tag}" dir="{spoken.direction}"' in mail.html[mail.html.index("<body") :]
    for part in (mail.text, mail.html):
        assert site.support_email in part
        assert site.legal_entity.address[0] in part.replace("&#39;", "'")
        assert "%(" not in part


def test_arabic_is_laid_out_from_right_to_left() -> None:
    mail = rendered("activation", SITES["ae"], "ar")
    assert 'dir="rtl"' in mail.html
    assert 'align="right"' in mail.html
    assert 'align="left"' not in mail.html
    assert 'dir="rtl"' not in rendered("activation", SITES["ae"], "en").html


def test_the_language_said_is_the_language_of_the_words() -> None:
    """While a language has no catalogue its mails are English, and say so."""
    mail = rendered("activation", SITES["fr"], "fr")
    tag = speech("fr", "FR").language_tag
    assert f'<html lang="{tag}"' in mail.html
    assert ("Activate" in mail.subject) == (tag == "en")


def test_the_activation_mail_names_order_product_deadline_and_its_one_button() -> None:
    mail = rendered("activation")
    assert mail.subject == "Activate your subscription PROFIS Engineering Premium – order 0314100037"
    expected = [
        "PROFIS Engineering Premium",
        "0314100037",
        "BC 2026-113",
        "SUB-FR-204118",
        "Activate by 20 February 2027: 90 days left",
        "It costs you nothing",
        "eloise@example.com",
        "Proceed to Accept the Agreement",
    ]
    for words_of in (mail.text, words(mail.html)):
        for each in expected:
            assert each in words_of
    assert [urlsplit(link).path for link in re.findall(r'href="([^"]+)"', mail.html)] == [
        "/activate/0314100037"
    ] * 2


@pytest.mark.parametrize(
    ("days", "said"),
    [
        (0, "Activate today, 20 February 2027: it is the last day"),
        (1, "Activate by 20 February 2027: 1 day left"),
        (2, "Activate by 20 February 2027: 2 days left"),
    ],
)
def test_the_days_left_are_said_as_people_say_them(days: int, said: str) -> None:
    mail = rendered("activation", days_left=days)
    assert f"\n{said}\n" in mail.text
    assert said in words(mail.html)


def test_a_missing_purchase_order_number_is_said() -> None:
    bought = context()["subscription"]
    bought.po_number = ""
    assert "None given yet" in rendered("activation", subscription=bought).text
    confirmed = rendered("activation_confirmed", subscription=bought)
    assert "Add yours in the portal" in confirmed.text
    assert "Add yours in the portal" not in rendered("activation_confirmed").text


def test_the_confirmation_says_what_was_accepted_by_whom_and_when_it_renews() -> None:
    mail = rendered("activation_confirmed")
    for said in ("Version 4.2, accepted by Éloïse D’Hérouville", "22 November 2026", "22 November 2027"):
        assert said in mail.text
        assert said in words(mail.html)


def test_a_cancellation_says_the_dates_the_reason_and_the_way_back() -> None:
    mail = rendered("cancellation_planned", last_day=date(2027, 11, 21))
    for said in (
        "It can be used until 21 November 2027.",
        "22 November 2027",
        "We bought another tool",
        "Press “Keep subscription” at the end of the page of the subscription."
        " You can do that until the end of 21 November 2027.",
    ):
        assert said in mail.text
        assert said in words(mail.html)
    assert "Your reason" not in rendered("cancellation_planned", reason="").text


def test_an_undone_cancellation_says_when_it_renews() -> None:
    mail = rendered("cancellation_undone")
    for part in (mail.text, words(mail.html)):
        assert "It renews by itself on 22 November 2027, and there is an invoice for the next term." in part
    assert mail.subject.startswith(
        "Cancellation undone: PROFIS Engineering Premium renews on 22 November 2027"
    )


def test_changed_billing_data_are_told_with_both_values() -> None:
    mail = rendered("billing_changed")
    for part in (mail.text, words(mail.html)):
        assert "Nantes (before: Lyon)" in part
        assert "Germany (before: France)" in part
        assert "FR40303265045 (before: nothing)" in part


def test_a_changed_payment_method_shows_the_last_digits_of_the_account_and_no_more() -> None:
    mail = rendered("payment_changed", SITES["fr"])
    for part in (mail.text, words(mail.html)):
        assert "•••• 2606" in part and "SUB-FR-204118-1A2B3C4D" in part and "FR00ZZZ000000" in part
    back = {"method": "invoice", "ending": "", "reference": ""}
    assert "Mandate reference" not in rendered("payment_changed", SITES["fr"], new=back).text


def test_who_never_asked_for_invoices_hears_who_did_and_that_nothing_will_come() -> None:
    mail = rendered("invoice_address")
    for part in (mail.text, words(mail.html)):
        assert "Alice Martin entered eloise@example.com" in part
        assert "The link works once, for 7 days." in part
        assert "without your confirmation nothing is sent" in part
        assert "somebody entered your address" in part and "address is registered" not in part


def test_the_confirmation_says_that_the_contract_is_attached() -> None:
    mail = rendered("activation_confirmed")
    for part in (mail.text, words(mail.html)):
        assert "Your contract is attached as a PDF" in part


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


def test_the_text_part_holds_the_link_on_a_line_of_its_own() -> None:
    for kind in KINDS:
        if kind not in ("withdrawn", "transfer_taken_back", "seat_removed"):
            assert f"\n{LINK}\n" in rendered(kind).text


@pytest.mark.parametrize("kind", KINDS)
def test_a_mail_loads_nothing_and_follows_nobody(kind: str) -> None:
    html = rendered(kind).html
    assert not re.search(r"<(img|script|link|iframe|object|form)\b|url\(|@import", html)
    assert len(html.encode()) < 20_000


@pytest.mark.parametrize("kind", KINDS)
def test_what_people_write_is_shown_and_never_obeyed(kind: str) -> None:
    evil = "<b onclick=x>{{ 7*7 }}</b>\r\n\r\nPay at http://evil.example"
    person = SimpleNamespace(name=evil, email="m@example.com")
    bought = context()["subscription"]
    bought.product_name = bought.po_number = bought.account.name = evil
    line, buyer = replace(ISSUED.lines[0], name=evil), replace(ISSUED.buyer, name=evil)
    issued = replace(ISSUED, lines=(line,), buyer=buyer, po_number=evil, credit_reason=evil)
    mail = rendered(kind, person=person, subscription=bought, reason=evil, from_name=evil, document=issued)
    assert "<b onclick" not in mail.html
    assert "49" not in mail.html[mail.html.index("<h1") : mail.html.index("<h1") + 2000]
    assert "\nPay at" not in mail.text
    assert mail.subject.splitlines() == [mail.subject]


def test_one_line_keeps_the_spaces_that_languages_need() -> None:
    assert one_line("7\u202f488,00\u00a0€") == "7\u202f488,00\u00a0€"
    assert one_line("a\r\n\tb\u2028c\x85d\u202ee") == "a b c d e"
    assert one_line("\nname\n") == "name"


def test_every_kind_documents_what_it_needs() -> None:
    for kind in KINDS:
        folder = resource_folder("templates") / "email" / kind
        assert {path.name for path in folder.iterdir()} == {
            "subject.txt",
            "body.txt",
            "body.html",
            "words.txt",
        }
        assert "Context:" in Path(folder / "subject.txt").read_text(encoding="utf-8").partition("#}")[0]
