"""Managing users in the portal: the list, inviting, one seat in place and on pages, and a file of people."""

from __future__ import annotations

from io import BytesIO
from typing import Any

import pytest
from flask import Flask

from tests.support.cast import ALICE, BOB, CHARLIE, ERIN, FRANK, PASSWORD, Cast
from tests.support.client import PARTIAL, SiteClient, client_at, page_of, said, sign_in, signed_in
from tests.support.letters import fetch_letters
from webapp.assembly import Portal
from webapp.data.accounts import Person
from webapp.data.subscriptions import Seat, Subscription
from webapp.domain.seats import seat_files

MAX = "max@example.com"


@pytest.fixture
def place(cast: Cast) -> str:
    return f"/subscriptions/{cast.row(ALICE, 'active').public_id}/users"


@pytest.fixture
def seat(cast: Cast) -> str:
    """Bob’s, of alice’s active subscription: five licences."""
    return f"/seats/{cast.row(ALICE, 'active').seat_key}"


def taken(portal: Portal, cast: Cast) -> int:
    with portal.at(portal.sites["fr"]):
        return int(Subscription.get_by_id(cast.row(ALICE, "active").id).seats_taken)


def stored(portal: Portal, email: str) -> Seat:
    with portal.at(portal.sites["fr"]):
        found: Seat = Seat.select().join(Person).where(Person.email_key == email).order_by(Seat.id).get()
        return found


def people(page: Any) -> list[str]:
    return [entry.text for entry in page.one("ul", class_="people seats").all("li") if "id" in entry]


# ---- the list


def test_the_list_shows_who_holds_a_licence_how_it_stands_and_the_counter(
    alice: SiteClient, place: str
) -> None:
    alice.post(f"{place}/invite", data={"addresses": f"Max Neu <{MAX}>", "last_day": "2027-03-31"})
    page = alice.page(place)
    bob, neu = people(page)
    assert BOB.name in bob and BOB.email in bob and said(alice, "Active") in bob
    assert "Max Neu" in neu and said(alice, "Invited") in neu and "31 mars 2027" in neu
    counter = page.one("span", id="licences").text
    assert counter == said(alice, "%(taken)s of %(quantity)s", taken="2", quantity="5")
    assert [
        link.one("span").text for link in page.one("nav", aria_label=said(alice, "Filter by status")).all("a")
    ] == [
        "2",
        "1",
        "1",
        "0",
    ]


def test_it_is_searched_and_filtered_as_page_and_fragment(alice: SiteClient, place: str) -> None:
    alice.post(f"{place}/invite", data={"addresses": MAX, "job_site": "Quai Évry"})
    for query, found in (("q=evry", MAX), ("show=active", BOB.email), ("q=zeppelin", "")):
        page = alice.page(f"{place}?{query}")
        fragment = page_of(alice.get(f"{place}?{query}", headers=PARTIAL))
        assert not fragment.whole
        for shown in (page, fragment):
            lines = shown.all("ul", class_="people seats")
            assert (found in lines[0].text) if found else not lines


@pytest.mark.parametrize(
    ("state", "words"),
    [("pending", "It can be managed once it is active."), ("ended", "This subscription has ended")],
)
def test_only_an_active_subscription_has_users_to_manage(
    alice: SiteClient, cast: Cast, state: str, words: str
) -> None:
    page = alice.page(f"/subscriptions/{cast.row(ALICE, state).public_id}/users")
    assert said(alice, words) in page.text
    assert not page.all("ul", class_="people seats") and not page.all("a", id="invite-link")


def test_a_product_without_self_service_says_whom_to_ask_and_takes_no_invitation(
    alice: SiteClient, place: str, portal: Portal, cast: Cast
) -> None:
    other = next(product for product in portal.catalogue if not product.self_service)
    with portal.at(portal.sites["fr"]):
        Subscription.update(product_key=other.key).where(
            Subscription.id == cast.row(ALICE, "active").id
        ).execute()
    page = alice.page(place)
    assert portal.sites["fr"].support_email in page.text
    assert not page.all("a", id="invite-link")
    assert alice.get(f"{place}/invite").status_code == alice.get(f"{place}/file").status_code == 409
    assert alice.post(f"{place}/invite", data={"addresses": MAX}).status_code == 409
    entries = alice.page("/subscriptions").one("div", id=f"menu-{cast.row(ALICE, 'active').public_id}")
    assert place not in [link["href"] for link in entries.all("a")]


