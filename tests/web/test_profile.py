"""The profile in the portal: name, address, password, sessions, and the file of what is stored."""

from __future__ import annotations

import json

import pytest
from flask import Flask

from tests.support.cast import ALICE, BOB, CHARLIE, DORA, ERIN, PASSWORD, Cast
from tests.support.client import PARTIAL, SiteClient, client_at, page_of, said, sign_in, signed_in
from tests.support.letters import fetch_letters
from tests.web.conftest import on_sqlite
from webapp.assembly import Portal
from webapp.data.accounts import Person

NEW = "alice@example.org"
OTHER_WORDS = "a spade and a shovel"


def link_for(portal: Portal, address: str) -> str:
    return next(letter.path for letter in fetch_letters(portal, "fr") if address in letter.to)


def stored_name(portal: Portal, cast: Cast) -> str:
    with portal.at(portal.sites["fr"]):
        return str(Person.get_by_id(cast.person_ids[ALICE]).name)


@on_sqlite
def test_the_profile_shows_what_can_be_changed(alice: SiteClient) -> None:
    page = alice.page("/profile")
    assert {"/profile/name", "/profile/email", "/profile/password", "/profile/data"} <= set(page.links)
    assert ALICE.name in page.text and ALICE.email in page.text
    assert "/profile" in alice.page("/subscriptions").links


def test_a_name_is_saved_on_its_page_and_in_place(alice: SiteClient, portal: Portal, cast: Cast) -> None:
    after = alice.follow(alice.submit(alice.page("/profile/name"), "/profile/name", name="Alice Neu"))
    assert "Alice Neu" in after.text and stored_name(portal, cast) == "Alice Neu"
    in_place = page_of(alice.post("/profile/name", data={"name": "Alice Again"}, headers=PARTIAL))
    assert not in_place.whole and in_place.one("a", id="name-edit")
    assert stored_name(portal, cast) == "Alice Again"
    assert page_of(alice.get("/profile/name/value", headers=PARTIAL)).one("bdi").text == "Alice Again"


@on_sqlite
@pytest.mark.parametrize("headers", [{}, PARTIAL])
def test_a_refused_name_is_kept_as_typed(alice: SiteClient, headers: dict[str, str]) -> None:
    answer = alice.post("/profile/name", data={"name": "x" * 121}, headers=headers)
    page = page_of(answer)
    assert answer.status_code == 422 and page.one("input", id="name")["value"] == "x" * 121
    assert page.one("div", role="alert").one("a")["href"] == "#name"


def test_a_new_address_counts_when_its_link_was_pressed(
    app: Flask, alice: SiteClient, portal: Portal
) -> None:
    form = alice.page("/profile/email")
    after = alice.follow(alice.submit(form, "/profile/email", email=NEW, password=PASSWORD))
    assert NEW in after.text and ALICE.email in after.text
    link = link_for(portal, NEW)
    nobody = client_at(app, "fr")
    for _time in range(2):
        page = nobody.page(link)
    sign_in(client_at(app, "fr"), ALICE.email, PASSWORD)
    assert nobody.submit(page, "").status_code == 303
    sign_in(client_at(app, "fr"), NEW, PASSWORD)
    assert (
        client_at(app, "fr").post("/sign-in", data={"email": ALICE.email, "password": PASSWORD}).status_code
        == 422
    )
    assert NEW in alice.page("/profile").text
    assert nobody.get(link).status_code == 410 and nobody.post(link).status_code == 410


@on_sqlite
def test_a_taken_address_gets_the_same_answer(app: Flask, portal: Portal) -> None:
    client = signed_in(app, ERIN)

    def ask(actor_email: str) -> tuple[int, str, str]:
        answer = client.post("/profile/email", data={"email": actor_email, "password": PASSWORD})
        shown = client.page(answer.location).text.replace(actor_email, "…")
        client.post("/profile/email/drop")
        return answer.status_code, str(answer.location), shown

    free, taken = ask("nobody@example.org"), ask(CHARLIE.email)
    assert free[:2] == taken[:2]
    assert free[2].split() == taken[2].split()


