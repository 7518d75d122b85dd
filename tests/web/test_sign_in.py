from __future__ import annotations

import re
from collections.abc import Callable
from datetime import timedelta
from urllib.parse import urlencode, urljoin, urlsplit

import pytest
from flask import Flask

from tests.conftest import TestClock
from tests.support.cast import ALICE, BOB, PASSWORD, Cast, keep_person
from tests.support.client import (
    PARTIAL,
    SiteClient,
    client_at,
    page_of,
    said,
    sign_in,
    signed_in,
)
from tests.support.letters import fetch_letters
from tests.support.production import PRODUCTION
from tests.web.conftest import CastEngine, new_app, on_sqlite
from webapp.assembly import Portal
from webapp.data.accounts import Person
from webapp.data.audit import AuditEvent
from webapp.data.sign_in import Session
from webapp.domain.people.sign_in import SignInRefused

# What must never be followed, as a browser would read it.
HOSTILE = (
    "//evil.example",
    "///evil.example",
    "/\\evil.example",
    "\\\\evil.example",
    "https://evil.example/",
    "http:evil.example",
    "javascript:alert(1)",
    "evil.example",
    "/\t/evil.example",
    "\t//evil.example",
    " //evil.example",
    "/\r\nSet-Cookie: session=x",
    "/\x00",
    "/%0d%0aSet-Cookie:%20session=x",
    "/.//evil.example",
    "/subscriptions@evil.example",
)


def try_in(client: SiteClient, email: str, password: str, **more: str) -> object:
    return client.post("/sign-in", data={"email": email, "password": password, **more})


def without_secrets(html: str, *words: str) -> str:
    """The same for everybody but for the nonce and what was typed."""
    for word in words:
        html = html.replace(word, "")
    return re.sub(r'nonce="[\w-]+"', "", html)


def test_the_page_says_which_country_this_is_and_offers_the_others(fr: SiteClient, portal: Portal) -> None:
    page = fr.page("/sign-in")
    assert portal.sites["fr"].name_in("fr") in page.one("h1").parent.text
    elsewhere = {f"{site.origin}/sign-in" for site in portal.sites if site.code != "fr"}
    assert elsewhere <= set(page.links) and f"{fr.site.origin}/sign-in" not in page.links


def test_signing_in_leads_to_the_list_and_says_who_is_there(fr: SiteClient) -> None:
    answer = fr.submit(fr.page("/sign-in"), email=ALICE.email, password=PASSWORD)
    assert answer.location == "/subscriptions"
    page = fr.follow(answer)
    assert ALICE.name in page.text and ALICE.email in page.text
    assert fr.get("/sign-in").location == "/subscriptions"


def test_the_address_counts_without_case_and_outer_spaces(fr: SiteClient) -> None:
    sign_in(fr, f"  {ALICE.email.upper()} ", PASSWORD)


def test_nobody_learns_whether_an_address_is_known(fr: SiteClient, portal: Portal, clock: TestClock) -> None:
    """Wrong password, no password yet, unknown address: one answer."""
    with portal.at(portal.sites["fr"]):
        keep_person("new@example.com", name="New", password=None, now=clock())
    answers = []
    for address in (ALICE.email, "new@example.com", "nobody@example.com"):
        answer = try_in(fr, address, "not her password")
        assert answer.status_code == 422
        assert said(fr, SignInRefused()) in page_of(answer).text
        assert page_of(answer).one("input", id="email")["value"] == address
        assert "not her password" not in answer.text
        answers.append(without_secrets(answer.text, address))
    assert len(set(answers)) == 1


def test_empty_fields_are_pointed_out_and_what_was_typed_is_kept(fr: SiteClient) -> None:
    answer = try_in(fr, "olga@example.com", " ")
    page = page_of(answer)
    assert answer.status_code == 422
    assert page.title.startswith(said(fr, "Error:"))
    assert page.one("input", id="email")["value"] == "olga@example.com"
    field = page.one("input", id="password")
    assert field["aria-invalid"] == "true" and "password-error" in field["aria-describedby"]
    assert page.one(id="password-error").text
    assert page.one("a", href="#password").within("div")


