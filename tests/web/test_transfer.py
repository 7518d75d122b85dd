"""Handing a subscription over in the portal: who may, what is shown first, and that nothing typed is lost."""

from __future__ import annotations

import pytest
from flask import Flask

from tests.support.cast import ALICE, BOB, CHARLIE, ERIN, FRANK, HANDED_OVER, KIM, PASSWORD, Cast, cheap_hash
from tests.support.client import PARTIAL, SiteClient, client_at, page_of, said, sign_in, signed_in
from tests.web.routes import ROUTES
from tests.web.routes.shapes import Route
from webapp.assembly import Portal
from webapp.data.accounts import Person
from webapp.data.subscriptions import Seat, Subscription
from webapp.data.transfers import Transfer

NEW = {"to": "new", "new_name": "Max Neu", "new_email": "max@example.com", "keep_seat": "yes"}


@pytest.fixture
def address(cast: Cast) -> str:
    return f"/subscriptions/{cast.row(ALICE, 'active').public_id}/transfer"


def confirm(email: str, **more: str) -> dict[str, str]:
    return {"to": email, "named": email, "step": "confirm", "keep_seat": "yes", **more}


def administrator(portal: Portal, cast: Cast, state: str = "active") -> str:
    with portal.at(portal.sites["fr"]):
        return str(Subscription.get_by_id(cast.row(ALICE, state).id).administrator.email)


def test_nobody_is_chosen_and_the_list_holds_the_accounts_people_only(
    alice: SiteClient, address: str
) -> None:
    page = alice.page(address)
    radios = page.all("input", type="radio", name="to")
    known = [ERIN, FRANK, BOB, KIM]
    assert {radio["value"] for radio in radios} == {
        *(actor.email for actor in known),
        "nils@fr.example.com",
        "new",
    }
    assert not [radio for radio in radios if "checked" in radio]
    assert CHARLIE.email not in page.text
    assert [button["value"] for button in page.all("button", name="step")] == ["review"]


def test_the_consequences_stand_above_a_button_that_names_the_person(
    alice: SiteClient, address: str, portal: Portal, cast: Cast
) -> None:
    page = page_of(alice.post(address, data={"to": BOB.email, "step": "review", "keep_seat": "yes"}))
    button = page.one("button", name="step")
    assert button["value"] == "confirm"
    assert button.text == said(alice, "Transfer to %(name)s", name=BOB.name)
    assert BOB.email in page.text
    assert [radio["value"] for radio in page.all("input", type="radio") if "checked" in radio] == [BOB.email]
    assert administrator(portal, cast) == ALICE.email


def test_what_the_page_shows_does_what_it_says(
    app: Flask, alice: SiteClient, address: str, portal: Portal, cast: Cast
) -> None:
    shown = page_of(alice.post(address, data={**NEW, "step": "review"}))
    form = next(form for form in shown.all("form", method="post") if form["action"] == address)
    fields = {
        field["name"]: field.get("value") for field in form.all("input") if field.get("type") == "hidden"
    }
    after = alice.follow(alice.post(address, data={**NEW, **fields, "step": "confirm"}))
    assert administrator(portal, cast) == NEW["new_email"]
    assert NEW["new_email"] in after.text
    assert f"{address}/take-back" in after.links


def test_a_button_that_named_somebody_else_hands_nothing_over(
    alice: SiteClient, address: str, portal: Portal, cast: Cast
) -> None:
    """Without JavaScript another person can be chosen while the button still names the first."""
    answer = alice.post(address, data=confirm(ERIN.email, named=BOB.email))
    assert answer.status_code == 200
    assert page_of(answer).one("button", name="step").text == said(
        alice, "Transfer to %(name)s", name=ERIN.name
    )
    assert administrator(portal, cast) == ALICE.email


@pytest.mark.parametrize("step", ["review", "confirm"])
@pytest.mark.parametrize(
    ("typed", "field"),
    [
        ({}, "to"),
        ({"to": CHARLIE.email, "named": CHARLIE.email}, "to"),
        ({"to": ALICE.email, "named": ALICE.email}, "to"),
        ({"to": "new", "new_name": "", "new_email": "max@example.com"}, "new_name"),
        ({"to": "new", "new_name": "Max Neu", "new_email": "max@"}, "new_email"),
        ({"to": "new", "new_name": "Max Neu", "new_email": ALICE.email.upper()}, "new_email"),
    ],
)
def test_a_refusal_says_where_and_keeps_what_was_typed(
    alice: SiteClient, address: str, portal: Portal, cast: Cast, step: str, typed: dict[str, str], field: str
) -> None:
    answer = alice.post(address, data={**typed, "step": step})
    assert answer.status_code == 422
    page = page_of(answer)
    summary = page.one("div", role="alert")
    assert summary.one("a")["href"] == f"#{field}"
    assert summary.one("a").text in page.one("span", id=f"{field}-error").text
    for name in ("new_name", "new_email"):
        assert page.one("input", name=name).get("value") == typed.get(name, "")
    assert administrator(portal, cast) == ALICE.email


