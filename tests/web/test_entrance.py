"""What a request passes before any page: proxies that are believed, its id, https, and health."""

from __future__ import annotations

import io
import json
import logging
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import pytest
from flask import Flask, request
from limits import parse
from werkzeug.test import Client, TestResponse

from tests.support.cast import ALICE
from tests.support.production import PRODUCTION
from tests.web.conftest import CastEngine, new_app
from webapp import logs
from webapp.assembly import Portal
from webapp.web import health
from webapp.web.limits import Counting
from webapp.web.policy import policy

PROXY, STRANGER = "127.0.0.1", "203.0.113.9"


@pytest.fixture
def live(make_portal: Callable[..., Portal], sqlite_cast: CastEngine) -> Portal:
    return make_portal(sqlite_cast, **{**PRODUCTION, "PORTAL_PROXIES": "127.0.0.1, 10.0.0.0/24"})


@pytest.fixture
def app(live: Portal) -> Flask:
    """A view that says what is known of its request."""
    made = new_app(live)
    made.config.update(TESTING=False, PROPAGATE_EXCEPTIONS=False)
    made._got_first_request = False

    @policy("public", place="anywhere")
    def told() -> dict[str, Any]:
        return {"address": request.remote_addr, "scheme": request.scheme, "url": request.url_root}

    @policy("public", place="anywhere")
    def broken() -> str:
        raise LookupError(f"{ALICE.email} has bought PO-CANARY-7")

    made.add_url_rule("/told", view_func=told)
    made.add_url_rule("/broken", view_func=broken)
    return made


def ask(
    app: Flask, path: str, *, peer: str = PROXY, host: str = "fr.portal.example", **headers: str
) -> TestResponse:
    sent = {name.replace("_", "-"): value for name, value in headers.items()}
    base = f"http://{host}"
    return Client(app).get(
        path, base_url=base, headers=sent, environ_overrides={"REMOTE_ADDR": peer}, buffered=True
    )


BY_PROXY = {"X_Forwarded_For": "198.51.100.7", "X_Forwarded_Proto": "https"}


# ---- where it came from


@pytest.mark.parametrize(
    ("forwarded", "address"),
    [
        ("198.51.100.7", "198.51.100.7"),
        ("192.0.2.66, 198.51.100.7", "198.51.100.7"),  # what stands before may be made up
        ("192.0.2.66, 198.51.100.7, 10.0.0.8", "198.51.100.7"),  # through a second proxy of ours
        ("2001:db8::7", "2001:db8::7"),
        ("made up", PROXY),
        ("", PROXY),
    ],
)
def test_the_proxy_says_whose_request_it_is(app: Flask, forwarded: str, address: str) -> None:
    told = ask(app, "/told", X_Forwarded_Proto="https", X_Forwarded_For=forwarded).get_json()
    assert (told["address"], told["scheme"]) == (address, "https")
    assert told["url"] == "https://fr.portal.example/"


def test_the_proxy_is_known_by_its_other_name(app: Flask) -> None:
    told = ask(app, "/told", peer="::ffff:127.0.0.1", **BY_PROXY).get_json()
    assert told["address"] == "198.51.100.7"


def test_nobody_else_is_believed(app: Flask) -> None:
    answer = ask(app, "/told", peer=STRANGER, **BY_PROXY, X_Request_Id="0123456789abcdef")
    assert (answer.status_code, answer.headers["X-Request-Id"] != "0123456789abcdef") == (400, True)
    assert "PORTAL_PROXIES" in answer.text


def test_a_demo_believes_nobody(make_portal: Callable[..., Portal], sqlite_cast: CastEngine) -> None:
    app = new_app(make_portal(sqlite_cast))
    answer = ask(app, "/robots.txt", host="fr.localhost:8000", X_Request_Id="0123456789abcdef")
    assert answer.status_code == 200 and answer.headers["X-Request-Id"] != "0123456789abcdef"


def test_limits_count_by_the_customers_address(app: Flask) -> None:
    def send_link(address: str, number: int = 0) -> int:
        headers = {"X-Forwarded-For": address, "X-Forwarded-Proto": "https", "Sec-Fetch-Site": "same-origin"}
        answer = Client(app).post(
            "/password/forgotten",
            base_url="http://fr.portal.example",
            headers=headers,
            data={"email": f"nobody{number}@example.com"},
            environ_overrides={"REMOTE_ADDR": PROXY},
            buffered=True,
        )
        return answer.status_code

    assert [send_link("198.51.100.7", number) for number in range(31)][-2:] == [303, 429]
    assert send_link("198.51.100.8") == 303


def test_http_is_refused_in_words(app: Flask) -> None:
    answer = ask(app, "/sign-in", X_Forwarded_For="198.51.100.7", X_Forwarded_Proto="http")
    assert (answer.status_code, answer.mimetype) == (400, "text/plain") and "https only" in answer.text


# ---- what it is called


def test_the_proxys_name_for_a_request_is_kept_and_given_back(app: Flask) -> None:
    answer = ask(app, "/told", **BY_PROXY, X_Request_Id="0123456789abcdef")
    assert answer.headers.getlist("X-Request-Id") == ["0123456789abcdef"]


