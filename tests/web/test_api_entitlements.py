"""The API's entitlements: may this person use that, and who may."""

from __future__ import annotations

from datetime import timedelta

import pytest
from flask import Flask

from tests.conftest import TestClock
from tests.support.cast import ALICE, BOB, CHARLIE, FRANK, KIM, Cast
from tests.web.conftest import on_sqlite
from tests.web.shop import Shop, refusal
from tests.web.test_query_counts import questions
from webapp.assembly import Portal
from webapp.data.subscriptions import Seat, Subscription

BY_SEAT, BY_COMPANY = "fieldwire-business", "ontrack-lite"


@pytest.fixture
def shop(app: Flask) -> Shop:
    return Shop(app)


def asked(shop: Shop, about: str, email: str) -> tuple[bool, str, str | None]:
    told = shop.get(f"/entitlements/{about}?email={email}").get_json()
    return told["allowed"], told["because"], told["last_day"]


def test_who_holds_a_license_may(shop: Shop, cast: Cast) -> None:
    active = f"subscriptions/{cast.row(ALICE, 'active').public_id}"
    assert asked(shop, active, BOB.email.upper()) == (True, "seat", None)
    assert asked(shop, active, ALICE.email) == (False, "no_license", None)  # administering is not using
    assert asked(shop, active, "nobody@example.com") == (False, "no_license", None)
    assert asked(shop, f"products/{BY_SEAT}", BOB.email) == (True, "seat", None)
    assert asked(shop, f"products/{BY_SEAT}", ALICE.email) == (False, "no_license", None)


def test_nobody_may_use_what_is_not_active(shop: Shop, cast: Cast) -> None:
    for state in ("pending", "ended", "lapsed", "marked", "withdrawn"):
        about = f"subscriptions/{cast.row(ALICE, state).public_id}"
        assert asked(shop, about, BOB.email) == (False, "not_active", None), state
    ending = shop.get(f"/subscriptions/{cast.row(ALICE, 'cancelled').public_id}").get_json()["ends_on"]
    told = asked(shop, f"subscriptions/{cast.row(ALICE, 'cancelled').public_id}", BOB.email)
    assert told[:2] == (True, "seat") and str(told[2]) < ending


def test_the_date_decides_not_the_job(shop: Shop, cast: Cast, portal: Portal, clock: TestClock) -> None:
    row = cast.row(ALICE, "active")
    about, today = f"subscriptions/{row.public_id}", clock.now.date()
    tomorrow = (today + timedelta(days=1)).isoformat()
    with portal.at(portal.sites["fr"]):
        Seat.update(last_day=today, over_on=tomorrow).where(Seat.key == row.seat_key).execute()
    assert asked(shop, about, BOB.email) == (True, "seat", today.isoformat())
    clock.forward(hours=24)
    assert asked(shop, about, BOB.email) == (False, "no_license", None)
    assert asked(shop, f"products/{BY_SEAT}", BOB.email) == (False, "no_license", None)
    assert shop.get(f"/entitlements/{about}/people").get_json()["people"] == []


def test_a_revoked_seat_counts_no_more(shop: Shop, cast: Cast, portal: Portal) -> None:
    row = cast.row(ALICE, "active")
    with portal.at(portal.sites["fr"]):
        Seat.update(counted=0).where(Seat.key == row.seat_key).execute()
    assert asked(shop, f"subscriptions/{row.public_id}", BOB.email)[0] is False


def test_where_users_are_not_managed_here_everybody_of_the_company_may(
    shop: Shop, cast: Cast, portal: Portal
) -> None:
    row = cast.row(ALICE, "active")
    with portal.at(portal.sites["fr"]):
        Subscription.update(product_key=BY_COMPANY).where(Subscription.id == row.id).execute()
    for about in (f"subscriptions/{row.public_id}", f"products/{BY_COMPANY}"):
        assert asked(shop, about, KIM.email) == (True, "company", None)
        assert asked(shop, about, CHARLIE.email) == (False, "no_license", None)
    told = shop.get(f"/entitlements/subscriptions/{row.public_id}/people").get_json()
    assert told["by"] == "company"
    assert {ALICE.email, BOB.email, KIM.email, FRANK.email} <= {one["email"] for one in told["people"]}
    assert CHARLIE.email not in {one["email"] for one in told["people"]}


def test_who_may_use_it_page_by_page(shop: Shop, cast: Cast, portal: Portal, clock: TestClock) -> None:
    row = cast.row(ALICE, "active")
    with portal.at(portal.sites["fr"]):
        for actor in (ALICE, KIM, FRANK):
            person = cast.person_ids[actor]
            Seat.create(subscription=row.id, person=person, state="active", since=clock.now)
    path, found, after = f"/entitlements/subscriptions/{row.public_id}/people", [], ""
    for _page in range(3):
        told = shop.get(f"{path}?limit=2" + (f"&after={after}" if after else "")).get_json()
        found += [one["email"] for one in told["people"]]
        after = told["next"]
        if after is None:
            break
    assert sorted(found) == sorted([BOB.email, ALICE.email, KIM.email, FRANK.email])
    assert refusal(shop.get(f"{path}?after=WyJzIiwxXQ")) == (422, "invalid_cursor", "after")
    pending = shop.get(f"/entitlements/subscriptions/{cast.row(ALICE, 'pending').public_id}/people")
    assert pending.get_json() == {"running": False, "by": "seat", "people": [], "next": None}


@on_sqlite
def test_what_is_not_there(shop: Shop) -> None:
    assert refusal(shop.get("/entitlements/products/no-such?email=a@b.c"))[0] == 404
    assert refusal(shop.get("/entitlements/subscriptions/SUB-FR-999999?email=a@b.c"))[0] == 404
    assert refusal(shop.get(f"/entitlements/products/{BY_SEAT}")) == (422, "missing_field", "email")
    assert refusal(shop.get(f"/entitlements/products/{BY_SEAT}?email=")) == (422, "missing_value", "email")
    assert asked(shop, f"products/{BY_SEAT}", "%F0%28")[0] is False


def test_what_has_not_changed_is_not_sent_again(shop: Shop, cast: Cast, portal: Portal) -> None:
    row = cast.row(ALICE, "active")
    path = f"/entitlements/subscriptions/{row.public_id}?email={BOB.email}"
    first = shop.get(path)
    assert first.headers["Cache-Control"] == "private, no-cache" and first.headers["Vary"] == "Authorization"
    again = shop.get(path, headers={"If-None-Match": first.headers["ETag"]})
    assert (again.status_code, again.data) == (304, b"")
    with portal.at(portal.sites["fr"]):
        Seat.update(counted=0).where(Seat.key == row.seat_key).execute()
    changed = shop.get(path, headers={"If-None-Match": first.headers["ETag"]})
    assert changed.status_code == 200 and changed.get_json()["allowed"] is False


def test_a_question_costs_two_statements(shop: Shop, portal: Portal, cast: Cast) -> None:
    """Whose key it is, and the answer: however many there are."""
    about = f"subscriptions/{cast.row(ALICE, 'active').public_id}"
    shop.get(f"/entitlements/{about}?email={BOB.email}")
    for path in (about, f"products/{BY_SEAT}", f"products/{BY_COMPANY}"):
        with questions(portal) as seen:
            shop.get(f"/entitlements/{path}?email={BOB.email}")
        assert len(seen) == 2, seen
