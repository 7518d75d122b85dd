"""From the e-mail's link to the active subscription: read the agreement, accept it inside."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, request

from webapp.domain import activation, agreements, permissions
from webapp.domain.activation import ActivationWindowClosed, AgreementChanged, AlreadyActive, OrderWithdrawn
from webapp.i18n import current_speech
from webapp.web import auth, htmx
from webapp.web.agreement_text import as_html
from webapp.web.limits import links_per_address
from webapp.web.policy import policy
from webapp.web.portal.standing import of_model
from webapp.web.site import this_portal, this_site

pages = Blueprint("activation", __name__)


@pages.get("/activate/<order_number:order_number>")
@policy("person")
def follow_link(order_number: str) -> Any:
    """Where the e-mail leads. It names the order and opens nothing: sign-in came first."""
    now = this_portal().clock()
    subscription = permissions.ordered_subscription(auth.visitor().person_id, order_number)
    try:
        activation.refuse_unless_pending(subscription, now=now)
    except AlreadyActive:
        return htmx.go(f"/subscriptions/{subscription.public_id}")
    except (ActivationWindowClosed, OrderWithdrawn) as refusal:
        return htmx.render(
            "activation/too_late.html", status=410, refusal=str(refusal), subscription=subscription
        )
    return htmx.go(f"/subscriptions/{subscription.public_id}/agreement")


@pages.post("/activate/<order_number:order_number>/password")
@links_per_address
@policy("public")
def send_first_link(order_number: str) -> Any:
    """No password yet: one button, one e-mail to the order's administrator, always the same answer."""
    path = f"/activate/{order_number}"
    activation.send_password_link_for_order(order_number, next_path=path, now=this_portal().clock())
    return htmx.go("/password/sent")


def _agreement_page(subscription: Any, *, status: int = 200, problem: str = "") -> Any:
    shown = agreements.shown_agreement(subscription, current_speech().text_language)
    return htmx.render(
        "agreements/page.html",
        status=status,
        subscription=subscription,
        standing=of_model(subscription),
        shown=shown,
        agreement_html=as_html(shown.text),
        problem=problem,
    )


@pages.get("/subscriptions/<public_id:public_id>/agreement")
@policy("person")
def show_agreement(public_id: str) -> Any:
    now = this_portal().clock()
    return _agreement_page(
        permissions.looked_after_subscription(auth.visitor().person_id, public_id, now=now)
    )


@pages.post("/subscriptions/<public_id:public_id>/activate")
@policy("person")
def activate(public_id: str) -> Any:
    now = this_portal().clock()
    subscription = permissions.administered_subscription(auth.visitor().person_id, public_id, now=now)
    shown_language = this_site().language_for(request.form.get("language", "")) or current_speech().code
    agreement = agreements.agreement_to_accept(subscription, current_speech().text_language)
    try:
        activation.activate(
            subscription,
            agreement=agreement,
            shown_sha256=request.form.get("agreement", ""),
            shown_language=shown_language,
            actor=subscription.administrator,
            now=now,
        )
    except AgreementChanged as refusal:
        return _agreement_page(subscription, status=409, problem=str(refusal))
    except AlreadyActive:
        return htmx.go(f"/subscriptions/{public_id}")
    return htmx.go(f"/subscriptions/{public_id}?done=activated")


@pages.post("/subscriptions/<public_id:public_id>/activation-mail")
@policy("person")
def send_mail_again(public_id: str) -> Any:
    now = this_portal().clock()
    subscription = permissions.administered_subscription(auth.visitor().person_id, public_id, now=now)
    activation.send_activation_mail_again(subscription, actor=subscription.administrator, now=now)
    return htmx.go(f"/subscriptions/{public_id}?done=mailed")
