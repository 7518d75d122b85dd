"""Where an agent begins."""

from __future__ import annotations

from typing import Any

from flask import Blueprint

from webapp.web import agent_auth, htmx
from webapp.web.policy import policy
from webapp.web.site import this_portal

pages = Blueprint("console", __name__, url_prefix="/console")


@pages.get("")
@policy("agent", place="support")
def show() -> Any:
    portal, agent = this_portal(), agent_auth.agent()
    regions = [region for region in portal.regions if region.code in agent.regions]
    return htmx.render(
        "support/home.html",
        regions=[(region, portal.regions.sites_of([region.code])) for region in regions],
    )
