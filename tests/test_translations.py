"""Every word for people is translated, in the customers' own words, and typeset as their language does it."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from babel.messages.catalog import Catalog

from tests.support import catalogues, typography, wording
from tests.support.catalogues import ROOT, ids, real_messages, texts
from webapp.i18n import speech

MESSAGES = catalogues.extract()
LANGUAGES = catalogues.languages()
REGIONS = sorted(catalogues.region_words())
TRANSLATED = [locale for locale in LANGUAGES + REGIONS if not locale.startswith("en_")]
TEMPLATES = sorted(path for path in (ROOT / "templates").rglob("*") if path.suffix in (".html", ".txt"))
SCRIPTS = sorted((ROOT / "webapp/static/js").glob("*.js"))
STYLESHEETS = sorted((ROOT / "webapp/static/css").glob("*.css"))


def planted(translation: Any, message: Any = "Hello %(name)s", *, locale: str = "fr") -> Catalog:
    made = Catalog(locale)
    made.add(message, translation)
    return made


@cache
def as_read_in(locale: str) -> Catalog:
    """All messages as a customer there reads them: a region's words over those of its language."""
    if locale in LANGUAGES:
        return catalogues.read(locale)
    own = {(message.context, message.id): message for message in real_messages(catalogues.read(locale))}
    whole = Catalog(locale)
    for message in real_messages(catalogues.language_of(locale, MESSAGES)):
        said = own.get((message.context, message.id), message)
        whole.add(message.id, said.string, context=message.context)
    return whole


# ---- complete


def test_thirteen_languages_and_six_regions_are_there() -> None:
    """English is the thirteenth: its words are the messages themselves."""
    assert set(LANGUAGES) == {"ar", "cs", "de", "es", "fr", "hu", "it", "ja", "nl", "pl", "pt", "sk"}
    assert set(REGIONS) == {"fr_CH", "fr_CA", "it_CH", "de_CH", "de_AT", "en_US"}


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_message_is_translated_and_nothing_else_is(language: str) -> None:
    assert wording.incomplete(catalogues.read(language), MESSAGES) == []


def test_messages_are_found_in_pages_mails_forms_and_refusals() -> None:
    found = {text for message in real_messages(MESSAGES) for text in ids(message)}
    assert found >= {
        "Your Subscriptions",
        "Proceed to Accept the Agreement",
        "Activate by %(day)s: %(num)s day left",
        "Enter your password.",
        "This subscription is active already.",
        "The portal can’t save anything right now",
    }


@pytest.mark.parametrize(
    ("defect", "complaint"),
    [
        (lambda: Catalog("fr"), "missing: Hello %(name)s"),
        (lambda: planted(""), "empty: Hello %(name)s"),
        (lambda: planted("Salut", "Goodbye"), "no longer used: Goodbye"),
        (lambda: _fuzzy(), "fuzzy: Hello %(name)s"),
        (lambda: _obsolete(), "no longer used: Goodbye"),
        (lambda: planted(("un",), ("one", "%(num)s")), "plural forms: ('one', '%(num)s')"),
    ],
)
def test_an_incomplete_catalogue_is_noticed(defect: Callable[[], Catalog], complaint: str) -> None:
    assert complaint in wording.incomplete(defect(), planted(None))


def _fuzzy() -> Catalog:
    made = Catalog("fr")
    made.add("Hello %(name)s", "Bonjour %(name)s", flags=["fuzzy"])
    return made


def _obsolete() -> Catalog:
    made = planted("Salut", "Goodbye")
    return catalogues.updated(made, planted(None))


@pytest.mark.parametrize("locale", LANGUAGES + REGIONS)
def test_translations_name_what_the_message_names(locale: str) -> None:
    assert wording.wrong_placeholders(as_read_in(locale)) == []


@pytest.mark.parametrize(
    "translation",
    ["Bonjour", "Bonjour %(nom)s", "Bonjour %(name)s %(name)s", "Bonjour %(name)", "100 % %(name)s"],
)
def test_a_wrong_placeholder_is_noticed(translation: str) -> None:
    assert wording.wrong_placeholders(planted(translation))
    assert not wording.wrong_placeholders(planted("Bonjour %(name)s"))


