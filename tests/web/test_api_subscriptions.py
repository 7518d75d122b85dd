"""The API's subscriptions: all of them page by page, those that changed, one."""

from __future__ import annotations

from typing import Any

import pytest
from flask import Flask

from tests.conftest import TestClock
from tests.support.cast import ALICE, CHARLIE, Cast
from tests.support.many import more_like
from tests.support.orders import an_order
from tests.web.conftest import on_sqlite
from tests.web.shop import Shop, refusal
from tests.web.test_query_counts import questions
from webapp.assembly import Portal
from webapp.data.audit import AuditEvent
from webapp.data.subscriptions import Subscription
from webapp.domain import audit

AT_MOST = 3  # the key, which ones, what they are


@pytest.fixture
def shop(app: Flask) -> Shop:
    return Shop(app)


def walk(shop: Shop, query: str, after: str = "") -> tuple[list[dict[str, Any]], str | None]:
    """All pages from there on, and where to go on."""
    found: list[dict[str, Any]] = []
    for _page in range(100):
        told = shop.get(f"/subscriptions?{query}" + (f"&after={after}" if after else "")).get_json()
        found += told["subscriptions"]
        after = told["next"] or ""
        if not told["more"]:
            return found, told["next"]
    raise AssertionError("it goes on and on")


def ids(found: list[dict[str, Any]]) -> list[str]:
    return [one["subscription"] for one in found]


def test_pages_show_each_subscription_once(shop: Shop, cast: Cast) -> None:
    of_fr = [row.public_id for row in cast.rows if row.owner.site == "fr"]
    for limit in (1, 4, len(of_fr), 500):
        found, on = walk(shop, f"limit={limit}")
        assert ids(found) == of_fr and on is None


@on_sqlite
def test_what_comes_meanwhile_moves_nothing(shop: Shop) -> None:
    first = shop.get("/subscriptions?limit=3").get_json()
    shop.post("/orders", an_order())
    rest, _on = walk(shop, "limit=3", first["next"])
    shown = ids(first["subscriptions"]) + ids(rest)
    assert len(shown) == len(set(shown)) and shown == ids(walk(shop, "limit=500")[0])


@on_sqlite
def test_filters_pick_by_customer_and_state(shop: Shop, cast: Cast) -> None:
    charlies = [row.public_id for row in cast.rows_of(CHARLIE)]
    assert ids(walk(shop, f"customer_number={CHARLIE.company.number}&limit=1")[0]) == charlies
    assert walk(shop, "customer_number=nobody")[0] == []
    lapsed = [row.public_id for row in cast.rows_of(ALICE) if row.state in ("lapsed", "marked")]
    assert ids(walk(shop, "state=lapsed&limit=2")[0]) == lapsed
    everything = walk(shop, "limit=500")[0]
    for state in ("pending", "active", "cancelling", "ended", "withdrawn"):
        expected = [one["subscription"] for one in everything if one["state"] == state]
        assert expected and ids(walk(shop, f"state={state}&limit=2")[0]) == expected


def test_a_subscription_as_it_stands(shop: Shop, cast: Cast) -> None:
    told = shop.get(f"/subscriptions/{cast.row(ALICE, 'cancelled').public_id}").get_json()
    assert (told["state"], told["renews_on"], told["term"]) == ("cancelling", None, "annual")
    assert told["ends_on"] and told["unit_price"] == "480.00" and told["quantity"] == 5
    active = shop.get(f"/subscriptions/{cast.row(ALICE, 'active').public_id}").get_json()
    assert active["renews_on"] and active["ends_on"] is None
    assert refusal(shop.get("/subscriptions/SUB-FR-999999")) == (404, "not_found", None)
    assert (
        refusal(shop.get(f"/subscriptions/{cast.row(ALICE, 'active').public_id.replace('FR', 'DE')}"))[0]
        == 404
    )


# ---- what changed


def test_changes_come_in_their_order_and_once_each(shop: Shop, clock: TestClock, portal: Portal) -> None:
    since = clock.forward(minutes=10).isoformat().replace("+00:00", "Z")
    clock.forward(minutes=1)
    made = [shop.post("/orders", an_order(order_number=f"C{number}")).get_json() for number in range(5)]
    clock.forward(minutes=2)
    found, on = walk(shop, f"changed_since={since}&limit=2")
    assert ids(found) == [one["subscription"] for one in made]
    shop.put("/orders/C3/withdrawal", reason="bought twice")
    clock.forward(minutes=2)
    found, later = walk(shop, "limit=2", str(on))
    assert [(one["order_number"], one["state"]) for one in found] == [("C3", "withdrawn")]
    assert walk(shop, "limit=2", str(later)) == ([], later)


