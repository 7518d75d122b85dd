"""Accessibility rules checked by axe-core in the browser."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any, Literal

from playwright.sync_api import Page

Theme = Literal["light", "dark"]
SCRIPT = Path(__file__).parent / "vendor" / "axe-core" / "axe.min.js"
WCAG = ("wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa")
ALL = (*WCAG, "best-practice")
COLOURS = ("color-contrast", "link-in-text-block")  # all that a theme changes

THEMES: tuple[Theme, ...] = ("light", "dark")
WIDTHS = (1280, 390)

# From the top: what happens to lie under the sticky head, where an act left the page, is not out of reach.
_SETTLED = """() => new Promise((done) => {
  scrollTo({ top: 0, behavior: "instant" });
  requestAnimationFrame(() => requestAnimationFrame(done));
})"""
_RUN = """async (runOnly) => {
  const found = await axe.run(document, { runOnly, resultTypes: ["violations"] });
  return found.violations.map((rule) => ({
    id: rule.id, impact: rule.impact,
    nodes: rule.nodes.map((node) => node.target.join(" ") + " – " + (node.any[0] ?? node.all[0] ?? node.none[0])?.message),
  }));
}"""


@cache
def script() -> str:
    return SCRIPT.read_text(encoding="utf-8")


def violations(page: Page, where: str, rules: tuple[str, ...] = ALL) -> list[str]:
    """What is wrong, in words; an empty list is the goal."""
    return _violations(page, where, {"type": "tag", "values": list(rules)})


def _violations(page: Page, where: str, only: dict[str, Any]) -> list[str]:
    if not page.evaluate("typeof axe === 'object'"):
        page.evaluate(script())
    found: list[dict[str, Any]] = page.evaluate(_RUN, only)
    return [f"{where}: {rule['id']} ({rule['impact']}): {node}" for rule in found for node in rule["nodes"]]


def violations_in_all_looks(page: Page, where: str, rules: tuple[str, ...] = ALL) -> list[str]:
    """At a desk and on a phone, and the colours in the dark, without loading the page again."""
    found: list[str] = []
    for width in WIDTHS:
        page.set_viewport_size({"width": width, "height": 900})
        for theme in THEMES:
            page.emulate_media(color_scheme=theme)
            page.evaluate(_SETTLED)
            look = f"{where}, {theme}, {width} px"
            if theme == "dark":
                found += _violations(page, look, {"type": "rule", "values": list(COLOURS)})
            else:
                found += violations(page, look, rules)
    return found
