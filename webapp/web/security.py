"""Headers of every answer, and the guard against forged requests."""

from __future__ import annotations

import secrets

from flask import Flask, Response, abort, current_app, g, request

from webapp.sites import SUPPORT
from webapp.web.policy import API, policy_of
from webapp.web.site import PLACE_KEY, this_portal

SAFE_METHODS = {"GET", "HEAD", "OPTIONS"}

_CSP = (
    "default-src 'none'; script-src 'nonce-{nonce}'; style-src 'self'; img-src 'self'; font-src 'self'; "
    "connect-src 'self'; form-action 'self'{forms}; base-uri 'none'; frame-ancestors 'none'; "
    "manifest-src 'self'; require-trusted-types-for 'script'; trusted-types htmx"
)
_FIXED = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
}


def nonce() -> str:
    """This answer's own: scripts and htmx attributes without it do nothing."""
    if "csp_nonce" not in g:
        g.csp_nonce = secrets.token_urlsafe(16)
    value: str = g.csp_nonce
    return value


def _forms_lead_to() -> str:
    """Besides this host: a visit begins with a form of the console and ends with one of its own, and
    browsers look at where the answer leads, too."""
    settings, here = this_portal().settings, request.environ.get(PLACE_KEY)
    if here not in ("support", "visit"):
        return ""
    return " " + settings.origin(SUPPORT if here == "visit" else f"*.{SUPPORT}")


def refuse_forged_requests() -> None:
    """Changes come from our own pages only. `SameSite` does not separate the country sites: this does."""
    if request.method in SAFE_METHODS or request.path.startswith(API) or _may_come_from_anywhere():
        return
    fetch_site = request.headers.get("Sec-Fetch-Site")
    if fetch_site == "same-origin":
        return
    if fetch_site is None and request.headers.get("Origin") == request.host_url.rstrip("/"):
        return
    abort(403)


def _may_come_from_anywhere() -> bool:
    """No cookie counts there: machines that sign what they send have none, nor such headers."""
    declared = policy_of(current_app, request.endpoint) if request.endpoint else None
    return declared is not None and (declared.from_anywhere or declared.who == "signature")


def add_headers(response: Response) -> Response:
    response.headers.extend(_FIXED)
    if response.mimetype == "text/html" and "Content-Security-Policy" not in response.headers:
        response.headers["Content-Security-Policy"] = _CSP.format(nonce=nonce(), forms=_forms_lead_to())
    if this_portal().settings.production:
        response.headers["Strict-Transport-Security"] = "max-age=63072000"
    if "Cache-Control" not in response.headers:
        response.headers["Cache-Control"] = "no-store"
    return response


def init_app(app: Flask) -> None:
    app.before_request(refuse_forged_requests)
    app.after_request(add_headers)
