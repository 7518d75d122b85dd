"""Counted things in each language: CLDR's categories, and every form of Polish and Arabic read aloud."""

from __future__ import annotations

from typing import Any

import pytest
from babel import Locale
from babel.messages.catalog import Catalog

from tests.support import catalogues, wording
from tests.support.catalogues import real_messages, texts
from webapp.i18n import ngettext, speaking, speech

NUMBERS = (0, 1, 2, 3, 5, 11, 22, 100)
PLURAL = ("%(num)s license", "%(num)s licenses")


def read_aloud(locale: str, singular: str, plural: str, **more: object) -> list[str]:
    with speaking(speech(locale, locale.upper())):
        return [ngettext(singular, plural, number, **more).replace("\u00a0", " ") for number in NUMBERS]


def test_every_plural_form_of_polish() -> None:
    assert read_aloud("pl", "%(num)s day left", "%(num)s days left") == [
        "pozostało 0 dni",
        "pozostał 1 dzień",
        "pozostały 2 dni",
        "pozostały 3 dni",
        "pozostało 5 dni",
        "pozostało 11 dni",
        "pozostały 22 dni",
        "pozostało 100 dni",
    ]


def test_every_plural_form_of_arabic() -> None:
    assert read_aloud("ar", "%(num)s day left", "%(num)s days left") == [
        "لم يبقَ أي يوم",
        "بقي يوم واحد",
        "بقي يومان",
        "بقيت 3 أيام",
        "بقيت 5 أيام",
        "بقي 11 يومًا",
        "بقي 22 يومًا",
        "بقي 100 يوم",
    ]


@pytest.mark.parametrize(
    ("locale", "said"),
    [
        (
            "cs",
            ["0 licencí", "1 licence", "2 licence", "3 licence", "5 licencí", "11 ", "22 licencí", "100 l"],
        ),
        (
            "sk",
            [
                "0 licencií",
                "1 licencia",
                "2 licencie",
                "3 licencie",
                "5 licencií",
                "11 ",
                "22 licencií",
                "100",
            ],
        ),
        ("fr", ["0 licence est", "1 licence est", "2 licences", "3 ", "5 ", "11 ", "22 ", "100 licences"]),
        ("de", ["0 Lizenzen", "1 Lizenz ", "2 Lizenzen", "3 ", "5 ", "11 ", "22 ", "100 Lizenzen"]),
        ("pt", ["0 licenças", "1 licença ", "2 licenças", "3 ", "5 ", "11 ", "22 ", "100 licenças"]),
        ("hu", [f"{number} licenc " for number in NUMBERS]),
        ("ja", [f"空いているライセンスは{number}件" for number in NUMBERS]),
    ],
)
def test_plurals_of_other_languages(locale: str, said: list[str]) -> None:
    counted = read_aloud(locale, "%(num)s license is free.", "%(num)s licenses are free.")
    assert all(text.startswith(start) for text, start in zip(counted, said, strict=True)), counted


@pytest.mark.parametrize("locale", ["pl", "ar"])
def test_every_counted_message_has_its_number_in_every_form(locale: str) -> None:
    """Or says it in words, where a form is for one number only."""
    catalogue = catalogues.read(locale)
    forms = wording.numbers_of_forms(catalogue)
    for message in real_messages(catalogue):
        if not message.pluralizable or "%(num)s" not in message.id[1]:
            continue
        for text, numbers in zip(texts(message), forms, strict=True):
            assert not text or "%(num)s" in text or len(numbers) == 1, text


@pytest.mark.parametrize("locale", catalogues.languages())
def test_each_number_gets_the_plural_that_unicode_gives_it(locale: str) -> None:
    """The formula of the file and CLDR's rules put the same numbers together. Hungarian needs one form only."""
    forms = wording.numbers_of_forms(catalogues.read(locale))
    rule = Locale.parse({"pt": "pt_PT"}.get(locale, locale)).plural_form
    categories = [{rule(number) for number in numbers} for numbers in forms]
    if locale != "hu":
        assert all(len(category) == 1 for category in categories), categories
        assert len(set.union(*categories)) == len(forms), categories


def test_babels_own_arabic_formula_would_be_noticed() -> None:
    rule = Locale.parse("ar").plural_form
    by_form = [{rule(number) for number in numbers} for numbers in wording.numbers_of_forms(Catalog("ar"))]
    assert by_form[4:] == [{"other"}, {"many"}], "the other way round"
    ours = wording.numbers_of_forms(catalogues.begun("ar"))
    assert [{rule(number) for number in numbers} for numbers in ours][4:] == [{"many"}, {"other"}]


def counted(locale: str, *forms: str, of: Any = PLURAL) -> list[str]:
    made = catalogues.begun(locale)
    made.add(of, forms)
    return wording.wrong_placeholders(made)


def test_only_a_form_for_one_number_may_say_it_in_words() -> None:
    few, in_words = "%(num)s تراخيص", ("لا تراخيص", "ترخيص واحد", "ترخيصان")
    assert not counted("ar", *in_words, few, few, few)
    assert counted("ar", *in_words, "تراخيص", few, few)
    assert not counted("pl", "jedna licencja", "%(num)s licencje", "%(num)s licencji")
    assert counted("pl", "%(num)s licencja", "%(num)s licencje", "licencji")
    assert counted("fr", "une licence", "%(num)s licences"), "zero is said so as well"
    assert not counted("fr", "une licence", "%(num)s licences", of=("one license", PLURAL[1]))
    assert counted("ja", "ライセンス", of=("one license", PLURAL[1]))
    assert counted("hu", "egy licenc", of=("one license", PLURAL[1]))