# ---- inviting


def test_inviting_leads_back_to_the_list_that_says_so(
    alice: SiteClient, place: str, portal: Portal, cast: Cast
) -> None:
    assert alice.page(f"{place}/invite").one("textarea")["name"] == "addresses"
    answer = alice.post(f"{place}/invite", data={"addresses": f"{MAX}\neva@example.com"})
    after = alice.follow(answer)
    assert "2" in after.one("div", role="status").text
    assert taken(portal, cast) == 3
    assert sorted(letter.to for letter in fetch_letters(portal, "fr")) == ["eva@example.com", MAX]


@pytest.mark.parametrize(
    ("typed", "field"),
    [
        ({"addresses": ""}, "addresses"),
        ({"addresses": f"{MAX}\nmax@"}, "addresses"),
        ({"addresses": BOB.email}, "addresses"),
        ({"addresses": "\n".join(f"p{number}@example.com" for number in range(5))}, "addresses"),
        ({"addresses": MAX, "last_day": "2020-01-01"}, "last_day"),
        ({"addresses": MAX, "last_day": "soon"}, "last_day"),
        ({"addresses": MAX, "job_site": "x" * 121}, "job_site"),
    ],
)
@pytest.mark.parametrize("headers", [{}, PARTIAL])
def test_a_refusal_invites_nobody_says_where_and_keeps_what_was_typed(
    alice: SiteClient,
    place: str,
    portal: Portal,
    cast: Cast,
    typed: dict[str, str],
    field: str,
    headers: dict[str, str],
) -> None:
    answer = alice.post(f"{place}/invite", data=typed, headers=headers)
    assert answer.status_code == 422
    page = page_of(answer)
    assert page.one("div", role="alert").one("a")["href"] == f"#{field}"
    assert page.one("span", id=f"{field}-error").text
    assert page.one("textarea").text == " ".join(typed["addresses"].split())
    assert taken(portal, cast) == 1 and not fetch_letters(portal, "fr")


def test_the_invited_person_sets_a_password_and_sees_what_they_may_use(
    app: Flask, alice: SiteClient, place: str, portal: Portal
) -> None:
    alice.post(f"{place}/invite", data={"addresses": MAX})
    (letter,) = fetch_letters(portal, "fr")
    newcomer = client_at(app, "fr")
    chosen = newcomer.submit(newcomer.page(letter.path), password="sept grues jaunes au matin")
    assert chosen.location == "/subscriptions"
    page = newcomer.page("/subscriptions")
    assert "Fieldwire Business" in page.one("ul", class_="people used").text
    assert ALICE.name in page.text
    assert newcomer.get(letter.path).status_code == 410
    assert stored(portal, MAX).state == "active"
    assert newcomer.get(place).status_code == 404


def test_members_see_what_they_may_use_and_nobody_elses(app: Flask) -> None:
    bob = signed_in(app, BOB).page("/subscriptions").one("ul", class_="people used")
    assert len(bob.all("li")) == 2  # active and cancelled at renewal; the ended one is over
    erin = signed_in(app, ERIN).page("/subscriptions")
    assert not erin.all("ul", class_="people used")


# ---- one seat


@pytest.mark.parametrize("headers", [{}, PARTIAL])
def test_removing_and_undoing(
    alice: SiteClient, seat: str, place: str, portal: Portal, cast: Cast, headers: dict[str, str]
) -> None:
    answer = alice.post(f"{seat}/removal", headers=headers)
    shown = page_of(answer) if headers else alice.follow(answer)
    undo = [form for form in shown.all("form") if form.get("action") == f"{seat}/restoration"]
    assert undo and taken(portal, cast) == 0
    if headers:
        assert shown.one("span", id="licences")["hx-swap-oob"] == "true"
        counts = [shown.one("span", id=f"seats-{show}") for show in ("all", "invited", "active", "ended")]
        assert [count.text for count in counts] == ["0", "0", "0", "1"]
        assert {count["hx-swap-oob"] for count in counts} == {"true"}
    answer = alice.post(f"{seat}/restoration", headers=headers)
    shown = page_of(answer) if headers else alice.follow(answer)
    assert BOB.email in shown.text and taken(portal, cast) == 1
    assert alice.post(f"{seat}/restoration", headers=headers).status_code == 409


