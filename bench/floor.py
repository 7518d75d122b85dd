"""The floor: bare Flask that renders the portal's own templates from data that are ready.

At start it asks the portal itself for each page once and keeps what the template was given. From then on
there is no session, no database, no rule and no header of ours: what is left is the page's own text.
Serve with `bench.floor:app`; settings as the portal's, and `BENCH_PAGES`, a JSON of name → path.
"""

from __future__ import annotations

import json
import os
from functools import cache
from typing import Any

import flask
from flask import Flask, Response, template_rendered

from webapp import create_app
from webapp.i18n import set_speech

_OF_THE_REQUEST = ("request", "session", "g")  # the templates find the floor's own ones
_PLAIN = "x" * 20_000


def _captured(portal_app: Flask, path: str, headers: dict[str, str]) -> tuple[Any, dict[str, Any]]:
    """Template and context of one real answer."""
    seen: list[tuple[Any, dict[str, Any]]] = []

    def see(sender: Flask, template: Any, context: dict[str, Any], **_: Any) -> None:
        seen.append((template, dict(context)))

    with template_rendered.connected_to(see, portal_app):
        answer = portal_app.test_client(use_cookies=False).get(path, headers=headers, buffered=True)
    if answer.status_code != 200 or len(seen) != 1:
        raise RuntimeError(f"{path}: {answer.status_code}, {len(seen)} templates")
    return seen[0]


def _ready(portal_app: Flask, template: Any, context: dict[str, Any], site_code: str) -> dict[str, Any]:
    """What the page calculates row by row is calculated here, once."""
    ready = {name: value for name, value in context.items() if name not in _OF_THE_REQUEST}
    ready = {name: cache(value) if callable(value) else value for name, value in ready.items()}
    portal = portal_app.extensions["portal"]
    with portal_app.test_request_context(), portal.at(portal.sites[site_code]):
        set_speech(ready["speech"])
        template.render(ready)
    return ready


def make_floor() -> Flask:
    portal_app = create_app()
    floor = Flask("floor", static_folder=None)
    floor.extensions.update(assets=portal_app.extensions["assets"], portal=portal_app.extensions["portal"])
    headers = {"Host": os.environ["BENCH_HOST"], "Cookie": os.environ["BENCH_COOKIE"]}
    site_code = headers["Host"].split(".")[0]

    def add(name: str, path: str) -> None:
        template, context = _captured(portal_app, path, headers)
        ready = _ready(portal_app, template, context, site_code)

        def page() -> Response:
            set_speech(ready["speech"])
            flask.g.csp_nonce = ready["nonce"]
            return Response(template.render(ready), mimetype="text/html")

        floor.add_url_rule(f"/{name}", name, page)

    for name, path in json.loads(os.environ["BENCH_PAGES"]).items():
        add(name, path)
    floor.add_url_rule("/plain", "plain", lambda: _PLAIN)
    return floor


app = make_floor()
