"""Opening a visit: why, and for which ticket. The customer reads both."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, request

from webapp.domain.refusals import NotThere
from webapp.domain.support import visit_trail, visits
from webapp.sites import SUPPORT, Site
from webapp.web import agent_auth, htmx
from webapp.web.forms import VisitForm
from webapp.web.policy import policy
from webapp.web.site import this_portal

pages = Blueprint("support_visits", __name__, url_prefix="/visits")


def _site(code: str) -> Site:
    """One of the agent's regions; to others the console knows none."""
    for site in agent_auth.agent_sites():
        if site.code == code:
            return site
    raise NotThere


def _page(form: VisitForm, *, status: int = 200) -> Any:
    site = _site(str(form.site.data or ""))
    with this_portal().at(site, "look"):
        to = visit_trail.destination(_public_id(form))
    return htmx.render("support/visit.html", status=status, form=form, to=to, at=site)


def _public_id(form: VisitForm) -> str:
    return str(form.subscription.data or "").replace("\0", "")[:40]


@pages.get("/new")
@policy("agent", place="support")
def ask() -> Any:
    return _page(VisitForm(request.args))


@pages.post("")
@policy("agent", place="support")
def open_visit() -> Any:
    """First the customer's trail, then the visit: there is none that they do not see."""
    form, agent, portal = VisitForm(request.form), agent_auth.agent(), this_portal()
    if not form.validate():
        return _page(form, status=422)
    site, now, key = _site(str(form.site.data or "")), portal.clock(), visits.new_key()
    why = {"reason": str(form.reason.data), "ticket": str(form.ticket.data)}
    with portal.at(site, "act"):
        to = visit_trail.destination(_public_id(form))
        visit_trail.note_opened(to, key=key, agent_name=agent.name, **why, now=now)
    entry = visits.open_visit(agent, to, key=key, **why, now=now)
    first = f"?subscription={to.public_id}" if to.seen_by_its_administrator(now) else ""
    return htmx.go(f"{_host_of(site)}/support/enter/{entry}{first}")


def _host_of(site: Site) -> str:
    return this_portal().settings.origin(f"{site.code}.{SUPPORT}")


@pages.get("/<seat_key:key>")
@policy("agent", place="support")
def show(key: str) -> Any:
    """One that is over, or not: with what it takes to open it anew."""
    portal = this_portal()
    visit = visits.past_visit(agent_auth.agent(), key)
    if visit is None:
        raise NotThere
    site = _site(str(visit.site))
    return htmx.render(
        "support/visit_over.html",
        past=visit,
        at=site,
        over=visit.ended_at is not None or visit.valid_until <= portal.clock(),
        way_back=_host_of(site) + "/subscriptions",
    )
