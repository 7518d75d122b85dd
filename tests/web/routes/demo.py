"""The demo’s mailbox and its provider of cards, at the bare domain."""

from __future__ import annotations

from typing import Any

from tests.web.routes.shapes import Route, Status, route


def in_demo(asked: str, answer: Status, **more: Any) -> Route:
    return route(asked, "demo", "front", answer, **more)


ROUTES: dict[str, Route] = {
    "front.list_mail": in_demo("GET /mailbox", 200),
    "front.read_mail": in_demo("GET /mailbox/<mail_name:name>", {"there": 200}, names="mail"),
    "front.show_mail": in_demo("GET /mailbox/<mail_name:name>/html", {"there": 200}, names="mail"),
    "card_provider.show": in_demo(
        "GET /card-provider/<card_session:session>", {"there": 200}, names="card session"
    ),
    "card_provider.give": in_demo(
        "POST /card-provider/<card_session:session>", {"there": 303}, names="card session"
    ),
    "front.open_file": in_demo(
        "GET /mailbox/<mail_name:name>/files/<mail_name:file_name>", {"there": 200}, names="mail"
    ),
}
