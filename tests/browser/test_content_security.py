"""The content security policy and htmx's guard: what is injected into a page does nothing.

Each attack is planted into what the server answers, as if a page had forgotten to escape a customer's text.
A control without the policy shows that the same attack would work.
"""

from __future__ import annotations

import re
import time
from http.client import HTTPConnection
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Page, Route, expect

from tests.browser.conftest import Visit
from tests.browser.pages.shapes import administrator
from tests.browser.visitor import Visitor

BLOCKED = ("Content Security Policy", "TrustedHTML", "hx-csp", "Trusted Type", "ERR_BLOCKED_BY_CSP")
SETTLE_MS = 400

OWN_NONCE = "the answer's own nonce"
OWN = "window.owned = true"
SCRIPTS = {
    "image": f'<img src="/static/nothing" onerror="{OWN}">',
    "script": f"<script>{OWN}</script>",
    "script-guessed-nonce": f'<script nonce="AAAAAAAAAAAAAAAAAAAAAA">{OWN}</script>',
    "script-elsewhere": '<script src="http://localhost:1/evil.js"></script>',
    "frame": f"<iframe srcdoc='<script>parent.{OWN}</script>'></iframe>",
    "details": f'<details open ontoggle="{OWN}"><summary>x</summary></details>',
    "style": f'<style onload="{OWN}">body {{ display: none }}</style>',
}
REQUESTS = {
    "htmx": '<div hx-get="/subscriptions?stolen" hx-trigger="load"></div>',
    "htmx-guessed-nonce": '<div hx-get="/subscriptions?stolen" hx-trigger="load" hx-nonce="AAAAAAAAAAAA"></div>',
    "htmx-data": '<div data-hx-get="/subscriptions?stolen" data-hx-trigger="load"></div>',
    "htmx-body": '<body hx-get="/subscriptions?stolen" hx-trigger="load">',
    "htmx-on": """<div hx-on:load="fetch('/subscriptions?stolen')" hx-on::load="fetch('/subscriptions?stolen')"></div>""",
    "picture": '<img src="http://localhost:1/?stolen">',
    "stylesheet": '<link rel="stylesheet" href="http://localhost:1/?stolen">',
}


@pytest.fixture
def visitor(visit_as: Visit) -> Visitor:
    window = visit_as("fr", administrator("fr"))
    window.open("/subscriptions")
    return window


def fetched(route: Route) -> tuple[int, dict[str, str], str]:
    """What the server answers. Only the browser resolves `fr.localhost`: here its address is written out."""
    wanted = urlsplit(route.request.url)
    connection = HTTPConnection("127.0.0.1", wanted.port, timeout=10)
    headers = {**route.request.all_headers(), "Host": wanted.netloc, "Accept-Encoding": "identity"}
    kept = {name: value for name, value in headers.items() if not name.startswith(":")}
    connection.request("GET", f"{wanted.path}?{wanted.query}", headers=kept)
    answer = connection.getresponse()
    text = answer.read().decode()
    connection.close()
    return answer.status, {name.lower(): value for name, value in answer.getheaders()}, text


def plant(page: Page, html: str, *, policy: bool = True) -> None:
    """From now on the list's pages and fragments carry this."""

    def answer(route: Route) -> None:
        status, headers, text = fetched(route)
        if not policy:
            del headers["content-security-policy"]
        headers.pop("content-length", None)
        nonce = re.search(r"'nonce-([^']+)'", headers.get("content-security-policy", ""))
        planted = html.replace(OWN_NONCE, nonce[1] if nonce else "")
        place = "</h1>" if "</h1>" in text else "</form>"
        route.fulfill(status=status, headers=headers, body=text.replace(place, place + planted, 1))

    page.route("**/subscriptions*", answer)


def reached(page: Page) -> list[str]:
    """The addresses that would be reached by the attack, if it worked."""
    heard: list[str] = []
    page.on("request", lambda request: heard.append(request.url) if "stolen" in request.url else None)
    page.on("requestfailed", lambda request: heard.remove(request.url) if request.url in heard else None)
    return heard


