"""“Why can’t I see my subscriptions?”: takes an address, and always shows the same answer."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, request

from webapp.domain.people import whereabouts
from webapp.web import auth, htmx
from webapp.web.forms import AddressForm
from webapp.web.policy import policy
from webapp.web.site import this_portal

pages = Blueprint("whereabouts", __name__, url_prefix="/missing-subscriptions")


@pages.get("")
@policy("public")
def show() -> Any:
    """Who is logged in has their own address there; any other can be typed."""
    visitor = auth.visitor_or_none()
    return htmx.render("whereabouts/page.html", form=AddressForm(email=visitor.email if visitor else ""))


@pages.post("")
@policy("public")
def ask() -> Any:
    portal, form = this_portal(), AddressForm(request.form)
    if not form.validate():
        return htmx.render("whereabouts/page.html", status=422, form=form)
    with portal.support.bound():
        network = whereabouts.network_of(request.remote_addr or "")
        whereabouts.ask(str(form.email.data), network=network, now=portal.clock())
    return htmx.go("/missing-subscriptions/asked")


@pages.get("/asked")
@policy("public")
def asked() -> Any:
    return htmx.render("whereabouts/asked.html")
