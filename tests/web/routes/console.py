"""The support console."""

from __future__ import annotations

from typing import Any

from tests.web.routes.shapes import Route, Status, by_link, route

_LED_ON = {"half": 303, "new": 303, "agent": 303}  # to where they are in signing in


def for_agents(asked: str, answer: Status, **more: Any) -> Route:
    return route(asked, "agent", "support", answer, **more)


def half_way(asked: str, answer: Status, **more: Any) -> Route:
    return route(asked, "half_agent", "support", answer, **more)


def on_the_way(half: int, new: int, agent: int) -> dict[str, int]:
    """`half` has shown a password and not yet a second factor, `new` has none."""
    return {"half": half, "new": new, "agent": agent}


def at_console(asked: str, answer: Status, **more: Any) -> Route:
    return route(asked, "public", "support", answer, **more)


ROUTES: dict[str, Route] = {
    "console.show": for_agents("GET /console", 200),
    "console_search.show": for_agents("GET /console/search", 200),
    "support_claims.show": for_agents("GET /console/claims", 200),
    # Of a subscription: see visited.py.
    "support_visits.ask": for_agents("GET /visits/new", 404),
    "support_visits.open_visit": for_agents("POST /visits", 404),
    "support_visits.show": for_agents("GET /visits/<seat_key:key>", 404, names="visit"),
    "agent_sign_in.show": at_console("GET /agent/sign-in", {"nobody": 200, **_LED_ON}),
    "agent_sign_in.submit": at_console("POST /agent/sign-in", 422),
    "agent_sign_in.leave": half_way("POST /agent/sign-out", 303, ends_session=True),
    "agent_sign_in.proof": half_way("GET /agent/proof", {**_LED_ON, "half": 200}),
    "agent_sign_in.show_code": half_way("POST /agent/proof", on_the_way(422, 404, 303)),
    "agent_sign_in.choose": by_link("GET /agent/link", 200, place="support", names="agent token"),
    "agent_sign_in.save": by_link("POST /agent/link", 422, place="support", names="agent token"),
    "agent.show": for_agents("GET /agent", 200),
    "agent.choose": half_way("GET /agent/set-up", {**_LED_ON, "new": 200}),
    "agent.ask_app": for_agents("GET /agent/app", 200),
    "agent.start_app": half_way("POST /agent/app", on_the_way(409, 303, 422)),
    "agent.show_app": half_way("GET /agent/app/code", on_the_way(409, 200, 303)),
    "agent.confirm_app": half_way("POST /agent/app/code", on_the_way(409, 422, 303)),
    "agent.ask_remove_app": for_agents("GET /agent/app/remove", 200),
    "agent.remove_app": for_agents("POST /agent/app/remove", 422),
    "agent.edit_password": for_agents("GET /agent/password", 200),
    "agent.change_password": for_agents("POST /agent/password", 422),
    "agent_passkeys.ask": for_agents("GET /agent/passkeys", 200),
    "agent_passkeys.start": half_way("POST /agent/passkeys", on_the_way(409, 303, 422)),
    "agent_passkeys.show_new": half_way("GET /agent/passkeys/new", on_the_way(409, 200, 303)),
    "agent_passkeys.add": half_way("POST /agent/passkeys/new", on_the_way(409, 409, 409)),
    "agent_passkeys.show": half_way("POST /agent/proof/passkey", on_the_way(422, 303, 303)),
    "agent_passkeys.ask_remove": for_agents("GET /agent/passkeys/remove", 404),
    "agent_passkeys.remove": for_agents("POST /agent/passkeys/remove", 404),
}
