"""“Our administrator has left.”"""

from __future__ import annotations

from tests.web.routes.shapes import Route, by_link, of_subscription, personal, public

ROUTES: dict[str, Route] = {
    "claims.show": personal("GET /claims", 200),
    "claims.ask": personal(
        "POST /claims",
        422,
        attack=lambda site: {"more": f"SUB-{site.code.upper()}-999999", "reason": "They left."},
    ),
    "claims.show_proof": by_link("GET /claims/prove", 200, who="person", names="proof token"),
    "claims.prove": by_link("POST /claims/prove", 303, who="person", names="proof token", once=True),
    "claims.withdraw": personal("POST /claims/<claim_key:key>/withdraw", 303, names="claim", once=True),
    "claims.show_objection": by_link("GET /claims/object", 200, names="objection token"),
    "claims.object_by_link": by_link("POST /claims/object", 303, names="objection token", once=True),
    "claims.objected": public("GET /claims/objected", 200),
    "claims.show_waiting": of_subscription("GET /claim", {"cancelled": 200}),
    "claims.decide": of_subscription("POST /claim", {"cancelled": 200}, attack=lambda site: {"do": "object"}),
}
