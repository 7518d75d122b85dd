"""An agreement's Markdown as blocks of text, parsed as the portal's pages parse it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from markdown_it import MarkdownIt
from markdown_it.tree import SyntaxTreeNode

_markdown = MarkdownIt("commonmark", {"html": False, "typographer": False}).enable("table")

# Pieces of a paragraph: what it says, and whether it is stressed.
Spans = tuple[tuple[str, bool], ...]


@dataclass(frozen=True, slots=True)
class Heading:
    level: int
    spans: Spans


@dataclass(frozen=True, slots=True)
class Paragraph:
    spans: Spans


@dataclass(frozen=True, slots=True)
class Items:
    """A list; `start` is the number of its first item, 0 without numbers."""

    start: int
    items: tuple[tuple[Block, ...], ...]


@dataclass(frozen=True, slots=True)
class Quote:
    blocks: tuple[Block, ...]


@dataclass(frozen=True, slots=True)
class Grid:
    """A table: the first row heads the columns."""

    rows: tuple[tuple[Spans, ...], ...]


@dataclass(frozen=True, slots=True)
class Line:
    """A thematic break."""


Block = Heading | Paragraph | Items | Quote | Grid | Line


def plain(spans: Spans) -> str:
    return "".join(text for text, _stressed in spans)


def headings_of(blocks: tuple[Block, ...]) -> Iterator[Heading]:
    """All of them, those in lists and quotations too."""
    for block in blocks:
        match block:
            case Heading():
                yield block
            case Quote():
                yield from headings_of(block.blocks)
            case Items():
                yield from (heading for item in block.items for heading in headings_of(item))


def blocks_of(text: str) -> tuple[Block, ...]:
    return _blocks(SyntaxTreeNode(_markdown.parse(text)).children)


def _blocks(nodes: list[SyntaxTreeNode]) -> tuple[Block, ...]:
    return tuple(block for node in nodes for block in _block(node))


def _block(node: SyntaxTreeNode) -> Iterator[Block]:
    if node.type == "heading":
        yield Heading(int(node.tag[1]), _spans(node.children[0]))
    elif node.type in ("bullet_list", "ordered_list"):
        start = int(node.attrs.get("start", 1)) if node.type == "ordered_list" else 0
        yield Items(start, tuple(_blocks(item.children) for item in node.children))
    elif node.type == "blockquote":
        yield Quote(_blocks(node.children))
    elif node.type == "table":
        rows = [row for part in node.children for row in part.children]
        yield Grid(tuple(tuple(_spans(cell.children[0]) for cell in row.children) for row in rows))
    elif node.type == "hr":
        yield Line()
    elif node.type == "paragraph":
        yield Paragraph(_spans(node.children[0]))
    else:  # code, or HTML, which is text here as on the page
        yield from (Paragraph(((line, False),)) for line in node.content.splitlines() if line)


def _spans(inline: SyntaxTreeNode) -> Spans:
    merged: list[tuple[str, bool]] = []
    for text, stressed in _pieces(inline, False):
        if merged and merged[-1][1] == stressed:
            merged[-1] = merged[-1][0] + text, stressed
        else:
            merged.append((text, stressed))
    return tuple(merged)


def _pieces(node: SyntaxTreeNode, stressed: bool) -> Iterator[tuple[str, bool]]:
    for child in node.children:
        if child.type in ("softbreak", "hardbreak"):
            yield " ", stressed
        elif child.type in ("text", "code_inline", "html_inline"):
            yield child.content, stressed
        else:
            yield from _pieces(child, stressed or child.type in ("strong", "em"))
