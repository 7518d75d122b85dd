"""At the host of visits: what support sees and does of an account."""

from __future__ import annotations

from typing import Any

from tests.web.routes.shapes import EVERY_STATE, WHILE_PENDING, Route, Status, route


def on_visit(asked: str, answer: Status, **more: Any) -> Route:
    return route(asked, "visit", "visit", answer, **more)


def of_visited(asked: str, answer: Status, **more: Any) -> Route:
    return on_visit(asked, answer, under="/support/subscriptions/<public_id:public_id>", names="row", **more)


ROUTES: dict[str, Route] = {
    "visiting.enter": route(
        "GET /support/enter/<mailed_token:token>", "public", "visit", 303, names="visit entry"
    ),
    "disputes.show_list": on_visit("GET /support/claims", 200),
    "disputes.show": on_visit("GET /support/claims/<claim_key:key>", 200, names="claim"),
    "disputes.decide": on_visit("POST /support/claims/<claim_key:key>", 200, names="claim"),
    "visiting.renew": on_visit("POST /support/renew", 303),
    "visiting.end": on_visit("POST /support/end", 303),
    "facts.overview": on_visit("GET /support", 200),
    "facts.diagnosis": on_visit("GET /support/diagnosis", 200, query="question=see&email=bob@example.com"),
    "facts.emails": on_visit("GET /support/emails", 200),
    "facts.sign_ins": on_visit("GET /support/sign-ins", 200),
    "facts.webhooks": on_visit("GET /support/webhooks", 200),
    "facts.trail": on_visit("GET /support/trail", 200),
    "facts.subscription": of_visited("GET", EVERY_STATE),
    "acts.ask_activation_mail": of_visited("GET /activation-mail", WHILE_PENDING),
    "acts.send_activation_mail": of_visited(
        "POST /activation-mail", {**WHILE_PENDING, "pending": 303, "last-days": 303}, once=True
    ),
    "acts.edit_purchaser": of_visited("GET /purchaser", WHILE_PENDING),
    "acts.correct_purchaser": of_visited(
        "POST /purchaser", {**WHILE_PENDING, "pending": 422, "last-days": 422}, body={"email": "no address"}
    ),
    "acts.ask_unlock": on_visit("GET /support/sign-ins/unlock", 409, query="email=alice@example.com"),
    "acts.unlock": on_visit("POST /support/sign-ins/unlock", 409, body={"email": "alice@example.com"}),
}

# What a support agent is shown on a visit; nothing else of a site is.
VISITED = frozenset(
    {
        "subscriptions.show_list",
        "subscriptions.manage",
        "activation.show_agreement",
        "seats.show_list",
        "members.show",
        "invoices.show_list",
        "invoices.show",
        "invoice_files.pdf",
        "invoice_files.cii",
        "invoice_files.ubl",
        "invoice_files.contract",
        "support_visits_seen.show",
        "claims.show_waiting",
    }
)
