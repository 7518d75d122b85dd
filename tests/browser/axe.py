"""Accessibility rules checked by axe-core in the browser."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

from playwright.sync_api import Page

SCRIPT = Path(__file__).parent / "vendor" / "axe-core" / "axe.min.js"
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]

_RUN = """async (tags) => {
  const found = await axe.run(document, { runOnly: { type: "tag", values: tags }, resultTypes: ["violations"] });
  return found.violations.map((rule) => ({
    id: rule.id, impact: rule.impact,
    nodes: rule.nodes.map((node) => node.target.join(" ") + " – " + (node.any[0] ?? node.all[0] ?? node.none[0])?.message),
  }));
}"""


@cache
def script() -> str:
    return SCRIPT.read_text(encoding="utf-8")


def violations(page: Page) -> list[dict[str, Any]]:
    if not page.evaluate("typeof axe === 'object'"):
        page.evaluate(script())
    return list(page.evaluate(_RUN, RULES))


def in_words(found: list[dict[str, Any]], where: str) -> list[str]:
    return [
        f"{where}: {rule['id']} ({rule['impact']}): {node}"
        for rule in found
        for node in rule["nodes"]
    ]
