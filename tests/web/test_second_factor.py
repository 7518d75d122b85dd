"""Customers’ people: codes of an app at sign-in, recovery codes, and the way out without the phone."""

from __future__ import annotations

import pytest
from flask import Flask

from tests.conftest import TestClock
from tests.support.cast import ALICE, BOB, NAMESAKE, Cast
from tests.support.client import SiteClient, client_at, page_of, said, sign_in
from tests.support.letters import fetch_letters
from tests.web.conftest import on_sqlite
from webapp.assembly import Portal
from webapp.data.audit import AuditEvent
from webapp.data.second_factors import RecoveryCode, SecondFactor
from webapp.domain.people import totp

PAGE, CODE = "/profile/second-factor", "/profile/second-factor/code"


def set_up(client: SiteClient, clock: TestClock) -> tuple[str, list[str]]:
    """The key that the app has now, and the recovery codes."""
    page = client.follow(client.post(PAGE, data={"do": "start", "password": ALICE.password}))
    key = "".join(page.one("p", **{"class": "secret"}).text.split())
    answer = client.submit(page, CODE, code=totp.code_at(key, clock.now))
    assert answer.status_code == 200, answer.status
    codes = [item.text for item in page_of(answer).one("ul", **{"class": "recovery"}).all("li")]
    return key, codes


def shown_password(app: Flask) -> SiteClient:
    client = client_at(app, "fr")
    form = {"email": ALICE.email, "password": ALICE.password, "next": "/invoices"}
    assert client.post("/sign-in", data=form).location == "/sign-in/code?next=/invoices"
    return client


def enter(client: SiteClient, code: str) -> int:
    return client.post("/sign-in/code", data={"code": code}).status_code


def actions(portal: Portal) -> list[str]:
    with portal.at(portal.sites["fr"]):
        events = AuditEvent.select().where(AuditEvent.action.startswith("person."))
        return [event.action for event in events.order_by(AuditEvent.id)]


def test_who_has_set_up_an_app_is_asked_for_its_code(
    app: Flask, alice: SiteClient, portal: Portal, clock: TestClock
) -> None:
    key, codes = set_up(alice, clock)
    assert len(set(codes)) == 10
    assert alice.get("/subscriptions").status_code == 200  # who set it up stays
    clock.forward(seconds=30)
    again = shown_password(app)
    assert again.get("/subscriptions").location.startswith("/sign-in")  # the password alone opens nothing
    assert again.page("/sign-in/code?next=/invoices")
    assert enter(again, "000000") == 422
    entered = again.post("/sign-in/code", data={"code": totp.code_at(key, clock.now), "next": "/invoices"})
    assert entered.location == "/invoices" and again.get("/invoices").status_code == 200
    assert actions(portal)[-3:] == [
        "person.second_factor_on",
        "person.second_factor_failed",
        "person.signed_in",
    ]
    told = fetch_letters(portal, "fr")[-1]
    assert ALICE.email in told.text


@on_sqlite
def test_a_code_works_once(app: Flask, alice: SiteClient, clock: TestClock) -> None:
    key, _codes = set_up(alice, clock)
    used = totp.code_at(key, clock.now)
    assert enter(shown_password(app), used) == 422  # it was used to set up the app
    fresh = totp.code_at(key, clock.forward(seconds=30))
    assert enter(shown_password(app), fresh) == 303
    assert enter(shown_password(app), fresh) == 422


@on_sqlite
def test_a_recovery_code_stands_in_once(
    app: Flask, alice: SiteClient, portal: Portal, clock: TestClock
) -> None:
    _key, codes = set_up(alice, clock)
    assert enter(shown_password(app), codes[3].upper().replace("-", " ")) == 303
    assert enter(shown_password(app), codes[3]) == 422
    assert "9" in alice.page(PAGE).text
    with portal.at(portal.sites["fr"]):
        kept = {row.code_hash for row in RecoveryCode.select()}
        assert not kept & set(codes)
    fresh = alice.post(PAGE, data={"do": "codes", "password": ALICE.password})
    assert fresh.status_code == 200
    assert enter(shown_password(app), codes[4]) == 422  # those before work no longer


@on_sqlite
def test_guessing_ends_after_five_tries(app: Flask, alice: SiteClient, clock: TestClock) -> None:
    key, codes = set_up(alice, clock)
    clock.forward(seconds=60)
    half = shown_password(app)
    assert [enter(half, "123456") for _time in range(5)] == [422] * 5
    assert enter(half, totp.code_at(key, clock.now)) == 429
    assert enter(shown_password(app), codes[0]) == 429  # a new try at the password changes nothing
    clock.forward(minutes=6)
    assert enter(shown_password(app), codes[0]) == 303


@on_sqlite
def test_the_password_is_needed_to_set_it_up_to_get_codes_and_to_turn_it_off(
    app: Flask, alice: SiteClient, clock: TestClock, portal: Portal
) -> None:
    assert alice.post(PAGE, data={"do": "start", "password": "wrong"}).status_code == 422
    assert alice.get(CODE).location == PAGE
    assert alice.post(PAGE, data={"do": "codes", "password": ALICE.password}).status_code == 404
    set_up(alice, clock)
    for act in ("codes", "off"):
        assert alice.post(PAGE, data={"do": act, "password": "wrong"}).status_code == 422
    off = alice.post(PAGE, data={"do": "off", "password": ALICE.password})
    assert off.location == "/profile?done=second-factor-off"
    assert sign_in(client_at(app, "fr"), ALICE.email, ALICE.password)
    with portal.at(portal.sites["fr"]):
        assert not SecondFactor.select().exists() and not RecoveryCode.select().exists()


