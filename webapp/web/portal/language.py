"""The switch of languages: kept for the person, or in a cookie before sign-in."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, request

from webapp.domain.people import people
from webapp.domain.support import agents
from webapp.web import agent_auth, auth, htmx
from webapp.web.language import COOKIE, offered
from webapp.web.policy import policy
from webapp.web.site import this_portal

pages = Blueprint("language", __name__)

_A_YEAR = 365 * 24 * 3600


@pages.post("/language")
@policy("public", place="anywhere")
def choose() -> Any:
    code = request.form.get("language", "")
    answer = htmx.go(auth.local_path(request.form.get("next", "")) or "/")
    if code not in offered():
        return answer
    if visitor := auth.visitor_or_none():
        people.choose_language(visitor.person_id, code, now=this_portal().clock())
    if agent := agent_auth.half_agent_or_none():
        agents.choose_language(agent.id, code)
    secure = this_portal().settings.scheme == "https"
    answer.set_cookie(COOKIE, code, max_age=_A_YEAR, samesite="Lax", httponly=True, secure=secure)
    return answer
