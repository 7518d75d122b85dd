from __future__ import annotations

import re

import pytest
from flask import Flask

from tests.conftest import TestClock
from tests.support.cast import ALICE, PASSWORD, Cast, keep_person, place_order
from tests.support.client import SiteClient, client_at, page_of, sign_in, signed_in
from tests.support.letters import fetch_letters
from tests.support.page import Page
from tests.web.conftest import new_app, on_sqlite
from webapp.assembly import Portal
from webapp.data.accounts import Person
from webapp.data.audit import AuditEvent
from webapp.web.language import FRONT_LANGUAGES

RETO = "reto@example.com"


def choose(client: SiteClient, page: Page, language: str) -> Page:
    """Presses that button of the page's own menu."""
    menu = page.one("form", action="/language")
    assert language in {button["value"] for button in menu.all("button", name="language")}
    data = {"language": language, "next": menu.one("input", name="next")["value"]}
    return client.follow(client.post("/language", data=data))


def spoken(page: Page) -> tuple[str, str]:
    html = page.one("html")
    return html["lang"], html["dir"]


def chosen(page: Page) -> str:
    return next(button["value"] for button in page.all("button", name="language") if "aria-current" in button)


@pytest.fixture
def ch(app: Flask, portal: Portal, clock: TestClock) -> SiteClient:
    """The Swiss site, where reto waits for nothing but a sign-in."""
    with portal.at(portal.sites["ch"]):
        place_order(portal, ordered_at=clock(), purchaser={"name": "Reto", "email": RETO}, unit_price="504")
        keep_person(RETO, name="Reto", now=clock())
    return client_at(app, "ch")


def test_the_switch_keeps_the_page_and_its_question(ch: SiteClient) -> None:
    sign_in(ch, RETO, PASSWORD)
    page = ch.page("/subscriptions?status=pending&q=field%20wire&sort=newest")
    assert spoken(page) == ("de-CH", "ltr")
    page = choose(ch, page, "fr_CH")
    assert spoken(page) == ("fr-CH", "ltr") and page.one("input", id="q")["value"] == "field wire"
    assert ch.last_address == "/subscriptions?status=pending&q=field%20wire&sort=newest"


def test_the_choice_is_the_persons_in_every_browser_and_in_letters(
    ch: SiteClient, app: Flask, portal: Portal
) -> None:
    sign_in(ch, RETO, PASSWORD)
    choose(ch, ch.page("/subscriptions"), "fr_CH")
    other = sign_in(client_at(app, "ch"), RETO, PASSWORD)
    assert spoken(other.page("/subscriptions")) == ("fr-CH", "ltr")
    fetch_letters(portal, "ch")
    other.post("/password/forgotten", data={"email": RETO})
    with portal.at(portal.sites["ch"]):
        assert Person.get(Person.email == RETO).language == "fr_CH"
        events = AuditEvent.select().where(AuditEvent.action == "person.language_chosen")
        assert [event.details for event in events] == ['{"language": "fr_CH"}']
    (letter,) = fetch_letters(portal, "ch")
    assert "mot de passe" in letter.text


def test_before_sign_in_the_browser_keeps_the_choice(ch: SiteClient) -> None:
    page = choose(ch, ch.page("/sign-in?next=/subscriptions"), "fr_CH")
    assert spoken(page)[0] == "fr-CH"
    assert page.one("form", action="/sign-in").one("input", name="next")["value"] == "/subscriptions"
    assert spoken(ch.page("/help"))[0] == "fr-CH"
    cookie = ch.get_cookie("language", domain="ch.localhost")
    assert cookie is not None and cookie.http_only and cookie.same_site == "Lax" and cookie.origin_only


def test_the_persons_choice_goes_before_the_browsers(ch: SiteClient) -> None:
    choose(ch, ch.page("/sign-in"), "fr_CH")
    sign_in(ch, RETO, PASSWORD)
    assert spoken(ch.page("/subscriptions"))[0] == "de-CH"


@on_sqlite
@pytest.mark.parametrize(
    ("accepted", "language"),
    [
        ("fr-CH, fr;q=0.9", "fr_CH"),
        ("fr", "fr_CH"),
        ("en, it;q=0.8, fr;q=0.5", "it_CH"),
        ("de-DE", "de_CH"),
        ("ja, *;q=0.1", "de_CH"),
        ("", "de_CH"),
        ("fr;q=0, de", "de_CH"),
        ("x" * 3000, "de_CH"),
        (";;,,=", "de_CH"),
    ],
)
def test_the_browsers_wish_counts_where_nothing_was_chosen(
    accepted: str, language: str, ch: SiteClient
) -> None:
    assert chosen(ch.page("/sign-in", headers={"Accept-Language": accepted})) == language


