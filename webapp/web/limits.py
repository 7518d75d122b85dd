"""Limits per network address (`limits`); those per person are rows at the site (`domain/limits.py`)."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from datetime import timedelta
from functools import wraps
from typing import Any, TypeVar

from flask import Flask, current_app, request
from limits import RateLimitItem, parse
from limits.errors import StorageError
from limits.storage import MemoryStorage, Storage, storage_from_string
from limits.strategies import FixedWindowRateLimiter

from webapp.domain.hashing import hash_token
from webapp.domain.limits import TooOften
from webapp.web import agent_auth
from webapp.web.site import site_or_none

log = logging.getLogger(__name__)

View = TypeVar("View", bound=Callable[..., Any])


def _network_address() -> str:
    return str(request.remote_addr)


def _secret() -> str:
    return hash_token(str((request.view_args or {})["token"]))


def _agent() -> str:
    return str(agent_auth.agent().id)


def _limited(name: str, text: str, per: Callable[[], str] = _network_address) -> Callable[[View], View]:
    """A decorator of views that count; those with the same name share what they count."""
    limit = parse(text)

    def decorate(view: View) -> View:
        @wraps(view)
        def counted(**values: Any) -> Any:
            site = site_or_none()
            counter: Counting = current_app.extensions["limits"]
            if not counter.hit(limit, name, site.code if site else "front", per()):
                raise TooOften(timedelta(seconds=limit.get_expiry()))
            return view(**values)

        return counted  # type: ignore[return-value]

    return decorate


# An office behind one address has many people: wider than the limit of one person.
sign_ins_per_address = _limited("sign-in", "60 per 5 minutes")
codes_per_address = _limited("code", "60 per 5 minutes")
agents_per_address = _limited("agent", "30 per 5 minutes")
# Somebody who types and looks; not a program that reads one customer after the other.
searches_per_agent = _limited("agent-search", "300 per 5 minutes", per=_agent)
links_per_address = _limited("link", "30 per hour")
# Mail providers press the button for all their users.
unsubscribing_per_address = _limited("unsubscribing", "600 per hour")
# Services read the calendars of many people from one address.
readings_per_calendar = _limited("calendar", "60 per hour", per=_secret)


class Counting:
    """In one place for all processes. While that does not answer each counts for itself: nobody is turned
    away because Redis is down, and nobody may try without end."""

    def __init__(self, url: str) -> None:
        self._alone = FixedWindowRateLimiter(MemoryStorage())
        self._shared = self._alone if url.startswith("memory:") else FixedWindowRateLimiter(_redis(url))

    def hit(self, limit: RateLimitItem, *names: str) -> bool:
        try:
            return self._shared.hit(limit, *names)
        except StorageError as problem:
            log.warning("Limits are counted by each process alone: %s", problem.storage_error)
            return self._alone.hit(limit, *names)

    def seconds_left(self, limit: RateLimitItem, *names: str) -> float:
        """Until these names may try again."""
        try:
            stats = self._shared.get_window_stats(limit, *names)
        except StorageError:
            stats = self._alone.get_window_stats(limit, *names)
        return stats.reset_time - time.time()


def _redis(url: str) -> Storage:
    patience: dict[str, float] = {"socket_timeout": 1.0, "socket_connect_timeout": 1.0}
    storage = storage_from_string(url, wrap_exceptions=True, **patience)
    assert isinstance(storage, Storage)  # the other kind is for coroutines
    return storage


def init_app(app: Flask) -> None:
    app.extensions["limits"] = Counting(app.extensions["portal"].settings.rate_limit_storage)
