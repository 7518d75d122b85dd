"""The number of licences: the price before the button, fewer from the renewal on, as a browser without
JavaScript does it and in place; what comes of it; and e-mails that do not arrive."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

import pytest
from flask import Flask

from tests.conftest import TestClock
from tests.support.cast import ALICE, BOB, CHARLIE, ERIN, FRANK, KIM, Actor, Cast
from tests.support.client import PARTIAL, SiteClient, page_of, said, sign_in, signed_in
from tests.support.page import Page
from tests.web.conftest import on_sqlite
from tests.web.licensed import address, as_actor, fail, hold_all, plain
from tests.web.routes import ROUTES
from tests.web.test_query_counts import PAGE_AT_MOST, USERS_AT_MOST, asked
from webapp.assembly import Portal
from webapp.data.audit import AuditEvent
from webapp.data.billing import Invoice
from webapp.data.outbox import OutboxMessage
from webapp.data.subscriptions import Seat, Subscription
from webapp.domain.calendar import start_of_day
from webapp.domain.lifecycle.quantity_conflicts import QuantityConflict
from webapp.domain.lifecycle.quantity_refusals import (
    AsManyAlready,
    NoFewerPlanned,
    NotCounted,
    NotSoldHere,
    QuantityInvalid,
    TooManyLicences,
)
from webapp.domain.refusals import Refusal
from webapp.formats import day, money
from webapp.i18n import speaking, speech
from webapp.jobs.renew import end
from webapp.sites import Product

__all__ = ["address", "as_actor"]


ADDED, REDUCED, KEPT = "licenses-added", "licenses-reduced", "licenses-kept"


@pytest.fixture
def cancelled(cast: Cast) -> str:
    return f"/subscriptions/{cast.row(ALICE, 'cancelled').public_id}"


def stored(portal: Portal, address: str) -> Subscription:
    with portal.at(portal.sites["fr"]):
        return Subscription.get(Subscription.public_id == address.rpartition("/")[2])


def written(portal: Portal) -> tuple[Any, ...]:
    with portal.at(portal.sites["fr"]):
        whole = [list(model.select().order_by(model.id).tuples()) for model in (Subscription, Seat)]
        return (*whole, *(model.select().count() for model in (AuditEvent, OutboxMessage, Invoice)))


def in_french(value: Any, show: Callable[..., str] = day, *more: str) -> str:
    with speaking(speech("fr", "FR")):
        return plain(show(value, *more))


def asking(client: SiteClient, address: str, number: object) -> Page:
    return client.page(f"{address}/licenses?number={number}")


# ---- more


def test_the_price_is_shown_and_then_paid(alice: SiteClient, portal: Portal, address: str) -> None:
    way = alice.page(address).one("a", href=f"{address}/licenses")
    form = alice.page(way["href"])
    assert form.heading == said(alice, "Change license quantity")
    assert form.one("input", id="number")["value"] == "5"
    page, before = asking(alice, address, 7), written(portal)
    days = (stored(portal, address).term_end - portal.clock().date()).days
    net = 2 * ((2 * 48000 * days + 365) // 730)
    shown = in_french(net, money, "EUR")
    assert shown in plain(page.text) and in_french(7 * 48000, money, "EUR") in plain(page.text)
    assert written(portal) == before
    done = alice.follow(alice.submit(page, f"{address}/licenses/more"))
    assert alice.last_address == f"{address}?done={ADDED}"
    assert said(alice, "Licenses added") in done.one("div", role="status").text
    assert shown in plain(done.one("ol", id="activity").text)
    with portal.at(portal.sites["fr"]):
        invoice = Invoice.select().order_by(Invoice.id.desc()).get()
        assert (invoice.state, invoice.net, invoice.quantity) == ("open", net, 2)
        assert OutboxMessage.select().where(OutboxMessage.kind == "licences_added").count() == 1
    assert stored(portal, address).quantity == 7


@pytest.mark.parametrize(
    ("typed", "problem"),
    [
        ("many", QuantityInvalid()),
        ("0", QuantityInvalid()),
        ("", QuantityInvalid()),
        ("5", AsManyAlready(5)),
        ("1000001", TooManyLicences()),
    ],
)
def test_what_can_not_be_is_refused_and_kept(
    alice: SiteClient, address: str, typed: str, problem: Refusal
) -> None:
    for headers in ({}, PARTIAL):
        answer = alice.get(f"{address}/licenses?number={typed}", headers=headers)
        assert answer.status_code == 422
        page = page_of(answer)
        field = page.one("input", id="number")
        assert (field["value"], field["aria-invalid"]) == (typed, "true")
        for place in (page.one("div", role="alert"), page.one("span", id="number-error")):
            assert said(alice, problem) in place.text
    assert page_of(alice.get(f"{address}/licenses?number={typed}")).title.startswith(said(alice, "Error:"))


def test_what_was_bought_in_another_window_is_shown_beside_it(
    alice: SiteClient, as_actor: Callable[[Actor], SiteClient], portal: Portal, address: str
) -> None:
    page = asking(alice, address, 7)
    kim = as_actor(KIM)
    kim.follow(kim.submit(asking(kim, address, 6), f"{address}/licenses/more"))
    before = written(portal)
    answer = alice.submit(page, f"{address}/licenses/more")
    assert answer.status_code == 409
    shown = page_of(answer)
    assert KIM.name in shown.one("div", role="alert").text
    both = plain(shown.one("div", class_="diff").text)
    assert "7 licences" in both and "8 licences" in both
    assert written(portal) == before
    assert alice.submit(shown, f"{address}/licenses/more").status_code == 303
    assert stored(portal, address).quantity == 8


def test_a_price_of_yesterday_is_shown_beside_todays(
    alice: SiteClient, portal: Portal, clock: TestClock, address: str
) -> None:
    page = asking(alice, address, 7)
    clock.forward(hours=14)
    sign_in(alice, ALICE.email, ALICE.password)
    answer = alice.submit(page, f"{address}/licenses/more")
    assert answer.status_code == 409
    assert said(alice, "Meanwhile another day has begun, or another term") in page_of(answer).text
    assert stored(portal, address).quantity == 5


@pytest.mark.parametrize("body", [{}, {"added": "-1"}, {"added": "x", "shown": "7:1:2027-01-01"}])
def test_nonsense_is_no_order(alice: SiteClient, portal: Portal, address: str, body: dict[str, str]) -> None:
    before = written(portal)
    assert alice.post(f"{address}/licenses/more", data=body).status_code == 422
    assert written(portal) == before


# ---- fewer


def test_fewer_is_planned_shown_and_undone(alice: SiteClient, portal: Portal, address: str) -> None:
    renewal = stored(portal, address).term_end
    page = asking(alice, address, 2)
    assert in_french(renewal) in plain(page.text)
    assert in_french(2 * 48000, money, "EUR") in plain(page.text) and not page.all("input", name="going")
    done = alice.follow(alice.submit(page, f"{address}/licenses/fewer"))
    assert alice.last_address == f"{address}?done={REDUCED}"
    assert "2 licences au lieu de 5" in plain(done.one("div", id="ahead").text)
    assert stored(portal, address).next_quantity == 2
    kept = alice.follow(alice.submit(done.one("div", role="status"), f"{address}/licenses/undo"))
    assert alice.last_address == f"{address}?done={KEPT}"
    assert "avec 5 licences" in plain(kept.one("div", id="ahead").text)
    assert stored(portal, address).next_quantity is None


def test_who_would_have_to_go_is_chosen_by_name(alice: SiteClient, portal: Portal, address: str) -> None:
    keys = hold_all(portal, address, "zoe", "max", "eva")
    page, before = asking(alice, address, 2), written(portal)
    boxes = [box["value"] for box in page.all("input", name="going")]
    assert set(keys) < set(boxes) and len(boxes) == 4 and "Zoe" in page.text
    shown = {"number": "2", "renewal": stored(portal, address).term_end.isoformat()}
    refused = alice.post(f"{address}/licenses/fewer", data={**shown, "going": [keys[0]]})
    assert refused.status_code == 422
    again = page_of(refused)
    assert [box["value"] for box in again.all("input", name="going") if "checked" in box] == [keys[0]]
    assert written(portal) == before
    alice.follow(alice.post(f"{address}/licenses/fewer", data={**shown, "going": keys[:2]}))
    planned = asking(alice, address, 1)
    assert [box["value"] for box in planned.all("input", name="going") if "checked" in box] == keys[1::-1]
    with portal.at(portal.sites["fr"]):
        ending = {seat.key for seat in Seat.select().where(Seat.last_day.is_null(False))}
    assert ending >= set(keys[:2])
    alice.follow(alice.submit(alice.page(address), f"{address}/licenses/undo"))
    with portal.at(portal.sites["fr"]):
        assert not Seat.select().where(Seat.key.in_(keys), Seat.last_day.is_null(False)).exists()


def test_a_plan_of_somebody_else_is_shown_beside_ones_own(
    alice: SiteClient, as_actor: Callable[[Actor], SiteClient], portal: Portal, address: str
) -> None:
    page, kim = asking(alice, address, 2), as_actor(KIM)
    kim.follow(kim.submit(asking(kim, address, 3), f"{address}/licenses/fewer"))
    before = written(portal)
    answer = alice.submit(page, f"{address}/licenses/fewer")
    assert answer.status_code == 409
    shown = page_of(answer)
    assert KIM.name in shown.one("div", role="alert").text
    both = plain(shown.one("div", class_="diff").text)
    assert "3 licences" in both and "2 licences" in both and written(portal) == before
    assert alice.submit(shown, f"{address}/licenses/fewer").status_code == 303
    assert stored(portal, address).next_quantity == 2


def test_undoing_what_is_not_planned_is_refused_in_words(
    alice: SiteClient, portal: Portal, address: str
) -> None:
    renewal = stored(portal, address).term_end.isoformat()
    for planned, problem in (("", NoFewerPlanned()), ("3", QuantityConflict(5, None, date.min))):
        answer = alice.post(f"{address}/licenses/undo", data={"renewal": renewal, "planned": planned})
        assert answer.status_code == 409
        assert said(alice, problem) in page_of(answer).one("div", role="alert").text


# ---- in place


def test_the_same_form_comes_in_place(alice: SiteClient, address: str) -> None:
    form = alice.get(f"{address}/licenses", headers=PARTIAL)
    assert "<html" not in form.text and page_of(form).one("div", id="quantity").one("input", id="number")
    priced = page_of(alice.get(f"{address}/licenses?number=6", headers=PARTIAL))
    assert priced.one("h2", id="more-h").get("data-focus", "no") != "no"
    back = page_of(alice.get(f"{address}/licenses/value", headers=PARTIAL))
    assert back.one("div", id="quantity").one("a", id="quantity-edit")
    done = alice.submit(priced, f"{address}/licenses/more")
    assert done.status_code == 303


def test_a_purchase_order_number_changes_what_comes_in_place(alice: SiteClient, address: str) -> None:
    form = {"po_number": "NEXT-1", "version": "0", "term": "next"}
    answer = page_of(alice.post(f"{address}/purchase-order", data=form, headers=PARTIAL))
    ahead = answer.one("div", id="ahead")
    assert "NEXT-1" in ahead.text and ahead["hx-swap-oob"] == "true"


# ---- who, and of what


def test_billing_sees_what_comes_and_changes_nothing(
    as_actor: Callable[[Actor], SiteClient], portal: Portal, address: str
) -> None:
    hold_all(portal, address, "zoe", "max")
    erin = as_actor(ERIN)
    page = erin.page(address)
    assert in_french(5 * 48000, money, "EUR") in plain(page.one("div", id="ahead").text)
    assert not page.all("div", id="quantity")
    for actor in (ERIN, FRANK, CHARLIE, BOB):
        client = as_actor(actor)
        assert client.get(f"{address}/licenses?number=2").status_code == 404
        assert client.post(f"{address}/licenses/more", data={"added": "1"}).status_code == 404


def test_what_is_cancelled_can_grow_and_not_shrink(alice: SiteClient, portal: Portal, cancelled: str) -> None:
    last_day = in_french(stored(portal, cancelled).term_end - timedelta(days=1))
    assert last_day in plain(alice.page(cancelled).one("div", id="ahead").text)
    assert alice.get(f"{cancelled}/licenses?number=2").status_code == 422
    page = asking(alice, cancelled, 6)
    assert last_day in plain(page.text)
    alice.follow(alice.submit(page, f"{cancelled}/licenses/more"))
    assert stored(portal, cancelled).quantity == 6 and stored(portal, cancelled).ends_on


def test_what_has_no_number_of_licences_offers_none(alice: SiteClient, portal: Portal, address: str) -> None:
    with portal.at(portal.sites["fr"]):
        here = Subscription.public_id == address.rpartition("/")[2]
        Subscription.update(product_key="ontrack-enterprise").where(here).execute()
    page = alice.page(address)
    assert not page.all("div", id="quantity") and "illimité" in page.one("div", id="ahead").text
    answers = [alice.get(f"{address}/licenses"), alice.post(f"{address}/licenses/more", data={"added": "1"})]
    for answer in answers:
        assert answer.status_code == 409 and said(alice, NotCounted()) in page_of(answer).text


def test_where_it_is_sold_no_more_there_can_only_be_fewer(
    alice: SiteClient, portal: Portal, address: str, cancelled: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Product, "sold_on", lambda self, code: False)
    answer = alice.get(f"{address}/licenses?number=6")
    with portal.at(portal.sites["fr"]):
        assert answer.status_code == 422 and said(alice, NotSoldHere()) in page_of(answer).text
    assert asking(alice, address, 2).one("form", action=f"{address}/licenses/fewer")
    assert not alice.page(cancelled).all("div", id="quantity")


def test_it_costs_no_question_more(alice: SiteClient, portal: Portal, address: str) -> None:
    alice.follow(alice.submit(asking(alice, address, 2), f"{address}/licenses/fewer"))
    hold_all(portal, address, "zoe", "max", "eva")
    fail(portal, address, "alice@example.com", "zoe@example.com")
    assert asked(portal, alice, address) <= PAGE_AT_MOST
    assert asked(portal, alice, f"{address}/users") <= USERS_AT_MOST
    assert asked(portal, alice, f"{address}/licenses?number=1") <= PAGE_AT_MOST + 1


# ---- between the last day and the job


def ground_of(cast: Cast) -> dict[str, str]:
    row = cast.row(ALICE, "cancelled")
    return {"row": row.public_id, "seat": row.seat_key}


def answers(client: SiteClient, cast: Cast, portal: Portal) -> dict[str, int]:
    """Of each address of what is cancelled, to each method."""
    values, found = ground_of(cast), {}
    for endpoint, route in ROUTES.items():
        for method in route.answers if route.names in values else ():
            path = re.sub("<[^>]*>", values[route.names], route.path)
            body = dict(route.attack(portal.sites["fr"])) if method == "POST" else None
            found[f"{endpoint} {method}"] = client.open(path, method=method, data=body).status_code
    return found


@on_sqlite
def test_each_address_answers_before_the_job_as_after_it(
    app: Flask, portal: Portal, cast: Cast, clock: TestClock, cancelled: str
) -> None:
    """Who decides about the renewal is told why that is too late, as long as it is not written down."""
    site = portal.sites["fr"]
    over = start_of_day(stored(portal, cancelled).ends_on, site.time_zone)
    clock.now = over - timedelta(microseconds=1)
    clients = [signed_in(app, actor) for actor in (ALICE, ERIN)]
    running = [client.get(f"{cancelled}/purchase-order").status_code for client in clients]
    clock.now = over
    before = [answers(client, cast, portal) for client in clients]
    pages = [plain(client.page(cancelled).one("main").text) for client in clients]
    assert end(portal, site) == {"ended": 1}
    after = [answers(client, cast, portal) for client in clients]
    assert running == [200, 200]
    for told, then in zip(before, after, strict=True):
        differs = {name for name in told if told[name] != then[name]}
        assert differs <= {"cancellation.undo POST"}, {name: (told[name], then[name]) for name in differs}
        assert then["purchase_orders.edit GET"] == 404
    for client, page in zip(clients, pages, strict=True):
        shown = plain(client.page(cancelled).one("main").text)
        assert strip_activity(page) == strip_activity(shown)


def strip_activity(text: str) -> str:
    return text.partition("Activité récente")[0]
