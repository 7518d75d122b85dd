"""Which addresses may be asked: never the inside of our own network, unless a setting names it."""

from __future__ import annotations

import ipaddress
import socket
from dataclasses import dataclass
from urllib.parse import SplitResult, urlsplit

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Network = ipaddress.IPv4Network | ipaddress.IPv6Network

LONGEST_URL = 500
_PUBLIC_IPV6 = ipaddress.ip_network("2000::/3")  # what lies beyond may lead to IPv4 addresses, and so inside


class Unreachable(Exception):
    """The URL can't be one of an endpoint; says why."""


@dataclass(frozen=True, slots=True)
class Reach:
    networks: tuple[Network, ...] = ()  # not public, and allowed all the same
    https_only: bool = True

    def checked_url(self, url: str) -> str:
        """What can be seen without asking anybody. Where its name leads is looked at on each delivery."""
        parts = _split(url)
        if parts.scheme not in (("https",) if self.https_only else ("https", "http")):
            raise Unreachable("The URL must begin with https://.")
        if not parts.hostname or "@" in parts.netloc or parts.fragment:
            raise Unreachable("The URL must name a host, and neither a user nor a fragment (#…).")
        try:
            address = ipaddress.ip_address(parts.hostname)
        except ValueError:
            return url  # a name
        self._refuse_inside(address)
        return url

    def addresses(self, host: str, port: int) -> list[str]:
        """Where the name leads. One address of the inside is enough to refuse them all: what was looked at is
        what will be asked, and no second question to the name server stands between."""
        try:
            found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
        except (OSError, UnicodeError) as problem:
            raise Unreachable(f"The name {host} was not found: {problem}") from None
        addresses = list(dict.fromkeys(str(each[4][0]) for each in found))
        for address in addresses:
            self._refuse_inside(ipaddress.ip_address(address.partition("%")[0]))
        return addresses

    def _refuse_inside(self, address: Address) -> None:
        address = getattr(address, "ipv4_mapped", None) or address
        if not _is_public(address) and not any(address in network for network in self.networks):
            raise Unreachable(f"{address} is not a public address (PORTAL_WEBHOOK_NETWORKS allows others).")


def _split(url: str) -> SplitResult:
    if len(url) > LONGEST_URL or not url.isascii() or not url.isprintable() or " " in url:
        raise Unreachable(f"A URL has at most {LONGEST_URL} characters, all of them ASCII, and no spaces.")
    try:
        parts = urlsplit(url)
        _port = parts.port
    except ValueError as problem:
        raise Unreachable(f"This is no URL: {problem}.") from None
    return parts


def _is_public(address: Address) -> bool:
    if not address.is_global or address.is_multicast:
        return False
    if isinstance(address, ipaddress.IPv4Address):
        return True
    return address in _PUBLIC_IPV6 and not address.sixtofour and not address.teredo