def test_inviting_again_is_limited_and_says_when(alice: SiteClient, place: str, portal: Portal) -> None:
    alice.post(f"{place}/invite", data={"addresses": MAX})
    again = f"/seats/{stored(portal, MAX).key}/invitation"
    for _time in range(3):
        assert alice.post(again, headers=PARTIAL).status_code == 200
    for headers in ({}, PARTIAL):
        answer = alice.post(again, headers=headers)
        assert answer.status_code == 429 and int(answer.headers["Retry-After"]) > 0


def test_who_uses_it_already_is_not_invited_again(alice: SiteClient, seat: str) -> None:
    answer = alice.post(f"{seat}/invitation", headers=PARTIAL)
    assert answer.status_code == 409
    assert said(alice, "This person uses it already: there is nothing to invite to.") in page_of(answer).text


def test_what_is_noted_is_edited_on_a_page_and_in_place(alice: SiteClient, seat: str, place: str) -> None:
    form = alice.page(seat)
    after = alice.follow(
        alice.submit(form, seat, last_day="2027-03-31", cost_centre=" 47 11 ", job_site="Quai 7")
    )
    assert "47 11" in after.text and "Quai 7" in after.text
    fragment = page_of(alice.get(seat, headers=PARTIAL))
    assert fragment.one("input", name="cost_centre")["value"] == "47 11"
    assert fragment.one("input", name="version")["value"] == "1"
    row = page_of(alice.post(seat, data={"job_site": "Quai 8", "version": "1"}, headers=PARTIAL))
    assert "Quai 8" in row.one("li", id=f"seat-{seat.removeprefix('/seats/')}").text
    assert "Quai 8" in page_of(alice.get(f"{seat}/row", headers=PARTIAL)).text
    assert alice.get(f"{seat}/row").location == place


def test_a_conflict_shows_both_versions_and_either_can_be_kept(alice: SiteClient, seat: str) -> None:
    alice.post(seat, data={"job_site": "first", "cost_centre": "1", "version": "0"})
    answer = alice.post(seat, data={"job_site": "second", "last_day": "2027-03-31", "version": "0"})
    assert answer.status_code == 409
    page = page_of(answer)
    both = page.one("div", class_="diff").text
    assert all(words in both for words in ("first", "second", "31 mars 2027")) and ALICE.name in page.text
    saved = alice.follow(alice.submit(page, seat))
    assert "second" in saved.text and "first" not in saved.text


@pytest.mark.parametrize(
    ("typed", "field"), [({"last_day": "2020-01-01"}, "last_day"), ({"cost_centre": "x" * 61}, "cost_centre")]
)
def test_what_cannot_be_noted_is_explained_and_kept(
    alice: SiteClient, seat: str, typed: dict[str, str], field: str
) -> None:
    answer = alice.post(seat, data={**typed, "version": "0"})
    assert answer.status_code == 422
    page = page_of(answer)
    assert page.one("input", name=field)["value"] == typed[field]
    assert page.one("span", id=f"{field}-error").text


def test_a_seat_that_is_over_is_not_edited(alice: SiteClient, seat: str) -> None:
    alice.post(f"{seat}/removal")
    assert alice.get(seat).status_code == 409
    assert alice.post(seat, data={"job_site": "Quai 7", "version": "1"}).status_code == 409


@pytest.mark.parametrize("actor", [BOB, ERIN, FRANK, CHARLIE], ids=lambda actor: actor.key)
def test_nobody_else_manages_them(app: Flask, place: str, seat: str, actor: Any) -> None:
    client = signed_in(app, actor)
    for path in (place, f"{place}/invite", f"{place}/file", seat, f"{seat}/row"):
        assert client.get(path).status_code == 404, path
    posts = ("/invite", "/file", "/file/check", "/file/invite", "/file/discard")
    for path in (
        *(place + tail for tail in posts),
        seat,
        f"{seat}/removal",
        f"{seat}/invitation",
        f"{seat}/restoration",
    ):
        assert client.post(path, data={"addresses": MAX, "version": "0"}).status_code == 404, path


