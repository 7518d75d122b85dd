"""Who may not, what is not there, what is too much: always problem+json, never a page, never a cookie."""

from __future__ import annotations

import logging
from collections.abc import Callable

import peewee as pw
import pytest
from flask import Flask
from flask.testing import FlaskClient

from tests.support.cast import ALICE
from tests.support.client import SiteClient, signed_in
from tests.support.orders import an_order
from tests.web.conftest import on_sqlite
from tests.web.shop import NDJSON, Shop, look_at, refusal
from tests.web.test_errors import FAILURES
from webapp.assembly import Portal
from webapp.web.api import callers, orders

pytestmark = on_sqlite


@pytest.fixture
def shop(app: Flask) -> Shop:
    return Shop(app)


# ---- whose key


def test_without_a_valid_key_nobody_is_anybody(shop: Shop) -> None:
    for shown in ("", "Bearer", "Bearer nothing", "Basic YTpi", "bearer portal_fr_0123456789ab_x"):
        answer = shop.get("/subscriptions", headers={"Authorization": shown})
        assert refusal(answer) == (401, "unauthorized", None), shown
        challenge = answer.headers["WWW-Authenticate"]
        assert challenge.startswith('Bearer realm="fr"') and ("invalid_token" in challenge) == bool(shown)


def test_a_key_without_the_scope_is_told_which_one(app: Flask) -> None:
    reader = Shop(app, "fr", "orders:read", name="reader")
    answer = reader.post("/orders", an_order())
    assert refusal(answer) == (403, "insufficient_scope", None)
    assert 'error="insufficient_scope", scope="orders:write"' in answer.headers["WWW-Authenticate"]
    assert reader.get("/orders/0399999999").status_code == 404


def test_a_session_is_worth_nothing_and_none_begins(app: Flask, shop: Shop, alice: SiteClient) -> None:
    answer = alice.get("/api/v1/subscriptions")
    look_at(answer)
    assert refusal(answer)[0] == 401
    assert alice.get("/subscriptions").status_code == 200  # and it goes on
    headers = {
        "Authorization": f"Bearer {shop.key}",
        "Sec-Fetch-Site": "cross-site",
        "Origin": "https://evil.example",
    }
    client = FlaskClient(app, app.response_class, use_cookies=False)
    answer = client.post(
        "/api/v1/orders",
        base_url=alice.origin,
        headers=headers,
        data=an_order(),
        content_type="application/json",
        buffered=True,
    )
    assert answer.status_code == 201 and "Access-Control-Allow-Origin" not in answer.headers


