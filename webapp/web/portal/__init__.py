"""The customers' pages of a country site: one module a noun."""

from __future__ import annotations

from flask import Flask

from webapp.web.portal import (
    accounts,
    activation,
    backup,
    cancellation,
    help,
    language,
    legal,
    members,
    passwords,
    profile,
    purchase_orders,
    sign_in,
    subscriptions,
    transfer,
    whereabouts,
)


def init_app(app: Flask) -> None:
    of_subscriptions = (activation, subscriptions, purchase_orders, cancellation, transfer, backup)
    of_people = (sign_in, passwords, profile, members, accounts, language, whereabouts)
    for noun in (*of_people, *of_subscriptions, help, legal):
        app.register_blueprint(noun.pages)