@pytest.mark.parametrize("address", ["a\0b@example.com", "\0", "ä" * 70_000 + "@example.com", "🙂" * 300])
def test_no_address_is_too_strange_for_the_usual_answer(address: str, fr: SiteClient) -> None:
    answer = try_in(fr, address, "whatever it is")
    assert answer.status_code == 422
    assert said(fr, SignInRefused()) in page_of(answer).text


def test_an_address_longer_than_any_is_not_kept(fr: SiteClient) -> None:
    """Each try is counted for its address: nobody may fill the database with that."""
    noise = "".join(chr(0x4E00 + number * 7919 % 20000) for number in range(9000))
    assert try_in(fr, f"{noise}@example.com", "whatever it is").status_code == 422


# ---- where it leads


def test_a_deep_link_is_kept_through_sign_in(fr: SiteClient, cast: Cast) -> None:
    path = f"/subscriptions/{cast.row(ALICE, 'pending').public_id}/agreement"
    answer = fr.get(path)
    assert answer.status_code == 303
    page = page_of(fr.get(answer.location))
    answer = fr.submit(page, "/sign-in", email=ALICE.email, password=PASSWORD)
    assert answer.location == path


def test_a_deep_link_keeps_its_question_and_survives_a_wrong_password(fr: SiteClient) -> None:
    path = "/subscriptions?status=pending&q=b%C3%A2ti+ouest&sort=newest"
    page = page_of(fr.get(fr.get(path).location))
    page = page_of(fr.submit(page, "/sign-in", email=ALICE.email, password="wrong"))
    answer = fr.submit(page, "/sign-in", email=ALICE.email, password=PASSWORD)
    assert answer.location == path


def test_a_deep_link_is_kept_through_a_new_password(fr: SiteClient, portal: Portal, cast: Cast) -> None:
    path = f"/subscriptions/{cast.row(ALICE, 'pending').public_id}"
    page = page_of(fr.get(fr.get(path).location))
    forgotten = next(link for link in page.links if link.startswith("/password/forgotten"))
    fr.submit(fr.page(forgotten), email=ALICE.email)
    link = fetch_letters(portal, "fr")[0].path
    answer = fr.submit(fr.page(link), password="a spade and a shovel")
    assert answer.location == path


def test_what_is_asked_for_in_place_leads_the_whole_page_to_sign_in(fr: SiteClient) -> None:
    answer = fr.get("/subscriptions?q=x", headers=PARTIAL)
    assert answer.status_code == 401
    assert answer.headers["HX-Redirect"] == "/sign-in?next=/subscriptions%3Fq%3Dx"


def leads_home(client: SiteClient, location: str) -> bool:
    target = urlsplit(urljoin(f"{client.origin}/", location.replace("\\", "/")))
    plain = location.isprintable() and location.isascii()
    return (
        plain
        and not location.startswith(("//", "/\\"))
        and f"{target.scheme}://{target.netloc}" == client.origin
    )


@on_sqlite
@pytest.mark.parametrize("hostile", HOSTILE)
def test_nobody_is_led_away(hostile: str, fr: SiteClient, portal: Portal) -> None:
    page = fr.page(f"/sign-in?{urlencode({'next': hostile})}")
    assert leads_home(fr, page.one("form", action="/sign-in").one("input", name="next")["value"] or "/")
    fr.post("/password/forgotten", data={"email": ALICE.email, "next": hostile})
    link = fetch_letters(portal, "fr")[0].path
    assert leads_home(fr, fr.post(link, data={"password": PASSWORD}).location)
    fr.post("/sign-out")
    assert leads_home(fr, try_in(fr, ALICE.email, PASSWORD, next=hostile).location)
    assert leads_home(fr, fr.get(f"/sign-in?{urlencode({'next': hostile})}").location)
    assert leads_home(fr, fr.post("/language", data={"language": "fr", "next": hostile}).location)


