"""The support console."""

from __future__ import annotations

from tests.browser.pages.shapes import AGENT, CONSOLE, PageCase, at

CASES = (
    PageCase("console-sign-in", "agent_sign_in.show", at("/agent/sign-in"), host=CONSOLE),
    PageCase("console-home", "console.show", at("/console"), AGENT, host=CONSOLE),
    PageCase("console-me", "agent.show", at("/agent"), AGENT, host=CONSOLE),
    PageCase("console-search", "console_search.show", at("/console/search?q=exemple"), AGENT, host=CONSOLE),
)
