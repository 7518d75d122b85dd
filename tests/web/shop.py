"""A shop that asks the API of a site: a key, JSON, and a look at every answer."""

from __future__ import annotations

import json
from typing import Any

from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from webapp.assembly import Portal
from webapp.domain.shop import api_keys
from webapp.domain.shop.api_keys import SCOPES

PROBLEM = "application/problem+json"
NDJSON = "application/x-ndjson"


class Shop:
    def __init__(self, app: Flask, site: str = "fr", *scopes: str, name: str = "shop") -> None:
        self.app, self.site = app, site
        self.portal: Portal = app.extensions["portal"]
        with self.portal.at(self.portal.sites[site]):
            self.key = api_keys.create_key(name, scopes=scopes or SCOPES, now=self.portal.clock())
        self._client = FlaskClient(app, app.response_class, use_cookies=False)

    def ask(self, method: str, path: str, **keywords: Any) -> TestResponse:
        headers = {"Authorization": f"Bearer {self.key}", **keywords.pop("headers", {})}
        answer = self._client.open(
            f"/api/v1{path}",
            method=method,
            base_url=self.portal.sites[self.site].origin,
            headers={name: value for name, value in headers.items() if value},
            buffered=True,
            **keywords,
        )
        look_at(answer)
        return answer

    def get(self, path: str, **keywords: Any) -> TestResponse:
        return self.ask("GET", path, **keywords)

    def post(self, path: str, document: bytes, **keywords: Any) -> TestResponse:
        return self.ask("POST", path, data=document, content_type="application/json", **keywords)

    def put(self, path: str, **fields: Any) -> TestResponse:
        return self.ask("PUT", path, json=fields)

    def batch(self, noun: str, *lines: bytes) -> list[dict[str, Any]]:
        answer = self.ask("POST", f"/batches/{noun}", data=b"\n".join(lines), content_type=NDJSON)
        assert (answer.status_code, answer.mimetype) == (200, NDJSON), answer.text
        return [json.loads(line) for line in answer.text.splitlines()]


def look_at(answer: TestResponse) -> None:
    """What holds for each of them."""
    assert "Set-Cookie" not in answer.headers
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert "Cookie" not in answer.headers.get("Vary", "")
    if answer.status_code >= 400 and answer.request.method != "HEAD":
        assert answer.mimetype == PROBLEM, answer.text
        told = answer.get_json(force=True)
        assert told["status"] == answer.status_code and told["code"] and told["detail"], told
        assert told["type"].endswith(told["code"])


def refusal(answer: TestResponse) -> tuple[int, str, str | None]:
    """Status, code and field."""
    told = answer.get_json(force=True)
    return answer.status_code, told["code"], told.get("field")
