"""An agreement's Markdown as a page's section: the text's own title becomes a second-level heading."""

from __future__ import annotations

from functools import lru_cache

from markdown_it import MarkdownIt
from markupsafe import Markup

from webapp.sites import AgreementText

_markdown = MarkdownIt("commonmark", {"html": False, "typographer": False})


@lru_cache(maxsize=128)
def _html(sha256: str, text: str) -> Markup:
    tokens = _markdown.parse(text)
    for token in tokens:
        if token.type in ("heading_open", "heading_close"):
            token.tag = f"h{int(token.tag[1]) + 1}"
    return Markup(_markdown.renderer.render(tokens, _markdown.options, {}))


def as_html(agreement: AgreementText) -> Markup:
    return _html(agreement.sha256, agreement.text)