# ---- the files


@pytest.mark.parametrize("language", LANGUAGES)
def test_make_translations_would_change_nothing(language: str) -> None:
    renewed = catalogues.updated(catalogues.read(language), MESSAGES)
    assert catalogues.to_text(renewed) == catalogues.catalogue_file(language).read_text(encoding="utf-8")


@pytest.mark.parametrize("region", REGIONS)
def test_regional_catalogues_are_what_their_words_make_of_the_language(region: str) -> None:
    base, words = catalogues.language_of(region, MESSAGES), catalogues.region_words()[region]
    made = catalogues.regional(region, base, words)
    assert len(made)
    assert catalogues.to_text(made) == catalogues.catalogue_file(region).read_text(encoding="utf-8")


@pytest.fixture
def locales_copy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """One French message, translated, that the program no longer has."""
    (tmp_path / "fr/LC_MESSAGES").mkdir(parents=True)
    (tmp_path / "fr/LC_MESSAGES/messages.po").write_text(catalogues.to_text(planted("Salut", "Goodbye")))
    (tmp_path / "regions.toml").write_text('[fr_CH]\n"Salut" = "Adieu"\n')
    monkeypatch.setattr(catalogues, "LOCALES", tmp_path)
    monkeypatch.setattr(catalogues, "region_words", lambda: {"fr_CH": {"Salut": "Adieu"}})
    return tmp_path


def test_make_translations_loses_nothing_and_twice_is_once(locales_copy: Path) -> None:
    def contents() -> dict[str, str]:
        return {str(path): path.read_text(encoding="utf-8") for path in locales_copy.rglob("*.po")}

    catalogues.update(["it"])
    once = contents()
    catalogues.update()
    assert contents() == once
    assert {Path(path).parts[-3] for path in once} == {"fr", "fr_CH", "it"}
    french = catalogues.catalogue_file("fr").read_text(encoding="utf-8")
    assert '#~ msgid "Goodbye"\n#~ msgstr "Salut"' in french
    assert len(catalogues.read("it")) == len(MESSAGES)


def test_a_message_that_comes_back_finds_its_translation() -> None:
    gone = catalogues.updated(planted("Bonjour %(name)s"), Catalog())
    assert len(gone) == 0
    back = catalogues.updated(gone, planted(None))
    assert back["Hello %(name)s"].string == "Bonjour %(name)s"


# ---- the customers' words


@pytest.mark.parametrize("locale", LANGUAGES + REGIONS)
def test_the_glossarys_terms_are_said_in_the_glossarys_words(locale: str) -> None:
    catalogue = as_read_in(locale)
    assert sum(wording.is_glossary_word(message) for message in real_messages(catalogue)) > 35
    assert wording.not_the_glossarys_word(catalogue) == []


@pytest.mark.parametrize(
    ("locale", "message", "said"),
    [
        ("it", "Active", "Attivo"),
        ("it_CH", "Active", "Attiva"),
        ("it_CH", "Your Subscriptions", "Le vostre sottoscrizioni"),
        ("it_CH", "You keep your subscription", "La sottoscrizione resta attiva"),
        ("fr_CA", "Credit card", "Carte de crédit"),
        ("fr_CA", "Agreement", "Entente"),
        ("fr_CA", "Contract", "Contrat"),
        ("fr_CH", "Business email", "Courriel professionnel"),
        ("pl", "Purchase order number", "Numer zamówienia"),
        ("cs", "Hilti order number", "Číslo objednávky Hilti"),
        ("fr", "Log in", "Se connecter"),
        ("de", "Log in", "Anmelden"),
        ("fr", "Purchase order number", "Numéro de bon de commande"),
        ("fr_CH", "Purchase order number", "Numéro de commande"),
        ("de", "Purchase order number", "Bestellnummer"),
        ("fr", "Hilti order number", "Numéro de commande Hilti"),
        ("de", "Hilti order number", "Hilti Auftragsnummer"),
        ("de_CH", "VAT number", "MWST-Nummer"),
        ("de_AT", "VAT number", "UID-Nummer"),
        ("en_US", "VAT number", "Tax ID"),
        ("en_GB", "VAT number", "VAT number"),
    ],
)
def test_each_site_says_it_in_its_words(locale: str, message: str, said: str) -> None:
    assert speech(locale, "XX").messages.gettext(message) == said


