"""How a subscription is paid: what is there, what can be chosen instead, and what was chosen before."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, request

from webapp.data.subscriptions import Subscription
from webapp.domain.calendar import local_date
from webapp.domain.payments import cards, payment_methods
from webapp.domain.payments.payment_methods import (
    HolderInvalid,
    HolderMissing,
    IbanCountryNotTaken,
    IbanMisshapen,
    IbanMissing,
    IbanMistyped,
    MandateChanged,
    MandateNotAccepted,
    PaymentConflict,
    SetUpUnavailable,
    TypedMandate,
)
from webapp.domain.refusals import Refusal, SeveralRefusals
from webapp.i18n import current_speech
from webapp.payments import DIRECT_DEBIT, INVOICE
from webapp.web import auth, htmx
from webapp.web.agreement_text import as_html
from webapp.web.forms import PaymentForm
from webapp.web.policy import policy
from webapp.web.portal.billing_details import billed_subscription
from webapp.web.site import this_portal, this_site

pages = Blueprint(
    "payment_methods", __name__, url_prefix="/subscriptions/<public_id:public_id>/payment-method"
)

# Where on the page a refusal is mended.
_FIELD_OF: dict[type[Refusal], str] = {
    HolderMissing: "holder",
    HolderInvalid: "holder",
    IbanMissing: "iban",
    IbanMisshapen: "iban",
    IbanMistyped: "iban",
    IbanCountryNotTaken: "iban",
    MandateNotAccepted: "accepted",
}
_TYPED_WRONG: tuple[type[Refusal], ...] = (SeveralRefusals, *_FIELD_OF)


def page(
    subscription: Subscription,
    form: PaymentForm,
    *,
    status: int = 200,
    refusal: Refusal | None = None,
    wished: str = "",
) -> Any:
    """`wished` is the method that was refused."""
    portal = this_portal()
    choices = payment_methods.choices(subscription.payment_method, cards=cards.is_offered(portal.cards))
    card = payment_methods.current_card(subscription)
    today = local_date(portal.clock(), this_site().time_zone)
    text = payment_methods.mandate_text(current_speech().code) if DIRECT_DEBIT in choices else None
    return htmx.render(
        "payment_methods/page.html",
        fragment="payment_methods/_choices.html",
        status=status,
        subscription=subscription,
        mandate=payment_methods.current_mandate(subscription),
        card=card,
        card_brand=cards.brand_name(card.brand) if card else "",
        card_expired=card is not None and cards.has_expired(card, today=today),
        came_back=request.args.get("card", ""),
        choices=choices,
        mandate_text=text,
        mandate_html=as_html(text) if text else "",
        form=form,
        problems=_by_field(refusal),
        problem=str(refusal) if refusal else "",
        conflict=refusal if isinstance(refusal, PaymentConflict) else None,
        wished=wished,
        history=payment_methods.history(subscription),
    )


def _by_field(refusal: Refusal | None) -> dict[str, str]:
    """Field → what is wrong there, in the order of the page."""
    if refusal is None:
        return {}
    every = refusal.refusals if isinstance(refusal, SeveralRefusals) else (refusal,)
    return {_FIELD_OF[type(one)]: str(one) for one in every if type(one) in _FIELD_OF}


@pages.get("")
@policy("person")
def show(public_id: str) -> Any:
    return page(billed_subscription(public_id), PaymentForm())


@pages.post("/invoice")
@policy("person")
def by_invoice(public_id: str) -> Any:
    portal, subscription, form = this_portal(), billed_subscription(public_id), PaymentForm(request.form)
    try:
        payment_methods.pay_by_invoice(
            subscription,
            provider=portal.payments[INVOICE],
            read_version=form.read_version,
            actor=auth.actor(),
            now=portal.clock(),
        )
    except PaymentConflict as refusal:
        return page(billed_subscription(public_id), form, status=409, refusal=refusal, wished=INVOICE)
    return htmx.go(f"/subscriptions/{public_id}?done=payment")


@pages.post("/direct-debit")
@policy("person")
def by_direct_debit(public_id: str) -> Any:
    portal, subscription, form = this_portal(), billed_subscription(public_id), PaymentForm(request.form)
    if DIRECT_DEBIT not in payment_methods.choices(subscription.payment_method):
        raise payment_methods.MethodNotOffered
    try:
        payment_methods.pay_by_direct_debit(
            subscription,
            _typed(form),
            mandate=payment_methods.mandate_text(current_speech().code),
            provider=portal.payments[DIRECT_DEBIT],
            read_version=form.read_version,
            actor=auth.actor(),
            now=portal.clock(),
        )
    except (PaymentConflict, MandateChanged, SetUpUnavailable) as refusal:
        return page(billed_subscription(public_id), form, status=409, refusal=refusal, wished=DIRECT_DEBIT)
    except _TYPED_WRONG as refusal:
        return page(subscription, form, status=422, refusal=refusal, wished=DIRECT_DEBIT)
    return htmx.go(f"/subscriptions/{public_id}?done=payment")


def _typed(form: PaymentForm) -> TypedMandate:
    return TypedMandate(
        holder=form.holder.data or "",
        iban=form.iban.data or "",
        accepted=bool(form.accepted.data),
        shown_sha256=form.mandate.data or "",
        shown_language=this_site().language_for(form.language.data or "") or current_speech().code,
    )