@pytest.mark.parametrize("given", ["short", "x" * 65, "with space in it", "line\tbreak-in-it", ""])
def test_what_is_no_name_is_replaced(app: Flask, given: str) -> None:
    made = ask(app, "/told", **BY_PROXY, X_Request_Id=given).headers["X-Request-Id"]
    assert made != given and len(made) == 32


# ---- what is written down


@pytest.fixture
def written() -> Iterator[io.StringIO]:
    stream = io.StringIO()
    handler = logging.StreamHandler(stream)
    handler.setFormatter(logs.JsonLines())
    ours = logging.getLogger("webapp")
    level = ours.level
    ours.addHandler(handler)
    ours.setLevel(logging.INFO)
    yield stream
    ours.removeHandler(handler)
    ours.setLevel(level)


def test_an_answer_is_a_line_with_its_route_and_without_its_address(app: Flask, written: io.StringIO) -> None:
    ask(app, "/password/set/" + "t" * 43 + "?q=PO-CANARY-7", **BY_PROXY)
    (line,) = [json.loads(text) for text in written.getvalue().splitlines()]
    assert (line["route"], line["status"], line["site"]) == ("/password/set/<mailed_token:token>", 410, "fr")
    assert "CANARY" not in written.getvalue() and "ttt" not in written.getvalue()
    assert "198.51.100.7" not in written.getvalue()


def test_an_error_is_told_without_what_the_customer_typed(app: Flask, written: io.StringIO) -> None:
    answer = ask(app, "/broken", **BY_PROXY)
    lines = [json.loads(text) for text in written.getvalue().splitlines()]
    assert answer.status_code == 500
    assert [line.get("error") for line in lines] == [["LookupError"], None]
    assert {line["request"] for line in lines} == {answer.headers["X-Request-Id"]}
    assert "CANARY" not in written.getvalue() and ALICE.email not in written.getvalue()


def test_what_breaks_before_any_page_is_answered_and_told(
    app: Flask, written: io.StringIO, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_given: object) -> None:
        raise LookupError("PO-CANARY-7")

    monkeypatch.setattr(app.wsgi_app, "app", broken)
    assert ask(app, "/sign-in", **BY_PROXY).status_code == 500
    assert "LookupError" in written.getvalue() and "CANARY" not in written.getvalue()


# ---- health


@pytest.fixture(autouse=True)
def _looks_each_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(health, "_KEPT_SECONDS", 0.0)


def healthy(app: Flask, path: str, host: str = "10.0.0.5:8001") -> tuple[int, dict[str, Any]]:
    """As a load balancer asks: by address, over http, from anywhere."""
    answer = ask(app, path, peer=STRANGER, host=host)
    return answer.status_code, answer.get_json()


def test_a_process_that_answers_is_alive_whatever_the_databases_do(
    make_portal: Callable[..., Portal], sqlite_cast: CastEngine
) -> None:
    portal = make_portal(sqlite_cast)
    nowhere = dict.fromkeys(portal.databases.urls, "postgresql://127.0.0.1:1/nowhere")
    app = new_app(replace(portal, databases=replace(portal.databases, urls=nowhere)))
    assert healthy(app, "/healthz") == (200, {"alive": True})
    status, told = healthy(app, "/readyz")
    assert (status, told["ready"]) == (503, "none")


def test_one_country_away_takes_no_other_along(app: Flask, live: Portal) -> None:
    for site in live.sites:
        with live.at(site):
            pass  # its database is there now
    with live.support.bound():
        pass
    assert healthy(app, "/readyz") == (200, {"ready": "all", "not_ready": {}})
    live.databases.urls["de"] = "postgresql://127.0.0.1:1/nowhere"
    status, told = healthy(app, "/readyz", host="fr.portal.example")
    assert (status, told["ready"]) == (200, "some")
    assert told["not_ready"] == {"de": "its database does not answer"}
    assert healthy(app, "/readyz?site=de")[0] == 503
    assert healthy(app, "/readyz?site=fr") == (200, {"fr": "ready"})
    assert healthy(app, "/readyz?site=xx")[0] == 404


def test_an_old_schema_is_not_ready(make_portal: Callable[..., Portal], sqlite_cast: CastEngine) -> None:
    portal = make_portal(sqlite_cast)
    status, told = healthy(new_app(portal), "/readyz?site=fr")
    assert status == 503 and "has no tables yet" in told["fr"]


def test_health_is_only_asked(app: Flask) -> None:
    assert Client(app).post("/healthz").status_code == 405
    assert ask(app, "/metrics", **BY_PROXY).status_code == 404


# ---- limits


def test_while_redis_is_away_limits_are_counted_all_the_same(written: io.StringIO) -> None:
    counting = Counting("redis://127.0.0.1:1/0")
    assert [counting.hit(parse("2 per hour"), "sign-in", "fr") for _time in range(3)] == [True, True, False]
    assert "counted by each process alone" in written.getvalue()