def test_a_region_has_its_own_words_with_a_context_too() -> None:
    words = {locale: speech(locale, "XX").messages for locale in ("en_US", "en_GB", "fr_CH")}
    said = {locale: spoken.pgettext("several subscriptions", "Cancelled") for locale, spoken in words.items()}
    assert said == {"en_US": "Canceled", "en_GB": "Cancelled", "fr_CH": "Annulés"}


@pytest.mark.parametrize("locale", TRANSLATED)
def test_sentences_call_things_by_the_same_words(locale: str) -> None:
    assert wording.other_words(as_read_in(locale)) == []


@pytest.mark.parametrize("locale", LANGUAGES + REGIONS)
def test_buttons_are_quoted_as_they_are_called(locale: str) -> None:
    assert wording.misquoted(as_read_in(locale)) == []


def test_what_the_english_quotes_is_called_so() -> None:
    """Or is what a customer says, which is a message of its own."""
    assert wording.quoted_otherwise(MESSAGES) == []
    wrong = planted("", "Press “Forgot your password?”.")
    assert wording.quoted_otherwise(wrong)


@pytest.mark.parametrize("region", REGIONS)
def test_every_word_of_a_region_is_said_somewhere(region: str) -> None:
    """One that is not has lost its message, or stands for a word that was changed."""
    language = real_messages(catalogues.language_of(region, MESSAGES))
    said = "\n".join(text for message in language for text in texts(message))
    whole = {f"[{message.context or ''}] {message.id}" for message in language}
    words = catalogues.region_words()[region]
    assert [word for word in words if word not in whole and word not in said] == []


def test_other_words_are_noticed() -> None:
    assert wording.not_the_glossarys_word(planted("Connexion", "Log in"))
    assert wording.not_the_glossarys_word(planted("Bestellnummer", "Hilti order number", locale="de"))
    assert wording.not_the_glossarys_word(planted("Nom", "Purchase order number", locale="fr_CH"))
    assert wording.other_words(planted("Nach Bestellnummer suchen", "Search by order number", locale="de"))
    assert wording.other_words(planted("Il vous faut un code secret.", "You need a password."))
    wrong = planted("Appuyez sur « Garder ».", "Press “Save”.")
    wrong.add("Save", "Enregistrer")
    assert wording.misquoted(wrong)


# ---- typography


@pytest.mark.parametrize("locale", LANGUAGES + REGIONS)
def test_translations_are_typeset_as_their_language_does_it(locale: str) -> None:
    translated = [text for message in real_messages(as_read_in(locale)) for text in texts(message)]
    assert [complaint for text in translated for complaint in typography.bad_typography(text, locale)] == []


def test_english_is_typeset_as_well() -> None:
    said = [text for message in real_messages(MESSAGES) for text in ids(message)]
    assert [complaint for text in said for complaint in typography.bad_typography(text, "en")] == []