@on_sqlite
@pytest.mark.parametrize(
    ("typed", "field"),
    [
        ({"email": "", "password": PASSWORD}, "email"),
        ({"email": "alice@", "password": PASSWORD}, "email"),
        ({"email": ALICE.email, "password": PASSWORD}, "email"),
        ({"email": NEW, "password": ""}, "password"),
        ({"email": NEW, "password": "wrong"}, "password"),
    ],
)
def test_a_refused_address_says_where_and_is_kept(
    alice: SiteClient, portal: Portal, typed: dict[str, str], field: str
) -> None:
    answer = alice.post("/profile/email", data=typed)
    page = page_of(answer)
    assert answer.status_code == 422
    assert page.one("div", role="alert").one("a")["href"] == f"#{field}"
    assert page.one("input", id="email").get("value", "") == typed["email"]
    assert not page.one("input", id="password").get("value", "")
    assert fetch_letters(portal, "fr") == []


def test_a_new_password_keeps_this_session_and_ends_the_others(app: Flask, alice: SiteClient) -> None:
    other = signed_in(app, ALICE)
    wrong = alice.post("/profile/password", data={"current": "wrong", "password": OTHER_WORDS})
    assert wrong.status_code == 422
    assert page_of(wrong).one("div", role="alert").one("a")["href"] == "#current"
    form = alice.page("/profile/password")
    alice.follow(alice.submit(form, "/profile/password", current=PASSWORD, password=OTHER_WORDS))
    assert other.get("/profile").status_code == 303
    sign_in(client_at(app, "fr"), ALICE.email, OTHER_WORDS)


def test_sessions_are_signed_out_one_by_one_and_everywhere(app: Flask, alice: SiteClient) -> None:
    other, third = signed_in(app, ALICE), signed_in(app, ALICE)
    page = alice.page("/profile")
    names = [field["value"] for field in page.all("input", name="session")]
    assert len(names) == 2
    alice.follow(alice.post("/profile/sessions", data={"session": names[0]}))
    alive = [client for client in (other, third) if client.get("/profile").status_code == 200]
    assert len(alive) == 1
    assert alice.post("/profile/sessions/all").location == "/sign-in"
    assert alice.get("/profile").status_code == alive[0].get("/profile").status_code == 303


@on_sqlite
def test_nobody_ends_a_session_of_somebody_else(app: Flask, alice: SiteClient) -> None:
    bob, second = signed_in(app, BOB), signed_in(app, BOB)
    (name,) = [field["value"] for field in bob.page("/profile").all("input", name="session")]
    assert alice.post("/profile/sessions", data={"session": name}).status_code == 404
    assert second.get("/profile").status_code == 200


def test_my_data_is_a_file_of_my_own(app: Flask, alice: SiteClient) -> None:
    answer = alice.get("/profile/data")
    assert answer.mimetype == "application/json"
    assert answer.headers["Content-Disposition"] == 'attachment; filename="my-data.json"'
    assert "no-store" in answer.headers["Cache-Control"]
    found = json.loads(answer.text)
    assert found["person"]["email"] == ALICE.email and len(found["subscription"]) > 5
    assert CHARLIE.email not in answer.text
    assert json.loads(signed_in(app, DORA).get("/profile/data").text)["site"] == "de"


@on_sqlite
def test_the_language_is_chosen_in_the_profile_too(app: Flask) -> None:
    reto = client_at(app, "de")
    sign_in(reto, DORA.email, DORA.password)
    page = reto.page("/profile")
    select = page.one("select", name="language")
    assert [option["value"] for option in select.all("option") if "selected" in option] == ["de"]
    assert reto.post("/language", data={"language": "de", "next": "/profile"}).location == "/profile"
    assert said(reto, "Language") in page.text