@pytest.mark.parametrize("attack", SCRIPTS)
def test_a_planted_script_does_not_run(visitor: Visitor, attack: str) -> None:
    plant(visitor.page, SCRIPTS[attack])
    visitor.expected.add(404)
    with visitor.expecting(*BLOCKED) as heard:
        visitor.open("/subscriptions")
        visitor.page.wait_for_timeout(SETTLE_MS)
    assert heard, "the browser says that it blocked something"
    assert visitor.page.evaluate("window.owned") is None
    expect(visitor.page.locator("h1")).to_be_visible()


@pytest.mark.parametrize("attack", REQUESTS)
def test_a_planted_request_is_not_sent(visitor: Visitor, attack: str) -> None:
    plant(visitor.page, REQUESTS[attack])
    heard = reached(visitor.page)
    with visitor.expecting(*BLOCKED):
        visitor.open("/subscriptions")
        visitor.page.wait_for_timeout(SETTLE_MS)
    assert heard == []


def test_with_the_answers_own_nonce_a_request_is_sent(visitor: Visitor) -> None:
    """The control: an attack that knew the nonce would be heard."""
    attack = f'<div hx-get="/subscriptions?stolen" hx-trigger="load" hx-nonce="{OWN_NONCE}"></div>'
    plant(visitor.page, attack)
    heard = reached(visitor.page)
    visitor.open("/subscriptions")
    visitor.page.wait_for_timeout(SETTLE_MS)
    assert heard


@pytest.mark.parametrize("line", ["slow", "broken"])
@pytest.mark.parametrize("attack", ["htmx", "htmx-guessed-nonce", "htmx-body"])
def test_htmx_obeys_nothing_planted_while_its_guard_is_on_its_way(
    visitor: Visitor, attack: str, line: str
) -> None:
    def later(route: Route) -> None:
        time.sleep(SETTLE_MS / 1000)
        route.abort() if line == "broken" else route.continue_()

    plant(visitor.page, REQUESTS[attack])
    visitor.page.route("**/hx-csp.min.js*", later)
    heard = reached(visitor.page)
    with visitor.expecting("ERR_FAILED", *BLOCKED):
        visitor.open("/subscriptions")
        visitor.page.wait_for_timeout(SETTLE_MS)
    assert heard == []


@pytest.mark.parametrize("attack", ["image", "script", "details"])
def test_without_the_policy_the_same_script_runs(visitor: Visitor, attack: str) -> None:
    """The control: these attacks are real."""
    plant(visitor.page, SCRIPTS[attack], policy=False)
    visitor.expected.add(404)
    visitor.open("/subscriptions")
    visitor.page.wait_for_function("window.owned === true")


@pytest.mark.parametrize("attack", ["image", "htmx", "htmx-guessed-nonce"])
def test_what_a_swap_brings_is_guarded_too(visitor: Visitor, attack: str) -> None:
    plant(visitor.page, {**SCRIPTS, **REQUESTS}[attack])
    visitor.expected.add(404)
    heard = reached(visitor.page)
    with visitor.expecting(*BLOCKED) as blocked:
        visitor.page.locator("nav.tabs a[href$='status=active']").click()
        expect(visitor.page.locator("nav.tabs a[href$='status=active']")).to_have_attribute(
            "aria-current", "true"
        )
        visitor.page.wait_for_timeout(SETTLE_MS)
    assert blocked
    assert (visitor.page.evaluate("window.owned"), heard) == (None, [])


def test_text_does_not_become_elements_by_script(visitor: Visitor) -> None:
    """Trusted Types: only htmx's own policy may do that."""
    with visitor.expecting(*BLOCKED) as heard:
        refused = visitor.page.evaluate(
            "() => { try { document.querySelector('main').innerHTML = '<b>x</b>'; return ''; }"
            " catch (error) { return error.name; } }"
        )
    assert refused == "TypeError"
    assert heard
    assert visitor.page.locator("main b").count() == 0
