"""Sentences call things by the customers' words in every language; another word goes red."""

from __future__ import annotations

import re

import pytest
from babel.messages.catalog import Catalog

from tests.support import catalogues, wording
from tests.support.terms import OF_REGION, ONLY_FOR, TERMS

# In each language a sentence with another word for the thing, which people do say.
WRONG = [
    ("it", "Your subscription is active.", "La Sua iscrizione è attiva."),
    ("it_CH", "Your subscription is active.", "Il Suo abbonamento è attivo."),
    ("it", "Enter the purchase order number.", "Inserire il numero d’ordine."),
    ("es", "Enter your password.", "Introduzca su clave de acceso."),
    ("es", "Your subscription is active.", "Su abono está activo."),
    ("nl", "The license is free.", "De vergunning is vrij."),
    ("nl", "Ask your administrator.", "Vraag het aan uw administrator."),
    ("pl", "Read the agreement.", "Przeczytaj kontrakt."),
    ("pl", "Your subscription is active.", "Twój abonament jest aktywny."),
    ("pt", "Enter your password.", "Introduza a sua senha."),
    ("pt", "Your subscription is active.", "A sua assinatura está ativa."),
    ("cs", "Your subscription is active.", "Vaše abonmá je aktivní."),
    ("cs", "Choose a payment method.", "Zvolte typ platby."),
    ("sk", "Your subscription is active.", "Váš abonmán je aktívny."),
    ("sk", "Choose a payment method.", "Zvoľte typ platby."),
    ("hu", "Read the agreement.", "Olvassa el a megállapodást."),
    ("hu", "View the invoice.", "A bizonylat megtekintése."),
    ("ja", "Your subscription is active.", "定期購読は有効です。"),
    ("ja", "Enter your password.", "暗証番号を入力してください。"),
    ("ar", "Ask your administrator.", "اسأل المدير."),
    ("ar", "The license is free.", "الرخصة متاحة."),
    ("fr", "Your subscription is active.", "Votre souscription est active."),
    ("fr_CA", "Read the agreement.", "Lisez le contrat."),
    ("de", "The license is free.", "Der Platz ist frei."),
]
# The customer's own number and the portal's are told apart.
MISUSED = [
    ("de", "Search by order number", "Nach Bestellnummer suchen"),
    ("pl", "Search by order number", "Szukaj według numeru zamówienia"),
    ("cs", "Search by order number", "Hledat podle čísla objednávky"),
    ("sk", "Search by order number", "Hľadať podľa čísla objednávky"),
    ("es", "Search by order number", "Buscar por número de pedido"),
    ("it", "Search by order number", "Cerca per ordine di acquisto"),
    ("nl", "Search by order number", "Zoeken op inkoopordernummer"),
    ("pt", "Search by order number", "Pesquisar por ordem de compra"),
    ("hu", "Search by order number", "Keresés megrendelési szám alapján"),
    ("ja", "Search by order number", "発注番号で検索"),
    ("ar", "Search by order number", "البحث برقم أمر الشراء"),
    ("fr", "Search by order number", "Rechercher par numéro de bon de commande"),
]
TOLD_APART = [
    ("pl", "Search by order number", "Szukaj według numeru zamówienia Hilti"),
    ("cs", "Search by order number", "Hledat podle čísla objednávky Hilti"),
    ("sk", "Search by order number", "Hľadať podľa čísla objednávky Hilti"),
    ("es", "Search by order number", "Buscar por número de pedido Hilti"),
]

GLOSSARY = [english for english in wording.glossary() if english]


def complaints(locale: str, message: str, translation: str) -> list[str]:
    made = Catalog(locale)
    made.add(message, translation)
    return wording.other_words(made)


@pytest.mark.parametrize(("locale", "message", "translation"), WRONG + MISUSED)
def test_another_word_is_noticed(locale: str, message: str, translation: str) -> None:
    assert complaints(locale, message, translation)


@pytest.mark.parametrize(("locale", "message", "translation"), TOLD_APART)
def test_the_makers_name_tells_the_portals_number_apart(locale: str, message: str, translation: str) -> None:
    assert not complaints(locale, message, translation)


@pytest.mark.parametrize("locale", catalogues.languages())
def test_each_language_keeps_its_register(locale: str) -> None:
    assert wording.never_said(catalogues.read(locale)) == []


@pytest.mark.parametrize(
    ("locale", "said"),
    [
        ("de", "Gib dein Passwort ein."),
        ("fr", "Saisis ton mot de passe."),
        ("es", "Introduce tu contraseña."),
        ("it", "Inserisci la tua password."),
        ("nl", "Voer je wachtwoord in."),
        ("pt", "Digite a sua senha."),
        ("pt", "Você é um usuário."),
        ("cs", "Zadej tvoje heslo."),
        ("ja", "あなたのパスワード"),
    ],
)
def test_another_register_or_country_is_noticed(locale: str, said: str) -> None:
    made = Catalog(locale)
    made.add("Enter your password.", said)
    assert wording.never_said(made)


@pytest.mark.parametrize("locale", catalogues.languages())
def test_each_language_has_every_term_and_its_translations_need_it(locale: str) -> None:
    """Each rule goes red somewhere: there is a message whose translation would be wrong without the word."""
    assert set(TERMS[locale]) == set(TERMS["fr"]) and locale in ONLY_FOR
    read = [message for message in catalogues.real_messages(catalogues.read(locale)) if message.id]
    english = " ".join(" ".join(catalogues.ids(message)) for message in read).lower()
    for term in ("subscription", "license", "agreement", "password", "invoice"):
        assert term in english and complaints(locale, f"The {term} is there.", "—")


@pytest.mark.parametrize("locale", catalogues.languages())
def test_the_words_of_the_glossary_are_words_of_the_sentences(locale: str) -> None:
    """The two lists of words agree: what the glossary calls a thing is what sentences are asked for."""
    checked = 0
    for term, word in TERMS[locale].items():
        for english in (one for one in GLOSSARY if re.fullmatch(term, one, re.IGNORECASE)):
            assert wording.says(wording.glossary_word(english, locale), word), (term, english)
            checked += 1
    assert checked >= 8
    assert set(OF_REGION) <= set(catalogues.region_words())
