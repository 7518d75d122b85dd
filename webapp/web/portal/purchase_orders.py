"""The purchase order number, edited in place; the same address is a whole page without JavaScript.

`?term=next` is the number from the next renewal on.
"""

from __future__ import annotations

from typing import Any

from flask import Blueprint, request

from webapp.domain.refusals import NotThere
from webapp.domain.subscriptions import purchase_orders, subscriptions
from webapp.domain.subscriptions.purchase_orders import NEXT_TERM, THIS_TERM, PoNumberConflict
from webapp.web import auth, htmx
from webapp.web.forms import PoNumberForm
from webapp.web.policy import policy
from webapp.web.portal.billing_details import billed_subscription
from webapp.web.portal.seats import product_of
from webapp.web.portal.subscriptions import whats_ahead
from webapp.web.site import this_portal

pages = Blueprint(
    "purchase_orders", __name__, url_prefix="/subscriptions/<public_id:public_id>/purchase-order"
)


def _term(subscription: Any) -> str:
    """A term that does not come has no page."""
    asked = request.values.get("term", THIS_TERM)
    if asked not in (THIS_TERM, NEXT_TERM) or (asked == NEXT_TERM and subscription.ends_on):
        raise NotThere
    return asked


def _form_page(subscription: Any, form: PoNumberForm, *, status: int = 200, conflict: Any = None) -> Any:
    return htmx.render(
        "purchase_orders/page.html",
        fragment="purchase_orders/_form.html",
        status=status,
        subscription=subscription,
        form=form,
        term=_term(subscription),
        conflict=conflict,
    )


def _value(public_id: str, **context: Any) -> Any:
    """In place: from the page's own row, so that the warning is there, or gone, too."""
    now = this_portal().clock()
    row = subscriptions.readable(auth.visitor().person_id, public_id, now=now)
    return htmx.render(
        "purchase_orders/_value.html",
        fragment="purchase_orders/_value.html",
        subscription=row,
        standing=subscriptions.standing(row, now=now),
        next_invoice=purchase_orders.next_invoice(row, now=now),
        ahead=whats_ahead(row, product_of(row), now=now),
        activity=subscriptions.activity(row.id, users=subscriptions.sees_users(row)) if context else (),
        edited=request.values.get("term", THIS_TERM),
        **context,
    )


@pages.get("")
@policy("person")
def edit(public_id: str) -> Any:
    found = purchase_orders.stored(auth.visitor().person_id, public_id, now=this_portal().clock())
    number = purchase_orders.po_number_of(found, _term(found))
    return _form_page(found, PoNumberForm(po_number=number, version=found.po_version))


@pages.get("/value")
@policy("person")
def show(public_id: str) -> Any:
    """What *Cancel* brings back in place; without JavaScript it leads back to the page."""
    purchase_orders.stored(auth.visitor().person_id, public_id, now=this_portal().clock())
    if not htmx.wants_fragment():
        return htmx.go(f"/subscriptions/{public_id}")
    return _value(public_id)


@pages.post("")
@policy("person")
def save(public_id: str) -> Any:
    form, subscription = PoNumberForm(request.form), billed_subscription(public_id)
    term = _term(subscription)
    if not form.validate():
        return _form_page(subscription, form, status=422)
    try:
        change = purchase_orders.change_po_number(
            subscription,
            form.po_number.data or "",
            term=term,
            read_version=form.read_version,
            actor=auth.actor(),
            now=this_portal().clock(),
        )
    except PoNumberConflict as conflict:
        return _form_page(billed_subscription(public_id), form, status=409, conflict=conflict)
    if not htmx.wants_fragment():
        return htmx.go(f"/subscriptions/{public_id}?done=po")
    return _value(public_id, change=change)
