"""The customers' pages of a country site: one module a noun."""

from __future__ import annotations

from flask import Flask

from webapp.web.portal import (
    activation,
    backup,
    cancellation,
    help,
    invitations,
    language,
    legal,
    passwords,
    purchase_orders,
    seat_files,
    seats,
    sign_in,
    subscriptions,
    transfer,
)


def init_app(app: Flask) -> None:
    of_subscriptions = (activation, subscriptions, purchase_orders, cancellation, transfer, backup)
    of_users = (seats, invitations, seat_files)
    for noun in (sign_in, passwords, *of_subscriptions, *of_users, language, help, legal):
        app.register_blueprint(noun.pages)
