"""The customers' pages of a country site: one module a noun."""

from __future__ import annotations

from flask import Flask

from webapp.web.portal import (
    activation,
    backup,
    billing_details,
    cancellation,
    help,
    invitations,
    invoice_recipients,
    language,
    legal,
    passwords,
    payment_methods,
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
    of_money = (billing_details, invoice_recipients, payment_methods)
    for noun in (sign_in, passwords, *of_subscriptions, *of_users, *of_money, language, help, legal):
        app.register_blueprint(noun.pages)
