"""Where a request came from, told by the proxies that `PORTAL_PROXIES` names. Nobody else is believed."""

from __future__ import annotations

import re
import secrets
from ipaddress import ip_address
from typing import Any

from webapp.config import Network

_REQUEST_ID = re.compile(r"[A-Za-z0-9._-]{8,64}")
_SCHEMES = ("http", "https")


def _is_among(address: str, networks: tuple[Network, ...]) -> bool:
    try:
        asked = ip_address(address)
    except ValueError:
        return False
    asked = getattr(asked, "ipv4_mapped", None) or asked  # as a socket for both kinds calls it
    return any(asked in network for network in networks)


def believe(environ: dict[str, Any], proxies: tuple[Network, ...]) -> None:
    """Address and scheme as the customer has them. A header that a stranger sent is taken out."""
    told = environ.pop("HTTP_X_FORWARDED_FOR", "")
    scheme = environ.pop("HTTP_X_FORWARDED_PROTO", "")
    if not _is_among(environ.get("REMOTE_ADDR", ""), proxies):
        environ.pop("HTTP_X_REQUEST_ID", None)
        return
    if scheme in _SCHEMES:
        environ["wsgi.url_scheme"] = scheme
    for address in reversed([part.strip() for part in told.split(",") if part.strip()]):
        try:
            environ["REMOTE_ADDR"] = str(ip_address(address))
        except ValueError:
            return
        if not _is_among(address, proxies):
            return


def request_id(environ: dict[str, Any]) -> str:
    """The proxy's, so that both logs name the same; else a new one."""
    given = environ.get("HTTP_X_REQUEST_ID", "")
    return given if _REQUEST_ID.fullmatch(given) else secrets.token_hex(16)
