"""What a browser loads for the first page anybody sees: the sign-in page with its styles and scripts."""

from __future__ import annotations

import gzip
import re

from bench.load import Client

_LINKED = re.compile(rb'<(?:script|link rel="(?:stylesheet|icon)")[^>]*?(?:src|href)="(/static/[^"]+)"')


def first_page_kilobytes(client: Client) -> float:
    """Compressed, without fonts; pages themselves are compressed by the proxy in front."""
    _answer, page = client.ask("/sign-in")
    linked = set(_LINKED.findall(page))
    assert len(linked) >= 4, "style sheet, icon and scripts"
    parts = [client.ask(path.decode(), **{"Accept-Encoding": "gzip"})[1] for path in linked]
    return (len(gzip.compress(page, 6)) + sum(map(len, parts))) / 1000
