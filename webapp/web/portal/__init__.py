"""The customers' pages of a country site: one module a noun."""

from __future__ import annotations

from flask import Flask

from webapp.web.portal import (
    accounts,
    activation,
    backup,
    billing_details,
    calendar_feed,
    cancellation,
    cards,
    help,
    invitations,
    invoice_files,
    invoice_recipients,
    invoices,
    language,
    legal,
    members,
    passwords,
    payment_methods,
    profile,
    purchase_orders,
    quantity,
    reminders,
    seat_files,
    seats,
    second_factor,
    sign_in,
    subscription_choice,
    subscriptions,
    support_visits,
    transfer,
    whereabouts,
)


def init_app(app: Flask) -> None:
    of_lists = (subscriptions, subscription_choice)
    of_subscriptions = (activation, purchase_orders, quantity, cancellation, transfer, backup)
    of_users = (seats, invitations, seat_files)
    of_money = (billing_details, invoice_recipients, invoices, invoice_files, payment_methods, cards)
    of_people = (
        *(sign_in, second_factor, passwords, profile, members, accounts, language, whereabouts),
        support_visits,
    )
    of_dates = (reminders, calendar_feed)
    for noun in (*of_people, *of_dates, *of_lists, *of_subscriptions, *of_users, *of_money, help, legal):
        app.register_blueprint(noun.pages)
