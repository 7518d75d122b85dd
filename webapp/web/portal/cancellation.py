"""Cancel at renewal: consequences and dates, then the button; the same page undoes it until the term ends."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, request

from webapp.domain import permissions
from webapp.domain.subscriptions import cancellation, subscriptions
from webapp.domain.subscriptions.cancellation import AlreadyCancelled, ChangedMeanwhile, NothingToUndo
from webapp.web import auth, htmx
from webapp.web.forms import CancellationForm
from webapp.web.policy import policy
from webapp.web.site import this_portal

pages = Blueprint("cancellation", __name__, url_prefix="/subscriptions/<public_id:public_id>/cancellation")


def _page(public_id: str, form: CancellationForm, *, status: int = 200, refusal: str = "") -> Any:
    now = this_portal().clock()
    row = subscriptions.managed(auth.visitor().person_id, public_id, now=now)
    return htmx.render(
        "cancellation/page.html",
        status=status,
        subscription=row,
        standing=subscriptions.standing(row, now=now),
        form=form,
        refusal=refusal,
        maximum_reason=cancellation.MAXIMUM_REASON,
    )


@pages.get("")
@policy("person")
def show(public_id: str) -> Any:
    now = this_portal().clock()
    subscription = permissions.managed_subscription(auth.visitor().person_id, public_id, now=now)
    cancellation.refuse_when_over(subscription, now=now)
    return _page(public_id, CancellationForm())


@pages.post("")
@policy("person")
def plan(public_id: str) -> Any:
    now = this_portal().clock()
    form = CancellationForm(request.form)
    subscription = permissions.managed_subscription(auth.visitor().person_id, public_id, now=now)
    if not form.validate():
        return _page(public_id, form, status=422)
    try:
        cancellation.plan_cancellation(
            subscription,
            ends_on=form.shown_date,
            reason=form.reason.data or "",
            actor=auth.actor(),
            now=now,
        )
    except (AlreadyCancelled, ChangedMeanwhile) as refusal:
        return _page(public_id, form, status=409, refusal=str(refusal))
    return htmx.go(f"/subscriptions/{public_id}?done=cancelled")


@pages.post("/undo")
@policy("person")
def undo(public_id: str) -> Any:
    now = this_portal().clock()
    form = CancellationForm(request.form)
    # The rule itself asks who manages it, and tells who comes too late why.
    subscription = permissions.looked_after_subscription(auth.visitor().person_id, public_id, now=now)
    actor = auth.actor()
    try:
        cancellation.undo_cancellation(subscription, ends_on=form.shown_date, actor=actor, now=now)
    except (NothingToUndo, ChangedMeanwhile) as refusal:
        return _page(public_id, form, status=409, refusal=str(refusal))
    return htmx.go(f"/subscriptions/{public_id}?done=kept")
