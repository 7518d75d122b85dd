"""An agent searches while typing: every country of their regions answers, and one that hangs comes later."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager

from playwright.sync_api import expect

from tests.browser import axe
from tests.browser.conftest import Visit
from tests.browser.server import PortalServer
from tests.browser.test_agents import begin, link_for_a_new_agent, set_up_app
from webapp.data.statements import row


def a_customer(server: PortalServer, code: str) -> str:
    """A company with a long name."""
    with server.portal.at(server.portal.sites[code]):
        found = row(
            "SELECT a.name FROM account a JOIN subscription s ON s.account_id = a.id"
            " ORDER BY length(a.name) DESC, a.id LIMIT 1"
        )
        assert found
        return str(found.name)


def mistyped(name: str) -> str:
    """Its longest word, without its capital and with two letters in the wrong order."""
    word = max(name.lower().split(), key=len)
    return word[:3] + word[4] + word[3] + word[5:]


@contextmanager
def held(server: PortalServer, code: str) -> Iterator[None]:
    """Nobody else can read this site's file."""
    path = server.portal.databases.urls[code].removeprefix("sqlite:///")
    opened = sqlite3.connect(path, isolation_level=None)
    opened.execute("PRAGMA locking_mode = EXCLUSIVE")
    opened.execute("BEGIN EXCLUSIVE")
    try:
        yield
    finally:
        opened.execute("ROLLBACK")
        opened.close()


def test_customers_are_found_while_typing_and_late_countries_load_themselves(
    visit: Visit, server: PortalServer
) -> None:
    name = a_customer(server, "de")
    server.portal.databases.close_all()
    _email, link = link_for_a_new_agent(server)
    visitor = visit("support", width=390)
    with held(server, "at"):
        page = begin(visitor, link)
        page.click("form[action='/agent/app'] button")
        set_up_app(visitor, server)
        visitor.expect_path("/console")
        found = axe.violations(page, "console")
        page.locator("#q").press_sequentially(mistyped(name), delay=30)
        expect(page.locator("#results")).to_contain_text(name)
        expect(page.locator("#late")).to_contain_text("Austria")
        found += axe.violations(page, "results, one late")
        expect(page.locator("#q")).to_be_focused()
    expect(page.locator("#late")).to_contain_text("Nothing found", timeout=15_000)
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    found += axe.violations_in_all_looks(page, "results")

    page.locator("#results a", has_text=name).first.click()
    visitor.expect_path("/visits/new")
    visitor.open("/console/search?q=zeppelin")
    expect(page.locator("#results")).to_contain_text("Nothing found")
    found += axe.violations(page, "nothing")
    assert not found, "\n".join(found)


def test_the_search_works_without_javascript(visit: Visit, server: PortalServer) -> None:
    name = a_customer(server, "de")
    _email, link = link_for_a_new_agent(server)
    visitor = visit("support", javascript=False)
    page = begin(visitor, link, javascript=False)
    page.click("form[action='/agent/app'] button")
    set_up_app(visitor, server)
    page.fill("#q", mistyped(name))
    page.press("#q", "Enter")
    visitor.expect_path("/console/search")
    expect(page.locator("#results")).to_contain_text(name)
