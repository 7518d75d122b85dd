"""Inviting users: addresses typed or pasted, on a page or in a dialog of the list."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, request

from webapp.data.subscriptions import Subscription
from webapp.domain.refusals import NotThere, Refusal
from webapp.domain.seats import invitations, seat_list, seats
from webapp.domain.seats.seat_facts import LastDayOver
from webapp.i18n import current_speech
from webapp.web import auth, htmx
from webapp.web.forms import InvitationForm
from webapp.web.policy import policy
from webapp.web.portal.seats import product_of, subscription_with_users
from webapp.web.site import this_portal, this_site

pages = Blueprint("invitations", __name__, url_prefix="/subscriptions/<public_id:public_id>/users/invite")


def _page(subscription: Subscription, form: InvitationForm, *, status: int = 200) -> Any:
    person_id, now = auth.visitor().person_id, this_portal().clock()
    return htmx.render(
        "invitations/page.html",
        fragment="invitations/_form.html",
        status=status,
        subscription=seat_list.head(person_id, subscription.public_id, now=now),
        unlimited=seats.is_unlimited(product_of(subscription)),
        form=form,
        most=invitations.MOST_AT_ONCE,
        chosen_language=form.language.data or current_speech().code,
    )


@pages.get("")
@policy("person")
def show(public_id: str) -> Any:
    return _page(subscription_with_users(public_id), InvitationForm())


@pages.post("")
@policy("person")
def submit(public_id: str) -> Any:
    subscription, form = subscription_with_users(public_id), InvitationForm(request.form)
    if not form.validate():
        return _page(subscription, form, status=422)
    now = this_portal().clock()
    try:
        if form.facts.last_day and form.facts.last_day < seats.today(now):
            raise LastDayOver
        number = _invite(subscription, form, now=now)
    except NotThere:
        raise
    except LastDayOver as refusal:
        form.last_day.errors = [str(refusal)]
    except Refusal as refusal:
        form.addresses.errors = [str(refusal)]
    else:
        return htmx.go(f"/subscriptions/{public_id}/users?done=invited&number={number}")
    return _page(subscription, form, status=422)


def _invite(subscription: Subscription, form: InvitationForm, *, now: Any) -> int:
    named = invitations.read_addresses(
        form.addresses.data or "",
        language=this_site().language_for(form.language.data or "") or "",
        facts=form.facts,
    )
    return invitations.invite(
        subscription, named, product=product_of(subscription), actor=auth.actor(), now=now
    )
