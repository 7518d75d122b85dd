"""The company: its people and roles, which of them one looks at, and who of support did."""

from __future__ import annotations

from tests.web.routes.shapes import Body, Route, personal
from webapp.sites import Site


def _billing_for_a_colleague(site: Site) -> Body:
    colleague = {"fr": "bob@example.com", "de": "hans@example.com"}[site.code]
    return {"account": "1000001", "person": colleague, "do": "grant"}


ROUTES: dict[str, Route] = {
    "members.show": personal("GET /members", 200, managing=True, shows_colleagues=True),
    "members.change_billing": personal(
        "POST /members/billing", 422, attack=_billing_for_a_colleague, managing=True, shows_colleagues=True
    ),
    "accounts.show": personal("GET /accounts", 200),
    "support_visits_seen.show": personal("GET /support-visits", 200, managing=True),
    "accounts.look_at": personal("POST /accounts", 404, attack=lambda site: {"account": "1000002"}),
}
