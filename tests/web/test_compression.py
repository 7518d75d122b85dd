from __future__ import annotations

import gzip

import pytest
from flask import Flask, Response
from werkzeug.test import TestResponse

from tests.support.client import SiteClient
from tests.web.conftest import on_sqlite
from webapp.web import compression

BROWSER = "gzip, deflate, br, zstd"
LONG = "<p>word for word</p>" * 100


def answer_of(app: Flask, path: str, accepted: str | None, *, origin: str | None = None) -> TestResponse:
    """As it goes over the line; the other clients of the tests read every page."""
    headers = {} if accepted is None else {"Accept-Encoding": accepted}
    return app.test_client().get(path, base_url=origin, headers=headers, buffered=True)


def answering(body: str, mimetype: str = "text/html") -> Flask:
    app = Flask(__name__)
    compression.init_app(app)
    app.add_url_rule("/", view_func=lambda: Response(body, mimetype=mimetype))
    return app


@on_sqlite
@pytest.mark.parametrize("path", ["/sign-in", "/help", "/there-is-no-such-page"])
def test_a_browser_gets_pages_compressed(path: str, app: Flask, fr: SiteClient) -> None:
    plain = answer_of(app, path, None, origin=fr.origin)
    answer = answer_of(app, path, BROWSER, origin=fr.origin)
    assert answer.headers["Content-Encoding"] == "gzip"
    assert int(answer.headers["Content-Length"]) == len(answer.data) < len(plain.data) / 2
    assert len(gzip.decompress(answer.data)) == len(plain.data)


@on_sqlite
@pytest.mark.parametrize("accepted", [None, "", "identity", "br", "gzip;q=0"])
def test_who_does_not_read_gzip_gets_the_page_as_it_is(
    accepted: str | None, app: Flask, fr: SiteClient
) -> None:
    answer = answer_of(app, "/sign-in", accepted, origin=fr.origin)
    assert "Content-Encoding" not in answer.headers and answer.text.rstrip().endswith("</html>")
    assert "Accept-Encoding" in answer.headers["Vary"]


@pytest.mark.parametrize(
    "app", [answering("short"), answering(LONG, "text/plain")], ids=["a short page", "no page"]
)
def test_what_would_gain_nothing_stays_as_it_is(app: Flask) -> None:
    assert "Content-Encoding" not in answer_of(app, "/", BROWSER).headers


def test_the_size_of_a_page_does_not_tell_what_is_on_it() -> None:
    app = answering(LONG)
    answers = [answer_of(app, "/", BROWSER).data for _ in range(40)]
    assert {gzip.decompress(answer) for answer in answers} == {LONG.encode()}
    assert len({len(answer) for answer in answers}) > 5
