"""Who is at the support console: a cookie of its host only, a row of the shared database behind it."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

from flask import g, request, session

from webapp.domain.people.whereabouts import network_of
from webapp.domain.support import agent_sign_in
from webapp.domain.support.agent_sign_in import SignedInAgent
from webapp.sites import Site
from webapp.web import htmx
from webapp.web.site import FAILURE_KEY, place, this_portal

SIGN_IN, PROOF, SET_UP, HOME = "/agent/sign-in", "/agent/proof", "/agent/set-up", "/console"
_TOKEN = "agent"


def half_agent() -> SignedInAgent:
    """Whoever has shown their password. Only views with the policy `half_agent` or `agent` ask."""
    found = half_agent_or_none()
    assert found is not None
    return found


def agent() -> SignedInAgent:
    """Who is signed in, with both factors. Only views with the policy `agent` ask."""
    found = half_agent()
    assert found.factor
    return found


def half_agent_or_none() -> SignedInAgent | None:
    if place() != "support" or "nobody_asked" in g or request.environ.get(FAILURE_KEY):
        return None
    if "agent" not in g:
        token = session.get(_TOKEN)
        g.agent = agent_sign_in.agent_of_session(token, now=this_portal().clock()) if token else None
    found: SignedInAgent | None = g.agent
    return found


def agent_or_none() -> SignedInAgent | None:
    found = half_agent_or_none()
    return found if found and found.factor else None


def agent_sites() -> tuple[Site, ...]:
    """Of the regions of who is signed in."""
    return this_portal().regions.sites_of(agent().regions)


def begin(token: str) -> None:
    """A new session: nothing of an earlier one is kept."""
    session.clear()
    session[_TOKEN] = token
    g.pop("agent", None)


def end() -> None:
    session.clear()
    g.pop("agent", None)


def network() -> str:
    """The neighbourhood they come from, for who reads what happened."""
    return network_of(str(request.remote_addr))


def user_agent() -> str:
    return request.headers.get("User-Agent", "")


def with_next(path: str, next_path: str) -> str:
    return f"{path}?next={quote(next_path, safe='/')}" if next_path not in ("", "/", HOME) else path


def way_on(found: SignedInAgent, next_path: str) -> str:
    """Where who has shown their password goes: to show, or to set up, their second factor."""
    if found.factor:
        return next_path or HOME
    return with_next(PROOF if found.has_factor else SET_UP, next_path)


def require(who: str, wanted: str) -> Any | None:
    """`wanted` is the address that was asked for, where one can come back to it."""
    found = half_agent_or_none()
    if found is None:
        return htmx.sign_in_first(with_next(SIGN_IN, wanted))
    if who == "agent" and not found.factor:
        return htmx.sign_in_first(way_on(found, wanted))
    return None
