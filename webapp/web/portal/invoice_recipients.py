"""E-mail addresses for invoices: listed, added, removed, and confirmed by the link in a mail."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, request

from webapp.data.subscriptions import Subscription
from webapp.domain.invoices import invoice_recipients
from webapp.domain.invoices.invoice_recipients import (
    AddressInvalid,
    AddressKnown,
    AlreadyConfirmed,
    TooManyAddresses,
)
from webapp.domain.limits import TooOften
from webapp.domain.subscriptions import subscriptions
from webapp.domain.tokens import TokenInvalid
from webapp.web import auth, htmx
from webapp.web.forms import RecipientForm
from webapp.web.limits import links_per_address
from webapp.web.policy import policy
from webapp.web.portal.billing_details import billed_subscription
from webapp.web.site import this_portal

pages = Blueprint("invoice_recipients", __name__)

_LIST = "/subscriptions/<public_id:public_id>/invoice-addresses"


def _page(
    subscription: Subscription,
    form: RecipientForm | None = None,
    *,
    status: int = 200,
    problem: str = "",
    done: str = "",
) -> Any:
    """With a form to add one, unless something was just done in place."""
    return htmx.render(
        "invoice_recipients/page.html",
        fragment="invoice_recipients/_list.html",
        status=status,
        subscription=subscription,
        account_name=subscription.account.name,
        administrator_email=subscription.administrator.email,
        recipients=invoice_recipients.recipients(subscription.account_id, subscription.public_id),
        running=True,
        form=form,
        problem=problem,
        at_the_field=form is not None and status == 422,
        told=done,
        activity=_activity(subscription) if done else (),
    )


def _activity(subscription: Subscription) -> Any:
    """Who is here for billing only reads nothing about users."""
    manages = auth.visitor().person_id in (subscription.administrator.id, subscription.backup_id)
    return subscriptions.activity(subscription.id, users=manages)


@pages.get(_LIST)
@policy("person")
def show(public_id: str) -> Any:
    return _page(billed_subscription(public_id), RecipientForm())


@pages.get(f"{_LIST}/value")
@policy("person")
def cancel(public_id: str) -> Any:
    """What *Cancel* brings back in place; without JavaScript it leads back to the page."""
    subscription = billed_subscription(public_id)
    if not htmx.wants_fragment():
        return htmx.go(f"/subscriptions/{public_id}")
    return _page(subscription)


@pages.post(_LIST)
@policy("person")
def add(public_id: str) -> Any:
    subscription, form = billed_subscription(public_id), RecipientForm(request.form)
    try:
        invoice_recipients.add_recipient(
            subscription,
            form.email.data or "",
            whose=str(form.whose.data),
            actor=auth.actor(),
            now=this_portal().clock(),
        )
    except (AddressInvalid, AddressKnown, TooManyAddresses) as refusal:
        return _page(subscription, form, status=422, problem=str(refusal))
    except TooOften as refusal:
        return _later(_page(subscription, form, status=429, problem=str(refusal)), refusal)
    return _done(subscription, "added")


@pages.post(f"{_LIST}/again")
@policy("person")
def send_again(public_id: str) -> Any:
    subscription = billed_subscription(public_id)
    try:
        invoice_recipients.send_link_again(subscription, **_named(), now=this_portal().clock())
    except AlreadyConfirmed as refusal:
        return _page(subscription, status=409, problem=str(refusal))
    except TooOften as refusal:
        return _later(_page(subscription, status=429, problem=str(refusal)), refusal)
    return _done(subscription, "mailed")


@pages.post(f"{_LIST}/remove")
@policy("person")
def remove(public_id: str) -> Any:
    subscription = billed_subscription(public_id)
    invoice_recipients.remove_recipient(subscription, **_named(), now=this_portal().clock())
    return _done(subscription, "removed")


def _named() -> dict[str, Any]:
    """Which one: by its address, since row numbers are nobody's business."""
    return {
        "email": request.form.get("email", ""),
        "whose": request.form.get("whose", ""),
        "actor": auth.actor(),
    }


def _done(subscription: Subscription, what: str) -> Any:
    if not htmx.wants_fragment():
        return htmx.go(f"/subscriptions/{subscription.public_id}?done=address-{what}")
    return _page(subscription, done=what)


def _later(answer: Any, refusal: TooOften) -> Any:
    answer.headers["Retry-After"] = str(int(refusal.retry_after.total_seconds()) + 1)
    return answer


# ---- whoever reads the mail of the address


@pages.get("/invoice-address/<mailed_token:token>")
@policy("public")
def ask(token: str) -> Any:
    """Looks only: mail scanners open links before people do."""
    try:
        recipient = invoice_recipients.of_link(token, now=this_portal().clock())
    except TokenInvalid:
        return htmx.render("invoice_recipients/dead_link.html", status=410)
    return htmx.render("invoice_recipients/confirm.html", recipient=recipient)


@pages.post("/invoice-address/<mailed_token:token>")
@links_per_address
@policy("public")
def confirm(token: str) -> Any:
    try:
        invoice_recipients.confirm_recipient(token, now=this_portal().clock())
    except TokenInvalid:
        return htmx.render("invoice_recipients/dead_link.html", status=410)
    return htmx.go("/invoice-address/confirmed")


@pages.get("/invoice-address/confirmed")
@policy("public")
def confirmed() -> Any:
    return htmx.render("invoice_recipients/confirmed.html")
