"""Where webhooks may go: to public addresses, and to those of our own that a setting names."""

from __future__ import annotations

import socket
from ipaddress import ip_network

import pytest

from webapp.webhooks import NotDelivered, Reach, Unreachable, post

STRICT = Reach()
HERE = Reach((ip_network("127.0.0.0/8"),), https_only=False)


@pytest.mark.parametrize(
    "url",
    [
        "http://shop.example/hooks",
        "ftp://shop.example/",
        "https:///hooks",
        "https://user:password@shop.example/",
        "https://shop.example/#part",
        "https://shop.example:99999/",
        "https://shop.example/two words",
        "https://shöp.example/",
        "https://shop.example/\n",
        "https://shop.example/" + "x" * 500,
        "https://127.0.0.1/",
        "https://10.1.2.3/",
        "https://169.254.169.254/latest/meta-data/",
        "https://[::1]/",
        "https://[fd00::1]/",
        "https://[::ffff:10.0.0.1]/",
        "https://[64:ff9b::a00:1]/",
        "https://[2002:a00:1::1]/",
        "https://0.0.0.0/",
        "https://224.0.0.1/",
    ],
)
def test_what_leads_inside_or_is_no_url_is_refused(url: str) -> None:
    with pytest.raises(Unreachable):
        STRICT.checked_url(url)


@pytest.mark.parametrize(
    "url", ["https://shop.example/hooks?a=1", "https://8.8.8.8:8443/", "https://[2600::1]/"]
)
def test_public_ones_are_taken(url: str) -> None:
    assert STRICT.checked_url(url) == url


@pytest.mark.parametrize(
    "answers", [["10.0.0.7"], ["8.8.8.8", "127.0.0.1"], ["::1"], ["fe80::1%eth0"], ["::ffff:192.168.0.1"]]
)
def test_a_name_that_leads_inside_is_refused_whatever_else_it_leads_to(
    monkeypatch: pytest.MonkeyPatch, answers: list[str]
) -> None:
    def resolved(*_args: object, **_options: object) -> list[tuple[object, ...]]:
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, 443)) for address in answers]

    monkeypatch.setattr(socket, "getaddrinfo", resolved)
    monkeypatch.setattr(socket, "create_connection", lambda *_args, **_options: pytest.fail("it was asked"))
    with pytest.raises(NotDelivered, match="not a public address"):
        post("https://shop.example/", "{}", {}, reach=STRICT)


def test_the_address_that_was_looked_at_is_the_one_that_is_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    """A name server that answers twice, and otherwise the second time, gets no second question."""
    asked: list[str] = []
    answers = iter(["8.8.8.8", "127.0.0.1"])

    def resolved(*_args: object, **_options: object) -> list[tuple[object, ...]]:
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (next(answers), 443))]

    def connect(address: tuple[str, int], **_options: object) -> None:
        asked.append(address[0])
        raise OSError("no route")

    monkeypatch.setattr(socket, "getaddrinfo", resolved)
    monkeypatch.setattr(socket, "create_connection", connect)
    with pytest.raises(NotDelivered):
        post("https://shop.example/", "{}", {}, reach=STRICT)
    assert asked == ["8.8.8.8"]


def test_a_setting_allows_a_network_of_our_own() -> None:
    assert HERE.checked_url("http://127.0.0.1:8000/") == "http://127.0.0.1:8000/"
    with pytest.raises(Unreachable):
        HERE.checked_url("http://10.0.0.1/")
