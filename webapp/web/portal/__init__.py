"""The customers' pages of a country site: one module a noun."""

from __future__ import annotations

from flask import Flask

from webapp.web.portal import (
    activation,
    backup,
    cancellation,
    help,
    language,
    legal,
    passwords,
    purchase_orders,
    sign_in,
    subscriptions,
    transfer,
    whereabouts,
)


def init_app(app: Flask) -> None:
    of_subscriptions = (activation, subscriptions, purchase_orders, cancellation, transfer, backup)
    for noun in (sign_in, passwords, *of_subscriptions, language, help, whereabouts, legal):
        app.register_blueprint(noun.pages)
