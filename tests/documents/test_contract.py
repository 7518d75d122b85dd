"""Contracts: the agreement word for word, who accepted it, and a mark on what nobody has accepted yet."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path

import pytest
from markdown_it import MarkdownIt

from tests.documents.contracts import SAMPLES, a_contract, agreement_files, pending
from tests.documents.gallery import NAMED
from tests.documents.reading import File, Node, decoration, pages_of, read_aloud, squeezed, trees
from webapp.documents.contract import Company, render

TEXTS = [*agreement_files(), *sorted(SAMPLES.glob("*.md"))]


def words_of(markdown: str) -> str:
    """What a reader of the portal's page reads, list numbers included; without spaces."""
    said: list[str] = []
    numbers: list[int] = []
    for token in MarkdownIt("commonmark", {"html": False}).parse(markdown):
        if token.type == "ordered_list_open":
            numbers.append(int(token.attrs.get("start", 1)))
        elif token.type == "bullet_list_open":
            numbers.append(0)
        elif token.type in ("ordered_list_close", "bullet_list_close"):
            numbers.pop()
        elif token.type == "list_item_open":
            said.append(f"{numbers[-1]}." if numbers[-1] else "•")
            numbers[-1] += 1 if numbers[-1] else 0
        elif token.type == "inline":
            said += [child.content for child in token.children or []]
    return squeezed("".join(said))


@pytest.mark.parametrize("path", TEXTS, ids=lambda path: f"{path.parent.parent.name}-{path.stem}")
def test_the_agreement_is_there_word_for_word(path: Path) -> None:
    content = a_contract(agreement=path)
    expected = words_of(content.text)
    said = squeezed(read_aloud(render(content)))
    assert len(expected) > 300
    assert expected in said


def test_one_changed_word_is_seen() -> None:
    content = a_contract("de")
    changed = replace(content, text=content.text.replace("nicht", "", 1))
    assert words_of(content.text) not in squeezed(read_aloud(render(changed)))


def test_stress_tables_and_nested_lists_keep_their_words_and_their_tags() -> None:
    text = (
        "# Title\n\nOne **two** three *four* `five`.\n\n> Said by [somebody](https://a.example).\n\n"
        "1. first\n   - inner **a**\n   - inner b\n2. second\n\n| Head | Two |\n|---|---|\n| a | b |\n\n---\n\n"
        "    code\n\n> ## Quoted heading\n"
    )
    data = render(a_contract("gb", text=text, text_language="en"))
    said = squeezed(read_aloud(data))
    expected = "One two three four five. Said by somebody. 1. first • inner a • inner b 2. second Head Two a b code Quoted heading"
    assert squeezed(expected) in said
    tags = [node.tag for node in trees(data)[2].walk()]
    assert tags.count("L") == 2
    assert tags.count("LI") == 4
    assert tags.count("BlockQuote") == 2
    assert [tag for tag in tags if tag in ("TH", "TD")] == ["TH", "TH", "TD", "TD"]


# ---- acceptance


def test_the_certificate_says_who_when_what_and_for_which_order() -> None:
    content = a_contract("fr")
    last = " ".join(piece.text for piece in pages_of(render(content))[-1] if piece.mark >= 0)
    for words in (
        "Attestation d’acceptation",
        "Alice Martin a accepté ce contrat pour l’entreprise Société Lyonnaise de Bâtiment SARL.",
        "alice@batiment.example",
        "22 nov. 2026, 10:30:00 UTC+01:00",
        "2026-11-22T09:30:00Z",
        "4.2",
        "SUB-FR-204118",
        "Commande 4500012345 du 20 novembre 2026",
        "BC 2026-113",
        "PROFIS Engineering Premium",
    ):
        assert words in last
    assert content.sha256 in squeezed(last)


def test_a_contract_of_several_languages_says_which_version_is_binding() -> None:
    assert "faisant foi" not in read_aloud(render(a_contract("fr")))
    said = squeezed(read_aloud(render(a_contract("fr", binding_language="de_CH"))))
    assert squeezed("celle-ci fait foi : Deutsch.") in said


def test_an_accepted_contract_bears_no_mark() -> None:
    assert not [
        page for page in pages_of(render(a_contract("fr"))) if "Pas encore accepté" in decoration(page)
    ]


