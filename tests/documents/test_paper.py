"""Pages: tagged, archivable and the same bytes whenever they are drawn again."""

from __future__ import annotations

import re
import subprocess
import sys
import threading
from datetime import UTC, datetime
from hashlib import sha256

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.documents.reading import File, decoration, pages_of, read_aloud, squeezed, trees
from webapp.documents.paper import Paper, rendering
from webapp.documents.shaping import Style

MADE_AT = datetime(2026, 11, 22, 9, 30, tzinfo=UTC)
BODY, HEAD = Style(9), Style(20, "semibold", "#0a5168")


def a_paper(**changes: object) -> Paper:
    settings = {"title": "Facture 42", "author": "Example", "subject": "Facture", "language": "fr"}
    return Paper(**{**settings, "made_at": MADE_AT, **changes})  # type: ignore[arg-type]


@rendering
def a_page(*words: str) -> bytes:
    paper = a_paper()
    paper.text(48, 760, "Facture", HEAD, tag="H1")
    y = 730
    for word in words or (
        "Société Lyonnaise",
        "شركة الخليج للمقاولات",
        "鹿島見本建設株式会社",
        "e\u0301te\u0301",
    ):
        paper.text(48, y, word, BODY)
        y -= 14
    with paper.element("Table"), paper.element("TR"):
        paper.text(48, y, "Total", BODY, tag="TH", scope="Row")
        paper.text(547, y, "590,00 €", BODY, tag="TD", align="end")
    paper.rule(48, y - 4, 547, y - 4, color="#d9d6d0")
    paper.every_page(lambda p, page, pages: p.text(547, 30, f"{page}/{pages}", BODY, align="end"))
    paper.attach("factur-x.xml", b"<a/>", profile="EN 16931")
    return paper.finish()


def digest(data: bytes) -> str:
    return sha256(data).hexdigest()


# ---- the same bytes

_IN_ANOTHER_PROCESS = """
import hashlib, sys
from tests.documents.test_paper import a_page
for words in sys.argv[1:]:
    a_page(*words.split())
print(hashlib.sha256(a_page()).hexdigest())
"""


@pytest.mark.parametrize("before", [[], ["لا إله الله", "Zürich Ğğ", "日本 東京"]])
def test_another_process_with_another_history_writes_the_same_bytes(before: list[str]) -> None:
    command = [sys.executable, "-c", _IN_ANOTHER_PROCESS, *before]
    other = subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()
    assert other == digest(a_page())


