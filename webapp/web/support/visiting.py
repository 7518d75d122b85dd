"""At the host of visits: the door in, half an hour more, and the way out."""

from __future__ import annotations

import re
from typing import Any

from flask import Blueprint, make_response, redirect, request

from webapp.domain import audit
from webapp.domain.support import visit_trail
from webapp.domain.support import visits as rules
from webapp.sites import SUPPORT
from webapp.web import auth, htmx, visits
from webapp.web.policy import PublicId, policy
from webapp.web.site import this_portal, this_site

pages = Blueprint("visiting", __name__, url_prefix="/support")

_PUBLIC_ID = re.compile(PublicId.regex)


@pages.get("/enter/<mailed_token:token>")
@policy("public", place="visit")
def enter(token: str) -> Any:
    """Led here by the console, at once and only once."""
    portal = this_portal()
    if request.method == "HEAD":
        return make_response("", 204)
    with portal.support.bound():
        cookie = rules.enter(token, site=this_site(), now=portal.clock())
    if cookie is None:
        return redirect(portal.settings.origin(SUPPORT) + visits.OVER, 303)
    return visits.enter(make_response(redirect(_first_page(), 303)), cookie)


def _first_page() -> str:
    """The subscription by which the account was found, if its administrator sees it."""
    named = request.args.get("subscription", "")
    return f"/subscriptions/{named}" if _PUBLIC_ID.fullmatch(named) else "/subscriptions"


@pages.post("/renew")
@policy("visit", place="visit")
def renew() -> Any:
    """On purpose: nothing else makes a visit longer."""
    portal = this_portal()
    with visits.acting() as here:
        visit_trail.record(audit.SUPPORT_RENEWED, here.visit, here.account.id, now=portal.clock())
    with portal.support.bound():
        rules.renew(here.visit, now=portal.clock())
    return htmx.go(auth.local_path(request.form.get("next", "")) or "/subscriptions")


@pages.post("/end")
@policy("visit", place="visit")
def end() -> Any:
    portal = this_portal()
    with visits.acting() as here:
        visit_trail.record(audit.SUPPORT_LEFT, here.visit, here.account.id, now=portal.clock())
    with portal.support.bound():
        rules.end(here.visit, now=portal.clock())
    return visits.leave(redirect(portal.settings.origin(SUPPORT) + f"/visits/{here.visit.key}", 303))
