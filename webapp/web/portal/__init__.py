"""The customers' pages of a country site: one module a noun."""

from __future__ import annotations

from flask import Flask

from webapp.web.portal import (
    activation,
    backup,
    help,
    language,
    legal,
    passwords,
    purchase_orders,
    sign_in,
    subscriptions,
    transfer,
)


def init_app(app: Flask) -> None:
    personal = (activation, subscriptions, purchase_orders, transfer, backup)
    for noun in (sign_in, passwords, *personal, language, help, legal):
        app.register_blueprint(noun.pages)