def test_after_a_transfer_the_old_administrator_manages_nobody(
    app: Flask, alice: SiteClient, place: str, seat: str
) -> None:
    data = {"to": ERIN.email, "named": ERIN.email, "step": "confirm", "keep_seat": "yes"}
    assert alice.post(place.replace("/users", "/transfer"), data=data).status_code == 303
    for path in (place, f"{place}/invite", f"{place}/file", seat):
        assert alice.get(path).status_code == 404
    for path in (f"{place}/invite", f"{seat}/removal", seat):
        assert alice.post(path, data={"addresses": MAX, "version": "0"}).status_code == 404
    erin = sign_in(client_at(app, "fr"), ERIN.email, PASSWORD)
    assert BOB.email in erin.page(place).text


# ---- a file


def upload(client: SiteClient, place: str, content: bytes, name: str = "people.csv") -> Any:
    return client.post(f"{place}/file", data={"file": (BytesIO(content), name)})


FILE = b"email;name\nmax@example.com;Max Neu\nmax@;\neva@example.com;\nmax@example.com;\n"


def test_a_file_shows_each_rows_fate_and_invites_all_valid_ones(
    alice: SiteClient, place: str, portal: Portal, cast: Cast
) -> None:
    page = alice.follow(upload(alice, place, FILE))
    fates = [row.all("td")[-1].text for row in page.one("tbody").all("tr")]
    words = ("Will be invited", "Not an email address", "Will be invited", "Twice in this file")
    assert fates == [said(alice, word) for word in words]
    assert taken(portal, cast) == 1
    problems = alice.page(f"{place}/file?only=problems")
    assert len(problems.one("tbody").all("tr")) == 2
    after = alice.follow(alice.submit(page, f"{place}/file/invite"))
    assert "Max Neu" in after.text and taken(portal, cast) == 3
    assert alice.page(f"{place}/file").one("input", name="file")


def test_what_changed_meanwhile_invites_nobody_and_is_shown_again(
    alice: SiteClient, place: str, portal: Portal, cast: Cast
) -> None:
    page = alice.follow(upload(alice, place, FILE))
    alice.post(f"{place}/invite", data={"addresses": MAX})
    answer = alice.submit(page, f"{place}/file/invite")
    assert answer.status_code == 409
    again = page_of(answer)
    assert said(alice, "Has a license already") in again.text and taken(portal, cast) == 2
    upload(alice, place, b"somebody@example.com")
    assert alice.submit(again, f"{place}/file/invite").status_code == 409, "the button was of another file"
    assert taken(portal, cast) == 2


def test_a_long_file_is_checked_while_one_looks_on(
    alice: SiteClient, place: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("webapp.web.portal.seat_files.STEP", 2)
    page = alice.follow(upload(alice, place, FILE))
    bar = page.one("progress")
    assert (bar["value"], bar["max"]) == ("2", "4")
    form = page.one("form", action=f"{place}/file/check")
    assert "load" in form["hx-trigger"]
    fragment = page_of(alice.post(f"{place}/file/check", headers=PARTIAL))
    assert not fragment.whole and fragment.one("tbody")
    upload(alice, place, FILE)
    whole = alice.follow(alice.submit(alice.page(f"{place}/file"), f"{place}/file/check"))
    assert whole.one("tbody"), "without JavaScript to the end at once"


@pytest.mark.parametrize(
    "content", [b"", b"Name,Firma\nMax,Bau", b"\x00\x01\x02", b"a@example.com\n" * 10_001]
)
def test_what_is_no_file_of_people_is_explained(alice: SiteClient, place: str, content: bytes) -> None:
    answer = upload(alice, place, content)
    assert answer.status_code == 422
    assert page_of(answer).one("div", role="alert").one("a")["href"] == "#file"
    assert alice.post(f"{place}/file").status_code == 422


def test_a_file_of_four_megabytes_is_not_read(alice: SiteClient, place: str) -> None:
    assert upload(alice, place, b"x" * 4_100_000).status_code == 422


def test_inviting_nobody_forgets_the_file(alice: SiteClient, place: str, portal: Portal) -> None:
    page = alice.follow(upload(alice, place, FILE))
    after = alice.follow(alice.submit(page, f"{place}/file/discard"))
    assert after.one("input", name="file")
    with portal.at(portal.sites["fr"]):
        assert not seat_files.SeatFile.select().exists()
