"""For who has an API key; the answers are those to a key with the right scope."""

from __future__ import annotations

from typing import Any

from tests.web.routes.shapes import EVERY_STATE, WHILE_PENDING, Route, Status, public, route

_NDJSON = "application/x-ndjson"
_ORDER = "/orders/<order_number:order_number>"
_ENTITLED = "/entitlements/subscriptions/<public_id:public_id>"


def with_key(asked: str, answer: Status, **more: Any) -> Route:
    return route(asked, "key", "site", answer, under="/api/v1", **more)


ROUTES: dict[str, Route] = {
    "api_description.show": public("GET /api/v1/openapi.json", 200),
    "api_orders.take": with_key("POST /orders", 422, document=b"{}"),
    "api_orders.take_many": with_key("POST /batches/orders", 200, document=b"{}", media_type=_NDJSON),
    "api_orders.show": with_key(f"GET {_ORDER}", EVERY_STATE, names="order"),
    "api_orders.correct_purchaser": with_key(
        f"PUT {_ORDER}/purchaser",
        WHILE_PENDING,
        names="order",
        document=b'{"email": "intruder@example.com", "name": "Mallory"}',
    ),
    "api_orders.withdraw": with_key(
        f"PUT {_ORDER}/withdrawal",
        {**WHILE_PENDING, "withdrawn": 200},
        names="order",
        document=b'{"reason": "harm"}',
    ),
    "api_payments.take": with_key("POST /payments", 422, document=b"{}"),
    "api_payments.take_many": with_key("POST /batches/payments", 200, document=b"{}", media_type=_NDJSON),
    "api_subscriptions.show_list": with_key("GET /subscriptions", 200),
    "api_subscriptions.show": with_key("GET /subscriptions/<public_id:public_id>", EVERY_STATE, names="row"),
    "api_entitlements.to_subscription": with_key(
        f"GET {_ENTITLED}",
        EVERY_STATE,
        names="row",
        query="email=bob@example.com",
    ),
    "api_entitlements.people": with_key(f"GET {_ENTITLED}/people", EVERY_STATE, names="row"),
    "api_entitlements.to_product": with_key(
        "GET /entitlements/products/<product_key:product>",
        {"there": 200},
        names="product",
        query="email=bob@example.com",
    ),
}
