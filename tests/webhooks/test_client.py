"""One POST, whatever the other end does."""

from __future__ import annotations

import socket
import ssl
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler
from ipaddress import ip_network
from threading import Thread

import pytest

from tests.mail.test_smtp_encrypted import CERTIFICATE
from tests.support.receiver import Got, Receiver, answer, receiving
from webapp.webhooks import NotDelivered, Reach, post

REACH = Reach((ip_network("127.0.0.0/8"),), https_only=False)


@pytest.fixture(scope="module")
def receiver() -> Iterator[Receiver]:
    with receiving() as receiver:
        yield receiver


def test_body_headers_and_path_arrive_as_they_are(receiver: Receiver) -> None:
    said = post(receiver.url("/a/b?c=1"), '{"é": 1}', {"webhook-id": "msg_1"}, reach=REACH)
    assert (said.status, said.text) == (204, "")
    got = receiver.got[-1]
    assert (got.path, got.body, got.headers["webhook-id"]) == ("/a/b?c=1", '{"é": 1}', "msg_1")
    assert got.headers["host"] == f"127.0.0.1:{receiver.port}"


def test_a_redirect_is_an_answer_and_nothing_to_follow(receiver: Receiver) -> None:
    receiver.say_next = [answer(307, Location=receiver.url("/elsewhere"))]
    before = len(receiver.got)
    assert post(receiver.url(), "{}", {}, reach=REACH).status == 307
    assert len(receiver.got) == before + 1


def test_of_a_long_answer_little_is_read_and_kept(receiver: Receiver) -> None:
    receiver.say_next = [answer(400, "no\n\x00\x1b[31m " + "x" * 5_000_000, Retry_After="7")]
    said = post(receiver.url(), "{}", {}, reach=REACH)
    assert (said.status, said.retry_after, len(said.text)) == (400, 7, 200)
    assert said.text.startswith("no [31m xxx")


def drip(handler: BaseHTTPRequestHandler, _got: Got) -> None:
    """A byte now and then: no single wait is long."""
    for letter in b"HTTP/1.1 200 OK\r\nX-Slow: " + b"x" * 200:
        handler.wfile.write(bytes([letter]))
        handler.wfile.flush()
        time.sleep(0.05)


def silence(handler: BaseHTTPRequestHandler, _got: Got) -> None:
    time.sleep(2)


@pytest.mark.parametrize("say", [drip, silence])
def test_who_is_slow_is_given_up_in_time(receiver: Receiver, say) -> None:
    receiver.say_next = [say]
    began = time.monotonic()
    with pytest.raises(NotDelivered, match="No whole answer within"):
        post(receiver.url(), "{}", {}, reach=REACH, seconds=0.4)
    assert time.monotonic() - began < 1.5


@pytest.mark.parametrize(
    "garbage",
    [b"", b"hello\r\n\r\n", b"HTTP/1.1 two hundred\r\n\r\n", b"\x00\xff" * 40_000],
)
def test_garbage_is_no_answer(garbage: bytes) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:

        def babble() -> None:
            connection, _address = server.accept()
            connection.recv(65536)
            connection.sendall(garbage)
            connection.close()

        thread = Thread(target=babble, daemon=True)
        thread.start()
        with pytest.raises(NotDelivered):
            post(f"http://127.0.0.1:{server.getsockname()[1]}/", "{}", {}, reach=REACH, seconds=2)
        thread.join(5)


def test_a_closed_door_and_a_name_that_nobody_has_say_so() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    with pytest.raises(NotDelivered, match="refused"):
        post(f"http://127.0.0.1:{port}/", "{}", {}, reach=REACH)
    with pytest.raises(NotDelivered, match=r"nobody\.invalid"):
        post("http://nobody.invalid/", "{}", {}, reach=REACH)


def test_a_certificate_that_nobody_vouches_for_is_refused() -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(CERTIFICATE)
    with socket.create_server(("127.0.0.1", 0)) as server:

        def greet() -> None:
            connection, _address = server.accept()
            try:
                context.wrap_socket(connection, server_side=True)
            except OSError:
                connection.close()

        Thread(target=greet, daemon=True).start()
        with pytest.raises(NotDelivered, match="certificate"):
            post(f"https://127.0.0.1:{server.getsockname()[1]}/", "{}", {}, reach=REACH, seconds=3)