@on_sqlite
def test_a_change_is_told_when_no_earlier_one_can_come_any_more(shop: Shop, clock: TestClock) -> None:
    since = clock.forward(minutes=10).isoformat().replace("+00:00", "Z")
    clock.forward(seconds=1)
    shop.post("/orders", an_order())
    clock.forward(seconds=59)
    found, on = walk(shop, f"changed_since={since}")
    assert found == []
    clock.forward(seconds=1)
    assert len(walk(shop, "limit=100", str(on))[0]) == 1


@on_sqlite
def test_a_job_that_writes_under_an_older_instant_is_not_missed(
    shop: Shop, clock: TestClock, portal: Portal, cast: Cast
) -> None:
    """What was recorded later but dated earlier lies behind what was read already by time, not by number."""
    since = clock.forward(minutes=10)
    clock.forward(seconds=40)
    shop.post("/orders", an_order())
    row = cast.row(ALICE, "active")
    with portal.at(portal.sites["fr"]):
        renewed = Subscription.get_by_id(row.id)
        audit.record(audit.SUBSCRIPTION_RENEWED, actor=audit.PORTAL, subscription=renewed, now=since)
    clock.forward(minutes=5)
    text = since.isoformat().replace("+00:00", "Z")
    assert row.public_id in ids(walk(shop, f"changed_since={text}&limit=1")[0])
    later = since.replace(second=since.second + 20).isoformat().replace("+00:00", "Z")
    assert len(walk(shop, f"changed_since={later}&limit=1")[0]) == 2


@on_sqlite
def test_a_long_history_is_walked_to_its_end(
    shop: Shop, clock: TestClock, portal: Portal, cast: Cast
) -> None:
    since = clock.forward(minutes=10).isoformat().replace("+00:00", "Z")
    with portal.at(portal.sites["fr"]) as site, portal.databases.of(site).atomic():
        for row in (cast.row(ALICE, "active"), cast.row(ALICE, "pending")):
            events = [{"at": clock.now, "action": "x", "actor_kind": "portal", "subscription": row.id}] * 1100
            AuditEvent.insert_many(events).execute()
    clock.forward(minutes=2)
    found, _on = walk(shop, f"changed_since={since}&limit=10")
    assert set(ids(found)) == {cast.row(ALICE, "active").public_id, cast.row(ALICE, "pending").public_id}


# ---- what was asked wrongly


@on_sqlite
def test_parameters_that_make_no_sense(shop: Shop) -> None:
    for query, code, field in (
        ("changed_sinc=2026-11-20T00:00:00Z", "unknown_parameter", "changed_sinc"),
        ("changed_since=yesterday", "invalid_date", "changed_since"),
        ("changed_since=2026-11-20", "invalid_date", "changed_since"),
        ("state=gone", "invalid_state", "state"),
        ("limit=0", "invalid_number", "limit"),
        ("limit=501", "invalid_number", "limit"),
        ("limit=%D9%A3", "invalid_number", "limit"),
        ("limit=ten", "invalid_number", "limit"),
        ("after=nothing", "invalid_cursor", "after"),
        ("after=WyJ4IiwxXQ", "invalid_cursor", "after"),
        ("after=", "missing_value", "after"),
        ("customer_number=%00", "invalid_encoding", "customer_number"),
    ):
        assert refusal(shop.get(f"/subscriptions?{query}")) == (422, code, field), query


def test_a_page_asks_three_times_however_long_it_is(shop: Shop, portal: Portal, cast: Cast) -> None:
    shop.get("/subscriptions")
    counts = []
    for _time in range(2):
        for path in ("/subscriptions?limit=500", "/subscriptions?changed_since=2026-01-01T00:00:00Z"):
            with questions(portal) as seen:
                assert shop.get(path).status_code == 200
            counts.append(len(seen))
        with portal.at(portal.sites["fr"]) as site, portal.databases.of(site).atomic():
            if len(counts) == 2:
                more_like(cast.row(ALICE, "active"), 60)
    assert counts[:2] == counts[2:] and max(counts) <= AT_MOST + 2
