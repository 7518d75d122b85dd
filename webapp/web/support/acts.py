"""What an agent may change of the account that is visited; each has a page of its own before it is done."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, request

from webapp.data.subscriptions import Subscription
from webapp.domain.lifecycle import activation
from webapp.domain.support import support_acts
from webapp.domain.support.support_acts import PurchaserChanged, SameAddress
from webapp.web import htmx
from webapp.web.forms import PurchaserForm
from webapp.web.policy import policy
from webapp.web.site import this_portal
from webapp.web.visits import acting, this_visit

pages = Blueprint("acts", __name__, url_prefix="/support")

_SUBSCRIPTION = "/subscriptions/<public_id:public_id>"


def _pending(public_id: str) -> Subscription:
    found = support_acts.visited_subscription(this_visit().account.id, public_id)
    activation.refuse_unless_pending(found, now=this_portal().clock())
    return found


# ---- the activation e-mail once more


@pages.get(f"{_SUBSCRIPTION}/activation-mail")
@policy("visit", place="visit")
def ask_activation_mail(public_id: str) -> Any:
    return htmx.render("support/acts/activation_mail.html", subscription=_pending(public_id))


@pages.post(f"{_SUBSCRIPTION}/activation-mail")
@policy("visit", place="visit")
def send_activation_mail(public_id: str) -> Any:
    with acting() as here:
        support_acts.send_activation_again(
            here.account.id, public_id, agent=here.actor, now=this_portal().clock()
        )
    return htmx.go(f"/support/subscriptions/{public_id}?done=mailed")


# ---- the purchaser's address


def _purchaser_page(
    subscription: Subscription,
    form: PurchaserForm,
    *,
    status: int = 200,
    review: bool = False,
    problem: str = "",
) -> Any:
    return htmx.render(
        "support/acts/purchaser.html",
        status=status,
        subscription=subscription,
        form=form,
        review=review,
        problem=problem,
    )


@pages.get(f"{_SUBSCRIPTION}/purchaser")
@policy("visit", place="visit")
def edit_purchaser(public_id: str) -> Any:
    found = _pending(public_id)
    old = found.administrator
    return _purchaser_page(found, PurchaserForm(data={"name": old.name, "shown": old.email}))


@pages.post(f"{_SUBSCRIPTION}/purchaser")
@policy("visit", place="visit")
def correct_purchaser(public_id: str) -> Any:
    """First the consequences are shown; what was confirmed is what the button named."""
    found, form = _pending(public_id), PurchaserForm(request.form)
    if not form.validate():
        return _purchaser_page(found, form, status=422)
    if form.named.data != form.email.data:
        return _purchaser_page(found, form, review=True)
    try:
        _correct(public_id, form)
    except SameAddress as refusal:
        form.email.errors = [str(refusal)]
        return _purchaser_page(found, form, status=422)
    except PurchaserChanged as refusal:
        form.shown.data = refusal.current
        return _purchaser_page(_pending(public_id), form, status=409, problem=str(refusal))
    return htmx.go(f"/support/subscriptions/{public_id}?done=corrected")


def _correct(public_id: str, form: PurchaserForm) -> None:
    with acting() as here:
        support_acts.correct_purchaser(
            here.account.id,
            public_id,
            email=str(form.email.data),
            name=str(form.name.data),
            shown=str(form.shown.data),
            agent=here.actor,
            now=this_portal().clock(),
        )


# ---- a sign-in that is locked


@pages.get("/sign-ins/unlock")
@policy("visit", place="visit")
def ask_unlock() -> Any:
    person = support_acts.visited_person(this_visit().account.id, request.args.get("email", ""))
    if not support_acts.is_locked(person, now=this_portal().clock()):
        raise support_acts.NotLocked
    return htmx.render("support/acts/unlock.html", person=person)


@pages.post("/sign-ins/unlock")
@policy("visit", place="visit")
def unlock() -> Any:
    with acting() as here:
        support_acts.unlock_sign_in(
            here.account.id, request.form.get("email", ""), agent=here.actor, now=this_portal().clock()
        )
    return htmx.go("/support/sign-ins?done=unlocked")
