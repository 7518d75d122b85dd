"""A real mail server on this machine, which refuses, hangs up or goes away as a test likes."""

from __future__ import annotations

import email
from collections.abc import Callable
from dataclasses import dataclass, field
from email import policy
from email.message import EmailMessage
from typing import Any, cast

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session


@dataclass
class Accepted:
    sender: str
    to: list[str]
    raw: bytes

    @property
    def message(self) -> EmailMessage:
        return cast(EmailMessage, email.message_from_bytes(self.raw, policy=policy.default))


@dataclass
class MailServer:
    """`refuse_…`: address → the server's words; `hang_up_on`: address → how often, in mid-delivery."""

    refuse_sender: str = ""
    refuse_recipient: dict[str, str] = field(default_factory=dict)
    refuse_content: dict[str, str] = field(default_factory=dict)
    hang_up_on: dict[str, int] = field(default_factory=dict)
    accepted: list[Accepted] = field(default_factory=list)
    connections: int = 0
    options: dict[str, Any] = field(default_factory=dict)
    _controller: Controller | None = None
    _port: int = 0

    @property
    def url(self) -> str:
        return f"smtp://127.0.0.1:{self._port}"

    @property
    def recipients(self) -> list[str]:
        return [mail.to[0] for mail in self.accepted]

    def start(self) -> None:
        """On a free port; after `stop`, on the same one again."""
        self._controller = _Controller(self, hostname="127.0.0.1", port=self._port, **self.options)
        self._controller.start()
        self._port = self._controller.port

    def stop(self) -> None:
        if self._controller:
            self._controller.stop()
            self._controller = None

    async def handle_EHLO(
        self, server: SMTP, session: Session, envelope: Envelope, hostname: str, responses: list[str]
    ) -> list[str]:
        self.connections += 1
        session.host_name = hostname
        return responses

    async def handle_MAIL(
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        if self.refuse_sender:
            return self.refuse_sender
        envelope.mail_from = address
        envelope.mail_options.extend(options)
        return "250 OK"

    async def handle_RCPT(
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        if address in self.refuse_recipient:
            return self.refuse_recipient[address]
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        to = envelope.rcpt_tos[0]
        if self.hang_up_on.get(to, 0):
            self.hang_up_on[to] -= 1
            assert server.transport
            server.transport.abort()
        elif to in self.refuse_content:
            return self.refuse_content[to]
        else:
            content = cast(bytes, envelope.original_content)
            self.accepted.append(Accepted(str(envelope.mail_from), envelope.rcpt_tos, content))
        return "250 Accepted"


class _Controller(Controller):
    """Knows its port once it listens."""

    def _trigger_server(self) -> None:
        assert self.server
        self.port = self.server.sockets[0].getsockname()[1]
        super()._trigger_server()


MakeServer = Callable[..., MailServer]
