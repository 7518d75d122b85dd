"""One server a worker, one browser, a window for each test. Without Chromium the tests fail, they never skip."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, StorageState, sync_playwright

from tests.browser.chromium import find_chromium
from tests.browser.server import PortalServer
from tests.browser.visitor import WITNESS, Visitor, new_context_options
from tests.browser.ways_in import WAYS_IN

FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-default-apps",
    "--disable-sync",
    "--no-first-run",
]
LANGUAGES = {"fr": "fr-FR", "de": "de-DE", "ae": "ar-AE", "jp": "ja-JP", "pl": "pl-PL", None: "en-GB"}

Visit = Callable[..., Visitor]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    here = Path(__file__).parent
    for item in items:
        if here in item.path.parents:
            item.add_marker(pytest.mark.browser)


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PortalServer]:
    portal_server = PortalServer(tmp_path_factory.mktemp("browser") / "data")
    try:
        portal_server.start()
        yield portal_server
    finally:
        portal_server.end()


# Ends with this folder's tests: Playwright's own loop would be in the way of tests that run one.
@pytest.fixture(scope="package")
def browser() -> Iterator[Browser]:
    program = find_chromium()
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=program, args=FLAGS)
        yield started
        started.close()


@pytest.fixture
def visit(browser: Browser, server: PortalServer) -> Iterator[Visit]:
    """Opens windows: `visit("fr", width=390)`. At the end of the test no window may have complained."""
    contexts: list[BrowserContext] = []
    visitors: list[Visitor] = []

    def open_window(
        site: str | None = "fr",
        *,
        width: int = 1280,
        height: int = 900,
        theme: str = "light",
        javascript: bool = True,
        touch: bool = False,
        scale: float = 1,
        language: str = "",
        beside: Visitor | None = None,
    ) -> Visitor:
        options = new_context_options(
            language=language or LANGUAGES.get(site, "en-GB"),
            width=width,
            height=height,
            theme=theme,
            javascript=javascript,
            touch=touch,
            scale=scale,
        )
        if beside is None:
            context = browser.new_context(**options)
            context.add_init_script(WITNESS)
            contexts.append(context)
        else:
            context = beside.context  # a second window of the same person
        visitor = Visitor(server, context, context.new_page(), site)
        visitors.append(visitor)
        return visitor

    yield open_window
    for context in contexts:
        context.close()
    for visitor in visitors:
        visitor.check()


@pytest.fixture(scope="session")
def sessions() -> dict[tuple[str, str], StorageState]:
    """Who has signed in before on this server: a session is kept, as in a customer's browser."""
    return {}


@pytest.fixture
def visit_as(visit: Visit, sessions: dict[tuple[str, str], StorageState]) -> Visit:
    """`visit_as("fr", "alice@demo.example", width=390)`: a window of somebody who is signed in, or is otherwise
    on their way, by the name of it."""

    def open_window(site: str | None, person: str | None, **options: Any) -> Visitor:
        if site is None or person is None:
            return visit(site, **options)
        visitor = visit(site, **options)
        if (site, person) in sessions:
            visitor.context.add_cookies(sessions[site, person]["cookies"])
        else:
            come_in = WAYS_IN.get(person)
            come_in(visitor) if come_in else visitor.sign_in(person)
            sessions[site, person] = visitor.context.storage_state()
        return visitor

    return open_window