def test_threads_that_render_at_once_write_the_same_bytes() -> None:
    words = [("Zürich", "دبي"), ("鹿島", "Łódź"), ()]
    expected = [digest(a_page(*each)) for each in words]
    found: list[tuple[int, str]] = []

    def work(start: int) -> None:
        for turn in range(12):
            index = (start + turn) % len(words)
            found.append((index, digest(a_page(*words[index]))))

    switch = sys.getswitchinterval()
    sys.setswitchinterval(1e-5)
    try:
        threads = [threading.Thread(target=work, args=(start,)) for start in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    finally:
        sys.setswitchinterval(switch)
    assert len(found) == 48
    assert all(hashed == expected[index] for index, hashed in found)


def test_another_moment_makes_another_file() -> None:
    assert a_paper().finish() != a_paper(made_at=datetime(2026, 11, 23, tzinfo=UTC)).finish()


def test_two_documents_that_say_different_things_have_different_ids() -> None:
    ids = {re.search(rb"/ID\[<(\w+)>", a_page(word))[1] for word in ("one", "two", "two")}  # type: ignore[index]
    assert len(ids) == 2


# ---- structure


def test_what_is_drawn_is_read_in_that_order_and_decoration_is_not() -> None:
    data = a_page("Société Lyonnaise", "شركة الخليج")
    assert read_aloud(data).split("\n") == [
        "Facture",
        "Société Lyonnaise",
        "شركة الخليج",
        "Total",
        "590,00 €",
    ]
    assert decoration(pages_of(data)[0]) == ["1/1"]


def test_tags_say_what_each_thing_is() -> None:
    nodes = [(node.tag, node.marks) for node in trees(a_page("Lyon"))[0].walk()]
    assert nodes == [
        ("Document", []),
        ("H1", [0]),
        ("P", [1]),
        ("Table", []),
        ("TR", []),
        ("TH", [2]),
        ("TD", [3]),
    ]


def test_a_heading_of_a_row_says_that_it_is_one() -> None:
    assert b"/S/TH" in a_page()
    assert re.search(rb"/S/TH.*?/A<</O/Table/Scope/Row>>", a_page())


def test_a_paragraph_over_two_pages_is_one_element() -> None:
    paper = a_paper()
    with paper.element("P"):
        paper.text(48, 60, "Here it begins", BODY, tag=None)
        paper.new_page()
        paper.text(48, 760, "and there it ends.", BODY, tag=None)
    data = paper.finish()
    elements = [o for o in File(data).objects.values() if b"/S/P/" in o]
    assert len(elements) == 1
    assert b"/Type/MCR" in elements[0]


def test_a_picture_has_words_that_stand_for_it() -> None:
    paper = a_paper()
    with paper.figure("Logo of Example", 48, 700, 30, 30) as canvas:
        canvas.circle(60, 715, 10, fill=1)
    figure = next(node for node in trees(paper.finish())[0].walk() if node.tag == "Figure")
    assert figure.alt == "Logo of Example"


def test_a_link_leads_to_a_heading_that_is_drawn_later() -> None:
    paper = a_paper()
    with paper.element("P"), paper.link("later", "To the end", 48, 700, 80, 12):
        paper.text(48, 703, "To the end", BODY, tag=None)
    paper.new_page()
    paper.anchor("later", 500)
    paper.text(48, 500, "The end", BODY)
    file = File(paper.finish())
    annotation = next(o for o in file.objects.values() if b"/Subtype/Link" in o)
    target = int(re.search(rb"/Dest\[(\d+) 0 R", annotation)[1])  # type: ignore[index]
    kids = re.search(rb"/Kids \[(.*?)\]", next(o for o in file.objects.values() if b"/Type /Pages" in o))
    assert kids is not None
    assert [int(number) for number in re.findall(rb"(\d+) 0 R", kids[1])][1] == target


def test_a_page_cannot_end_within_a_mark() -> None:
    paper = a_paper()
    with pytest.raises(AssertionError), paper.mark():
        paper.new_page()


def test_page_numbers_know_how_many_pages_there_are() -> None:
    paper = a_paper()
    paper.every_page(lambda p, page, pages: p.text(48, 30, f"{page} of {pages}", BODY))
    for number in range(3):
        if number:
            paper.new_page()
        paper.text(48, 700, f"Text {number}", BODY)
    assert [decoration(page) for page in pages_of(paper.finish())] == [["1 of 3"], ["2 of 3"], ["3 of 3"]]


# ---- right to left, fonts


def test_an_arabic_document_is_the_mirror_of_a_french_one() -> None:
    def places(language: str) -> list[float]:
        paper = a_paper(language=language)
        paper.text(48, 700, "ABC", BODY)
        paper.text(500, 700, "ABC", BODY, align="end")
        wide = paper.text(48, 680, "ABC", BODY)
        return [*(piece.x for piece in pages_of(paper.finish())[0]), wide, paper.width]

    start, end, _again, wide, page = places("fr")
    mirrored_start, mirrored_end, *_rest = places("ar")
    assert mirrored_start == pytest.approx(page - start - wide, abs=0.02)
    assert mirrored_end == pytest.approx(page - end - wide, abs=0.02)


def test_the_font_is_chosen_before_glyphs_are_moved_in_its_units() -> None:
    paper = a_paper()
    paper.text(48, 700, "قبل", Style(9))
    paper.text(48, 660, "بَعْد الخط", Style(17))
    for operators in re.findall(r"BT (.*?)ET", File(paper.finish()).pages()[0], re.DOTALL):
        assert "TJ" not in operators or "Tf" not in operators or operators.index("Tf") < operators.index("TJ")


def test_more_characters_than_one_subset_holds_are_all_there() -> None:
    kanji = "".join(chr(code) for code in range(0x4E00, 0x4E00 + 700))
    paper = a_paper(language="ja")
    for start in range(0, 700, 50):
        paper.text(48, 780 - start, kanji[start : start + 50], BODY)
    said = read_aloud(paper.finish())
    assert len(set(said) & set(kanji)) > 500
    assert not set(said) - set(kanji) - {"\n", "\ufffd"}


@pytest.mark.parametrize("text", ["(a) \\ b)", "a\rb\nc", "~{}[]<>%"])
def test_signs_that_mean_something_in_a_pdf_are_only_text(text: str) -> None:
    paper = a_paper()
    paper.text(48, 700, text, BODY)
    assert read_aloud(paper.finish()) == re.sub(r"[\r\n]", " ", text)


# ---- archives


def test_the_file_says_what_it_is_twice_and_the_same() -> None:
    data = a_paper(title="Größe & Maß <1>", author="شركة").finish()
    assert '<rdf:li xml:lang="x-default">Größe &amp; Maß &lt;1&gt;</rdf:li>'.encode() in data
    assert "<rdf:li>شركة</rdf:li>".encode() in data
    assert b"(D:20261122093000+00'00')" in data
    assert b"<xmp:CreateDate>2026-11-22T09:30:00+00:00</xmp:CreateDate>" in data
    assert b"/GTS_PDFA1" in data
    assert b"/Lang (fr)" in data


def test_an_attached_invoice_is_announced_by_its_profile() -> None:
    data = a_page()
    assert b"<fx:ConformanceLevel>EN 16931</fx:ConformanceLevel>" in data
    assert b"/AFRelationship/Alternative" in data
    assert b"fx:ConformanceLevel" not in a_paper().finish()


# ---- whatever people are called


@settings(max_examples=120, deadline=None)
@given(st.text(max_size=40), st.sampled_from(["fr", "ar"]), st.sampled_from(["regular", "semibold"]))
def test_any_text_is_drawn_and_read_as_it_was_given(text: str, language: str, weight: str) -> None:
    paper = a_paper(title=text, author=text, language=language)
    with paper.element("P"), paper.mark():
        paper.text(48, 700, text, Style(9, weight), tag=None)
        paper.text(48, 680, "end", BODY, tag=None)
    said = read_aloud(paper.finish())
    assert (
        squeezed(said) == squeezed(re.sub(r"[\x00-\x1f\x7f-\x9f]", "", text) + "end")
        or not text.isprintable()
    )


def test_a_line_that_is_shaped_says_what_it_is_in_the_tree_of_tags() -> None:
    paper = a_paper()
    with paper.element("P"), paper.mark():
        paper.text(48, 700, "Société", BODY, tag=None)
        paper.text(48, 680, "شركة الخليج", BODY, tag=None)
        paper.text(48, 660, "SARL", BODY, tag=None)
    data = paper.finish()
    nodes = [(node.tag, node.marks) for node in trees(data)[0].walk()]
    assert nodes == [("Document", []), ("P", [0, 2]), ("Span", [1])]
    assert read_aloud(data).split("\n") == ["Société", "شركة الخليج", "SARL"]