def test_a_path_with_other_letters_is_led_to_in_ascii(fr: SiteClient) -> None:
    """Headers hold no others; htmx reads one as well."""
    answer = try_in(fr, ALICE.email, PASSWORD, next="/subscriptions?q=bâti")
    assert answer.location == "/subscriptions?q=b%C3%A2ti"
    answer = fr.get(f"/sign-in?{urlencode({'next': '/subscriptions?q=東京'})}", headers=PARTIAL)
    assert answer.headers["HX-Redirect"] == "/subscriptions?q=%E6%9D%B1%E4%BA%AC"


def test_the_activation_link_offers_a_first_password(fr: SiteClient, cast: Cast) -> None:
    number = cast.row(ALICE, "pending").order_number
    page = page_of(fr.get(fr.get(f"/activate/{number}").location))
    assert number in page.text
    assert page.one("form", action=f"/activate/{number}/password")


@on_sqlite
@pytest.mark.parametrize(
    "order", ["../subscriptions/SUB-FR-200001/activate?", "<b>x</b>", "a b", "", "x" * 50, "a/b"]
)
def test_only_an_order_number_is_taken_for_one(order: str, fr: SiteClient) -> None:
    """Else a link from elsewhere could make the button do something else."""
    page = fr.page(f"/sign-in?{urlencode({'next': f'/activate/{order}'})}")
    assert [form["action"] for form in page.all("form", method="post")] == ["/language", "/sign-in"]


# ---- how often


def test_ten_wrong_tries_are_enough_for_five_minutes(fr: SiteClient, clock: TestClock) -> None:
    for address in (ALICE.email, "nobody@example.com"):
        for _try in range(10):
            assert try_in(fr, address, "wrong").status_code == 422
        answer = try_in(fr, address, PASSWORD)
        assert answer.status_code == 429
        assert 0 < int(answer.headers["Retry-After"]) <= 301
        assert page_of(answer).one("input", id="email")["value"] == address
    sign_in(client_at(fr.application, "fr"), BOB.email, PASSWORD)  # nobody else is held up
    clock.forward(minutes=5, seconds=1)
    sign_in(fr, ALICE.email, PASSWORD)


def test_tries_are_counted_whatever_the_case_of_the_address(fr: SiteClient) -> None:
    for number in range(10):
        try_in(fr, ALICE.email.upper() if number % 2 else ALICE.email, "wrong")
    assert try_in(fr, ALICE.email, PASSWORD).status_code == 429


def test_one_network_address_may_not_try_everybody(app: Flask) -> None:
    fr, elsewhere = client_at(app, "fr"), {"REMOTE_ADDR": "198.51.100.7"}
    for number in range(60):
        assert fr.post("/sign-in", data={"email": f"{number}@example.com"}).status_code == 422
    answer = fr.post("/sign-in", data={"email": ALICE.email, "password": PASSWORD})
    assert answer.status_code == 429 and int(answer.headers["Retry-After"]) > 0
    answer = fr.post(
        "/sign-in", data={"email": ALICE.email, "password": PASSWORD}, environ_overrides=elsewhere
    )
    assert answer.status_code == 303


# ---- sessions


def session_cookie(client: SiteClient, name: str = "session") -> str:
    cookie = client.get_cookie(name, domain=urlsplit(client.origin).hostname or "")
    return cookie.value if cookie else ""


def test_signing_in_begins_a_session_of_its_own(app: Flask, fr: SiteClient) -> None:
    sign_in(fr, ALICE.email, PASSWORD)
    first = session_cookie(fr)
    with fr.session_transaction(
        base_url=fr.origin, environ_overrides={"portal.site": fr.site, "portal.place": "site"}
    ) as kept:
        kept["planted"] = "by somebody else"
    fr.post("/sign-in", data={"email": BOB.email, "password": PASSWORD})
    with fr.session_transaction(
        base_url=fr.origin, environ_overrides={"portal.site": fr.site, "portal.place": "site"}
    ) as kept:
        assert "planted" not in kept
    assert session_cookie(fr) != first
    assert BOB.name in fr.page("/subscriptions").text


