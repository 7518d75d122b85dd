"""A browser without JavaScript for the tests: it sends what browsers send, follows links and submits forms as
they stand on the page, and looks at every HTML answer it gets."""

from __future__ import annotations

import re
from typing import Any

from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from tests.support.cast import Actor
from tests.support.page import Element, Page, problems_of
from webapp.i18n import _, speaking, speech
from webapp.sites import Site

PARTIAL = {"HX-Request": "true", "HX-Request-Type": "partial"}
BOOSTED = {**PARTIAL, "HX-Boosted": "true"}
RESTORING = {**PARTIAL, "HX-History-Restore-Request": "true"}

SAFE_METHODS = ("GET", "HEAD", "OPTIONS")
FOUND_BY_SEARCH_ENGINES = {"/", "/sign-in", "/help"}
FOR_EVERYBODY = {*FOUND_BY_SEARCH_ENGINES, "/imprint", "/privacy", "/accessibility"}
REQUIRED_HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
}
REQUIRED_POLICY = (
    "default-src 'none'",
    "style-src 'self'",
    "form-action 'self'",
    "base-uri 'none'",
    "frame-ancestors 'none'",
    "require-trusted-types-for 'script'",
)
_NONCE = re.compile(r"script-src 'nonce-([\w-]+)'")
_HTML_OF_A_MAIL = re.compile(r"/mailbox/[^/]+/html")


class PageProblems(AssertionError):
    """An answer that no page of ours may be."""


class SiteClient(FlaskClient):
    """One browser at one country site (or at the bare domain)."""

    def __init__(self, app: Flask, site: Site | None) -> None:
        super().__init__(app, app.response_class)
        self.site = site
        self.origin = site.origin if site else app.extensions["portal"].settings.origin()

    def open(self, *args: Any, **keywords: Any) -> TestResponse:
        keywords.setdefault("base_url", self.origin)
        headers = dict(keywords.pop("headers", None) or {})
        if keywords.get("method", "GET") not in SAFE_METHODS and not headers.keys() & {
            "Sec-Fetch-Site",
            "Origin",
        }:
            headers["Sec-Fetch-Site"] = "same-origin"
        # Buffered: the answer is read to its end and closed, as servers do, which unbinds the site.
        answer = super().open(*args, headers=headers, buffered=True, **keywords)
        look_at(answer)
        return answer

    def page(self, address: str, **keywords: Any) -> Page:
        """The page at this address, which must be there."""
        answer = self.get(address, **keywords)
        assert answer.status_code == 200, f"{address}: {answer.status}"
        return page_of(answer)

    def follow(self, answer: TestResponse) -> Page:
        """Where a 303 leads; as often as it takes."""
        for _step in range(5):
            assert answer.status_code == 303, answer.status
            answer = self.get(answer.location)
            if answer.status_code == 200:
                return page_of(answer)
        raise AssertionError(f"Led on and on, last to {answer.location}")

    def submit(self, page: Element, action: str | None = None, /, **typed: str) -> TestResponse:
        """Presses the form's button: its fields as they stand, with what was typed into those that exist."""
        forms = [form for form in page.all("form", method="post") if action in (None, form.get("action"))]
        forms = [
            form for form in forms if action or not form.get("action").startswith(("/language", "/sign-out"))
        ]
        assert len(forms) == 1, f"{forms} for {action}"
        named = forms[0].all("input")
        fields = {field["name"]: field.get("value") for field in named if "name" in field}
        assert typed.keys() <= fields.keys(), f"{typed.keys()} into {fields.keys()}"
        return self.post(forms[0].get("action") or self.last_address, data=fields | typed)

    def get(self, *args: Any, **keywords: Any) -> TestResponse:
        self.last_address = str(args[0])
        return super().get(*args, **keywords)


def client_at(app: Flask, site_code: str | None) -> SiteClient:
    """`None` is the bare domain."""
    sites = app.extensions["portal"].sites
    return SiteClient(app, sites[site_code] if site_code else None)


def sign_in(client: SiteClient, email: str, password: str) -> SiteClient:
    """Through the real form."""
    answer = client.submit(client.page("/sign-in"), email=email, password=password)
    assert answer.status_code == 303, f"{email} at {client.origin}: {answer.status}"
    return client


def signed_in(app: Flask, actor: Actor) -> SiteClient:
    return sign_in(client_at(app, actor.site), actor.email, actor.password)


def page_of(answer: TestResponse) -> Page:
    """Read once: it was looked at before the test asks for it."""
    assert answer.mimetype == "text/html", answer.headers
    if not hasattr(answer, "page"):
        answer.page = Page(answer.text)  # type: ignore[attr-defined]
    found: Page = answer.page  # type: ignore[attr-defined]
    return found


def look_at(answer: TestResponse) -> None:
    """Headers and HTML of every answer; redirects carry nothing to look at."""
    if answer.mimetype != "text/html" or 300 <= answer.status_code < 400:
        return
    problems = [f"{name}: {answer.headers.get(name)}" for name in wrong_headers(answer)]
    path = answer.request.path
    if answer.data and not is_a_mail(answer):
        plain = answer.status_code == 200 and not answer.request.query_string
        noindex = (
            True
            if path not in FOR_EVERYBODY
            else False
            if plain and path in FOUND_BY_SEARCH_ENGINES
            else None
        )
        problems += problems_of(page_of(answer), nonce=nonce_of(answer), noindex=noindex)
    if problems:
        raise PageProblems(f"{answer.request.method} {answer.request.url}: " + "; ".join(problems))


def is_a_mail(answer: TestResponse) -> bool:
    """A mail's own HTML, made for mail programs."""
    return answer.status_code == 200 and _HTML_OF_A_MAIL.fullmatch(answer.request.path) is not None


def nonce_of(answer: TestResponse) -> str:
    found = _NONCE.search(answer.headers.get("Content-Security-Policy", ""))
    return found[1] if found else ""


def wrong_headers(answer: TestResponse) -> list[str]:
    headers = answer.headers
    wrong = [name for name, value in REQUIRED_HEADERS.items() if headers.get(name) != value]
    policy = headers.get("Content-Security-Policy", "")
    if is_a_mail(answer):
        strict = policy.startswith("default-src 'none'") and "script-src" not in policy
    else:
        strict = (
            all(part in policy for part in REQUIRED_POLICY) and "unsafe" not in policy and nonce_of(answer)
        )
    if not strict:
        wrong.append("Content-Security-Policy")
    if "no-store" not in headers.get("Cache-Control", ""):
        wrong.append("Cache-Control")
    if "Permissions-Policy" not in headers:
        wrong.append("Permissions-Policy")
    return wrong


def said(at: SiteClient | Site | None, what: object, /, **values: object) -> str:
    """The portal's words in the site's first language, as a page there says them.

    `what` is a refusal, or a message of the templates.
    """
    site = at.site if isinstance(at, SiteClient) else at
    with speaking(speech(site.default_language, site.territory) if site else speech("en", "GB")):
        words = _(what, **values) if isinstance(what, str) else str(what)
    return " ".join(words.split())
