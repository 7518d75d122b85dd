"""Claims that somebody objected to, at the sites of the agent's regions: which, and nothing of whose."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Any

from flask import Blueprint, Flask, current_app

from webapp import i18n
from webapp.domain.claims import claims
from webapp.domain.everywhere import Everywhere
from webapp.web import agent_auth, htmx
from webapp.web.policy import policy

pages = Blueprint("support_claims", __name__, url_prefix="/console/claims")

_EVERYWHERE = "everywhere, claims"


@dataclass(frozen=True, slots=True)
class Dispute:
    """As plain values: rows belong to their site."""

    public_id: str
    company: str
    objected_at: datetime


def init_app(app: Flask) -> None:
    portal = app.extensions["portal"]
    app.extensions[_EVERYWHERE] = Everywhere(partial(portal.at, mode="look"))


@pages.get("")
@policy("agent", place="support")
def show() -> Any:
    """On the console's first page it comes after all else, and a site that hangs is not waited for."""
    spoken, sites = i18n.current_speech().text_language, agent_auth.agent_sites()
    everywhere: Everywhere = current_app.extensions[_EVERYWHERE]
    found = {answer.site: answer.found for answer in everywhere.ask(sites, _disputes)}
    return htmx.render(
        "support/claims/list.html",
        fragment="support/claims/_list.html",
        disputes=[(site, one) for site in sites for one in found[site] or ()],
        unreachable=[site.name_in(spoken) for site in sites if found[site] is None],
    )


def _disputes() -> Sequence[Dispute]:
    return [
        Dispute(one.subscription.public_id, one.subscription.account.name, one.objected_at)
        for one in claims.disputes()
    ]
