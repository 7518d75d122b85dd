"""Limits per network address (Flask-Limiter); those per person are rows at the site (`domain/limits.py`)."""

from __future__ import annotations

from datetime import timedelta

from flask import Flask
from flask_limiter import Limiter, RequestLimit
from flask_limiter.util import get_remote_address

from webapp.domain.limits import TooOften
from webapp.web.site import site_or_none


def _address_at_site() -> str:
    site = site_or_none()
    return f"{site.code if site else 'front'}:{get_remote_address()}"


def _refuse(limit: RequestLimit) -> None:
    raise TooOften(timedelta(seconds=limit.limit.get_expiry()))


limiter = Limiter(_address_at_site, default_limits=[], on_breach=_refuse, headers_enabled=False)

# An office behind one address has many people: wider than the limit of one person.
sign_ins_per_address = limiter.limit("60 per 5 minutes", methods=["POST"])
links_per_address = limiter.limit("30 per hour", methods=["POST"])


def init_app(app: Flask) -> None:
    app.config["RATELIMIT_STORAGE_URI"] = app.extensions["portal"].settings.rate_limit_storage
    limiter.init_app(app)
