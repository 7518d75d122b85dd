"""Static files: read once, named by their content, compressed once, cached for ever."""

from __future__ import annotations

import gzip
import hashlib
import mimetypes
import re
from dataclasses import dataclass
from pathlib import Path

from flask import Flask, Response, abort, current_app, request

from webapp.config import PACKAGE
from webapp.web.policy import policy

STATIC = PACKAGE / "static"
_COMPRESSIBLE = {".css", ".js", ".svg", ".txt", ".webmanifest"}
_FOR_EVER = "public, max-age=31536000, immutable"
mimetypes.add_type("font/woff2", ".woff2")
mimetypes.add_type("text/javascript", ".js")


@dataclass(frozen=True, slots=True)
class Asset:
    body: bytes
    compressed: bytes | None
    mimetype: str
    fingerprint: str


class MissingAssets(RuntimeError):
    """The build hook has not run: `make setup` makes them."""


def _with_fingerprints(css: bytes, folder: Path) -> bytes:
    """Fonts named in a stylesheet get the same address as where a page preloads them."""

    def address(found: re.Match[bytes]) -> bytes:
        font = (folder / found[1].decode()).resolve()
        return b'url("' + found[1] + b"?v=" + _fingerprint(font.read_bytes()).encode() + b'")'

    return re.sub(rb'url\("(\.\./[^"]+)"\)', address, css)


def _fingerprint(body: bytes) -> str:
    return hashlib.sha256(body).hexdigest()[:12]


def _read(path: Path) -> Asset:
    body = path.read_bytes()
    if path.suffix == ".css":
        body = _with_fingerprints(body, path.parent)
    return Asset(
        body=body,
        compressed=gzip.compress(body, 9, mtime=0) if path.suffix in _COMPRESSIBLE else None,
        mimetype=mimetypes.guess_type(path.name)[0] or "application/octet-stream",
        fingerprint=_fingerprint(body),
    )


def _read_all() -> dict[str, Asset]:
    return {
        path.relative_to(STATIC).as_posix(): _read(path)
        for path in sorted(STATIC.rglob("*"))
        if path.is_file()
    }


def asset_url(name: str) -> str:
    assets: dict[str, Asset] = current_app.extensions["assets"]
    return f"/static/{name}?v={assets[name].fingerprint}"


@policy("public", place="anywhere")
def static(name: str) -> Response:
    asset: Asset | None = current_app.extensions["assets"].get(name)
    if asset is None:
        abort(404)
    small = asset.compressed is not None and "gzip" in request.headers.get("Accept-Encoding", "")
    response = Response(asset.compressed if small else asset.body, mimetype=asset.mimetype)
    if small:
        response.headers["Content-Encoding"] = "gzip"
    response.vary.add("Accept-Encoding")
    current = request.args.get("v") == asset.fingerprint
    response.headers["Cache-Control"] = _FOR_EVER if current else "public, max-age=300"
    response.set_etag(asset.fingerprint)
    response.make_conditional(request)
    return response


def init_app(app: Flask) -> None:
    assets = _read_all()
    if "vendor/htmx/htmx.min.js" not in assets:
        raise MissingAssets("webapp/static/vendor/ has no htmx: run `make setup`, which builds the assets.")
    app.extensions["assets"] = assets
    app.add_url_rule("/static/<asset:name>", "static", static)
