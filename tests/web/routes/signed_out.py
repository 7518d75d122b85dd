"""What everybody may see, at a country’s site or at any host, and how one signs in and out."""

from __future__ import annotations

from typing import Any

from tests.web.routes.shapes import Route, Status, by_link, personal, public, route


def anywhere(asked: str, answer: Status, **more: Any) -> Route:
    return route(asked, "public", "anywhere", answer, **more)


ROUTES: dict[str, Route] = {
    "static": anywhere("GET /static/<asset:name>", {"there": 200}, names="asset"),
    "front.home": anywhere("GET /", {"site": 303, "front": 200}),
    "front.robots": anywhere("GET /robots.txt", 200),
    "language.choose": anywhere("POST /language", 303, body={"language": "fr"}),
    "help.show": public("GET /help", 200),
    "legal.imprint": public("GET /imprint", 200),
    "legal.privacy": public("GET /privacy", 200),
    "legal.accessibility": public("GET /accessibility", 200),
    "sign_in.show": public("GET /sign-in", {"nobody": 200, "person": 303}),
    "sign_in.submit": public("POST /sign-in", 422),
    "passwords.forgotten": public("GET /password/forgotten", 200),
    "passwords.send_link": public("POST /password/forgotten", 422),
    "passwords.sent": public("GET /password/sent", 200),
    "passwords.choose": by_link("GET /password/set", 200),
    "passwords.save": by_link(
        "POST /password/set",
        422,
        body={"password": "short"},
        attack=lambda site: {"password": "a spade and a shovel"},
    ),
    "whereabouts.show": public("GET /missing-subscriptions", 200),
    "whereabouts.ask": public("POST /missing-subscriptions", 303, body={"email": "alice@example.com"}),
    "whereabouts.asked": public("GET /missing-subscriptions/asked", 200),
    "activation.send_first_link": public(
        "POST /activate/<order_number:order_number>/password",
        303,
        names="order",
        unknown=303,  # whether there is such an order is told to nobody
    ),
    "sign_in.leave": personal("POST /sign-out", 303, ends_session=True),
    "second_factor.ask": public("GET /sign-in/code", 303, leads="/sign-in"),
    "second_factor.enter": public("POST /sign-in/code", 303, leads="/sign-in"),
    "second_factor.lost": public("GET /sign-in/lost", 303, leads="/sign-in"),
    "second_factor.send_link": public("POST /sign-in/lost", 303, leads="/sign-in"),
    "second_factor.show_link": by_link("GET /sign-in/lost", 200, names="lost token"),  # a day later
    "second_factor.turn_off_by_link": by_link("POST /sign-in/lost", 200, names="lost token"),
}
