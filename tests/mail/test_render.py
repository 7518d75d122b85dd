"""What every mail shows, in every site's languages."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import date
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from urllib.parse import urlsplit

import pytest

from tests.mail.written import ISSUED, LINK, SITES, context, rendered, words
from webapp.config import resource_folder
from webapp.i18n import speech
from webapp.mail.render import one_line

KINDS = sorted(path.name for path in (resource_folder("templates") / "email").iterdir() if path.is_dir())


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


def test_the_confirmation_says_that_the_contract_is_attached() -> None:
    mail = rendered("activation_confirmed")
    for part in (mail.text, words(mail.html)):
        assert "Your contract is attached as a PDF" in part


def test_the_text_part_holds_the_link_on_a_line_of_its_own() -> None:
    for kind in KINDS:
        if kind not in (
            "withdrawn",
            "transfer_taken_back",
            "seat_removed",
            "claim_news",
            "claim_handed_over",
        ):
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


@pytest.mark.parametrize(
    ("kind", "changes", "said"),
    [
        ("claim_notice", {"administers": True, "decides": False}, "you have left"),
        ("claim_notice", {"administers": False, "decides": False}, "the administrator has left"),
        ("claim_notice", {"administers": False, "decides": True}, "You are its backup administrator"),
        ("claim_news", {"outcome": "disputed"}, "An administrator of your company objected."),
        ("claim_news", {"outcome": "withdrawn"}, "Max Neu has withdrawn"),
        ("claim_news", {"outcome": "overtaken"}, "handed over or ended meanwhile"),
        ("claim_granted", {"by_name": ""}, "Nobody objected"),
        ("claim_granted", {"by_name": "Sam Keller"}, "Sam Keller approved it"),
        ("claim_handed_over", {"administered": True}, "Your own license stays."),
    ],
)
def test_mails_of_a_claim_say_to_each_reader_what_concerns_them(
    kind: str, changes: dict[str, Any], said: str
) -> None:
    mail = rendered(kind, **changes)
    assert said in " ".join(mail.text.split())
    assert said in words(mail.html)


def test_who_never_administered_it_loses_nothing_by_a_claim() -> None:
    assert "Your own license" not in rendered("claim_handed_over", administered=False).text