@on_sqlite
@pytest.mark.parametrize("language", ["", "en", "fr", "../../etc", "fr_CH\0", "<b>"])
def test_a_language_that_the_site_does_not_offer_is_not_chosen(language: str, ch: SiteClient) -> None:
    answer = ch.post("/language", data={"language": language, "next": "/help"})
    assert (answer.status_code, answer.location) == (303, "/help")
    assert "language=" not in answer.headers.get("Set-Cookie", "")
    assert chosen(ch.page("/help")) == "de_CH"


@on_sqlite
def test_each_language_is_spoken_in_its_own_direction(app: Flask) -> None:
    ch, ae = client_at(app, "ch"), client_at(app, "ae")
    assert spoken(choose(ch, ch.page("/sign-in"), "it_CH")) == ("it-CH", "ltr")
    page = choose(ae, ae.page("/sign-in"), "ar")
    assert spoken(page) == ("ar", "rtl") and chosen(page) == "ar"
    assert page.one("main").one("h1").text == "تسجيل الدخول"


@on_sqlite
@pytest.mark.parametrize(
    ("accepted", "language"),
    [
        *((code, code) for code in FRONT_LANGUAGES),
        ("sv, uk;q=0.9", "en"),
        ("sv, hu;q=0.9, en;q=0.8", "hu"),
        ("pt-BR", "pt"),
        ("zh-TW, ja;q=0.5", "ja"),
    ],
)
def test_the_bare_domain_speaks_every_language(accepted: str, language: str, app: Flask) -> None:
    page = client_at(app, None).page("/", headers={"Accept-Language": accepted})
    assert spoken(page) == (language, "rtl" if language == "ar" else "ltr")
    assert [button["value"] for button in page.all("button", name="language")] == FRONT_LANGUAGES
    assert len(FRONT_LANGUAGES) == 13


@on_sqlite
def test_each_language_is_named_in_its_own_words_and_direction(app: Flask) -> None:
    page = client_at(app, "ae").page("/sign-in")
    buttons = {
        button["value"]: (button["lang"], button["dir"]) for button in page.all("button", name="language")
    }
    assert buttons == {"en": ("en", "ltr"), "ar": ("ar", "rtl")}
    assert "العربية" in page.text


def test_the_bare_domain_has_a_choice_of_its_own(app: Flask, portal: Portal) -> None:
    front = client_at(app, None)
    assert spoken(front.page("/", headers={"Accept-Language": "de-AT"}))[0] == "de"
    assert spoken(choose(front, front.page("/"), "fr"))[0] == "fr"


@on_sqlite
@pytest.mark.parametrize(
    ("code", "letters"),
    [("fr", {"latin"}), ("pl", {"latin", "latin-ext"}), ("jp", {"latin"}), ("ae", {"arabic-arabic"})],
)
def test_a_page_asks_at_once_for_the_letters_of_its_language(
    code: str, letters: set[str], app: Flask
) -> None:
    page = client_at(app, code).page("/sign-in", headers={"Accept-Language": "ar, pl, ja, fr"})
    asked = [link["href"] for link in page.all("link", rel="preload")]
    assert {re.sub(r".*sans-(.*)-[46]00.*", r"\1", href) for href in asked} == letters


def test_the_choice_of_one_site_is_nothing_to_another(alice: SiteClient, app: Flask, portal: Portal) -> None:
    alice.post("/language", data={"language": "de"})
    assert spoken(alice.page("/subscriptions"))[0] == "fr"


def test_the_switch_of_a_page_that_answered_a_form_leads_to_a_page(
    alice: SiteClient, app: Flask, cast: Cast
) -> None:
    """What was posted to has no page of its own to come back to."""
    pending, active = (cast.row(ALICE, state).public_id for state in ("pending", "active"))
    answers = [
        alice.post(f"/subscriptions/{pending}/activate", data={"agreement": "0"}),
        alice.post(f"/subscriptions/{active}/purchase-order", data={"po_number": "x" * 99, "version": "0"}),
        alice.post(f"/subscriptions/{active}/activation-mail"),
        client_at(app, "fr").post("/sign-in", data={"email": ""}),
        signed_in(app, ALICE).post("/sign-out", headers={"Sec-Fetch-Site": "cross-site"}),
    ]
    for answer in answers:
        assert answer.status_code >= 400
        back = page_of(answer).one("form", action="/language").one("input", name="next")["value"]
        assert alice.get(back).status_code in (200, 303), back


def test_speech_does_not_go_from_one_request_to_the_next(portal: Portal) -> None:
    app = new_app(portal)
    for code, language in (("fr", "fr"), ("de", "de"), ("us", "en-US"), ("fr", "fr")):
        assert spoken(client_at(app, code).page("/sign-in"))[0] == language
