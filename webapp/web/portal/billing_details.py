"""Billing data, edited in place; the same address is a whole page without JavaScript."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, request

from webapp.data.subscriptions import Subscription
from webapp.domain import permissions
from webapp.domain.invoices import billing_details, invoice_warnings
from webapp.domain.invoices.billing_details import BillingConflict
from webapp.domain.subscriptions import purchase_orders, subscriptions
from webapp.web import auth, htmx
from webapp.web.forms import VersionedForm, billing_form
from webapp.web.policy import policy
from webapp.web.site import this_portal

pages = Blueprint(
    "billing_details", __name__, url_prefix="/subscriptions/<public_id:public_id>/billing-details"
)


def billed_subscription(public_id: str) -> Subscription:
    """An active one whose money matters are up to who is there."""
    now = this_portal().clock()
    return permissions.billed_subscription(auth.visitor().person_id, public_id, now=now)


def _page(
    subscription: Subscription,
    form: VersionedForm,
    *,
    status: int = 200,
    conflict: BillingConflict | None = None,
) -> Any:
    return htmx.render(
        "billing_details/page.html",
        fragment="billing_details/_form.html",
        status=status,
        subscription=subscription,
        form=form,
        fields=billing_details.asked_fields(),
        conflict=conflict,
    )


def _value(public_id: str, *, saved: bool = False) -> Any:
    now = this_portal().clock()
    row = subscriptions.readable(auth.visitor().person_id, public_id, now=now)
    billing = billing_details.details_of_row(row)
    coming = purchase_orders.next_invoice(row, now=now)
    return htmx.render(
        "billing_details/_value.html",
        fragment="billing_details/_value.html",
        subscription=row,
        standing=subscriptions.standing(row, now=now),
        billing=billing,
        next_invoice=coming,
        missing_ids=invoice_warnings.missing_ids(billing) if coming else (),
        saved=saved,
        activity=subscriptions.activity(row.id, users=subscriptions.sees_users(row)) if saved else (),
    )


@pages.get("")
@policy("person")
def edit(public_id: str) -> Any:
    subscription = billed_subscription(public_id)
    stored = billing_details.shown_details(subscription.account)
    form = billing_form(billing_details.asked_fields())
    return _page(subscription, form(data={**stored.values, "version": stored.version}))


@pages.get("/value")
@policy("person")
def show(public_id: str) -> Any:
    """What *Cancel* brings back in place; without JavaScript it leads back to the page."""
    billed_subscription(public_id)
    if not htmx.wants_fragment():
        return htmx.go(f"/subscriptions/{public_id}")
    return _value(public_id)


@pages.post("")
@policy("person")
def save(public_id: str) -> Any:
    subscription = billed_subscription(public_id)
    form = billing_form(billing_details.asked_fields())(request.form)
    if not form.validate():
        return _page(subscription, form, status=422)
    try:
        billing_details.change_billing_details(
            subscription,
            {name: form.data[name] or "" for name in billing_details.asked_fields()},
            read_version=form.read_version,
            actor=auth.actor(),
            now=this_portal().clock(),
        )
    except BillingConflict as conflict:
        return _page(subscription, form, status=409, conflict=conflict)
    if not htmx.wants_fragment():
        return htmx.go(f"/subscriptions/{public_id}?done=billing")
    return _value(public_id, saved=True)