@on_sqlite
def test_a_new_phone_takes_over_when_its_first_code_was_typed(
    app: Flask, alice: SiteClient, clock: TestClock
) -> None:
    old, _codes = set_up(alice, clock)
    begun = alice.follow(alice.post(PAGE, data={"do": "start", "password": ALICE.password}))
    clock.forward(seconds=30)
    assert enter(shown_password(app), totp.code_at(old, clock.now)) == 303  # the old one still works
    key = "".join(begun.one("p", **{"class": "secret"}).text.split())
    assert alice.post(CODE, data={"code": totp.code_at(key, clock.now)}).status_code == 200
    clock.forward(seconds=30)
    assert enter(shown_password(app), totp.code_at(old, clock.now)) == 422
    assert enter(shown_password(app), totp.code_at(key, clock.now)) == 303


@on_sqlite
def test_a_mailed_password_link_does_not_get_around_it(
    app: Flask, alice: SiteClient, portal: Portal, clock: TestClock
) -> None:
    _key, codes = set_up(alice, clock)
    early = shown_password(app)
    browser = client_at(app, "fr")
    browser.post("/password/forgotten", data={"email": ALICE.email})
    link = next(letter.path for letter in fetch_letters(portal, "fr") if "/password/set/" in letter.path)
    answer = browser.post(link, data={"password": "a spade and a shovel"})
    assert answer.location.startswith("/sign-in/code")
    assert browser.get("/subscriptions").location.startswith("/sign-in")
    assert early.post("/sign-in/code", data={"code": codes[1]}).location == "/sign-in"  # of the old password
    assert enter(browser, codes[0]) == 303


@on_sqlite
def test_who_lost_everything_gets_a_link_that_works_a_day_later(
    app: Flask, alice: SiteClient, portal: Portal, clock: TestClock
) -> None:
    set_up(alice, clock)
    half = shown_password(app)
    assert half.submit(half.page("/sign-in/lost"), "/sign-in/lost").status_code == 200
    link = next(letter.path for letter in fetch_letters(portal, "fr") if "/sign-in/lost/" in letter.path)
    browser = client_at(app, "fr")
    for answer in (browser.get(link), browser.post(link)):  # not yet
        assert answer.status_code == 200
    assert client_at(app, "de").get(link).status_code == 410
    clock.forward(hours=24)
    assert browser.submit(browser.page(link)).location == "/sign-in"
    assert browser.post(link).status_code == 410
    assert alice.get("/subscriptions").location.startswith("/sign-in")  # all sessions have ended
    assert sign_in(browser, ALICE.email, ALICE.password)


@on_sqlite
def test_the_owner_stops_somebody_who_knows_the_password_by_signing_in(
    app: Flask, alice: SiteClient, portal: Portal, clock: TestClock
) -> None:
    key, _codes = set_up(alice, clock)
    shown_password(app).post("/sign-in/lost")
    link = next(letter.path for letter in fetch_letters(portal, "fr") if "/sign-in/lost/" in letter.path)
    clock.forward(hours=23)
    assert enter(shown_password(app), totp.code_at(key, clock.now)) == 303
    clock.forward(hours=2)
    assert client_at(app, "fr").post(link).status_code == 410


@on_sqlite
@pytest.mark.parametrize("path", ["/sign-in/code", "/sign-in/lost"])
def test_without_a_password_shown_there_is_no_second_step(path: str, app: Flask, clock: TestClock) -> None:
    browser = client_at(app, "fr")
    assert browser.get(path).location == "/sign-in"
    assert browser.post(path, data={"code": "123456"}).location == "/sign-in"


@on_sqlite
def test_half_a_sign_in_ends_after_a_quarter_of_an_hour(
    app: Flask, alice: SiteClient, clock: TestClock
) -> None:
    _key, codes = set_up(alice, clock)
    half = shown_password(app)
    clock.forward(minutes=15)
    assert half.post("/sign-in/code", data={"code": codes[0]}).location == "/sign-in"


@on_sqlite
def test_the_namesake_at_another_site_signs_in_as_before(
    app: Flask, alice: SiteClient, clock: TestClock, cast: Cast
) -> None:
    set_up(alice, clock)
    assert sign_in(client_at(app, "de"), NAMESAKE.email, NAMESAKE.password)
    assert sign_in(client_at(app, "fr"), BOB.email, BOB.password)


@on_sqlite
def test_keys_are_sealed_and_not_in_my_data(alice: SiteClient, portal: Portal, clock: TestClock) -> None:
    key, codes = set_up(alice, clock)
    with portal.at(portal.sites["fr"]):
        sealed = SecondFactor.get().secret_sealed
    data = alice.get("/profile/data").text
    assert key not in sealed and sealed not in data and "second_factor" in data
    assert not any(code in data for code in codes)
    assert said(alice, "None: the password is enough to log in") not in alice.page("/profile").text
