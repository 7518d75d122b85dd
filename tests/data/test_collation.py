"""Names in the order of each language: as ICU puts them, whose order is kept in `collation.json`.

Made with Node 22 (ICU 78): `new Intl.Collator(language, {sensitivity: "accent"})`, for Arabic `"base"`. Names
within one list there count as the same.
"""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from webapp.data.keys import fold, sort_key
from webapp.domain.keyset import read_cursor, write_cursor

OF_ICU: dict[str, list[list[str]]] = json.loads(
    Path(__file__).with_name("collation.json").read_text(encoding="utf-8")
)


@pytest.mark.parametrize("language", OF_ICU)
def test_names_stand_where_icu_puts_them(language: str) -> None:
    place = {name: number for number, same in enumerate(OF_ICU[language]) for name in same}
    found = sorted(place, key=lambda name: (sort_key(name, language), place[name]))
    assert [place[name] for name in found] == sorted(place.values())


@pytest.mark.parametrize("language", OF_ICU)
def test_whoever_searches_finds_a_name_within_its_key(language: str) -> None:
    for same in OF_ICU[language]:
        for name in same:
            assert all(fold(word) in sort_key(name, language) for word in name.split()), name


@pytest.mark.parametrize(
    ("name", "language", "key"),
    [
        ("Acme Tools", "pl", "acme tools"),
        ("Müller", "de_CH", "muller\t  \u0306"),
        ("Chalupa", "cs", "h\x7falupa\t\tchalupa"),
        ("Chalupa", "de", "chalupa"),
        ("ЖУК", "", "жук"),
    ],
)
def test_a_key_is_the_folded_name_where_the_language_wants_nothing_else(
    name: str, language: str, key: str
) -> None:
    assert sort_key(name, language) == key


@pytest.mark.parametrize("letter", ["ż", "漢", "𠮷", "ش", "ガ"])
@pytest.mark.parametrize("language", ["pl", "ja", "ar", "hu"])
def test_the_longest_key_is_kept_by_a_cursor_and_fits_into_an_index(letter: str, language: str) -> None:
    key = sort_key(letter * 300, language)
    assert read_cursor(write_cursor(key, 2**60)) == (key, 2**60)
    assert len(key.encode()) < 1300
