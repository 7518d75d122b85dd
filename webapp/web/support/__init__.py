"""The regional support console at `support.<domain>`: one module a noun."""

from __future__ import annotations

from flask import Flask

from webapp.web.support import acts, factors, facts, home, passkeys, search, sign_in, visiting, visits


def init_app(app: Flask) -> None:
    for noun in (sign_in, factors, passkeys, home, search, visits, visiting, facts, acts):
        app.register_blueprint(noun.pages)
    search.init_app(app)
