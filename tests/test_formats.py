"""Dates, times, money and lists as Babel knows them; names and numbers apart in right-to-left sentences."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest
from babel import Locale
from babel.support import NullTranslations

from webapp import formats
from webapp.config import resource_folder
from webapp.i18n import Speech, _, ngettext, speaking, speech
from webapp.isolates import isolated, well_nested
from webapp.mail.render import one_line

_WINTER, _SUMMER = datetime(2026, 11, 23, 14, 5, tzinfo=UTC), datetime(2026, 7, 1, 14, 5, tzinfo=UTC)


def of(locale: str) -> Speech:
    """A language's formats, whether or not its words are there."""
    return Speech(locale, locale, Locale.parse(locale), NullTranslations())


@pytest.mark.parametrize(
    ("locale", "zone", "winter", "summer"),
    [
        ("en_GB", "Europe/London", "23/11/2026, 14:05 GMT", "01/07/2026, 15:05 BST"),
        ("de_DE", "Europe/Berlin", "23.11.26, 15:05 MEZ", "01.07.26, 16:05 MESZ"),
        ("fr_FR", "Europe/Paris", "23/11/2026 15:05 UTC+01:00", "01/07/2026 16:05 UTC+02:00"),
        ("fr_CA", "America/Toronto", "2026-11-23 09 h 05 HNE", "2026-07-01 10 h 05 HAE"),
        ("cs_CZ", "Europe/Prague", "23.11.26 15:05 SEČ", "01.07.26 16:05 SELČ"),
        ("ja_JP", "Asia/Tokyo", "2026/11/23 23:05 JST", "2026/07/01 23:05 JST"),
    ],
)
def test_a_time_says_its_zone_as_the_language_calls_it(
    locale: str, zone: str, winter: str, summer: str
) -> None:
    with speaking(of(locale)):
        assert formats.moment(_WINTER, ZoneInfo(zone), "short") == winter
        assert formats.moment(_SUMMER, ZoneInfo(zone), "short") == summer


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("000000000000271420260000144", "00 00000 00000 27142 02600 00144"),
        ("RF18539007547034", "RF18 5390 0754 7034"),
        ("FA-2026-000013", "FA-2026-000013"),
    ],
)
def test_a_reference_is_spaced_as_on_paper(written: str, read: str) -> None:
    assert formats.spaced_reference(written) == read


def test_an_iban_is_read_in_fours() -> None:
    assert formats.grouped("FR7630006000011234567890189") == "FR76 3000 6000 0112 3456 7890 189"


@pytest.mark.parametrize(
    ("locale", "currency", "shown"),
    [
        ("fr_FR", "EUR", "1\u202f234\u202f567,89\xa0€"),
        ("fr_CA", "CAD", "1\xa0234\xa0567,89\xa0$"),
        ("de_DE", "EUR", "1.234.567,89\xa0€"),
        ("de_AT", "EUR", "€\xa01.234.567,89"),
        ("de_CH", "CHF", "CHF\xa01’234’567.89"),
        ("fr_CH", "CHF", "1\u202f234\u202f567,89\xa0CHF"),
        ("nl_NL", "EUR", "€\xa01.234.567,89"),
        ("pl_PL", "PLN", "1\xa0234\xa0567,89\xa0zł"),
        ("cs_CZ", "CZK", "1\xa0234\xa0567,89\xa0Kč"),
        ("en_US", "USD", "$1,234,567.89"),
        ("ja_JP", "JPY", "￥123,456,789"),
        ("ar_AE", "AED", "\u200f1,234,567.89\xa0د.إ.\u200f"),
    ],
)
def test_money_stands_as_language_and_country_write_it(locale: str, currency: str, shown: str) -> None:
    with speaking(of(locale)):
        assert formats.money(123456789, currency) == shown


@pytest.mark.parametrize(
    ("locale", "shown"),
    [
        ("en_GB", "A, B and C"),
        ("en_US", "A, B, and C"),
        ("de_DE", "A, B und C"),
        ("hu_HU", "A, B és C"),
        ("ja_JP", "A、B、C"),
        ("ar_AE", "A وB وC"),
    ],
)
def test_lists_are_joined_by_the_language(locale: str, shown: str) -> None:
    with speaking(of(locale)):
        assert formats.listing(["A", "B", "C"]) == shown


def test_what_stands_in_a_right_to_left_sentence_is_kept_apart() -> None:
    with speaking(of("ar_AE")):
        assert _("Order %(number)s", number="PO-7/A") == "Order \u2068PO-7/A\u2069"
        nested = _("Order %(number)s", number=_("No. %(n)s", n="7-A"))
        assert nested == "Order \u2068No. \u20687-A\u2069\u2069"
        assert _("%(name)s has left", name="Alice") == "\u200f\u2068Alice\u2069 has left"
        two = ngettext("%(num)s user of %(name)s", "%(num)s users of %(name)s", 2, name="Büro")
        assert two == "2 users of \u2068Büro\u2069"
    with speaking(speech("fr", "FR")):
        assert "\u2068" not in _("Order %(number)s", number="PO-7/A")


@pytest.mark.parametrize("name", ["A\u2069B", "\u2068A", "\u202eA", "A\u2066B\u2069", "\u2069A\u2068"])
def test_no_name_reaches_beyond_its_place(name: str) -> None:
    assert not well_nested(name)
    assert isolated(name) == "\u2068" + "".join(filter(str.isalpha, name)) + "\u2069"
    assert one_line(name).isprintable()


def test_a_sentence_of_an_email_keeps_its_isolates_but_no_line_breaks() -> None:
    assert one_line("a \u2068b\u2069\r\nc") == "a \u2068b\u2069 c"


@pytest.mark.parametrize(
    ("locale", "shown"), [("en_US", "A, B, C"), ("ja_JP", "A、B、C"), ("pl_PL", "A, B, C")]
)
def test_a_list_that_goes_on_has_no_and(locale: str, shown: str) -> None:
    with speaking(of(locale)):
        assert formats.series(["A", "B", "C"]) == shown
        assert formats.series(["A"]) == "A" and formats.series([]) == ""


# What would guess whether somebody is a man or a woman, or that they have a title.
_TITLES = r"(?i)geehrt|liebe|ch(er|ère)\b|monsieur|madame|estimad|querid|gentil|prezad|car[oa]\b|pan[ií]?\b|pán|vážen|úr\b|sir\b|dear|سيد|عزيز"


@pytest.mark.parametrize(
    "language", sorted(path.name for path in resource_folder("locales").iterdir() if path.is_dir())
)
def test_a_salutation_guesses_nothing_of_the_person(language: str) -> None:
    with speaking(speech(language, "XX")):
        words = _("Hello %(name)s,", name="Kim Doe")
    assert "Kim Doe" in words
    assert not re.search(_TITLES, words) and "/" not in words
