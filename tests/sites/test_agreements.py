from __future__ import annotations

import re
from hashlib import sha256
from pathlib import Path

import pytest

from tests.sites import CODES, TENANTS, origin
from tests.support.wording import glossary, glossary_word
from webapp.sites import AgreementMissing, SiteConfigError, Sites, load_sites

AGREEMENTS = ("software", "service")
TEXTS = sorted(TENANTS.glob("*/agreements/*.md"))
CLOSING = {
    "en": "Demonstration text of a fictitious company, not legal advice.",
    "fr": "Texte de démonstration d’une entreprise fictive, sans valeur de conseil juridique.",
    "de": "Demonstrationstext eines erfundenen Unternehmens, keine Rechtsberatung.",
    "nl": "Demonstratietekst van een fictief bedrijf, geen juridisch advies.",
    "pt": "Texto de demonstração de uma empresa fictícia, sem valor de aconselhamento jurídico.",
    "cs": "Ukázkový text smyšlené společnosti, nejde o právní radu.",
    "sk": "Ukážkový text vymyslenej spoločnosti, nejde o právnu radu.",
    "hu": "Kitalált vállalkozás bemutató szövege, nem jogi tanács.",
    "it": "Testo dimostrativo di un’azienda fittizia, senza valore di consulenza legale.",
    "es": "Texto de demostración de una empresa ficticia; no constituye asesoramiento jurídico.",
    "pl": "Tekst pokazowy fikcyjnej firmy, nie stanowi porady prawnej.",
    "ja": "架空の会社の見本であり、法的助言ではありません。",
    "ar": "نص توضيحي لشركة خيالية، ولا يُعدّ استشارة قانونية.",
}


@pytest.mark.parametrize("code", CODES)
@pytest.mark.parametrize("key", AGREEMENTS)
def test_every_language_of_a_site_has_each_agreement(sites: Sites, code: str, key: str) -> None:
    site = sites[code]
    texts = [site.agreement(key, language) for language in site.languages]
    for language, agreement in zip(site.languages, texts, strict=True):
        assert agreement.language == language
        assert site.legal_entity_in(agreement.language) in agreement.text
    assert {(text.version, sections(text.text)) for text in texts} == {
        (site.agreement_versions(key)[0], {"software": 16, "service": 10}[key])
    }


def sections(text: str) -> int:
    return sum(line.startswith("## ") for line in text.splitlines())


@pytest.mark.parametrize("code", CODES)
def test_a_site_that_collects_has_its_mandate_in_each_of_its_languages(sites: Sites, code: str) -> None:
    site = sites[code]
    for language in site.languages if site.direct_debit else ():
        mandate = site.agreement("direct-debit-mandate", language)
        assert mandate.language == language
        assert site.direct_debit.creditor_id in mandate.text
        assert site.legal_entity_in(language) in mandate.text


@pytest.mark.parametrize(
    ("code", "language", "used"),
    [
        ("fr", "fr", "fr"),
        ("at", "de", "de_AT"),
        ("ch", "fr", "fr_CH"),
        ("ch", "it_CH", "it_CH"),
        ("ae", "ar", "ar"),
        ("jp", "ja", "ja"),
        ("jp", "en", "ja"),
        ("be", "fr", "fr"),
        ("ca", "fr_FR", "fr_CA"),
        ("us", "fr", "en_US"),
    ],
)
def test_an_agreement_says_in_which_language_it_really_is(
    sites: Sites, code: str, language: str, used: str
) -> None:
    assert sites[code].agreement("software", language).language == used


def test_the_checksum_is_that_of_the_files_bytes(sites: Sites) -> None:
    content = (TENANTS / "fr" / "agreements" / "software-4.2.fr.md").read_bytes()
    agreement = sites["fr"].agreement("software", "fr")
    assert agreement.sha256 == sha256(content).hexdigest()
    assert agreement.text.encode("utf-8") == content


def test_an_agreement_that_nobody_wrote_is_missing(sites: Sites) -> None:
    with pytest.raises(AgreementMissing, match="fr has no text of the agreement “lease”"):
        sites["fr"].agreement("lease", "fr")
    assert sites["fr"].agreement_versions("lease") == ()


def test_a_version_published_meanwhile_is_noticed_and_4_10_is_newer_than_4_9(tenants: Path) -> None:
    site = load_sites(tenants, origin)["ch"]
    assert site.agreement("software", "fr_CH").version == "4.3"
    for version in ("4.10", "4.9"):
        (tenants / "ch" / "agreements" / f"software-{version}.fr_CH.md").write_text(version, encoding="utf-8")
    newest = site.agreement("software", "fr_CH")
    assert (newest.version, newest.text) == ("4.10", "4.10")
    assert site.agreement_versions("software") == ("4.10", "4.9", "4.3", "4.2")


