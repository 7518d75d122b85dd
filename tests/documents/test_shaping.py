"""Lines in every script: which way they run, where they break, what stands for what."""

from __future__ import annotations

import subprocess
import sys
from unicodedata import bidirectional

import pytest
from babel import Locale
from babel.support import NullTranslations
from hypothesis import given, settings
from hypothesis import strategies as st

from webapp.documents.fonts import UNKNOWN, face
from webapp.documents.levels import first_strong_is_rtl, levels
from webapp.documents.lines import Line, line
from webapp.documents.shaping import Style, width, wrap
from webapp.i18n import Speech, _, speaking

BODY = Style(9)


def drawn(text: str, *, rtl: bool) -> str:
    """Letter after letter from left to right."""
    runs = [run.text for run in line(text, "regular", rtl=rtl).runs]
    return "".join(run[::-1] if any(bidirectional(c) in ("R", "AL") for c in run) else run for run in runs)


def back(text: str) -> str:
    return text[::-1]


def glyphs_of(found: Line) -> set[int]:
    return {glyph.code for run in found.runs for cluster in run.clusters for glyph in cluster.glyphs}


def reads(found: Line) -> str:
    return found.spoken or "".join(run.text for run in found.runs)


@pytest.mark.parametrize(
    ("text", "rtl", "expected"),
    [
        ("Order 12 of شركة الخليج (Dubai)", False, ["Order 12 of ", back("شركة الخليج"), " (Dubai)"]),
        ("شركة ABC دبي", True, [back("دبي"), " ABC ", back("شركة")]),
        ("شركة ABC دبي", False, [back("شركة"), " ABC ", back("دبي")]),
        ("بين Example Tools (GmbH) دبي", True, [back("دبي"), " Example Tools (GmbH) ", back("بين")]),
        ("عدد 1,234.50 AED", True, ["AED 1,234.50 ", back("عدد")]),
        ("SUB-AE-204118!", True, ["!SUB-AE-204118"]),
        ("日本 (ABC) שלום", False, ["日本 (ABC) ", back("שלום")]),
        ("\u2067ABC\u2069", False, ["ABC"]),
    ],
)
def test_a_mixed_line_is_drawn_in_the_order_of_its_scripts(text: str, rtl: bool, expected: list[str]) -> None:
    assert drawn(text, rtl=rtl) == "".join(expected)


def test_arabic_english_and_japanese_share_a_line_each_in_a_face_of_its_own() -> None:
    found = line("شركة الخليج, Example Ltd, 鹿島建設", "semibold", rtl=False)
    faces = {run.face.name for run in found.runs}
    assert {"NotoSansArabic-SemiBold", "NotoSans-SemiBold", "NotoSansJP-SemiBold"} == faces
    assert found.width == pytest.approx(sum(run.width for run in found.runs))


@pytest.mark.parametrize(
    "text", ["Société à responsabilité limitée", "Ελληνικά", "Кириллица", "Łódź, İstanbul"]
)
def test_letters_that_need_no_shaping_are_drawn_straight(text: str) -> None:
    found = line(text, "regular")
    assert [run.text for run in found.runs] == [text]
    assert not found.runs[0].clusters
    assert not found.spoken


def test_arabic_letters_join_and_are_still_read_as_they_were_written() -> None:
    joined, alone = line("للمقاولات", "regular"), line("ل ل م ق ا و ل ا ت", "regular")
    assert glyphs_of(joined) != glyphs_of(alone) - {ord(" ")}
    assert joined.spoken == "للمقاولات"


@pytest.mark.parametrize("text", ["e\u0301te\u0301", "Z\u030c", "בְּרֵאשִׁית", "فِي المُؤَسَّسَةِ"])
def test_marks_sit_on_their_letters_and_take_no_room(text: str) -> None:
    bare = "".join(c for c in text if not 0x300 <= ord(c) < 0x370 and not 0x591 <= ord(c) < 0x5C8)
    bare = "".join(c for c in bare if not 0x64B <= ord(c) < 0x653)
    assert width(text, BODY) == pytest.approx(width(bare, BODY), rel=0.02)


@pytest.mark.parametrize("text", ["\U0001f600", "ก", "a\ud800b", "\x07bell", "x\u2028y", "\u202eabc\u2069"])
def test_what_no_face_has_is_shown_as_unknown_and_read_as_it_was(text: str) -> None:
    found = line(text, "regular")
    assert found.width > 0
    drawn = "".join(run.text for run in found.runs)
    assert all(character.isprintable() for character in drawn)
    if text == "\U0001f600":
        assert (drawn, found.spoken) == (UNKNOWN, text)


def test_the_code_of_a_glyph_does_not_depend_on_which_came_before() -> None:
    script = (
        "from webapp.documents.lines import line\nimport sys\n"
        "[line(word, 'regular') for word in sys.argv[1:]]\n"
        "print(line('محمّد لأن بلا', 'regular').runs[0].clusters)\n"
    )
    answers = {
        subprocess.run(
            [sys.executable, "-c", script, *before], capture_output=True, text=True, check=True
        ).stdout
        for before in ([], ["الله ﷺ لا إله"])
    }
    assert len(answers) == 1


