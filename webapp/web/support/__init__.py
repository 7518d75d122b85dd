"""The regional support console at `support.<domain>`: one module a noun."""

from __future__ import annotations

from flask import Flask

from webapp.web.support import (
    acts,
    claims,
    disputes,
    elsewhere,
    factors,
    facts,
    home,
    passkeys,
    search,
    sign_in,
    visiting,
    visits,
)


def init_app(app: Flask) -> None:
    of_the_console = (sign_in, factors, passkeys, home, search, claims, visits)
    of_a_visit = (visiting, facts, acts, disputes)
    for noun in (*of_the_console, *of_a_visit):
        app.register_blueprint(noun.pages)
    search.init_app(app)
    claims.init_app(app)
    elsewhere.init_app(app)
