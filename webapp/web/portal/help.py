"""The questions that customers ask most, answered; linked from every page."""

from __future__ import annotations

from typing import Any

from flask import Blueprint

from webapp.domain.calendar import ACTIVATION_DAYS
from webapp.domain.people.sign_in import LINK_MINUTES
from webapp.web import htmx
from webapp.web.policy import policy

pages = Blueprint("help", __name__)


@pages.get("/help")
@policy("public")
def show() -> Any:
    return htmx.render("help/page.html", activation_days=ACTIVATION_DAYS, link_minutes=LINK_MINUTES)
