"""The customers' pages of a country site: one module a noun."""

from __future__ import annotations

from flask import Flask

from webapp.web.portal import (
    activation,
    cancellation,
    help,
    language,
    legal,
    passwords,
    purchase_orders,
    sign_in,
    subscriptions,
)


def init_app(app: Flask) -> None:
    subscription_nouns = (subscriptions, purchase_orders, cancellation)
    for noun in (sign_in, passwords, activation, *subscription_nouns, language, help, legal):
        app.register_blueprint(noun.pages)
