"""The list and the page of one subscription."""

from __future__ import annotations

from datetime import date
from typing import Any

from flask import Blueprint, request

from webapp.domain import (
    billing_details,
    invoice_recipients,
    payment_methods,
    purchase_orders,
    seat_list,
    subscription_list,
    subscriptions,
)
from webapp.domain.subscription_list import COUNT_LIMIT, NO_REMINDERS, Query
from webapp.web import auth, htmx
from webapp.web.policy import policy
from webapp.web.site import this_portal

pages = Blueprint("subscriptions", __name__, url_prefix="/subscriptions")


@pages.get("")
@policy("person")
def show_list() -> Any:
    portal, person_id = this_portal(), auth.visitor().person_id
    now = portal.clock()
    query = Query.from_url(request.args)
    counts = subscription_list.counts(person_id, now=now)
    page = subscription_list.page(person_id, query, now=now)
    reminders = NO_REMINDERS
    if counts.reminders and not htmx.wants_fragment():
        reminders = subscription_list.reminders(person_id, now=now)
    return htmx.render(
        "subscriptions/list.html",
        fragment="subscriptions/_results.html",
        query=query,
        counts=counts,
        count_limit=COUNT_LIMIT,
        next_renewal=counts.next_renewal and date.fromisoformat(counts.next_renewal),
        page=page,
        reminders=reminders,
        used=seat_list.used_by(person_id, now=now) if counts.holds_seat and not htmx.wants_fragment() else [],
        product=portal.catalogue.by_key,
        standing=lambda row: subscriptions.standing(row, now=now),
        queue_standing=lambda row: subscriptions.pending_standing(row.activate_before, now=now),
    )


@pages.get("/<public_id:public_id>")
@policy("person")
def manage(public_id: str) -> Any:
    portal = this_portal()
    now = portal.clock()
    row = subscriptions.managed(auth.visitor().person_id, public_id, now=now)
    standing = subscriptions.standing(row, now=now)
    manageable = standing.state in ("active", "cancelling")
    activity = subscriptions.activity(row.id)
    done = request.args.get("done", "")
    return htmx.render(
        "subscriptions/manage.html",
        subscription=row,
        standing=standing,
        product=portal.catalogue.by_key(row.product_key),
        billing=billing_details.details_of_row(row),
        recipients=invoice_recipients.recipients(row.account_id, public_id) if manageable else (),
        next_invoice=purchase_orders.next_invoice(row, now=now) if manageable else None,
        payment_choices=payment_methods.choices(row.payment_method) if manageable else (),
        activity=activity,
        done=done,
        change=subscriptions.latest_po_change(row, activity) if done == "po" else None,
    )
