"""A person in front of a browser window: opens pages, signs in, reads mail. What the console says is evidence."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from playwright.sync_api import BrowserContext, ConsoleMessage, Page, expect

from tests.browser.server import PortalServer
from webapp.demo.cast import PASSWORD

TIMEOUT_MS = 15_000

_HTTP_STATUS = re.compile(r"server responded with a status of (\d+)")

# Runs in each new page before anything of the page: what was said in the status region, how much the page jumped,
# whether the focus was lost.
WITNESS = """
window.said = []; window.shifted = 0; window.shifts = [];
addEventListener("DOMContentLoaded", () => {
  const region = document.getElementById("status");
  if (!region) return;
  new MutationObserver(() => { if (region.textContent.trim()) window.said.push(region.textContent.trim()); })
    .observe(region, { childList: true, characterData: true, subtree: true });
});
new PerformanceObserver((list) => {
  for (const entry of list.getEntries()) {
    if (entry.hadRecentInput) continue;
    window.shifted += entry.value;
    window.shifts.push(entry.sources.map((source) => source.node?.outerHTML?.slice(0, 80) ?? "?").join(" | "));
  }
}).observe({ type: "layout-shift", buffered: true });
"""


@dataclass
class Visitor:
    server: PortalServer
    context: BrowserContext
    page: Page
    site: str | None
    problems: list[str] = field(default_factory=list)
    expected: set[int] = field(default_factory=set)

    def __post_init__(self) -> None:
        self.page.set_default_timeout(TIMEOUT_MS)
        self.page.on("console", self._console)
        self.page.on("pageerror", lambda error: self.problems.append(f"page error: {error}"))

    def _console(self, message: ConsoleMessage) -> None:
        if message.type not in ("error", "warning"):
            return
        status = _HTTP_STATUS.search(message.text)
        if status and int(status[1]) in self.expected:
            return
        self.problems.append(f"{message.type} on {self.page.url}: {message.text}")

    @contextmanager
    def expecting(self, *texts: str) -> Iterator[list[str]]:
        """Inside, the console may say these things; what it said is in the list. Anything else stays a problem."""
        before = len(self.problems)
        said: list[str] = []
        yield said
        fresh = self.problems[before:]
        said.extend(problem for problem in fresh if any(text in problem for text in texts))
        self.problems[before:] = [problem for problem in fresh if problem not in said]

    # ---- going places

    def address(self, path: str, site: str | None = "") -> str:
        return self.server.origin(self.site if site == "" else site) + path

    def open(self, path: str, *, site: str | None = "", status: int = 200) -> Page:
        """Loads the page; an answer with another status is a failure."""
        self.expected.add(status)
        answer = self.page.goto(self.address(path, site))
        assert answer is not None
        assert answer.status == status, f"{path}: {answer.status}"
        return self.page

    def sign_in(self, email: str, password: str = PASSWORD, *, path: str = "/sign-in") -> Page:
        self.show_password(email, password, path=path)
        self.page.wait_for_url(lambda url: "/sign-in" not in url)
        return self.page

    def show_password(self, email: str, password: str = PASSWORD, *, path: str = "/sign-in") -> None:
        self.open(path)
        self.page.fill("#email", email)
        self.page.fill("#password", password)
        self.page.click("form[action='/sign-in'] button")

    def open_newest_mail(self, holding: str) -> Page:
        """In the demo's mailbox: the newest mail whose line holds these words."""
        self.open("/mailbox", site=None)
        self.page.locator("a[href^='/mailbox/']").filter(has_text=holding).first.click()
        self.page.wait_for_url("**/mailbox/*")
        return self.page

    def choose_language(self, language: str) -> None:
        """By the switch that is on every page."""
        self.page.click("[popovertarget='language-menu']")
        with self.page.expect_navigation():
            self.page.click(f"#language-menu button[value='{language}']")

    # ---- what can be seen

    @property
    def path(self) -> str:
        return "/" + self.page.url.split("/", 3)[3]

    def said(self) -> list[str]:
        """What the status region has announced on this page, each change once."""
        return list(self.page.evaluate("window.said"))

    def focused(self) -> str:
        """The focused element as `tag#id`; `body` means that the focus was lost."""
        return str(
            self.page.evaluate(
                "(e => e.tagName.toLowerCase() + (e.id ? '#' + e.id : ''))(document.activeElement ?? document.body)"
            )
        )

    def expect_path(self, path: str) -> None:
        expect(self.page).to_have_url(re.compile(re.escape(self.address(path)) + r"(\?.*)?$"))

    def check(self) -> None:
        assert not self.problems, "The browser complained:\n" + "\n".join(self.problems)


def new_context_options(
    *, language: str, width: int, height: int, theme: str, javascript: bool, touch: bool, scale: float
) -> dict[str, Any]:
    return {
        "locale": language,
        "viewport": {"width": width, "height": height},
        "color_scheme": theme,
        "java_script_enabled": javascript,
        "has_touch": touch,
        "device_scale_factor": scale,
        "reduced_motion": "reduce",
    }
