"""The purchase order number, edited in place; the same address is a whole page without JavaScript."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, request

from webapp.data.accounts import Person
from webapp.domain import permissions, purchase_orders, subscriptions
from webapp.domain.purchase_orders import PoNumberConflict
from webapp.web import auth, htmx
from webapp.web.forms import PoNumberForm
from webapp.web.policy import policy
from webapp.web.site import this_portal

pages = Blueprint(
    "purchase_orders", __name__, url_prefix="/subscriptions/<public_id:public_id>/purchase-order"
)


def _stored(public_id: str) -> Any:
    return purchase_orders.stored_po_number(auth.visitor().person_id, public_id)


def _form_page(subscription: Any, form: PoNumberForm, *, status: int = 200, conflict: Any = None) -> Any:
    return htmx.render(
        "purchase_orders/page.html",
        fragment="purchase_orders/_form.html",
        status=status,
        subscription=subscription,
        form=form,
        conflict=conflict,
    )


@pages.get("")
@policy("person")
def edit(public_id: str) -> Any:
    row = _stored(public_id)
    return _form_page(row, PoNumberForm(po_number=row.po_number, version=row.po_version))


@pages.get("/value")
@policy("person")
def show(public_id: str) -> Any:
    """What *Cancel* brings back in place; without JavaScript it leads back to the page."""
    row = _stored(public_id)
    if not htmx.wants_fragment():
        return htmx.go(f"/subscriptions/{public_id}")
    return htmx.render(
        "purchase_orders/_value.html", fragment="purchase_orders/_value.html", subscription=row
    )


@pages.post("")
@policy("person")
def save(public_id: str) -> Any:
    now = this_portal().clock()
    form = PoNumberForm(request.form)
    subscription = permissions.billed_subscription(auth.visitor().person_id, public_id, now=now)
    if not form.validate():
        return _form_page(_stored(public_id), form, status=422)
    actor = Person.get_by_id(auth.visitor().person_id)
    try:
        change = purchase_orders.change_po_number(
            subscription, form.po_number.data or "", read_version=form.read_version, actor=actor, now=now
        )
    except PoNumberConflict as conflict:
        return _form_page(_stored(public_id), form, status=409, conflict=conflict)
    if not htmx.wants_fragment():
        return htmx.go(f"/subscriptions/{public_id}?done=po")
    row = _stored(public_id)
    return htmx.render(
        "purchase_orders/_value.html",
        fragment="purchase_orders/_value.html",
        subscription=row,
        change=change,
        activity=subscriptions.activity(row.id, users=subscriptions.sees_users(row)),
    )
