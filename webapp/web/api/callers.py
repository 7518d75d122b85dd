"""Who asks: a key in the header `Authorization`, and nothing else. How often is counted here too."""

from __future__ import annotations

import math

from flask import current_app, g, request
from limits import RateLimitItem, parse

from webapp.domain.shop import api_keys
from webapp.domain.shop.api_keys import Caller, KeyInvalid
from webapp.web.api.problems import Problem
from webapp.web.limits import Counting
from webapp.web.policy import policy_of
from webapp.web.site import this_portal, this_site

PER_KEY = parse("6000 per minute")
WRONG_KEYS_PER_ADDRESS = parse("60 per minute")


def caller() -> Caller:
    """Only views with the policy `key` ask."""
    found: Caller = g.caller
    return found


def require_key() -> None:
    """Before each view that wants a key."""
    declared = policy_of(current_app, request.endpoint) if request.endpoint else None
    if declared is None or declared.who != "key":
        return
    found = _shown()
    _count(PER_KEY, "api", found.name)
    if declared.scope not in found.scopes:
        raise _insufficient(declared.scope)
    g.caller = found


def _shown() -> Caller:
    kind, _, key = request.headers.get("Authorization", "").partition(" ")
    if not kind:
        raise _unauthorized("")
    try:
        return api_keys.caller_of(key.strip() if kind.lower() == "bearer" else "", now=this_portal().clock())
    except KeyInvalid:
        _count(WRONG_KEYS_PER_ADDRESS, "api wrong key", str(request.remote_addr))
        raise _unauthorized(', error="invalid_token"') from None


def _unauthorized(more: str) -> Problem:
    realm = f'Bearer realm="{this_site().code}"{more}'
    return Problem(401, "unauthorized", "send a valid API key of this site", WWW_Authenticate=realm)


def _insufficient(scope: str) -> Problem:
    detail = f"this needs a key with the scope {scope}"
    challenge = f'Bearer realm="{this_site().code}", error="insufficient_scope", scope="{scope}"'
    return Problem(403, "insufficient_scope", detail, WWW_Authenticate=challenge)


def _count(limit: RateLimitItem, kind: str, whose: str) -> None:
    counter: Counting = current_app.extensions["limits"]
    named = (kind, this_site().code, whose)
    if counter.hit(limit, *named):
        return
    seconds = str(max(1, math.ceil(counter.seconds_left(limit, *named))))
    raise Problem(429, "too_many_requests", f"wait for {seconds} seconds", Retry_After=seconds)