def test_a_version_counts_for_a_language_once_its_text_or_the_english_one_is_there(tenants: Path) -> None:
    site = load_sites(tenants, origin)["ch"]
    folder = tenants / "ch" / "agreements"
    (folder / "software-5.0.de_CH.md").write_text("neu", encoding="utf-8")
    assert site.agreement("software", "de_CH").version == "5.0"
    assert site.agreement("software", "fr_CH").version == "4.3"
    (folder / "software-5.0.en.md").write_text("new", encoding="utf-8")
    assert site.agreement("software", "fr_CH").text == "new"


def test_a_changed_text_is_read_again(tenants: Path) -> None:
    site = load_sites(tenants, origin)["us"]
    before = site.agreement("service", "en_US")
    file = tenants / "us" / "agreements" / "service-4.2.en_US.md"
    file.write_text(before.text + "More.\n", encoding="utf-8")
    after = site.agreement("service", "en_US")
    assert after.text.endswith("More.\n")
    assert after.sha256 != before.sha256


@pytest.mark.parametrize("file", TEXTS, ids=lambda file: f"{file.parts[-3]}-{file.stem}")
def test_an_agreement_is_a_complete_clean_text(file: Path) -> None:
    text = file.read_text(encoding="utf-8")
    language = file.suffixes[-2][1:].partition("_")[0]
    lines = text.splitlines()
    assert lines[0].startswith("# ")
    assert lines[-1] == CLOSING[language]
    headings = [line for line in lines if line.startswith("##")]
    assert [line.split(" ")[1] for line in headings] == [f"{n}." for n in range(1, len(headings) + 1)]
    kind = file.name.partition("-")[0]
    least = {"software": 1200, "service": 800, "direct": 120}[kind]
    words = r"[^\W\d_]" if language == "ja" else r"[^\W\d_]+"  # no spaces between words: two letters for one
    assert len(re.findall(words, text)) >= least * (2 if language == "ja" else 1)
    assert not re.search(r"[{}'\"~*`<>]|  |Hilti|\r", text)


@pytest.mark.parametrize("file", sorted(TENANTS.glob("*/agreements/*.fr*.md")), ids=lambda file: file.name)
def test_french_signs_stand_after_a_narrow_space_that_does_not_break(file: Path) -> None:
    text = file.read_text(encoding="utf-8")
    assert not re.search(r"[^\u202f][;:!?»]", text)
    assert not re.search(r"«[^\u202f]", text)


@pytest.mark.parametrize(
    ("language", "opening", "closing"),
    [
        ("nl", "“", "”"),
        ("cs", "„", "“"),
        ("sk", "„", "“"),
        ("hu", "„", "”"),
        ("pl", "„", "”"),
        ("de", "„", "“"),
    ],
)
def test_what_is_quoted_stands_between_the_marks_of_the_language(
    language: str, opening: str, closing: str
) -> None:
    for file in TENANTS.glob(f"*/agreements/*.{language}.md"):
        text = file.read_text(encoding="utf-8")
        assert text.count(opening) == text.count(closing)
        assert not re.search("[“”„]", re.sub(f"{opening}[^“”„\n]+{closing}", "", text)), file


BUTTONS = (
    "Activate Subscription",
    "Proceed to Accept the Agreement",
    "Cancel subscription for the next renewal",
    "Keep subscription",
)


@pytest.mark.parametrize("code", CODES)
@pytest.mark.parametrize("key", AGREEMENTS)
def test_an_agreement_calls_the_buttons_as_the_portal_does(sites: Sites, code: str, key: str) -> None:
    """As far as the glossary knows the language."""
    for language in sites[code].languages:
        if language in next(iter(glossary().values())):
            text = sites[code].agreement(key, language).text
            assert [word for word in BUTTONS if glossary_word(word, language) not in text] == []


def test_the_swiss_texts_use_swiss_words() -> None:
    folder = TENANTS / "ch" / "agreements"
    german = (folder / "software-4.2.de_CH.md").read_text(encoding="utf-8")
    french = (folder / "software-4.2.fr_CH.md").read_text(encoding="utf-8")
    assert "ß" not in german
    assert "MWST" in german
    assert "numéro de commande" in french
    assert "bon de commande" not in french
    assert "courriel" in french


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("software_4.3.fr_CH.md", "must have a name such as software-4.2.fr.md"),
        ("software-4.3.md", "must have a name such as software-4.2.fr.md"),
        ("software-4.3.es.md", "“es” is not a language of site ch"),
    ],
)
def test_an_agreement_that_nobody_would_be_shown_is_refused(tenants: Path, name: str, words: str) -> None:
    (tenants / "ch" / "agreements" / name).write_text("text", encoding="utf-8")
    with pytest.raises(SiteConfigError, match=words):
        load_sites(tenants, origin)
