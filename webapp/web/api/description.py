"""The API's own description, for everybody."""

from __future__ import annotations

import json

from flask import Blueprint, Flask, Response, current_app, request

from webapp.web.api import openapi
from webapp.web.api.operations import JSON
from webapp.web.policy import policy
from webapp.web.site import this_portal, this_site

api = Blueprint("api_description", __name__, url_prefix="/api/v1")


@api.get("/openapi.json")
@policy("public")
def show() -> Response:
    response = Response(_document(), content_type=JSON)
    response.add_etag()
    response.headers["Cache-Control"] = "public, max-age=300"
    response.make_conditional(request)
    return response


def _document() -> bytes:
    """Of this site; made when it is first asked for."""
    site, made = this_site(), current_app.extensions["openapi"]
    if site.code not in made:
        document = openapi.at_site(openapi.build(current_app), site, this_portal().catalogue)
        made[site.code] = json.dumps(document, ensure_ascii=False, indent=1).encode()
    found: bytes = made[site.code]
    return found


def init_app(app: Flask) -> None:
    openapi.refuse_undocumented(app)
    app.extensions["openapi"] = {}
