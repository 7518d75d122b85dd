"""Stripe's API as far as the portal asks it: customers, and Checkout sessions in set-up mode."""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

from stripe import WebhookSignature

PARAMETERS = {  # of Checkout, in the version that the SDK speaks; Stripe refuses others
    "mode",
    "customer",
    "allowed_payment_method_types",
    "client_reference_id",
    "metadata",
    "success_url",
    "cancel_url",
}


@dataclass
class Stripe:
    port: int = 0
    out_of_order: bool = False
    sessions: dict[str, dict[str, Any]] = field(default_factory=dict)
    asked: list[tuple[str, str, dict[str, str]]] = field(default_factory=list)  # method, path, parameters
    keys: set[str] = field(default_factory=set)
    first_answers: dict[str, dict[str, Any]] = field(default_factory=dict)  # by idempotency key

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    # ---- what a person does on Stripe's page

    def give(
        self, session: str, *, brand: str = "visa", last4: str = "4242", status: str = "succeeded"
    ) -> None:
        found = self.sessions[session]
        method = {
            "id": f"pm_{session[-8:]}",
            "object": "payment_method",
            "card": {"brand": brand, "last4": last4, "exp_month": 4, "exp_year": 2031},
        }
        done = status == "succeeded"
        found["status"] = "complete" if done else "open"
        intent = {"id": "seti_1", "object": "setup_intent", "status": status}
        found["setup_intent"] = {**intent, "payment_method": method if done else None}

    def event(self, session: str, kind: str = "checkout.session.completed") -> str:
        return json.dumps(
            {"id": "evt_1", "object": "event", "type": kind, "data": {"object": {"id": session}}}
        )

    # ---- what the portal asks

    def answer(self, method: str, path: str, form: dict[str, str], key: str) -> tuple[int, dict[str, Any]]:
        self.asked.append((method, path, form))
        if self.out_of_order:
            return 500, {"error": {"type": "api_error", "message": "out of order"}}
        if key and key in self.first_answers:
            return 200, self.first_answers[key]
        status, said = self._answer(method, path, form)
        if key:
            self.first_answers[key] = said
        return status, said

    def _answer(self, method: str, path: str, form: dict[str, str]) -> tuple[int, dict[str, Any]]:
        if (method, path) == ("POST", "/v1/checkout/sessions"):
            return self._begin(form)
        if found := re.fullmatch("/v1/checkout/sessions/(cs_test_[0-9]+)", path):
            return 200, self.sessions[found[1]]
        if (method, path) == ("POST", "/v1/customers"):
            return 200, {"id": f"cus_{len(self.asked)}", "object": "customer"}
        return 404, {"error": {"type": "invalid_request_error", "message": path}}

    def _begin(self, form: dict[str, str]) -> tuple[int, dict[str, Any]]:
        unknown = {name.partition("[")[0] for name in form} - PARAMETERS
        if unknown:
            return 400, {"error": {"type": "invalid_request_error", "message": f"unknown: {unknown}"}}
        name = f"cs_test_{len(self.sessions) + 1}"
        self.sessions[name] = {
            "id": name,
            "object": "checkout.session",
            "mode": form["mode"],
            "status": "open",
            "customer": form["customer"],
            "client_reference_id": form["client_reference_id"],
            "setup_intent": None,
            "url": f"https://checkout.stripe.example/c/{name}",
        }
        return 200, self.sessions[name]


def signed(payload: str, secret: str, at: int | None = None) -> dict[str, str]:
    """The header that Stripe sends."""
    return {"Stripe-Signature": WebhookSignature.generate_signature_header(payload, secret, at)}


@contextmanager
def stripe_at_work() -> Iterator[Stripe]:
    stripe = Stripe()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self._say("GET", {})

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0)).decode()
            self._say("POST", {name: values[0] for name, values in parse_qs(body).items()})

        def _say(self, method: str, form: dict[str, str]) -> None:
            stripe.keys.add(self.headers["Authorization"].removeprefix("Bearer "))
            key = self.headers.get("Idempotency-Key", "")
            status, said = stripe.answer(
                method, urlsplit(self.path).path, form, key if method == "POST" else ""
            )
            body = json.dumps(said).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Stripe-Should-Retry", "false")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_args: Any) -> None:
            """Nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    stripe.port = server.server_port
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    try:
        yield stripe
    finally:
        server.shutdown()
        server.server_close()
