"""A request on a visit, at `<site>.support.<domain>`: who visits, the event before the page, the page.

Nothing of the site is bound until the event is committed over `act`; what is shown then comes over `look`.
Where the event can't be committed the answer is 503 and shows nothing.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import peewee as pw
from flask import Flask, g, request
from werkzeug.wrappers import Response as WerkzeugResponse

from webapp.data.statements import row
from webapp.domain.audit import Actor
from webapp.domain.refusals import NotThere
from webapp.domain.support import visit_trail
from webapp.domain.support import visits as rules
from webapp.domain.support.visit_trail import VisitedAccount, VisitedPerson
from webapp.domain.support.visits import OpenVisit, VisitingAgent
from webapp.sites import SUPPORT
from webapp.web import htmx
from webapp.web.policy import Policy
from webapp.web.site import PLACE_KEY, binding, this_portal, this_site

log = logging.getLogger(__name__)

LONGEST_PAGE = 300
OVER = "/console"


class NothingShown(pw.OperationalError):
    """The event could not be committed."""


@dataclass(frozen=True, slots=True)
class ThisVisit:
    """A visit of which this page is shown: its event is committed."""

    visit: OpenVisit
    account: VisitedAccount
    person: VisitedPerson  # through whose eyes: the administrator by whose subscription it was opened

    @property
    def agent(self) -> VisitingAgent:
        return self.visit.agent

    @property
    def actor(self) -> Actor:
        """Who acts, for the rules."""
        return Actor("agent", name=self.agent.name, visit=self.visit.key)


def this_visit() -> ThisVisit:
    """Only pages at the host of visits ask."""
    found = shown_or_none()
    assert found is not None
    return found


def shown_or_none() -> ThisVisit | None:
    found: ThisVisit | None = g.get("shown")
    return found


def visiting_agent() -> VisitingAgent | None:
    """Of the visit that the browser has a cookie of, whether or not something is shown."""
    found: OpenVisit | None = g.get("visit")
    return found.agent if found else None


@contextmanager
def acting() -> Iterator[ThisVisit]:
    """What an agent may cause happens inside, over `act`: nothing else can be written there."""
    found = this_visit()
    binding().to("act")
    try:
        yield found
    finally:
        binding().to("look")


# ---- before each page


def cookie_name() -> str:
    return "__Host-visit" if this_portal().settings.scheme == "https" else "visit"


def recognise() -> None:
    """By rows of the shared database only."""
    if request.environ.get(PLACE_KEY) != "visit" or request.path.startswith("/static/"):
        return
    token = request.cookies.get(cookie_name(), "")
    if token:
        portal = this_portal()
        with portal.support.bound():
            g.visit = rules.visit_of(token, site=this_site(), regions=portal.regions, now=portal.clock())


def admit(declared: Policy) -> Any | None:
    """On the way to each view at the host of visits."""
    if declared.place == "anywhere" or (declared.place == "visit" and declared.who == "public"):
        return None if request.method in ("GET", "HEAD") else _not_here()
    shows = declared.visits and request.method in ("GET", "HEAD")
    if declared.place != "visit" and not shows:
        raise NotThere
    found: OpenVisit | None = g.get("visit")
    if found is None:
        return htmx.sign_in_first(_way_back())
    _commit_look(found)
    _refuse_other_accounts()
    return None


def _not_here() -> Any:
    raise NotThere


def _way_back() -> str:
    """To the console: there a visit that is over can be opened again."""
    portal, token = this_portal(), request.cookies.get(cookie_name(), "")
    with portal.support.bound():
        key = rules.key_of(token, site=this_site()) if token else None
    return portal.settings.origin(SUPPORT) + (f"/visits/{key}" if key else OVER)


def _commit_look(visit: OpenVisit) -> None:
    page, view = request.full_path.rstrip("?")[:LONGEST_PAGE], request.endpoint or ""
    try:
        binding().to("act")
        seen = visit_trail.note_look(visit, page=page, view=view, now=this_portal().clock())
        binding().to("look")
    except NotThere:
        binding().off()
        raise
    except Exception as failure:
        binding().off()
        log.error("the event of a visit's page could not be committed: %s", type(failure).__name__)
        raise NothingShown("the event of a visit's page could not be committed") from failure
    g.shown = ThisVisit(visit, seen.account, seen.person)


# ---- a person may belong to several accounts: only the visited one is shown

_OF_ACCOUNT = {
    "public_id": "SELECT s.account_id FROM subscription s WHERE s.public_id = :value",
    "order_number": "SELECT s.account_id FROM subscription s JOIN shop_order o ON o.id = s.order_id"
    " WHERE o.order_number = :value",
    "number": "SELECT s.account_id FROM invoice i JOIN subscription s ON s.id = i.subscription_id"
    " WHERE i.number = :value",
}


def _refuse_other_accounts() -> None:
    """Whatever the address names is of this account."""
    account = this_visit().account
    for name, value in (request.view_args or {}).items():
        if sql := _OF_ACCOUNT.get(name):
            found = row(sql, value=value)
            if found is None or found.account_id != account.id:
                raise NotThere
    if (request.args.get("account") or account.customer_number) != account.customer_number:
        raise NotThere


# ---- the cookie of a visit


def enter(answer: WerkzeugResponse, token: str) -> WerkzeugResponse:
    secure = this_portal().settings.scheme == "https"
    answer.set_cookie(cookie_name(), token, httponly=True, samesite="Lax", secure=secure, path="/")
    return answer


def leave(answer: WerkzeugResponse) -> WerkzeugResponse:
    answer.delete_cookie(cookie_name(), path="/", secure=this_portal().settings.scheme == "https")
    return answer


def init_app(app: Flask) -> None:
    app.before_request(recognise)