def test_signing_out_ends_the_session_at_once(alice: SiteClient, app: Flask) -> None:
    cookie = session_cookie(alice)
    answer = alice.post("/sign-out")
    assert (answer.status_code, answer.location) == (303, "/sign-in")
    assert session_cookie(alice) == ""
    alice.set_cookie("session", cookie, domain="fr.localhost")
    assert alice.get("/subscriptions").status_code == 303


def test_signing_out_of_one_browser_leaves_the_others(app: Flask, alice: SiteClient) -> None:
    other = signed_in(app, ALICE)
    alice.post("/sign-out")
    assert other.get("/subscriptions").status_code == 200


def test_a_session_ends_after_twelve_idle_hours(alice: SiteClient, clock: TestClock) -> None:
    clock.forward(hours=11, minutes=59)
    assert alice.get("/subscriptions").status_code == 200
    clock.forward(hours=11, minutes=59)
    assert alice.get("/subscriptions").status_code == 200
    clock.forward(hours=12)
    assert alice.get("/subscriptions").status_code == 303


def test_a_session_ends_after_seven_days_however_busy(alice: SiteClient, clock: TestClock) -> None:
    for _visit in range(16):
        clock.forward(hours=10)
        assert alice.get("/subscriptions").status_code == 200
    clock.forward(hours=8)
    assert alice.get("/subscriptions").status_code == 303


def test_a_visit_is_not_a_write_each_time(alice: SiteClient, portal: Portal, clock: TestClock) -> None:
    def last_seen() -> object:
        with portal.at(portal.sites["fr"]):
            return Session.get().last_seen_at

    before = last_seen()
    clock.forward(minutes=4)
    alice.get("/subscriptions")
    assert last_seen() == before
    clock.forward(minutes=2)
    alice.get("/subscriptions")
    assert last_seen() == clock()


def test_the_database_does_not_hold_what_opens_a_session(
    app: Flask, alice: SiteClient, portal: Portal
) -> None:
    with alice.session_transaction(
        base_url=alice.origin, environ_overrides={"portal.site": alice.site, "portal.place": "site"}
    ) as kept:
        token = kept["_user_id"]
    with portal.at(portal.sites["fr"]):
        stored = Session.get()
        assert len(token) >= 43 and token not in repr(stored.__data__)


def test_cookies_stay_at_their_host_and_out_of_reach_of_scripts(fr: SiteClient) -> None:
    answer = try_in(fr, ALICE.email, PASSWORD)
    cookie = answer.headers["Set-Cookie"]
    assert {"HttpOnly", "SameSite=Lax", "Path=/"} <= set(cookie.split("; ")) and "Domain" not in cookie
    assert "Secure" not in cookie  # http://fr.localhost


def test_in_production_the_cookie_is_bound_to_host_and_https(
    make_portal: Callable[..., Portal], sqlite_cast: CastEngine
) -> None:
    portal = make_portal(sqlite_cast, **PRODUCTION)
    client = client_at(new_app(portal), "fr")
    answer = try_in(client, ALICE.email, PASSWORD)
    cookie = answer.headers["Set-Cookie"]
    assert cookie.startswith("__Host-session=") and {"Secure", "Path=/"} <= set(cookie.split("; "))
    assert "Domain" not in cookie and "max-age" in answer.headers["Strict-Transport-Security"]
    assert client.page("/subscriptions").heading


def test_what_happened_is_written_down(fr: SiteClient, portal: Portal, clock: TestClock) -> None:
    with portal.at(portal.sites["fr"]):
        AuditEvent.delete().execute()
    try_in(fr, ALICE.email, "wrong")
    sign_in(fr, ALICE.email, PASSWORD)
    clock.forward(minutes=1)
    fr.post("/sign-out")
    with portal.at(portal.sites["fr"]):
        alice = Person.get(Person.email == ALICE.email)
        events = [
            (event.action, event.person_id, event.at) for event in AuditEvent.select().order_by(AuditEvent.id)
        ]
    minute_ago = clock() - timedelta(minutes=1)
    assert events == [
        ("person.sign_in_failed", alice.id, minute_ago),
        ("person.signed_in", alice.id, minute_ago),
        ("person.signed_out", alice.id, clock()),
    ]
