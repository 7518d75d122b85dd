"""From the e-mail's link to the active subscription: read the agreement, accept it inside."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, request

from webapp.data.subscriptions import PENDING, Subscription
from webapp.domain import permissions
from webapp.domain.invoices import invoice_warnings
from webapp.domain.invoices.billing_details import BillingConflict
from webapp.domain.invoices.invoice_warnings import FirstInvoice, Missing
from webapp.domain.lifecycle import activation
from webapp.domain.lifecycle.activation import (
    ActivationWindowClosed,
    AgreementChanged,
    AlreadyActive,
    OrderWithdrawn,
)
from webapp.domain.refusals import Refusal
from webapp.domain.subscriptions import agreements
from webapp.domain.subscriptions.purchase_orders import PoNumberConflict
from webapp.i18n import current_speech
from webapp.web import auth, htmx
from webapp.web.agreement_text import as_html
from webapp.web.forms import PoNumberForm, first_invoice_form
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


def _agreement_page(
    subscription: Subscription,
    form: PoNumberForm | None = None,
    *,
    status: int = 200,
    refusal: Refusal | None = None,
) -> Any:
    shown = agreements.shown_agreement(subscription, current_speech().code)
    missing = _missing(subscription)
    return htmx.render(
        "agreements/page.html",
        status=status,
        subscription=subscription,
        standing=of_model(subscription),
        shown=shown,
        agreement_html=as_html(shown.text),
        binding=agreements.binding_language(shown.text),
        missing=missing,
        form=form or first_invoice_form(missing)(),
        problem=str(refusal or ""),
        differing=refusal.differing if isinstance(refusal, BillingConflict) else {},
    )


def _missing(subscription: Subscription) -> Missing:
    """What the first invoice would lack; nothing, once it was issued."""
    pending = subscription.status == PENDING
    return invoice_warnings.missing_on_first(subscription) if pending else Missing()


def _administered(public_id: str) -> Subscription:
    now = this_portal().clock()
    return permissions.administered_subscription(auth.visitor().person_id, public_id, now=now)


@pages.get("/subscriptions/<public_id:public_id>/agreement")
@policy("person", visits=True)
def show_agreement(public_id: str) -> Any:
    now = this_portal().clock()
    return _agreement_page(
        permissions.looked_after_subscription(auth.visitor().person_id, public_id, now=now)
    )


@pages.post("/subscriptions/<public_id:public_id>/activate")
@policy("person")
def activate(public_id: str) -> Any:
    subscription = _administered(public_id)
    missing = _missing(subscription).with_asked(request.form)
    form = first_invoice_form(missing)(request.form)
    try:
        answer = _activate(subscription, form)
    except (AgreementChanged, BillingConflict, PoNumberConflict) as refusal:
        return _agreement_page(_administered(public_id), form, status=409, refusal=refusal)
    except AlreadyActive:
        return htmx.go(f"/subscriptions/{public_id}")
    return answer


def _activate(subscription: Subscription, form: PoNumberForm) -> Any:
    now = this_portal().clock()
    agreement = agreements.agreement_to_accept(subscription, current_speech().code)
    shown = request.form.get("agreement", "")
    activation.refuse_unless_acceptable(subscription, agreement=agreement, shown_sha256=shown, now=now)
    if not form.validate():
        return _agreement_page(subscription, form, status=422)
    ids = {name: text or "" for name, text in form.data.items() if name not in ("po_number", "version")}
    activation.activate(
        subscription,
        agreement=agreement,
        shown_sha256=shown,
        shown_language=this_site().language_for(request.form.get("language", "")) or current_speech().code,
        first_invoice=FirstInvoice(form.po_number.data or "", ids),
        actor=subscription.administrator,
        now=now,
    )
    return htmx.go(f"/subscriptions/{subscription.public_id}?done=activated")


@pages.post("/subscriptions/<public_id:public_id>/activation-mail")
@policy("person")
def send_mail_again(public_id: str) -> Any:
    subscription, now = _administered(public_id), this_portal().clock()
    activation.send_activation_mail_again(subscription, actor=subscription.administrator, now=now)
    return htmx.go(f"/subscriptions/{public_id}?done=mailed")
