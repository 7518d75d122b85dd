"""The number of licences: more at once at a price that is shown first, fewer from the next renewal on.

The form asks by GET, so that looking at a price changes nothing; each button then sends what was shown.
"""

from __future__ import annotations

from typing import Any

from flask import Blueprint, request

from webapp.data.subscriptions import Subscription
from webapp.domain import permissions
from webapp.domain.lifecycle import quantity
from webapp.domain.lifecycle.holders import holders
from webapp.domain.lifecycle.quantity import Price
from webapp.domain.lifecycle.quantity_conflicts import QuantityConflict
from webapp.domain.lifecycle.quantity_refusals import (
    AsManyAlready,
    NoFewerPlanned,
    NotFewer,
    NotSoldHere,
    QuantityInvalid,
    SeatsStay,
    TooManyLicences,
)
from webapp.domain.lifecycle.renewal_preview import preview_of
from webapp.domain.refusals import Refusal
from webapp.domain.subscriptions import subscriptions
from webapp.domain.subscriptions.cancellation import ChangedMeanwhile, refuse_when_over
from webapp.domain.subscriptions.purchase_orders import NoNextTerm
from webapp.web import auth, htmx
from webapp.web.forms import QuantityForm
from webapp.web.policy import policy
from webapp.web.portal.seats import product_of
from webapp.web.site import this_portal

pages = Blueprint("quantity", __name__, url_prefix="/subscriptions/<public_id:public_id>/licenses")


def _subscription(public_id: str) -> Subscription:
    """One whose number of licences this person may change, if it has a number."""
    now = this_portal().clock()
    found = permissions.managed_subscription(auth.visitor().person_id, public_id, now=now)
    refuse_when_over(found, now=now)
    quantity.refuse_uncounted(product_of(found))
    return found


def _page(public_id: str, form: QuantityForm, *, status: int = 200, **context: Any) -> Any:
    now = this_portal().clock()
    row = subscriptions.managed(auth.visitor().person_id, public_id, now=now)
    return htmx.render(
        "quantity/page.html",
        fragment="quantity/_form.html",
        status=status,
        subscription=row,
        standing=subscriptions.standing(row, now=now),
        can_add=quantity.can_be_added(product_of(row)),
        form=form,
        preview=lambda **planned: preview_of(row._replace(**planned), staying=0, now=now),
        shown_price=quantity.shown_in(form.shown.data or ""),
        **context,
    )


def _wrong(public_id: str, form: QuantityForm, problem: Refusal, **context: Any) -> Any:
    return _page(public_id, form, status=422, problem=str(problem), **context)


# ---- what it would be


@pages.get("")
@policy("person")
def show(public_id: str) -> Any:
    subscription, form = _subscription(public_id), QuantityForm(request.args)
    if "number" not in request.args:
        form.number.data = str(subscription.next_quantity or subscription.quantity)
        return _page(public_id, form)
    try:
        return _page(public_id, form, **_consequences(subscription, form.wished))
    except (AsManyAlready, NoNextTerm, NotSoldHere, QuantityInvalid, TooManyLicences) as refusal:
        return _wrong(public_id, form, refusal)


def _consequences(subscription: Subscription, wished: int) -> dict[str, Any]:
    """What the page says of this number: the price of more, or who would have to go."""
    if wished == subscription.quantity:
        raise AsManyAlready(wished)
    if wished < 1 or wished > subscription.quantity:
        return {"price": _price(subscription, wished - subscription.quantity)}
    if subscription.ends_on is not None:
        raise NoNextTerm
    return {"fewer": wished, "holders": holders(subscription)}


def _price(subscription: Subscription, added: int) -> Price:
    now = this_portal().clock()
    return quantity.price_of_more(subscription, added, product=product_of(subscription), now=now)


@pages.get("/value")
@policy("person")
def show_value(public_id: str) -> Any:
    """What *Cancel* brings back in place; without JavaScript it leads back to the page."""
    now, subscription = this_portal().clock(), _subscription(public_id)
    if not htmx.wants_fragment():
        return htmx.go(f"/subscriptions/{public_id}")
    row = subscriptions.managed(auth.visitor().person_id, subscription.public_id, now=now)
    return htmx.render(
        "quantity/_value.html",
        fragment="quantity/_value.html",
        subscription=row,
        standing=subscriptions.standing(row, now=now),
        can_add=quantity.can_be_added(product_of(row)),
    )


# ---- more


@pages.post("/more")
@policy("person")
def add(public_id: str) -> Any:
    subscription, form = _subscription(public_id), QuantityForm(request.form)
    try:
        quantity.add_licences(
            subscription,
            form.more,
            shown=form.shown.data or "",
            product=product_of(subscription),
            actor=auth.actor(),
            now=this_portal().clock(),
        )
    except QuantityConflict as conflict:
        price = _price(_subscription(public_id), form.more)
        form.number.data = str(price.quantity)
        return _page(public_id, form, status=409, conflict=conflict, price=price)
    except (QuantityInvalid, TooManyLicences) as refusal:
        return _wrong(public_id, form, refusal)
    return htmx.go(f"/subscriptions/{public_id}?done=licenses-added")


# ---- fewer


@pages.post("/fewer")
@policy("person")
def reduce(public_id: str) -> Any:
    subscription, form = _subscription(public_id), QuantityForm(request.form)
    going = request.form.getlist("going")
    facts = {"fewer": form.wished, "going": going}
    try:
        quantity.plan_fewer(
            subscription,
            form.wished,
            renewal=form.shown_renewal,
            planned=form.shown_plan,
            going=going,
            product=product_of(subscription),
            actor=auth.actor(),
            now=this_portal().clock(),
        )
    except QuantityConflict as conflict:
        found = holders(_subscription(public_id))
        return _page(public_id, form, status=409, conflict=conflict, holders=found, **facts)
    except SeatsStay as refusal:
        return _wrong(public_id, form, refusal, holders=holders(subscription), **facts)
    except (QuantityInvalid, NotFewer) as refusal:
        return _wrong(public_id, form, refusal)
    return htmx.go(f"/subscriptions/{public_id}?done=licenses-reduced")


@pages.post("/undo")
@policy("person")
def keep(public_id: str) -> Any:
    subscription, form = _subscription(public_id), QuantityForm(request.form)
    try:
        quantity.keep_quantity(
            subscription,
            renewal=form.shown_renewal,
            planned=form.shown_plan,
            actor=auth.actor(),
            now=this_portal().clock(),
        )
    except (NoFewerPlanned, ChangedMeanwhile) as refusal:
        form.number.data = str(subscription.quantity)
        return _page(public_id, form, status=409, refusal=str(refusal))
    return htmx.go(f"/subscriptions/{public_id}?done=licenses-kept")
