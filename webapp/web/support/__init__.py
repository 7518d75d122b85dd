"""The regional support console at `support.<domain>`: one module a noun."""

from __future__ import annotations

from flask import Flask

from webapp.web.support import factors, home, passkeys, sign_in, visiting, visits


def init_app(app: Flask) -> None:
    for noun in (sign_in, factors, passkeys, home, visits, visiting):
        app.register_blueprint(noun.pages)
