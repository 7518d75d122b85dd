"""Claims that somebody objected to, at the sites of the agent's regions: which, and nothing of whose."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from flask import Blueprint

from webapp import i18n
from webapp.data.database import STORAGE_FAILURES
from webapp.data.schema import OldSchema
from webapp.domain import claims
from webapp.sites import Site
from webapp.web import agent_auth, htmx
from webapp.web.policy import policy
from webapp.web.site import this_portal

log = logging.getLogger(__name__)
pages = Blueprint("support_claims", __name__, url_prefix="/console/claims")


@dataclass(frozen=True, slots=True)
class Dispute:
    """As plain values: rows belong to their site."""

    public_id: str
    company: str
    objected_at: datetime


@pages.get("")
@policy("agent", place="support")
def show() -> Any:
    """On the console's first page it comes after all else, so that a slow site keeps nobody waiting there."""
    spoken = i18n.current_speech().text_language
    found = [(site, _of(site)) for site in agent_auth.agent_sites()]
    return htmx.render(
        "support/claims/list.html",
        fragment="support/claims/_list.html",
        disputes=[(site, one) for site, many in found for one in many or ()],
        unreachable=[site.name_in(spoken) for site, many in found if many is None],
    )


def _of(site: Site) -> Sequence[Dispute] | None:
    """None: its database does not answer."""
    try:
        with this_portal().at(site, "look"):
            return [
                Dispute(one.subscription.public_id, one.subscription.account.name, one.objected_at)
                for one in claims.disputes()
            ]
    except (OldSchema, *STORAGE_FAILURES) as problem:
        log.warning("Site %s does not say which claims wait: %s", site.code, problem)
        return None
