"""Encrypted ways to the mail server, and signing in there."""

from __future__ import annotations

import ssl
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from aiosmtpd.smtp import AuthResult, LoginPassword

from tests.mail.server import MailServer
from tests.mail.test_message import built
from webapp.mail.failures import ServerUnavailable
from webapp.mail.smtp import SmtpTransport

CERTIFICATE = Path(__file__).parent / "certificate.pem"  # for 127.0.0.1, signed by itself


@pytest.fixture
def serve() -> Iterator[Callable[..., MailServer]]:
    started: list[MailServer] = []

    def start(**options: Any) -> MailServer:
        server = MailServer(options=options)
        server.start()
        started.append(server)
        return server

    yield start
    for server in started:
        server.stop()


@pytest.fixture
def trusted(monkeypatch: pytest.MonkeyPatch) -> None:
    """As if an authority had signed the test server's certificate."""
    monkeypatch.setenv("SSL_CERT_FILE", str(CERTIFICATE))


def certificate() -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(CERTIFICATE)
    return context


def let_in(server: Any, session: Any, envelope: Any, mechanism: str, given: Any) -> AuthResult:
    right = isinstance(given, LoginPassword) and (given.login, given.password) == (b"portal", b"p@ss word")
    return AuthResult(success=right, handled=right)


def send(url: str) -> None:
    transport = SmtpTransport(url, timeout=5)
    try:
        transport.deliver(built(), "eloise@example.com")
    finally:
        transport.close()


def with_scheme(server: MailServer, scheme: str, sign_in: str = "") -> str:
    return server.url.replace("smtp://", f"{scheme}://{sign_in}")


@pytest.mark.usefixtures("trusted")
def test_starttls_and_sign_in_with_the_urls_name_and_password(serve: Callable[..., MailServer]) -> None:
    server = serve(tls_context=certificate(), require_starttls=True, auth_required=True, authenticator=let_in)
    send(with_scheme(server, "smtp+starttls", "portal:p%40ss%20word@"))
    assert server.recipients == ["eloise@example.com"]


@pytest.mark.usefixtures("trusted")
def test_a_wrong_password_is_no_mails_fault(serve: Callable[..., MailServer]) -> None:
    server = serve(tls_context=certificate(), auth_required=True, authenticator=let_in)
    with pytest.raises(ServerUnavailable, match="535"):
        send(with_scheme(server, "smtp+starttls", "portal:wrong@"))
    assert server.accepted == []


@pytest.mark.usefixtures("trusted")
def test_smtps_is_encrypted_from_the_first_byte(serve: Callable[..., MailServer]) -> None:
    server = serve(ssl_context=certificate())
    send(with_scheme(server, "smtps"))
    assert server.recipients == ["eloise@example.com"]


@pytest.mark.parametrize(("scheme", "option"), [("smtp+starttls", "tls_context"), ("smtps", "ssl_context")])
def test_a_certificate_that_nobody_vouches_for_gets_no_mail(
    serve: Callable[..., MailServer], scheme: str, option: str
) -> None:
    server = serve(**{option: certificate()})
    with pytest.raises(ServerUnavailable, match="CERTIFICATE_VERIFY_FAILED"):
        send(with_scheme(server, scheme))
    assert server.accepted == []
