from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import peewee as pw
import pytest
from flask import Flask
from playhouse.pool import MaxConnectionsExceeded
from werkzeug.test import TestResponse

from tests.support.cast import ALICE, Cast
from tests.support.client import PARTIAL, SiteClient, client_at, page_of, said, signed_in
from tests.web.conftest import new_app, on_sqlite
from webapp.assembly import Portal
from webapp.data.audit import AuditEvent
from webapp.data.subscriptions import Subscription
from webapp.domain.subscriptions import subscriptions

FAILURES = [
    pw.OperationalError("disk I/O error"),
    pw.InterfaceError("connection already closed"),
    MaxConnectionsExceeded("Max connections exceeded, timed out attempting to connect."),
]


def is_whole(answer: TestResponse, status: int) -> bool:
    """A page of ours with a way on; the client has looked at the rest of it."""
    page = page_of(answer)
    return answer.status_code == status and page.whole and bool(page.one("main").all("a"))


# ---- what was asked wrongly


@on_sqlite
@pytest.mark.parametrize(
    "path", ["/nothing", "/subscriptions/", "/subscriptions/7", "/activate/", "/static/x.css"]
)
def test_what_is_not_there_is_a_whole_page(
    path: str, fr: SiteClient, alice: SiteClient, front: SiteClient
) -> None:
    for client in (fr, alice, front):
        assert is_whole(client.get(path), 404)


@on_sqlite
def test_not_yours_and_not_there_are_one_answer(alice: SiteClient, cast: Cast) -> None:
    def page(number: str) -> str:
        answer = alice.get(f"/subscriptions/{number}")
        assert answer.status_code == 404
        return re.sub(r'nonce="[\w-]+"', "", answer.text.replace(number, ""))

    other = next(row for row in cast.rows if row.owner.key == "charlie")
    assert page(other.public_id) == page("SUB-FR-999999") == page(cast.row(ALICE, "lapsed").public_id)


@on_sqlite
def test_a_request_from_elsewhere_is_told_that_nothing_changed(alice: SiteClient) -> None:
    assert is_whole(alice.post("/sign-out", headers={"Sec-Fetch-Site": "cross-site"}), 403)
    assert alice.get("/subscriptions").status_code == 200


@on_sqlite
def test_a_method_that_is_not_offered_says_which_are(fr: SiteClient) -> None:
    answer = fr.delete("/sign-in")
    assert is_whole(answer, 405)
    assert {"GET", "POST"} <= {method.strip() for method in answer.headers.get("Allow", "").split(",")}


@on_sqlite
def test_a_body_larger_than_any_form_is_refused(fr: SiteClient) -> None:
    assert is_whole(fr.post("/sign-in", data={"email": "x" * 1_100_000}), 413)


@on_sqlite
@pytest.mark.parametrize(
    ("content_type", "body"),
    [
        ("application/json", b"{}"),
        ("multipart/form-data; boundary=x", b"--x\r\nbroken"),
        ("application/x-www-form-urlencoded", b"%ff%fe=%00&email=%ed%a0%80&&&=="),
        ("", b"\x00\xff"),
    ],
)
def test_a_body_that_is_no_form_is_an_empty_one(content_type: str, body: bytes, fr: SiteClient) -> None:
    answer = fr.post("/sign-in", data=body, content_type=content_type)
    assert is_whole(answer, 422)


@on_sqlite
@pytest.mark.parametrize(
    "path", ["/%00", "/%ff%fe", "/subscriptions/%2e%2e", "/sign-in?next=%ff", "/?%00=%00"]
)
def test_no_address_is_too_strange(path: str, fr: SiteClient) -> None:
    assert fr.get(path).status_code in (200, 303, 404)


# ---- what went wrong here


