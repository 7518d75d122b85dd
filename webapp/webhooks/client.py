"""One POST to somebody else's server: to an address that was looked at, within a time, following nothing.

Written on `http.client`, since what matters here is what friendlier clients keep to themselves: which
address is connected to, and that all of it ends in time, however slowly an answer drips.
"""

from __future__ import annotations

import http.client
import socket
import ssl
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from functools import cache
from urllib.parse import SplitResult, urlsplit

from webapp.webhooks.reach import Reach, Unreachable

SECONDS = 15.0  # for everything, after the name was found
_CONNECT_SECONDS = 5.0
_KEPT = 200  # characters of an answer's body


class NotDelivered(Exception):
    """Nobody answered, or nothing that can be understood."""


@dataclass(frozen=True, slots=True)
class Answer:
    status: int
    text: str  # its beginning, on one line
    retry_after: int | None  # seconds


def post(
    url: str, body: str, headers: Mapping[str, str], *, reach: Reach, seconds: float = SECONDS
) -> Answer:
    try:
        reach.checked_url(url)
        parts = urlsplit(url)
        port = parts.port or (443 if parts.scheme == "https" else 80)
        addresses = reach.addresses(parts.hostname or "", port)
    except Unreachable as problem:
        raise NotDelivered(str(problem)) from None
    ends = time.monotonic() + seconds
    try:
        with _connected(addresses, port, ends) as plain, _cut_at(plain, ends):
            return _asked(plain, parts, port, body, headers)
    except (OSError, http.client.HTTPException, ValueError) as problem:
        if time.monotonic() >= ends:
            raise NotDelivered(f"No whole answer within {seconds:.0f} s.") from None
        raise NotDelivered(_in_words(problem)) from None


def _in_words(problem: Exception) -> str:
    return f"{type(problem).__name__}: {_one_line(str(problem))}"


def _one_line(text: str) -> str:
    printable = "".join(letter if letter.isprintable() else " " for letter in text)
    return " ".join(printable.split())[:_KEPT]


@contextmanager
def _connected(addresses: list[str], port: int, ends: float) -> Iterator[socket.socket]:
    """The first of the addresses that takes us."""
    problem: OSError = OSError("no address")
    for address in addresses:
        try:
            left = min(_CONNECT_SECONDS, max(ends - time.monotonic(), 0.1))
            found = socket.create_connection((address, port), timeout=left)
        except OSError as refused:
            problem = refused
            continue
        with closing(found):
            found.settimeout(max(ends - time.monotonic(), 0.1))
            yield found
            return
    raise problem


@contextmanager
def _cut_at(plain: socket.socket, ends: float) -> Iterator[None]:
    """A timeout counts from byte to byte; this one doesn't. (TLS takes the socket over: hence the copy.)"""
    with closing(plain.dup()) as copy:

        def cut() -> None:
            with suppress(OSError):
                copy.shutdown(socket.SHUT_RDWR)

        alarm = threading.Timer(max(ends - time.monotonic(), 0), cut)
        alarm.daemon = True
        alarm.start()
        try:
            yield
        finally:
            alarm.cancel()
            alarm.join()


def _asked(
    plain: socket.socket, parts: SplitResult, port: int, body: str, headers: Mapping[str, str]
) -> Answer:
    host = parts.hostname or ""
    with closing(http.client.HTTPConnection(host, port)) as connection:
        secure = parts.scheme == "https"
        connection.sock = _trusted().wrap_socket(plain, server_hostname=host) if secure else plain
        path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        all_headers = {"Host": parts.netloc, "User-Agent": "subscription-portal", **headers}
        connection.request("POST", path, body.encode(), {**all_headers, "Connection": "close"})
        answer = connection.getresponse()
        text = answer.read(_KEPT * 4).decode("utf-8", "replace")
        return Answer(answer.status, _one_line(text), _seconds(answer.getheader("Retry-After")))


@cache
def _trusted() -> ssl.SSLContext:
    """By the machine's certificate authorities; its name is checked."""
    return ssl.create_default_context()


def _seconds(text: str | None) -> int | None:
    """A date instead of a number is not worth the trouble: we wait as long as we would anyway."""
    return int(text) if text and text.isascii() and text.isdigit() and len(text) < 7 else None
