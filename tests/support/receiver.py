"""The shop's end of a webhook: a real HTTP server on this machine that answers as a test wants it to."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from standardwebhooks import Webhook, WebhookVerificationError

from webapp.domain.webhooks.webhook_document import Event, read_event


@dataclass(frozen=True)
class Got:
    path: str
    headers: dict[str, str]  # by small letters
    body: str

    @property
    def id(self) -> str:
        return self.headers["webhook-id"]

    @property
    def event(self) -> Event:
        return read_event(self.body)

    def signed_by(self, secret: str) -> bool:
        """By the library, as any shop would check it."""
        try:
            Webhook(secret).verify(self.body, self.headers)
        except WebhookVerificationError:
            return False
        return True


Say = Callable[[BaseHTTPRequestHandler, Got], None]


def answer(status: int, text: str = "", **headers: str) -> Say:
    def say(handler: BaseHTTPRequestHandler, _got: Got) -> None:
        handler.send_response(status)
        for name, value in headers.items():
            handler.send_header(name.replace("_", "-"), value)
        handler.send_header("Content-Length", str(len(text.encode())))
        handler.end_headers()
        handler.wfile.write(text.encode())

    return say


@dataclass
class Receiver:
    """`say` is what it answers to everything, unless `say_next` holds something for the next one."""

    say: Say = field(default_factory=lambda: answer(204))
    say_next: list[Say] = field(default_factory=list)
    got: list[Got] = field(default_factory=list)
    reached: threading.Event = field(default_factory=threading.Event)
    port: int = 0

    def url(self, path: str = "/hooks") -> str:
        return f"http://127.0.0.1:{self.port}{path}"

    def take(self, handler: BaseHTTPRequestHandler) -> None:
        body = handler.rfile.read(int(handler.headers["Content-Length"])).decode()
        got = Got(handler.path, {name.lower(): text for name, text in handler.headers.items()}, body)
        self.got.append(got)
        self.reached.set()
        with suppress(OSError):
            (self.say_next.pop(0) if self.say_next else self.say)(handler, got)

    @property
    def events(self) -> list[tuple[str, str]]:
        """Subscription and type, as they came."""
        return [(got.event.data.subscription.id, got.event.type) for got in self.got]


@contextmanager
def receiving() -> Iterator[Receiver]:
    receiver = Receiver()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            receiver.take(self)

        def log_message(self, *_args: Any) -> None:
            """Nothing: a test looks at what was got."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    receiver.port = server.server_port
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    try:
        yield receiver
    finally:
        server.shutdown()
        server.server_close()
