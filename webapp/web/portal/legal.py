"""Imprint, privacy and accessibility statement of the country site."""

from __future__ import annotations

from typing import Any

from flask import Blueprint

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
    return htmx.render("legal/privacy.html")


@pages.get("/accessibility")
@policy("public")
def accessibility() -> Any:
    return htmx.render("legal/accessibility.html")