def test_keys_are_in_no_log(
    app: Flask, shop: Shop, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    def break_down(*arguments: object, **keywords: object) -> None:
        raise RuntimeError("broken")

    monkeypatch.setattr(orders, "take_order", break_down)
    with caplog.at_level(logging.DEBUG):
        assert shop.post("/orders", an_order()).status_code == 500
        shop.get("/subscriptions", headers={"Authorization": f"Bearer {shop.key[:-1]}"})
    assert "broken" in caplog.text and shop.key[-43:-1] not in caplog.text


# ---- how often


def test_who_asks_too_often_is_told_when_to_come_again(
    app: Flask, shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(callers, "PER_KEY", callers.parse("3 per minute"))
    other = Shop(app, name="other")
    statuses = [shop.get("/subscriptions").status_code for _time in range(4)]
    assert statuses == [200, 200, 200, 429]
    answer = shop.get("/subscriptions")
    assert refusal(answer)[:2] == (429, "too_many_requests")
    assert 1 <= int(answer.headers["Retry-After"]) <= 60
    assert other.get("/subscriptions").status_code == 200


def test_who_tries_keys_is_stopped_by_address(
    app: Flask, shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(callers, "WRONG_KEYS_PER_ADDRESS", callers.parse("2 per minute"))
    wrong = {"Authorization": "Bearer nothing"}
    assert [shop.get("/subscriptions", headers=wrong).status_code for _time in range(3)] == [401, 401, 429]
    assert shop.get("/subscriptions").status_code == 200  # whose key is right comes in all the same


# ---- what was sent


def test_bodies_that_are_not_read(shop: Shop) -> None:
    for keywords, status, code in (
        ({"content_type": "text/plain"}, 415, "unsupported_media_type"),
        ({"content_type": ""}, 415, "unsupported_media_type"),
        ({"content_type": "application/json; charset=latin-1"}, 415, "unsupported_media_type"),
        ({"content_type": NDJSON}, 415, "unsupported_media_type"),
        (
            {"content_type": "application/json", "headers": {"Content-Encoding": "gzip"}},
            415,
            "unsupported_media_type",
        ),
        ({"content_type": "application/json", "data": b"x" * 300_000}, 413, "payload_too_large"),
        ({"content_type": "application/json", "data": b""}, 422, "invalid_json"),
        ({"content_type": "application/json; charset=UTF-8", "data": b"\xff"}, 422, "invalid_encoding"),
    ):
        answer = shop.ask("POST", "/orders", **{"data": an_order(), **keywords})
        assert refusal(answer)[:2] == (status, code), keywords


def test_a_batch_has_a_kind_and_a_size(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    answer = shop.ask("POST", "/batches/orders", data=an_order(), content_type="application/json")
    assert refusal(answer)[:2] == (415, "unsupported_media_type")
    too_much = {"CONTENT_LENGTH": str(33 * 1024 * 1024)}
    answer = shop.ask("POST", "/batches/orders", content_type=NDJSON, environ_overrides=too_much)
    assert refusal(answer)[:2] == (413, "payload_too_large")


# ---- what is not there


def test_what_is_not_there_is_no_page(shop: Shop) -> None:
    for path in ("/nothing", "/orders/", "/orders/a%20b", "/subscriptions/7", "/../v1/orders/x y"):
        assert refusal(shop.get(path))[:2] == (404, "not_found"), path


def test_other_methods_are_told_which_ones_there_are(shop: Shop) -> None:
    answer = shop.ask("DELETE", "/orders/0399999999")
    assert refusal(answer)[:2] == (405, "method_not_allowed")
    assert set(answer.headers["Allow"].split(", ")) == {"GET", "HEAD", "OPTIONS"}
    head = shop.ask("HEAD", "/subscriptions")
    assert (head.status_code, head.data) == (200, b"")


def test_the_bare_domain_has_no_api(app: Flask, shop: Shop) -> None:
    answer = app.test_client().get(
        "/api/v1/subscriptions", headers={"Authorization": f"Bearer {shop.key}"}, buffered=True
    )
    assert refusal(answer)[:2] == (404, "not_found")


# ---- when the database does not answer


@pytest.mark.parametrize("failure", FAILURES, ids=lambda failure: type(failure).__name__)
def test_trouble_with_the_database_is_503(
    failure: Exception, shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*arguments: object, **keywords: object) -> None:
        raise failure

    monkeypatch.setattr(orders, "take_order", fail)
    answer = shop.post("/orders", an_order())
    assert refusal(answer)[:2] == (503, "unavailable")
    assert answer.headers["Retry-After"] == "5"


def test_a_site_without_a_database_is_503(
    shop: Shop, portal: Portal, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_asked: object) -> None:
        raise pw.OperationalError("unable to open database file")

    monkeypatch.setattr(portal.databases, "of", fail)
    assert refusal(shop.get("/subscriptions"))[:2] == (503, "unavailable")


def test_pages_stay_pages(app: Flask, fr: SiteClient, count_queries: Callable[[], list[str]]) -> None:
    """The API's manners end where it ends."""
    assert fr.get("/nothing").mimetype == "text/html"
    assert signed_in(app, ALICE).get("/api").mimetype == "text/html"
