"""Mail servers that stall, go away in the middle of a mail, or take the call and never say a word."""

from __future__ import annotations

import asyncio
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from aiosmtpd.smtp import SMTP, Envelope, Session

from tests.mail.server import MailServer


@dataclass
class StallingServer(MailServer):
    """Stalls at the mail to an address: before it has taken it, or after, without saying so yet."""

    before: str = ""
    after: str = ""
    seconds: float = 60.0
    seconds_for_each: float = 0.0
    reached: threading.Event = field(default_factory=threading.Event)

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        to = envelope.rcpt_tos[0]
        await asyncio.sleep(self.seconds_for_each)
        if to == self.before:
            await self._stall()
        answer = await super().handle_DATA(server, session, envelope)
        if to == self.after:
            await self._stall()
        return answer

    async def _stall(self) -> None:
        self.reached.set()
        await asyncio.sleep(self.seconds)


@contextmanager
def serving(server: MailServer) -> Iterator[MailServer]:
    server.start()
    try:
        yield server
    finally:
        server.stop()


@contextmanager
def mute() -> Iterator[str]:
    """The URL of a server that takes calls and says nothing."""
    with socket.create_server(("127.0.0.1", 0), backlog=50) as listening:
        yield f"smtp://127.0.0.1:{listening.getsockname()[1]}"


@dataclass
class HalfwayServer:
    """Takes the beginning of each mail and is gone: some of its bytes are left on the way, so that it resets the
    connection as a machine does that went down."""

    halves: int = 0

    def run(self, listening: socket.socket) -> None:
        while True:
            try:
                connection, _address = listening.accept()
            except OSError:
                return
            with connection, connection.makefile("rwb", buffering=0) as talk:
                self._talk(talk)

    def _talk(self, talk: socket.SocketIO) -> None:
        talk.write(b"220 halfway\r\n")
        while line := talk.readline():
            if line.upper().startswith(b"DATA"):
                talk.write(b"354 go on\r\n")
                talk.read(200)
                self.halves += 1
                return
            talk.write(b"250 fine\r\n")


@contextmanager
def halfway() -> Iterator[tuple[HalfwayServer, str]]:
    server = HalfwayServer()
    with socket.create_server(("127.0.0.1", 0)) as listening:
        thread = threading.Thread(target=server.run, args=(listening,), daemon=True)
        thread.start()
        yield server, f"smtp://127.0.0.1:{listening.getsockname()[1]}"
        listening.shutdown(socket.SHUT_RDWR)
    thread.join(10)
