"""The content security policy and htmx's guard: what is injected into a page does nothing."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page

from tests.browser.conftest import Visit
from tests.browser.pages import administrator
from tests.browser.visitor import Visitor

BLOCKED = ("Content Security Policy", "TrustedHTML", "hx-csp", "Trusted Type")

# As an attacker's text would come in: markup that the browser parses, not a script that builds elements.
INJECT = """(html) => {
  const parsed = new DOMParser();
  const policy = window.planted ??= true;
  const box = document.createElement("div");
  box.append(document.createRange().createContextualFragment(html));
  document.querySelector("main").append(box);
}"""


@pytest.fixture
def visitor(visit_as: Visit) -> Visitor:
    window = visit_as("fr", administrator("fr"))
    window.open("/subscriptions")
    return window


def requests_of(page: Page) -> list[str]:
    heard: list[str] = []
    page.on("request", lambda request: heard.append(request.url))
    return heard


def test_html_from_text_is_refused_by_the_browser_itself(visitor: Visitor) -> None:
    """Trusted Types: only htmx's policy may turn text into elements."""
    with visitor.expecting(*BLOCKED) as heard:
        refused = visitor.page.evaluate(
            "() => { try { document.querySelector('main').innerHTML = '<b>x</b>'; return ''; }"
            " catch (error) { return error.name; } }"
        )
    assert refused == "TypeError"
    assert heard
    assert visitor.page.locator("main b").count() == 0
