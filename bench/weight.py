"""What a browser loads for the first page anybody sees: the sign-in page with its styles and scripts."""

from __future__ import annotations

import gzip
import re

from bench.load import Client

_LINKED = re.compile(rb'<(?:script|link rel="(?:stylesheet|icon)")[^>]*?(?:src|href)="(/static/[^"]+)"')


def first_page_kilobytes(client: Client) -> float:
    """As they come over the line, without fonts."""
    page = _as_sent(client, "/sign-in")
    linked = set(_LINKED.findall(gzip.decompress(page)))
    assert len(linked) >= 4, "style sheet, icon and scripts"
    return (len(page) + sum(len(_as_sent(client, path.decode())) for path in linked)) / 1000


def _as_sent(client: Client, path: str) -> bytes:
    return client.ask(path, **{"Accept-Encoding": "gzip"})[1]