def test_the_big_japanese_face_is_left_alone_until_it_is_needed() -> None:
    script = (
        "from webapp.documents import fonts\nfrom webapp.documents.lines import line\n"
        "read = lambda: sorted(name for name in fonts.pdfmetrics.getRegisteredFontNames() if 'Noto' in name)\n"
        "line('Société شركة', 'regular'); print(read()); line('日本', 'regular'); print(read())\n"
    )
    answer = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True).stdout
    before, after = answer.splitlines()
    assert "JP" not in before
    assert "NotoSansJP-Regular" in after


# ---- where lines break

TEXTS = st.text(
    alphabet=st.sampled_from("abcdefé ÄßІщ -/»«:شركةלם日本。、（）ー12 \u0301"), min_size=0, max_size=120
)


@settings(max_examples=150, deadline=None)
@given(TEXTS, st.floats(min_value=20, max_value=300))
def test_nothing_is_lost_where_lines_break_and_every_line_fits(text: str, measure: float) -> None:
    lines = wrap(text, BODY, measure)
    said = "".join(lines).replace("\u200e", "").replace("\u200f", "")  # marks of the paragraph's direction
    assert "".join(said.split()) == "".join(text.split())
    for one in lines:
        assert width(one, BODY) <= measure + 0.5 or len(one.strip()) <= 3


def test_a_paragraph_breaks_between_words() -> None:
    text = "Die Rechnungen finden Sie im Portal. Sie sind innerhalb von 14 Tagen zahlbar."
    lines = wrap(text, BODY, 120)
    assert len(lines) > 2
    assert " ".join(lines) == text


def test_a_long_german_word_breaks_at_its_hyphen_before_it_breaks_anywhere() -> None:
    assert wrap("Software-Dienstleistungsvertragsbestimmungen", BODY, 190)[0] == "Software-"
    pieces = wrap("Donaudampfschifffahrtsgesellschaft", BODY, 60)
    assert len(pieces) > 1
    assert "".join(pieces) == "Donaudampfschifffahrtsgesellschaft"


def test_french_signs_never_begin_a_line() -> None:
    text = "Voir « Activer » : tout ! " * 12
    for measure in range(75, 200, 7):
        lines = wrap(text, BODY, measure)
        assert not [one for one in lines if one[:1] in "»:!"]
        assert not [one for one in lines if one.endswith("«")]


def test_japanese_breaks_between_letters_but_not_before_a_full_stop_or_after_an_opening_bracket() -> None:
    text = "本契約は、東京都（法人番号）にある会社「お客様」との間で締結されます。ソフトウェアー。" * 3
    for measure in range(30, 120, 3):
        lines = wrap(text, BODY, measure)
        assert "".join(lines) == text
        assert not [one for one in lines if one[0] in "、。）」ーっェ" or one[-1] in "（「"]


def test_an_accent_stays_with_its_letter_when_a_word_is_broken() -> None:
    assert not [one for one in wrap("e\u0301" * 40, BODY, 33) if one.startswith("\u0301")]


def test_semibold_is_measured_as_semibold() -> None:
    assert face("NotoSans", "semibold").measure("Vertrag") > face("NotoSans", "regular").measure("Vertrag")
    assert width("Vertrag", Style(9, "semibold")) > width("Vertrag", BODY)


def test_a_text_without_direction_takes_that_of_its_first_letter() -> None:
    assert line("شركة ABC.", "regular").runs[0].text == "."
    assert line("ABC شركة.", "regular").runs[-1].text == "."
    assert reads(line("12.50 %", "regular", default_rtl=True)) == "12.50 %"


# ---- isolates, and the direction of a paragraph


@pytest.mark.parametrize(
    ("text", "rtl", "expected"),
    [
        ("\u0627 \u2068PO-7/A\u2069 \u0628", True, "111222222111"),
        ("a \u2068\u0627\u0628\u2069 b", False, "00011000"),
        ("\u0627 \u2068+971 4\u2069", True, "1112222221"),
        ("\u0627 \u2068a \u2068\u0628\u2069\u2069", True, "111222321"),
        ("\u0627 \u2068ab", True, "11122"),
    ],
)
def test_what_is_isolated_has_levels_of_its_own(text: str, rtl: bool, expected: str) -> None:
    assert len(levels(text, rtl)) == len(text)
    assert "".join(map(str, levels(text, rtl))) == expected


def test_a_sentence_that_begins_with_a_name_still_runs_from_the_right() -> None:
    with speaking(Speech("ar", "ar", Locale("ar"), NullTranslations())):
        sentence = _("%(first)s – %(last)s", first="Profis", last="\u0627")
    assert first_strong_is_rtl(sentence, False)
    assert not first_strong_is_rtl("Profis \u0627", True)


def test_all_lines_of_a_paragraph_run_the_same_way() -> None:
    text = "تجدون الفواتير في البوابة " + "PROFIS Engineering Premium " * 3 + "حتى نهاية السنة"
    lines = wrap(text, BODY, 90)
    assert len(lines) > 3
    assert all(first_strong_is_rtl(one, False) for one in lines)
