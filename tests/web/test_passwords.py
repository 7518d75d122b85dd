from __future__ import annotations

import re

import pytest
from flask import Flask

from tests.conftest import TestClock
from tests.support.cast import ALICE, BOB, ERIN, PASSWORD, Cast, keep_person
from tests.support.client import SiteClient, client_at, page_of, said, sign_in, signed_in
from tests.support.letters import fetch_letters
from webapp.assembly import Portal
from webapp.data.accounts import Person
from webapp.data.outbox import OutboxMessage
from webapp.data.sign_in import Session, Token
from webapp.domain.people.passwords import PasswordTooCommon, PasswordTooShort
from webapp.domain.tokens import TokenInvalid

NEW_PASSWORD = "a spade and a shovel"


def ask_for_link(client: SiteClient, portal: Portal, email: str = ALICE.email) -> str:
    """The path in the letter that comes."""
    answer = client.submit(client.page("/password/forgotten"), email=email)
    assert answer.location == "/password/sent"
    return fetch_letters(portal, "fr")[-1].path


def queued(portal: Portal) -> list[tuple[str, str]]:
    with portal.at(portal.sites["fr"]):
        waiting = OutboxMessage.select().where(OutboxMessage.state == "queued").order_by(OutboxMessage.id)
        return [(message.kind, message.to_email) for message in waiting]


# ---- asking for a link


def test_nobody_learns_whether_an_address_is_known(fr: SiteClient, portal: Portal) -> None:
    answers = [
        fr.post("/password/forgotten", data={"email": email}) for email in (ALICE.email, "nobody@example.com")
    ]
    assert {(answer.status_code, answer.location, answer.text) for answer in answers} == {
        (303, "/password/sent", answers[0].text)
    }
    assert fr.follow(answers[1]).heading
    assert queued(portal) == [("set_password", ALICE.email)]


def test_an_empty_address_is_pointed_out(fr: SiteClient) -> None:
    answer = fr.submit(fr.page("/password/forgotten"), email=" ")
    assert answer.status_code == 422
    assert page_of(answer).one("input", id="email")["aria-invalid"] == "true"


@pytest.mark.parametrize("address", ["a\0b@example.com", "ä" * 70_000, "@", "\u202e"])
def test_no_address_is_too_strange_for_the_usual_answer(address: str, fr: SiteClient) -> None:
    assert fr.post("/password/forgotten", data={"email": address}).location == "/password/sent"


@pytest.mark.parametrize("email", [ALICE.email, "nobody@example.com"])
def test_five_links_a_day_are_enough(email: str, fr: SiteClient, portal: Portal, clock: TestClock) -> None:
    for _time in range(5):
        assert fr.post("/password/forgotten", data={"email": email}).status_code == 303
    answer = fr.post("/password/forgotten", data={"email": email})
    assert answer.status_code == 429 and 0 < int(answer.headers["Retry-After"]) <= 24 * 3600
    assert page_of(answer).heading
    clock.forward(days=1, seconds=1)
    assert fr.post("/password/forgotten", data={"email": email}).status_code == 303


def test_one_network_address_may_not_ask_for_everybody(fr: SiteClient) -> None:
    for number in range(30):
        assert fr.post("/password/forgotten", data={"email": f"{number}@example.com"}).status_code == 303
    answer = fr.post("/password/forgotten", data={"email": ALICE.email})
    assert answer.status_code == 429 and "Retry-After" in answer.headers


# ---- the link of an order


def test_the_orders_administrator_gets_a_first_password_by_one_button(
    app: Flask, portal: Portal, cast: Cast
) -> None:
    row = cast.row(ALICE, "pending")
    with portal.at(portal.sites["fr"]):
        Person.update(password_hash=None).where(Person.email == ALICE.email).execute()
    fr = client_at(app, "fr")
    page = page_of(fr.get(fr.get(f"/activate/{row.order_number}").location))
    answer = fr.submit(page, f"/activate/{row.order_number}/password")
    assert answer.location == "/password/sent"
    (letter,) = fetch_letters(portal, "fr")
    assert letter.to == ALICE.email
    answer = fr.submit(fr.page(letter.path), password=NEW_PASSWORD)
    assert answer.location == f"/activate/{row.order_number}"
    assert fr.get(answer.location).location == f"/subscriptions/{row.public_id}/agreement"


def test_nobody_learns_whether_an_order_is_known(fr: SiteClient, portal: Portal, cast: Cast) -> None:
    numbers = (cast.row(ALICE, "pending").order_number, "0399999999", cast.rows[-1].order_number)
    answers = [fr.post(f"/activate/{number}/password") for number in numbers]
    assert {(answer.status_code, answer.location, answer.text) for answer in answers} == {
        (303, "/password/sent", answers[0].text)
    }
    assert queued(portal) == [("set_password", ALICE.email)]


def test_the_button_of_an_order_works_five_times_a_day(fr: SiteClient, cast: Cast) -> None:
    for number in (cast.row(ALICE, "pending").order_number, "0399999999"):
        statuses = [fr.post(f"/activate/{number}/password").status_code for _time in range(6)]
        assert statuses == [303] * 5 + [429]


# ---- using it


def test_looking_at_a_link_uses_nothing_up(fr: SiteClient, portal: Portal) -> None:
    """Mail scanners follow links before people do."""
    link = ask_for_link(fr, portal)
    for _scan in range(3):
        assert fr.get(link).status_code == 200
        assert fr.head(link).status_code == 200
    page = fr.page(link)
    assert ALICE.email in page.text
    assert page.one("input", name="email")["autocomplete"] == "username"
    answer = fr.submit(page, password=NEW_PASSWORD)
    assert answer.location == "/subscriptions"
    assert ALICE.name in fr.follow(answer).text  # signed in at once


