"""Giving a card: our page leads to the provider's, whose page leads back to ours."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Response, request

from webapp.data.cards import DONE, OPEN, CardSetup
from webapp.data.subscriptions import Subscription
from webapp.domain.payments import cards
from webapp.domain.payments.payment_methods import PaymentConflict, SetUpUnavailable
from webapp.domain.refusals import NotThere
from webapp.payments import CREDIT_CARD, NotFromProvider
from webapp.web import auth, htmx
from webapp.web.forms import PaymentForm
from webapp.web.policy import policy
from webapp.web.portal.billing_details import billed_subscription
from webapp.web.portal.payment_methods import page
from webapp.web.site import this_portal, this_site

pages = Blueprint("cards", __name__)
_CARD = "/subscriptions/<public_id:public_id>/payment-method/card"


def _payment_page(public_id: str) -> str:
    return f"/subscriptions/{public_id}/payment-method"


def _own_setup(subscription: Subscription) -> CardSetup | None:
    """The one that the address names, if who is there began it."""
    key = request.args.get("setup", "")
    return cards.setup_of(subscription, key, person=auth.actor()) if key else None


@pages.post(_CARD)
@policy("person")
def begin(public_id: str) -> Any:
    portal, subscription, form = this_portal(), billed_subscription(public_id), PaymentForm(request.form)
    try:
        setup = cards.begin(
            subscription,
            provider=portal.cards,
            read_version=form.read_version,
            actor=auth.actor(),
            now=portal.clock(),
        )
    except (PaymentConflict, SetUpUnavailable) as refusal:
        return page(billed_subscription(public_id), form, status=409, refusal=refusal, wished=CREDIT_CARD)
    return htmx.go(f"{_payment_page(public_id)}/card?setup={setup.key}")


@pages.get(_CARD)
@policy("person")
def leave(public_id: str) -> Any:
    """A plain link to the provider: no form of ours is sent there, and nothing of theirs is loaded here."""
    subscription = billed_subscription(public_id)
    setup = _own_setup(subscription)
    if setup is None or setup.state != OPEN:
        return htmx.go(_payment_page(public_id))
    return htmx.render("payment_methods/leave.html", subscription=subscription, setup=setup)


@pages.get(f"{_CARD}/return")
@policy("person")
def come_back(public_id: str) -> Any:
    """From the provider, which is asked what happened there: this address proves nothing."""
    portal, subscription = this_portal(), billed_subscription(public_id)
    setup = _own_setup(subscription)
    if setup is None:
        return htmx.go(_payment_page(public_id))
    try:
        state = cards.finish(setup, provider=portal.cards, now=portal.clock())
    except (PaymentConflict, SetUpUnavailable) as refusal:
        current, form = billed_subscription(public_id), PaymentForm()
        return page(current, form, status=409, refusal=refusal, wished=CREDIT_CARD)
    if state == DONE:
        return htmx.go(f"/subscriptions/{public_id}?done=payment")
    return htmx.go(f"{_payment_page(public_id)}?card={state}")


@pages.post("/payments/card-events")
@policy("signature")
def take_event() -> Response:
    """What the provider sends by itself; an answer that is not 2xx makes it come again."""
    portal = this_portal()
    signature = request.headers.get("Stripe-Signature", "")
    try:
        session = portal.cards.session_in(this_site(), request.get_data(), signature)
    except NotFromProvider:
        return Response("The signature is not right.\n", 400, mimetype="text/plain")
    setup = cards.setup_by_session(session) if session else None
    try:
        if setup is not None:
            cards.finish(setup, provider=portal.cards, now=portal.clock())
    except (PaymentConflict, NotThere):
        pass  # it is closed, and who gave the card is told when they look
    except SetUpUnavailable:
        return Response("Please come again.\n", 503, mimetype="text/plain")
    return Response(status=204)
