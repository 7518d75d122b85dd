"""The demo's provider of card payments: a page at the bare domain that looks like somebody else's."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, request

from webapp.domain.payments import cards
from webapp.domain.refusals import NotThere
from webapp.payments import StandIn
from webapp.payments.stand_in import CARDS, PATH, DemoSession
from webapp.web import htmx
from webapp.web.policy import policy
from webapp.web.site import this_portal

pages = Blueprint("card_provider", __name__)
_ADDRESS = f"{PATH}<card_session:session>"


def _session(session: str) -> tuple[StandIn, DemoSession]:
    provider = this_portal().cards
    found = provider.find(session) if isinstance(provider, StandIn) else None
    if not isinstance(provider, StandIn) or found is None:
        raise NotThere
    return provider, found


@pages.get(_ADDRESS)
@policy("demo", place="front")
def show(session: str) -> Any:
    _provider, found = _session(session)
    brands = [(brand, cards.brand_name(brand), ending) for brand, ending in CARDS.items()]
    refused = request.args.get("refused") == "yes"
    return htmx.render("front/card_provider.html", session=found, cards=brands, refused=refused)


@pages.post(_ADDRESS)
@policy("demo", place="front")
def give(session: str) -> Any:
    provider, found = _session(session)
    brand = request.form.get("card", "")
    if brand not in CARDS:
        return htmx.go(f"{PATH}{session}?refused=yes")
    provider.give(found, brand)
    return htmx.go(f"{PATH}{session}")
