"""The API for shops and for software that asks who may use it: one module a noun, under `/api/v1`."""

from __future__ import annotations

from flask import Flask


def init_app(app: Flask) -> None:
    from webapp.web.api import callers, description, entitlements, orders, payments, subscriptions

    app.before_request(callers.require_key)
    for noun in (orders, payments, subscriptions, entitlements, description):
        app.register_blueprint(noun.api)
    description.init_app(app)  # refuses a route that says nothing of itself
