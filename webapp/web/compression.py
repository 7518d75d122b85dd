"""Pages go out compressed: over a slow line most of them then come in one round trip. Files: see `assets`."""

from __future__ import annotations

import gzip
import secrets
from io import BytesIO

from flask import Flask, Response, request

_WORTH_IT = 1000  # bytes
_LEVEL = 1  # the higher ones cost twice the time for a tenth of the size
_MOST_PADDING = 64


def compress_page(response: Response) -> Response:
    if response.mimetype != "text/html" or response.is_streamed:
        return response
    response.vary.add("Accept-Encoding")
    page = response.get_data()
    if len(page) >= _WORTH_IT and request.accept_encodings["gzip"] > 0:
        response.set_data(_compressed(page))
        response.content_encoding = "gzip"
    return response


def _compressed(page: bytes) -> bytes:
    """With a file name of random length, which readers skip: a page that repeats what was searched for
    must not tell by its size, to who watches the line, what else is on it."""
    compressed = BytesIO()
    padding = "a" * secrets.randbelow(_MOST_PADDING)
    with gzip.GzipFile(padding, "wb", compresslevel=_LEVEL, fileobj=compressed, mtime=0) as packed:
        packed.write(page)
    return compressed.getvalue()


def init_app(app: Flask) -> None:
    app.after_request(compress_page)
