"""The OpenAPI document is made of the code, and says what the portal does."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import jsonschema_rs
import pytest
from flask import Blueprint, Flask

from tests.support.orders import SAMPLE, an_order, lines
from tests.web.conftest import new_app, on_sqlite
from tests.web.shop import Shop
from webapp import create_app
from webapp.assembly import Portal
from webapp.domain.shop.api_keys import SCOPES
from webapp.web.api import description, orders
from webapp.web.api.operations import Undocumented
from webapp.web.api.problems import CODES
from webapp.web.policy import Policy, UndeclaredView

pytestmark = on_sqlite
DOCS = Path(__file__).parents[2] / "docs"


@pytest.fixture
def document(app: Flask) -> dict[str, Any]:
    return document_of(app)


def document_of(app: Flask, site: str = "fr") -> dict[str, Any]:
    answer = app.test_client().get(
        "/api/v1/openapi.json", base_url=app.extensions["portal"].sites[site].origin, buffered=True
    )
    assert answer.status_code == 200 and answer.mimetype == "application/json"
    found: dict[str, Any] = answer.get_json()
    return found


def operations(document: dict[str, Any]) -> dict[tuple[str, str], dict[str, Any]]:
    return {
        (path, method): told for path, found in document["paths"].items() for method, told in found.items()
    }


def test_document_and_routes_are_in_step(app: Flask, document: dict[str, Any]) -> None:
    routes = {
        (re.sub("<[^:]+:([^>]+)>", r"{\1}", rule.rule), method.lower())
        for rule in app.url_map.iter_rules()
        if rule.rule.startswith("/api/v1/") and not rule.rule.endswith("openapi.json")
        for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}
    }
    assert operations(document).keys() == routes and len(routes) == 12


def test_each_operation_says_what_it_needs_and_may_answer(document: dict[str, Any]) -> None:
    for (_path, method), told in operations(document).items():
        assert any(f"`{scope}`" in told["description"] for scope in SCOPES)
        assert {"401", "403", "429", "503"} <= told["responses"].keys()
        assert ("304" in told["responses"]) == (method == "get")
        assert ({"413", "415", "400"} <= told["responses"].keys()) == ("requestBody" in told)
    names = [told["operationId"] for told in operations(document).values()]
    assert len(names) == len(set(names))


def test_every_reference_leads_somewhere(document: dict[str, Any]) -> None:
    text = json.dumps(document)
    named = set(re.findall(r'"#/components/schemas/(\w+)"', text))
    assert named <= document["components"]["schemas"].keys()
    for schema in document["components"]["schemas"].values():
        jsonschema_rs.validator_for({**schema, "components": document["components"]})
    assert all(f"`{code}`" in document["info"]["description"] for code in CODES)


def test_the_document_of_a_site_says_what_is_taken_there(app: Flask) -> None:
    for site in ("fr", "jp", "ch"):
        here = document_of(app, site)
        order = here["components"]["schemas"]["OrderDocument"]
        check = jsonschema_rs.validator_for({**order, "components": here["components"]})
        for line in map(json.loads, lines(SAMPLE)):
            if line["site"] == site:
                check.validate(line)
        assert order["properties"]["site"]["enum"] == [site]
        assert here["servers"] == [{"url": app.extensions["portal"].sites[site].origin}]


def test_an_order_that_the_document_refuses_is_refused(app: Flask, document: dict[str, Any]) -> None:
    schema = {**document["components"]["schemas"]["OrderDocument"], "components": document["components"]}
    check, shop = jsonschema_rs.validator_for(schema), Shop(app)
    for name, value in {
        "site": "de",
        "currency": "USD",
        "product": "ontrack-ready",
        "unit_price": "1.234",
    }.items():
        order = an_order(order_number=f"R-{name}", **{name: value})
        assert not check.is_valid(json.loads(order)) and shop.post("/orders", order).status_code == 422, name
    assert check.is_valid(json.loads(an_order()))


def test_the_document_is_kept_by_who_has_it(app: Flask) -> None:
    client, origin = app.test_client(), app.extensions["portal"].sites["fr"].origin
    first = client.get("/api/v1/openapi.json", base_url=origin, buffered=True)
    again = client.get(
        "/api/v1/openapi.json",
        base_url=origin,
        headers={"If-None-Match": first.headers["ETag"]},
        buffered=True,
    )
    assert again.status_code == 304


# ---- no route without a declaration


def test_no_app_starts_with_an_operation_that_says_nothing(
    portal: Portal, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delattr(orders.show, "operation")
    with pytest.raises(Undocumented, match="orders"):
        create_app(portal)


@pytest.mark.parametrize(
    ("path", "method", "policy"),
    [
        ("/api/v1/open", "POST", Policy("public", "site")),
        ("/api/v1/personal", "GET", Policy("person", "site")),
        ("/api/v1/unscoped", "GET", Policy("key", "site")),
        ("/elsewhere", "GET", Policy("key", "site", "orders:read")),
    ],
)
def test_no_app_starts_with_a_door_in_the_wrong_place(
    path: str, method: str, policy: Policy, portal: Portal, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A page under the API would have no guard against forged requests."""

    def view() -> str:
        return ""

    view.policy = policy  # type: ignore[attr-defined]
    more = Blueprint("more", __name__)
    more.add_url_rule(path, "view", view, methods=[method])
    begin = description.init_app

    def with_one_more(app: Flask) -> None:
        begin(app)
        app.register_blueprint(more)

    monkeypatch.setattr(description, "init_app", with_one_more)
    with pytest.raises(UndeclaredView, match=path):
        new_app(portal)


def test_the_page_about_the_api_names_all_of_it(document: dict[str, Any]) -> None:
    text = (DOCS / "api.md").read_text(encoding="utf-8")
    for path, _method in operations(document):
        assert path in text, path
    for word in (*CODES, *SCOPES):
        assert f"`{word}`" in text, word
