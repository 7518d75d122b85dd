"""Speaks with a mail server, step by step, so that each refusal is known for what it refuses."""

from __future__ import annotations

import smtplib
import ssl
from email.message import EmailMessage
from urllib.parse import unquote, urlsplit

from webapp.mail.failures import (
    PermanentFailure,
    ServerUnavailable,
    TemporaryFailure,
    in_words,
    reply_in_words,
)
from webapp.mail.headers import wire_address

TIMEOUT_SECONDS = 20.0
DEFAULT_PORTS = {"smtp": 25, "smtp+starttls": 587, "smtps": 465}
_DONE = (250, 251)
_SERVICE_CLOSING = 421
# Refusals that are about us, not about the mail: sign-in wanted or failed, encryption wanted.
_OUR_OWN_FAULT = (530, 534, 535, 538)
_NO_CONVERSATION = (OSError, smtplib.SMTPException)

Reply = tuple[int, bytes]


class SmtpTransport:
    """One connection for as many mails as it lasts: `smtp+starttls://user:password@host:587`."""

    def __init__(self, url: str, *, timeout: float = TIMEOUT_SECONDS) -> None:
        self._url = urlsplit(url)
        self._timeout = timeout
        self._server: smtplib.SMTP | None = None

    def deliver(self, message: EmailMessage, to: str) -> None:
        sender = wire_address(message["From"].addresses[0].addr_spec)
        try:
            server = self._begin(sender, international=not to.isascii())
            _expect_taken(server.rcpt(to))
            _expect_taken(_send_data(server, message.as_bytes()))
        except _NO_CONVERSATION as problem:
            self.close()
            raise TemporaryFailure(_words_of(problem)) from problem
        except Exception:
            self._start_over()
            raise

    def greet(self) -> None:
        if self._server is None:
            self._server = self._connect(our_name="localhost")

    def close(self) -> None:
        server, self._server = self._server, None
        if server is not None:
            try:
                server.quit()
            except _NO_CONVERSATION:
                server.close()

    def _begin(self, sender: str, *, international: bool) -> smtplib.SMTP:
        """MAIL FROM, over the connection at hand if it still lives."""
        if self._server is not None:
            try:
                code, words = _mail_from(self._server, sender, international)
            except _NO_CONVERSATION:
                code, words = _SERVICE_CLOSING, b""
            if code != _SERVICE_CLOSING:
                _expect_begun((code, words))
                return self._server
            self.close()
        self._server = self._connect(our_name=sender.rpartition("@")[2])
        _expect_begun(_mail_from(self._server, sender, international))
        return self._server

    def _connect(self, our_name: str) -> smtplib.SMTP:
        server = None
        try:
            server = self._open(our_name)
            self._introduce(server)
        except _NO_CONVERSATION as problem:
            if server is not None:
                server.close()
            raise ServerUnavailable(_words_of(problem)) from problem
        return server

    def _open(self, our_name: str) -> smtplib.SMTP:
        host, port = self._url.hostname or "", self._url.port or DEFAULT_PORTS[self._url.scheme]
        if self._url.scheme == "smtps":
            context = ssl.create_default_context()
            return smtplib.SMTP_SSL(host, port, our_name, timeout=self._timeout, context=context)
        return smtplib.SMTP(host, port, our_name, timeout=self._timeout)

    def _introduce(self, server: smtplib.SMTP) -> None:
        server.ehlo_or_helo_if_needed()
        if self._url.scheme == "smtp+starttls":
            server.starttls(context=ssl.create_default_context())
            server.ehlo_or_helo_if_needed()
        if self._url.username:
            server.login(unquote(self._url.username), unquote(self._url.password or ""))

    def _start_over(self) -> None:
        """After a refusal the connection is as good as new."""
        try:
            if self._server is not None:
                self._server.rset()
        except _NO_CONVERSATION:
            self.close()


def _mail_from(server: smtplib.SMTP, sender: str, international: bool) -> Reply:
    if international and not server.has_extn("smtputf8"):
        raise PermanentFailure("The mail server takes no addresses with letters beyond ASCII (no SMTPUTF8).")
    return server.mail(sender, ["SMTPUTF8", "BODY=8BITMIME"] if international else [])


def _send_data(server: smtplib.SMTP, content: bytes) -> tuple[int, bytes | str]:
    try:
        return server.data(content)
    except smtplib.SMTPDataError as refusal:
        return refusal.smtp_code, refusal.smtp_error


def _expect_begun(reply: Reply) -> None:
    """What is wrong with the sender is ours to mend: the mail waits, however final the refusal sounds."""
    if reply[0] not in _DONE:
        raise TemporaryFailure(reply_in_words(*reply))


def _expect_taken(reply: tuple[int, bytes | str]) -> None:
    code, words = reply
    if code in _DONE:
        return
    permanent = 500 <= code < 600 and code not in _OUR_OWN_FAULT
    raise (PermanentFailure if permanent else TemporaryFailure)(reply_in_words(code, words))


def _words_of(problem: Exception) -> str:
    if isinstance(problem, smtplib.SMTPResponseException):
        return reply_in_words(problem.smtp_code, problem.smtp_error)
    return in_words(problem)