def test_the_seat_is_asked_about_only_where_there_is_one(
    alice: SiteClient, address: str, portal: Portal, cast: Cast
) -> None:
    assert not alice.page(address).all("input", name="keep_seat")
    with portal.at(portal.sites["fr"]):
        Seat.create(
            subscription=cast.row(ALICE, "active").id,
            person=cast.person_ids[ALICE],
            state="active",
            since=portal.clock(),
        )
        Subscription.update(seats_taken=2).where(Subscription.id == cast.row(ALICE, "active").id).execute()
    assert "checked" in alice.page(address).one("input", name="keep_seat")
    given_up = {name: value for name, value in confirm(BOB.email).items() if name != "keep_seat"}
    assert alice.post(address, data=given_up).status_code == 303
    with portal.at(portal.sites["fr"]):
        assert Subscription.get_by_id(cast.row(ALICE, "active").id).seats_taken == 1


def test_from_the_next_request_on_the_old_administrator_finds_nothing(
    app: Flask, alice: SiteClient, address: str, portal: Portal, cast: Cast
) -> None:
    """On any route of it, in a window that was open already as well."""
    opened, public_id = signed_in(app, ALICE), cast.row(ALICE, "active").public_id
    managing = [
        (method, route)
        for route in ROUTES.values()
        if route.who == "person"
        and route.names == "row"
        and route.owners
        and not route.path.endswith(("/take-back", "/claim"))
        for method in route.answers
    ]

    def answered(method: str, route: Route, headers: dict[str, str]) -> int:
        path = route.path.replace("<public_id:public_id>", public_id)
        sent = dict(route.attack(portal.sites["fr"])) if method == "POST" else None
        return opened.open(path, method=method, data=sent, headers=headers).status_code

    reading = [(method, route) for method, route in managing if method == "GET"]
    assert {answered(*asked, {}) for asked in reading} == {200, 303}
    assert alice.post(address, data=confirm(BOB.email)).status_code == 303
    for headers in ({}, PARTIAL):
        wrong = [asked for asked in managing if answered(*asked, headers) != 404]
        assert not wrong
    assert len(managing) > len(reading) > 5
    assert opened.get(f"{address}/take-back").status_code == 200
    assert administrator(portal, cast) == BOB.email


def test_the_old_administrator_takes_it_back_until_the_new_one_logs_in(
    app: Flask, alice: SiteClient, address: str, portal: Portal, cast: Cast
) -> None:
    page = address.removesuffix("/transfer")
    assert alice.post(address, data=confirm(BOB.email)).status_code == 303
    back = alice.page(f"{address}/take-back")
    assert BOB.email in back.text
    alice.follow(alice.submit(back, f"{address}/take-back"))
    assert administrator(portal, cast) == ALICE.email
    assert alice.post(address, data=confirm(BOB.email)).status_code == 303
    bob = signed_in(app, BOB)
    assert bob.get(page).status_code == 200
    assert alice.get(f"{address}/take-back").status_code == 404
    assert alice.post(f"{address}/take-back").status_code == 404
    assert administrator(portal, cast) == BOB.email
    assert f"{address}/take-back" not in alice.page("/subscriptions").links


def test_the_way_of_a_new_person_leads_from_the_mail_to_the_subscription(
    app: Flask, alice: SiteClient, address: str, portal: Portal, cast: Cast
) -> None:
    page = address.removesuffix("/transfer")
    alice.post(address, data={**NEW, "named": NEW["new_email"], "step": "confirm"})
    newcomer = client_at(app, "fr")
    answer = newcomer.get(page)
    assert answer.location == f"/sign-in?next={page}"
    assert any(link.startswith("/password/forgotten?next=") for link in newcomer.page(answer.location).links)
    with portal.at(portal.sites["fr"]):
        Person.update(password_hash=cheap_hash(PASSWORD)).where(
            Person.email_key == NEW["new_email"]
        ).execute()
    sign_in(newcomer, NEW["new_email"], PASSWORD)
    assert newcomer.page(page).heading