def test_a_pending_contract_is_marked_on_every_page_and_says_so_in_its_text() -> None:
    data = render(pending(a_contract("fr")))
    pages = pages_of(data)
    assert len(pages) > 5
    assert all("Pas encore accepté" in decoration(page) for page in pages)
    said = read_aloud(data)
    assert said.count("Pas encore accepté.") == 2  # on the first page and the last
    assert "Attestation d’acceptation" not in said


# ---- pages


def test_every_page_says_which_of_how_many_it_is() -> None:
    pages = pages_of(render(a_contract("de")))
    assert [decoration(page)[-1] for page in pages] == [
        f"Seite {number} von {len(pages)}" for number in range(1, len(pages) + 1)
    ]


def test_the_contents_name_the_pages_that_the_headings_are_on() -> None:
    pages = pages_of(render(a_contract("de")))
    listed = [piece.text for piece in pages[1] if piece.mark >= 0][1:]
    entries = dict(zip(listed[::2], map(int, listed[1::2]), strict=True))
    assert len(entries) == 19
    for title, number in entries.items():
        assert title in " ".join(piece.text for piece in pages[number - 1])


def test_the_contents_and_the_outline_lead_to_the_headings() -> None:
    objects = File(render(a_contract("fr"))).objects.values()
    links = [o for o in objects if b"/Subtype/Link" in o]
    bookmarks = [o for o in objects if o.startswith(b"<</Title")]
    assert len(links) == len(bookmarks) == 19
    assert all(b"/Dest[" in o for o in [*links, *bookmarks])


@pytest.mark.parametrize("site", ["de", "fr", "pl", "gb"])
def test_no_heading_stands_alone_at_the_foot_of_a_page(site: str) -> None:
    data = render(a_contract(site))
    for page, tree in zip(pages_of(data), trees(data), strict=True):
        lowest = min((piece for piece in page if piece.mark >= 0), key=lambda piece: piece.y)
        headings = [node for node in tree.walk() if re.fullmatch("H[1-6]", node.tag)]
        assert not [node for node in headings if lowest.mark in node.marks]


def test_headings_leave_out_no_level() -> None:
    levels = [
        int(node.tag[1])
        for tree in trees(render(a_contract("fr")))
        for node in tree.walk()
        if re.fullmatch("H[1-6]", node.tag)
    ]
    assert levels[0] == 1
    assert all(after <= before + 1 for before, after in pairwise(levels))


def test_a_long_company_name_and_long_words_stay_on_the_page() -> None:
    name = "Donaudampfschifffahrtselektrizitätenhauptbetriebswerkbauunterbeamtengesellschaft " * 3
    content = a_contract(
        "de", buyer=Company(name, (name,)), product=name, administrator_email="a" * 90 + "@b.example"
    )
    page = pages_of(render(content))[0]
    assert squeezed(name) in squeezed("".join(piece.text for piece in page))


# ---- languages


def test_the_agreement_says_which_language_it_is_in() -> None:
    def language_of(tree: Node) -> set[str]:
        return {node.language for node in tree.walk() if node.language}

    data = render(a_contract("ae", language="ar"))
    assert language_of(trees(data)[2]) == {"en"}
    assert b"/Lang (ar)" in data  # the words around it


def test_a_document_in_arabic_starts_at_the_right() -> None:
    def start(language: str) -> float:
        content = a_contract("ae", language=language)
        return next(place for place in pages_of(render(content))[0] if place.mark == 1).x

    assert start("en") == pytest.approx(64)
    assert start("ar") > 100


def test_a_language_without_words_of_its_own_is_served_in_english() -> None:
    assert "Certificate of acceptance" in read_aloud(render(a_contract("pl", language="sv")))
    assert "Nachweis der Annahme" in read_aloud(render(a_contract("at")))


def test_american_paper_has_its_own_size() -> None:
    assert b"/MediaBox [ 0 0 612 792 ]" in render(a_contract("us"))


# ---- the same bytes


@pytest.mark.parametrize("name", sorted(name for name in NAMED if name.startswith("contract")))
def test_the_same_contract_is_the_same_file(name: str) -> None:
    assert NAMED[name]() == NAMED[name]()


def test_another_moment_of_acceptance_is_another_file() -> None:
    content = a_contract()
    assert content.accepted
    later = replace(content.accepted, at=datetime(2026, 11, 22, 9, 31, tzinfo=UTC))
    assert render(content) != render(replace(content, accepted=later))