@on_sqlite
def test_a_slip_of_ours_tells_nothing_of_itself(
    alice: SiteClient, cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    def slip(*_: object, **__: object) -> None:
        raise RuntimeError("secret detail")

    monkeypatch.setattr(subscriptions, "readable", slip)
    answer = alice.get(f"/subscriptions/{cast.row(ALICE, 'active').public_id}")
    assert is_whole(answer, 500) and "secret detail" not in answer.text


@contextmanager
def broken(portal: Portal, name: str, failing: Callable[..., Any]) -> Iterator[None]:
    """A method of fr's database fails meanwhile."""
    opened = portal.databases.of(portal.sites["fr"])
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(opened, name, failing)
        yield


def always(problem: Exception) -> Callable[..., Any]:
    def failing(*_: object, **__: object) -> None:
        raise problem

    return failing


@pytest.mark.parametrize("problem", FAILURES, ids=lambda problem: type(problem).__name__)
@pytest.mark.parametrize("method", ["execute_sql", "connect"])
def test_a_database_that_does_not_answer_is_a_page_that_says_when_to_come_back(
    method: str, problem: Exception, app: Flask, portal: Portal, cast: Cast
) -> None:
    """To who is signed in and to who is not, and the next request works."""
    alice, visitor = signed_in(app, ALICE), client_at(app, "fr")
    active = cast.row(ALICE, "active").public_id
    with broken(portal, method, always(problem)):
        answers = [
            alice.get("/subscriptions"),
            alice.post(f"/subscriptions/{active}/purchase-order", data={"po_number": "x", "version": "0"}),
            visitor.post("/sign-in", data={"email": ALICE.email, "password": ALICE.password}),
        ]
        in_place = alice.get(f"/subscriptions/{active}/purchase-order", headers=PARTIAL)
    assert all(is_whole(answer, 503) for answer in answers)
    assert in_place.status_code == 503 and "<html" not in in_place.text
    assert said(alice, "Nothing was changed. Please try again in a moment.") in in_place.text
    for answer in (*answers, in_place):
        assert int(answer.headers["Retry-After"]) > 0
        assert str(problem) not in answer.text
    assert alice.get("/subscriptions").status_code == 200
    with portal.at(portal.sites["fr"]):
        assert Subscription.get(Subscription.public_id == active).po_version == 0


def test_what_fails_in_the_middle_of_a_change_leaves_nothing_of_it(
    alice: SiteClient, portal: Portal, cast: Cast
) -> None:
    active, opened = cast.row(ALICE, "active").public_id, portal.databases.of(portal.sites["fr"])
    sound = opened.execute_sql

    def fails_at_the_audit(sql: str, *args: Any, **keywords: Any) -> Any:
        if sql.startswith("INSERT") and "audit_event" in sql:
            raise pw.OperationalError("database or disk is full")
        return sound(sql, *args, **keywords)

    path, data = f"/subscriptions/{active}/purchase-order", {"po_number": "mine", "version": "0"}
    with broken(portal, "execute_sql", fails_at_the_audit):
        assert is_whole(alice.post(path, data=data), 503)
    with portal.at(portal.sites["fr"]):
        stored = Subscription.get(Subscription.public_id == active)
        assert (stored.po_version, stored.po_number) == (0, cast.row(ALICE, "active").po_number)
        assert not AuditEvent.select().where(AuditEvent.action == "purchase_order.changed").exists()
    assert alice.post(path, data=data).status_code == 303


def test_one_broken_site_does_not_trouble_another(app: Flask, portal: Portal, cast: Cast) -> None:
    de = client_at(app, "de")
    with broken(portal, "connect", always(pw.OperationalError("no"))):
        assert de.get("/sign-in").status_code == 200
        assert client_at(app, None).get("/").status_code == 200
        assert client_at(app, "fr").get("/static/css/app.css").status_code == 200


def test_pages_that_ask_nothing_need_no_session_lookup(portal: Portal, cast: Cast) -> None:
    """Who is not signed in gets the public pages while the database answers nothing."""
    visitor = client_at(new_app(portal), "fr")
    with broken(portal, "execute_sql", always(pw.OperationalError("no"))):
        for path in ("/sign-in", "/help", "/imprint", "/password/forgotten"):
            assert visitor.get(path).status_code == 200