@pytest.mark.parametrize(
    ("locale", "text"),
    [
        ("fr", "L'abonnement"),
        ("fr", "Perdu ?"),
        ("fr", "Perdu?"),
        ("fr", "Erreur : non"),
        ("fr", "Erreur: non"),
        ("fr", "Rien ; réessayez"),
        ("fr", "« Activer »"),
        ("fr", "“Activer”"),
        ("fr", "Un instant..."),
        ("fr", "Active\u0301"),
        ("fr", " Activer"),
        ("fr", "%(num)s jours"),
        ("fr_CH", "Perdu ?"),
        ("de", "«Speichern»"),
        ("de", "“Speichern”"),
        ("de", '"Speichern"'),
        ("de", "Verloren ?"),
        ("de_CH", "ausschließlich"),
        ("de_CH", "„Speichern“"),
        ("en", "Can't"),
        ("it", "L'abbonamento"),
        ("it", "Premere « Salva »"),
        ("it", "%(num)s giorni"),
        ("it_CH", "Premere “Salva”"),
        ("es", "Pulse “Guardar”"),
        ("es", "Perdido?"),
        ("es", "Listo!"),
        ("pt", "Prima « Guardar »"),
        ("nl", "Druk op „Opslaan”"),
        ("nl", "%(num)s dagen"),
        ("pl", "Naciśnij “Zapisz”"),
        ("pl", "Naciśnij „Zapisz“"),
        ("cs", "Stiskněte „Uložit”"),
        ("sk", "Stlačte «Uložiť»"),
        ("hu", "Mentés «gomb»"),
        ("hu", "%(num)s nap"),
        ("ja", "保存しました."),
        ("ja", "名前,住所"),
        ("ja", "保存しますか?"),
        ("ja", "「保存」 を押す"),
        ("ja", "“保存”を押す"),
        ("ar", "هل فُقدت الرسالة?"),
        ("ar", "الاسم, العنوان"),
        ("ar", "اضغط “حفظ”"),
        ("ar", "التالي →"),
        ("ar", "%(num)s أيام"),
    ],
)
def test_bad_typography_is_noticed(locale: str, text: str) -> None:
    assert typography.bad_typography(text, locale)


# ---- templates and stylesheets


def _name(path: Path) -> str:
    return str(path.relative_to(ROOT))


@pytest.mark.parametrize("path", TEMPLATES, ids=_name)
def test_templates_say_nothing_that_is_not_translated(path: Path) -> None:
    assert wording.untranslated(path.read_text(encoding="utf-8"), html=path.suffix == ".html") == []


@pytest.mark.parametrize(
    ("source", "html"),
    [
        ("<p>Hello {{ name }}</p>", True),
        ('<td data-l="Status">', True),
        ('<img alt="A house">', True),
        ('<button aria-label="Close">×</button>', True),
        ('<meta name="description" content="About us">', True),
        ('<p>{{ "Service" if service else _("Software") }}</p>', True),
        ("{{ _('Order') }} for you", False),
    ],
)
def test_an_untranslated_word_is_noticed(source: str, html: bool) -> None:
    assert wording.untranslated(source, html=html)


def test_code_styles_and_attributes_are_no_words() -> None:
    source = (
        '{# A remark. #}<style>.page { color: red }</style><p class="{{ "full" if full }} card" lang="fr">'
        '{% if state == "pending" %}{{ _("Hello") }} · {{ day(date, "medium") }}{% endif %}&nbsp;→</p>'
    )
    assert wording.untranslated(source) == []


@pytest.mark.parametrize("path", STYLESHEETS, ids=_name)
def test_stylesheets_know_no_left_and_right(path: Path) -> None:
    assert wording.physical_directions(path.read_text(encoding="utf-8")) == []


@pytest.mark.parametrize(
    "css",
    [
        "a{margin-left:1px}",
        "a{padding-right:1px}",
        "a{left:0}",
        "a{top:0;right:0}",
        "a{text-align:left}",
        "a{float: right}",
        "a{border-left:0}",
        "a{border-left-color:red}",
        "a{border-top-left-radius:0}",
        "a{scroll-margin-left:0}",
        "a{margin:0 1px 0 2px}",
        "a{padding:0 calc(1px + 2px) 0 0}",
        "a{inset:0 auto 0 0}",
        "a{border-radius:4px 0 0 4px}",
        "a{transform-origin:left}",
        "a{transform:translateX(4px)}",
    ],
)
def test_left_and_right_are_noticed(css: str) -> None:
    assert wording.physical_directions(css)
    fine = "/* left: */a{margin-inline-start:0;text-align:start;inset:auto 0 0 0;border-radius:4px 4px 0 0}"
    assert not wording.physical_directions(fine)


@pytest.mark.parametrize("path", SCRIPTS, ids=_name)
def test_scripts_say_nothing_of_their_own(path: Path) -> None:
    assert wording.said_by_script(path.read_text(encoding="utf-8")) == []


def test_what_a_script_says_is_noticed() -> None:
    assert wording.said_by_script('region.textContent = "Your changes were saved."')
    assert not wording.said_by_script("page.querySelector('main form').requestSubmit(); // Sends it all.")
