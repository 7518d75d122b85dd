"""The regional support console at `support.<domain>`: one module a noun."""

from __future__ import annotations

from flask import Flask

from webapp.web.support import claims, factors, home, sign_in


def init_app(app: Flask) -> None:
    for noun in (sign_in, factors, home, claims):
        app.register_blueprint(noun.pages)