def test_a_link_works_once(fr: SiteClient, portal: Portal) -> None:
    link = ask_for_link(fr, portal)
    fr.post(link, data={"password": NEW_PASSWORD})
    for answer in (fr.get(link), fr.post(link, data={"password": "another spade and shovel"})):
        assert answer.status_code == 410
        assert said(fr, TokenInvalid()) in page_of(answer).text
        assert "/password/forgotten" in page_of(answer).links
    sign_in(client_at(fr.application, "fr"), ALICE.email, NEW_PASSWORD)


def test_a_link_works_for_sixty_minutes(fr: SiteClient, portal: Portal, clock: TestClock) -> None:
    link = ask_for_link(fr, portal)
    clock.forward(minutes=59, seconds=59)
    assert fr.get(link).status_code == 200
    clock.forward(seconds=1)
    assert fr.get(link).status_code == 410
    assert fr.post(link, data={"password": NEW_PASSWORD}).status_code == 410


def test_using_one_link_ends_the_others_of_the_same_person(fr: SiteClient, portal: Portal) -> None:
    first, second, of_bob = (
        ask_for_link(fr, portal, email) for email in (ALICE.email, ALICE.email, BOB.email)
    )
    fr.post(second, data={"password": NEW_PASSWORD})
    assert fr.get(first).status_code == 410
    assert fr.get(of_bob).status_code == 200


def test_a_link_that_nobody_mailed_is_told_from_a_wrong_address(fr: SiteClient) -> None:
    assert fr.get(f"/password/set/{'A' * 43}").status_code == 410
    assert fr.get("/password/set/short").status_code == 404


def test_the_database_and_the_outbox_do_not_hold_the_link(fr: SiteClient, portal: Portal) -> None:
    token = ask_for_link(fr, portal).rsplit("/", 1)[1]
    with portal.at(portal.sites["fr"]):
        stored = [repr(row.__data__) for model in (Token, OutboxMessage) for row in model.select()]
    assert stored and not any(token in text for text in stored)


@pytest.mark.parametrize(
    ("password", "refusal"),
    [
        ("short", PasswordTooShort()),
        ("password1234", PasswordTooCommon()),
        (ALICE.email, PasswordTooCommon()),
        ("aaaaaaaaaaaaaaaa", PasswordTooCommon()),
        ("", None),
    ],
)
def test_a_weak_password_is_refused_and_the_link_stays_good(
    password: str, refusal: Exception | None, fr: SiteClient, portal: Portal
) -> None:
    link = ask_for_link(fr, portal)
    answer = fr.submit(fr.page(link), password=password)
    page = page_of(answer)
    assert answer.status_code == 422
    field = page.one("input", id="password")
    assert field["aria-invalid"] == "true" and not field.get("value")
    assert refusal is None or said(fr, refusal) in page.one(id="password-error").text
    assert page.title.startswith(said(fr, "Error:"))
    assert fr.submit(fr.page(link), password=NEW_PASSWORD).status_code == 303


def test_any_long_password_will_do_whatever_its_letters(fr: SiteClient, portal: Portal) -> None:
    password = "  пароль с \u00e9 и 🗝 outer spaces count "
    assert fr.submit(fr.page(ask_for_link(fr, portal)), password=password).status_code == 303
    other = client_at(fr.application, "fr")
    assert (
        other.post("/sign-in", data={"email": ALICE.email, "password": password.strip()}).status_code == 422
    )
    sign_in(other, ALICE.email, password)


def test_a_new_password_ends_every_other_session(app: Flask, fr: SiteClient, portal: Portal) -> None:
    others = [signed_in(app, ALICE), signed_in(app, ALICE)]
    of_bob = signed_in(app, BOB)
    fr.submit(fr.page(ask_for_link(fr, portal)), password=NEW_PASSWORD)
    assert fr.get("/subscriptions").status_code == 200
    assert [other.get("/subscriptions").status_code for other in others] == [303, 303]
    assert of_bob.get("/subscriptions").status_code == 200
    with portal.at(portal.sites["fr"]):
        alice = Person.get(Person.email == ALICE.email)
        assert Session.select().where(Session.person == alice).count() == 1
    assert others[0].post("/sign-in", data={"email": ALICE.email, "password": PASSWORD}).status_code == 422


def test_who_had_a_password_hears_that_it_changed(fr: SiteClient, portal: Portal, clock: TestClock) -> None:
    with portal.at(portal.sites["fr"]):
        keep_person("new@example.com", name="New", password=None, now=clock())
    for email in (ERIN.email, "new@example.com"):
        fr.post(ask_for_link(fr, portal, email), data={"password": NEW_PASSWORD})
        fr.post("/sign-out")
    with portal.at(portal.sites["fr"]):
        told = OutboxMessage.select().where(OutboxMessage.kind == "password_changed")
        assert [message.to_email for message in told] == [ERIN.email]


def test_the_password_is_kept_as_argon2id_of_the_strength_we_promise(fr: SiteClient, portal: Portal) -> None:
    fr.post(ask_for_link(fr, portal), data={"password": NEW_PASSWORD})
    with portal.at(portal.sites["fr"]):
        stored = Person.get(Person.email == ALICE.email).password_hash
    found = re.match(r"\$argon2id\$v=19\$m=(\d+),t=(\d+),p=(\d+)\$", stored)
    assert found and int(found[1]) >= 19 * 1024 and int(found[2]) >= 2
