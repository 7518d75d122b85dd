"""Imprint, privacy and accessibility statement of the country site."""

from __future__ import annotations

from typing import Any

from flask import Blueprint

from webapp.domain import limits
from webapp.domain.people import sign_in, whereabouts
from webapp.domain.seats import seat_facts, seat_files
from webapp.web import htmx
from webapp.web.policy import policy

pages = Blueprint("legal", __name__)


@pages.get("/imprint")
@policy("public")
def imprint() -> Any:
    return htmx.render("legal/imprint.html")


@pages.get("/privacy")
@policy("public")
def privacy() -> Any:
    """Says for how long things are kept, by the figures that the rules themselves use."""
    return htmx.render(
        "legal/privacy.html",
        session_days=sign_in.ABSOLUTE.days,
        idle_hours=sign_in.IDLE.seconds // 3600,
        link_minutes=sign_in.LINK_MINUTES,
        attempt_days=limits.KEPT.days,
        whereabouts_days=whereabouts.KEPT.days,
        invitation_days=seat_facts.LINK_DAYS,
        file_days=seat_files.KEPT.days,
    )


@pages.get("/accessibility")
@policy("public")
def accessibility() -> Any:
    return htmx.render("legal/accessibility.html")
