"""The API's orders: taken once, refused with the codes of order intake, corrected and withdrawn while pending."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator
from dataclasses import replace

import peewee as pw
import pytest
from flask import Flask
from werkzeug.test import TestResponse

from tests.conftest import TestClock
from tests.support.cast import ALICE, Cast
from tests.support.orders import an_order, bad_lines
from tests.support.taking import counts_at, take
from tests.web.conftest import on_sqlite
from tests.web.shop import NDJSON, Shop, refusal
from tests.web.test_query_counts import questions
from webapp.assembly import Portal
from webapp.data.audit import AuditEvent
from webapp.data.outbox import OutboxMessage
from webapp.data.subscriptions import Order
from webapp.domain.intake.intake_reading import LONGEST
from webapp.web.api import batch, orders

# What is known already with other content has a test of its own.
BAD = [told for told in bad_lines() if told[2] != "order_number_conflict" and b"\n" not in told[1]]


@pytest.fixture
def shop(app: Flask) -> Shop:
    return Shop(app)


def test_an_order_is_taken_once_and_answered_alike_ever_after(
    shop: Shop, portal: Portal, clock: TestClock
) -> None:
    before = counts_at(portal)
    first = shop.post("/orders", an_order())
    clock.forward(hours=5)
    again = shop.post("/orders", an_order(unit_price="590.0"))
    assert (first.status_code, again.status_code, first.data) == (201, 200, again.data)
    assert first.headers["Location"] == again.headers["Location"] == "/api/v1/orders/0700000001"
    after = counts_at(portal)
    made = {name: after[name] - before[name] for name in ("Order", "Subscription", "OutboxMessage")}
    assert made == {"Order": 1, "Subscription": 1, "OutboxMessage": 1}


def test_the_receipt_says_what_came_of_it(shop: Shop) -> None:
    told = shop.post("/orders", an_order({"account.vat_id": "FR00", "colour": "red"})).get_json()
    assert told["subscription"].startswith("SUB-FR-") and told["taken_as"] == "pending"
    assert (told["received_at"], told["activate_before"]) == ("2026-11-22T12:00:00Z", "2027-02-18T23:00:00Z")
    assert [warning.partition(":")[0] for warning in told["warnings"]] == ["account.vat_id", "colour"]


def test_what_came_too_late_is_taken_as_lapsed_and_stays_so(shop: Shop, portal: Portal) -> None:
    mails = counts_at(portal)["OutboxMessage"]
    answers = [shop.post("/orders", an_order(ordered_at="2026-01-20T09:14:22+01:00")) for _ in range(2)]
    assert [answer.get_json()["taken_as"] for answer in answers] == ["lapsed", "lapsed"]
    assert counts_at(portal)["OutboxMessage"] == mails
    assert shop.get("/orders/0700000001").get_json()["state"] == "lapsed"


@on_sqlite
def test_other_content_is_a_conflict_and_changes_nothing(shop: Shop, portal: Portal) -> None:
    shop.post("/orders", an_order())
    before = counts_at(portal)
    told = shop.post("/orders", an_order(quantity=4))
    assert refusal(told) == (409, "order_number_conflict", "order_number")
    assert counts_at(portal) == before


@on_sqlite
def test_refusals_are_those_of_order_intake(app: Flask, portal: Portal) -> None:
    shops = {site: Shop(app, site) for site in portal.sites.codes}
    before = {site: counts_at(portal, site) for site in shops}
    for name, line, code, field in BAD:
        wanted = (413, "payload_too_large", None) if len(line) > LONGEST else (422, code, field)
        assert refusal(shops[site_of(line, portal)].post("/orders", line)) == wanted, name
    assert before == {site: counts_at(portal, site) for site in shops}


def site_of(line: bytes, portal: Portal) -> str:
    try:
        site = json.loads(line)["site"]
    except (ValueError, KeyError):
        return "fr"
    return site if site in portal.sites.codes else "fr"


@on_sqlite
def test_orders_of_another_site_are_taken_there_only(shop: Shop, portal: Portal) -> None:
    before = counts_at(portal, "de")
    assert refusal(shop.post("/orders", an_order(site="de"))) == (422, "unknown_site", "site")
    assert counts_at(portal, "de") == before


def test_who_did_it_is_on_record_by_key(shop: Shop, portal: Portal) -> None:
    shop.post("/orders", an_order())
    shop.put("/orders/0700000001/purchaser", email="other@example.com")
    shop.put("/orders/0700000001/withdrawal", reason="bought twice")
    with portal.at(portal.sites["fr"]):
        last = list(AuditEvent.select().order_by(AuditEvent.id.desc()).limit(3))
    by = f"shop ({shop.key.split('_')[2]})"
    assert [event.action for event in last] == [
        *("order.withdrawn", "order.purchaser_corrected", "order.accepted")
    ]
    assert {json.loads(event.details)["key"] for event in last} == {by}
    assert {(event.actor_kind, event.actor_name) for event in last} == {("shop", "")}


# ---- what became of it


def test_the_fate_of_an_order(shop: Shop, cast: Cast) -> None:
    expected = {
        "handed-over": "active",
        "cancelled": "cancelling",
        "marked": "lapsed",
        "last-days": "pending",
    }
    for row in cast.rows_of(ALICE):
        told = shop.get(f"/orders/{row.order_number}").get_json()
        assert told["state"] == expected.get(row.state, row.state), row.state
        assert told["subscription"] == row.public_id


@on_sqlite
def test_a_purchaser_is_corrected_while_the_order_is_pending(shop: Shop, portal: Portal) -> None:
    shop.post("/orders", an_order())
    corrected = shop.put("/orders/0700000001/purchaser", email="new@example.com", name="New One")
    assert corrected.status_code == 200
    assert corrected.get_json()["administrator_email"] == "new@example.com"
    with portal.at(portal.sites["fr"]):
        mails = [
            (mail.kind, mail.state, mail.to_email)
            for mail in OutboxMessage.select().order_by(OutboxMessage.id)
        ]
    assert mails[-2:] == [
        ("activation", "withdrawn", "alice@example.com"),
        ("activation", "queued", "new@example.com"),
    ]
    assert shop.put("/orders/0700000001/purchaser", email="new@example.com").data == corrected.data


@on_sqlite
def test_a_withdrawn_order_stays_withdrawn(shop: Shop) -> None:
    shop.post("/orders", an_order())
    for _time in range(2):
        told = shop.put("/orders/0700000001/withdrawal", reason="bought twice")
        assert (told.status_code, told.get_json()["state"]) == (200, "withdrawn")
    late = shop.put("/orders/0700000001/purchaser", email="new@example.com")
    assert refusal(late) == (409, "order_no_longer_pending", None)
    assert shop.post("/orders", an_order()).status_code == 200


@on_sqlite
def test_corrections_that_make_no_sense(shop: Shop) -> None:
    shop.post("/orders", an_order())
    for path, fields, expected in (
        ("/orders/0700000001/purchaser", {"email": "nobody"}, (422, "invalid_email", "email")),
        ("/orders/0700000001/purchaser", {}, (422, "missing_field", "email")),
        (
            "/orders/0700000001/purchaser",
            {"email": "a@example.com", "name": "a\nb"},
            (422, "invalid_encoding", "name"),
        ),
        ("/orders/0700000001/withdrawal", {"reason": " "}, (422, "missing_value", "reason")),
        ("/orders/0700000001/withdrawal", {"reason": "x" * 1001}, (422, "value_too_long", "reason")),
        ("/orders/0799999999/withdrawal", {"reason": "x"}, (404, "not_found", None)),
        ("/orders/0799999999/purchaser", {"email": "a@example.com"}, (404, "not_found", None)),
    ):
        assert refusal(shop.put(path, **fields)) == expected, (path, fields)


# ---- the same request again, by its key


def test_a_request_with_a_key_is_answered_alike_to_the_last_byte(shop: Shop, portal: Portal) -> None:
    key = {"Idempotency-Key": '"order-1"'}
    first = shop.post("/orders", an_order(), headers=key)
    again = shop.post("/orders", an_order(), headers={"Idempotency-Key": "order-1"})
    assert (first.status_code, again.status_code, first.data) == (201, 201, again.data)
    assert "Idempotency-Replayed" not in first.headers and again.headers["Idempotency-Replayed"] == "true"
    assert again.headers["Location"] == first.headers["Location"]
    other = shop.post("/orders", an_order(order_number="X2"), headers=key)
    assert refusal(other) == (422, "idempotency_key_reused", None)
    with portal.at(portal.sites["fr"]):
        assert not Order.select().where(Order.order_number == "X2").exists()


@on_sqlite
def test_a_refused_request_may_come_mended_under_its_key(shop: Shop) -> None:
    key = {"Idempotency-Key": "order-1"}
    assert shop.post("/orders", an_order(quantity=0), headers=key).status_code == 422
    assert shop.post("/orders", an_order(), headers=key).status_code == 201


@on_sqlite
def test_keys_that_are_none(shop: Shop) -> None:
    for key in ("é", '"a', "x" * 256, '""'):
        answer = shop.post("/orders", an_order(), headers={"Idempotency-Key": key})
        assert refusal(answer)[:2] == (400, "invalid_idempotency_key"), key


# ---- many at once


def test_no_line_of_a_batch_stops_the_next_ones(shop: Shop, portal: Portal) -> None:
    before = counts_at(portal)["Order"]
    bad = [line for _name, line, _code, _field in BAD]
    codes = [code for _name, _line, code, _field in BAD]
    lines = shop.batch(
        "orders",
        an_order(order_number="B1"),
        *bad,
        b"",
        an_order(order_number="B1"),
        an_order(order_number="B2"),
    )
    first, *refused, again, last, done = lines
    assert (first["line"], first["status"], again["status"], last["status"]) == (1, 201, 200, 201)
    assert first["answer"] == again["answer"]
    assert last["line"] == len(bad) + 4
    foreign = {"unknown_site"}  # all that is of another site is told so first
    told = [(one["status"] in (409, 422), one["problem"]["code"]) for one in refused]
    assert len(told) == len(bad) and all(right for right, _code in told)
    assert all(code in {expected, *foreign} for (_right, code), expected in zip(told, codes, strict=True))
    assert done == {"done": {"accepted": 2, "known": 1, "lapsed": 0, "refused": len(bad)}}
    assert counts_at(portal)["Order"] == before + 2


class Endless(io.RawIOBase):
    """A body that is made while it is read, and remembers how far."""

    def __init__(self, lines: Iterator[bytes]) -> None:
        self._lines, self._rest, self.given = lines, b"", 0

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        while not self._rest:
            self._rest = next(self._lines, b"")
            if not self._rest:
                return 0
            self.given += 1
        size = min(len(buffer), len(self._rest))
        buffer[:size], self._rest = self._rest[:size], self._rest[size:]
        return size


def send(shop: Shop, body: Endless) -> TestResponse:
    """Of a length that nobody says; the answer is not read yet."""
    return shop.app.test_client().post(
        "/api/v1/batches/orders",
        base_url=shop.portal.sites["fr"].origin,
        headers={"Authorization": f"Bearer {shop.key}"},
        content_type=NDJSON,
        environ_overrides={"wsgi.input": body, "wsgi.input_terminated": True, "CONTENT_LENGTH": ""},
    )


@on_sqlite
def test_a_batch_is_read_whole_and_answered_line_by_line(shop: Shop, portal: Portal) -> None:
    """A proxy that has an answer passes nothing more of the request on."""
    before = counts_at(portal)["Order"]
    body = Endless(an_order(order_number=f"E{number}") + b"\n" for number in range(3000))
    answer = send(shop, body)
    assert body.given == 3000
    parts = answer.iter_encoded()
    assert [json.loads(next(parts))["status"] for _line in range(3)] == [201, 201, 201]
    answer.close()
    assert counts_at(portal)["Order"] <= before + 4, "what nobody asks for is not taken"


@on_sqlite
def test_a_batch_without_a_length_that_is_too_large_is_refused_as_a_whole(
    shop: Shop, portal: Portal, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = counts_at(portal)["Order"]
    monkeypatch.setattr(batch, "BATCH", replace(batch.BATCH, most=3000))
    body = Endless(an_order(order_number=f"E{number}") + b"\n" for number in range(20))
    answer = send(shop, body)
    assert (answer.status_code, answer.json["code"]) == (413, "payload_too_large")
    assert counts_at(portal)["Order"] == before


@on_sqlite
def test_a_batch_that_is_too_long_ends_without_its_last_line(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(batch, "MOST_LINES", 2)
    lines = shop.batch("orders", *[an_order(order_number=f"L{number}") for number in range(4)])
    assert [(line["line"], line["status"]) for line in lines] == [(1, 201), (2, 201), (3, 413)]
    assert lines[-1]["problem"]["code"] == "batch_too_long"


@on_sqlite
def test_a_long_line_is_refused_unread(shop: Shop) -> None:
    long = an_order(purchase_order_number="9" * (2 * LONGEST))
    first, second, done = shop.batch("orders", long, an_order())
    assert (first["status"], first["problem"]["code"], first["problem"]["field"]) == (
        *(422, "value_too_long"),
        "purchase_order_number",
    )
    assert (second["status"], done["done"]["refused"]) == (201, 1)


@on_sqlite
def test_a_batch_stops_where_the_database_does(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    rule, left = orders.take_order, iter([True])

    def fail_later(*arguments: object, **keywords: object) -> object:
        if next(left, False):
            return rule(*arguments, **keywords)  # type: ignore[arg-type]
        raise pw.OperationalError("disk I/O error")

    monkeypatch.setattr(orders, "take_order", fail_later)
    lines = shop.batch("orders", *[an_order(order_number=f"S{number}") for number in range(3)])
    assert [(line["line"], line["status"]) for line in lines] == [(1, 201), (2, 503)]
    monkeypatch.setattr(orders, "take_order", rule)
    again = shop.batch("orders", *[an_order(order_number=f"S{number}") for number in range(3)])
    assert again[-1] == {"done": {"accepted": 2, "known": 1, "lapsed": 0, "refused": 0}}


# ---- how often it asks


def test_taking_an_order_costs_two_questions_more_than_the_rule_itself(shop: Shop, portal: Portal) -> None:
    """Whose key it is, and what is answered."""
    shop.post("/orders", an_order(order_number="Q0"))
    with questions(portal) as by_rule:
        take(portal, an_order(order_number="Q1"))
    with questions(portal) as by_api:
        shop.post("/orders", an_order(order_number="Q2"))
    assert len(by_api) == len(by_rule) + 2
