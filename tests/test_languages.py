"""Nineteen locales share what they can, and cost memory only when somebody speaks them."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from babel import localedata

from tests.support import catalogues
from webapp.domain.invoices import invoice_files
from webapp.i18n import speaking, speech


def keys_of(language: str) -> dict[object, object]:
    return {key: key for key in vars(speech(language, "XX").messages)["_catalog"]}


def test_an_english_text_is_kept_once_for_all_languages() -> None:
    polish, arabic = keys_of("pl"), keys_of("ar")
    shared = polish.keys() & arabic.keys()
    assert len(shared) > 1000
    assert all(polish[key] is arabic[key] for key in shared)


def test_a_region_stands_on_its_languages_own_catalogue() -> None:
    french = speech("fr", "FR").messages
    for region in ("fr_CH", "fr_CA"):
        assert vars(speech(region, region[-2:]).messages)["_fallback"] is french
    assert all(len(catalogues.read(region)) < 300 for region in catalogues.region_words())


def test_of_unicode_nothing_is_kept_that_nobody_says() -> None:
    locale = speech("hu", "HU").locale
    assert localedata.load(str(locale))["unit_patterns"] == {} == localedata.load("hu")["unit_patterns"]
    assert locale.territories["HU"] == "Magyarország"


@pytest.mark.parametrize("language", catalogues.languages())
def test_the_headings_of_a_list_are_in_the_language_of_who_fetches_it(language: str) -> None:
    with speaking(speech("en", "GB")):
        english = [column.name for column in invoice_files.columns()]
    with speaking(speech(language, "XX")):
        said = [column.name for column in invoice_files.columns()]
    same = {one for one, other in zip(english, said, strict=True) if one == other}
    assert same <= {"Document", "Product", "Status", "Total"}, "words that are the same in some languages"


def test_a_language_is_read_when_it_is_first_spoken(tmp_path: Path) -> None:
    """Not at the start: a worker of a site with one language holds one."""
    asked = (
        "from webapp import create_app, i18n; from webapp.assembly import assemble; create_app(assemble());"
        "print(i18n._messages.cache_info().currsize)"
    )
    done = subprocess.run(
        [sys.executable, "-c", asked],
        env={**os.environ, "PORTAL_DATA": str(tmp_path)},
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    assert int(done.stdout) <= 1, done.stdout