@pytest.mark.parametrize("actor", [BOB, ERIN, FRANK, CHARLIE], ids=lambda actor: actor.key)
def test_only_the_administrator_hands_over(app: Flask, address: str, cast: Cast, actor: object) -> None:
    client = signed_in(app, actor)  # type: ignore[arg-type]
    taken = f"/subscriptions/{cast.row(ALICE, HANDED_OVER).public_id}/transfer/take-back"
    for path in (address, taken, address.replace("/transfer", "/backup")):
        assert client.get(path).status_code == 404
        assert client.post(path, data=confirm(BOB.email)).status_code == 404


@pytest.mark.parametrize(
    "headers", [{"Sec-Fetch-Site": "cross-site"}, {"Origin": "http://de.localhost:8000"}]
)
def test_other_pages_hand_nothing_over(
    alice: SiteClient, address: str, portal: Portal, cast: Cast, headers: dict[str, str]
) -> None:
    taken = f"/subscriptions/{cast.row(ALICE, HANDED_OVER).public_id}/transfer/take-back"
    for path in (address, address.replace("/transfer", "/backup"), taken):
        assert alice.post(path, data=confirm(BOB.email), headers=headers).status_code == 403
    assert administrator(portal, cast) == ALICE.email
    assert administrator(portal, cast, HANDED_OVER) != ALICE.email


def test_a_pending_subscription_offers_no_transfer(alice: SiteClient, cast: Cast) -> None:
    page = f"/subscriptions/{cast.row(ALICE, 'pending').public_id}"
    assert f"{page}/transfer" not in alice.page(page).links
    assert alice.get(f"{page}/transfer").status_code == 404
    assert f"{page}/backup" not in alice.page(page).links


def test_the_dialog_is_the_same_form_and_its_list_is_searched_alone(alice: SiteClient, address: str) -> None:
    dialog = page_of(alice.get(address, headers=PARTIAL))
    assert not dialog.whole
    assert dialog.one("form", method="post")["hx-post"] == address
    found = page_of(alice.get(f"{address}?q=BOB", headers=PARTIAL))
    assert [radio["value"] for radio in found.all("input")] == [BOB.email]
    whole = alice.page(f"{address}?q=BOB")
    assert [radio["value"] for radio in whole.all("input", type="radio")] == [BOB.email, "new"]


def test_in_the_dialog_choosing_renames_the_button_only(alice: SiteClient, address: str) -> None:
    answer = alice.post(address, data={"to": BOB.email}, headers=PARTIAL)
    assert (answer.headers["HX-Retarget"], answer.status_code) == ("#transfer-end", 200)
    assert BOB.name in page_of(answer).one("button", name="step").text
    nobody = page_of(alice.post(address, data={"to": CHARLIE.email}, headers=PARTIAL))
    assert nobody.one("button", name="step")["value"] == "review"


def test_a_backup_is_named_shown_and_taken_away(alice: SiteClient, address: str) -> None:
    page = address.removesuffix("/transfer")
    alice.follow(alice.post(f"{page}/backup", data={"to": "nobody"}))
    assert not [radio for radio in alice.page(f"{page}/backup").all("input") if "checked" in radio]
    assert BOB.name in alice.follow(alice.post(f"{page}/backup", data={"to": BOB.email})).text
    assert [radio["value"] for radio in alice.page(f"{page}/backup").all("input") if "checked" in radio] == [
        BOB.email
    ]
    alice.follow(alice.post(f"{page}/backup", data={"to": "nobody"}))
    assert not [radio for radio in alice.page(f"{page}/backup").all("input") if "checked" in radio]


@pytest.mark.parametrize("to", ["", CHARLIE.email, ALICE.email, "0"])
def test_a_backup_must_be_one_of_the_people_shown(alice: SiteClient, address: str, to: str) -> None:
    answer = alice.post(address.replace("/transfer", "/backup"), data={"to": to})
    assert answer.status_code == 422
    assert page_of(answer).one("div", role="alert").one("a")["href"] == "#to"


def test_nothing_was_handed_over_by_reading(alice: SiteClient, address: str, portal: Portal) -> None:
    with portal.at(portal.sites["fr"]):
        before = Transfer.select().count()
    alice.get(f"{address}?to={BOB.email}&named={BOB.email}&step=confirm")
    with portal.at(portal.sites["fr"]):
        assert Transfer.select().count() == before
