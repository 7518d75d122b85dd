"""Every page that can be read, looked at: new routes join by being listed in `routes`.

The client looks at headers and HTML of each answer it gets; what it checks is in `tests/support/page.py`.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from flask import Flask

from tests.support.cast import ALICE, BOB, DORA, NAMESAKE, Actor, Cast
from tests.support.client import (
    BOOSTED,
    PARTIAL,
    PageProblems,
    SiteClient,
    client_at,
    look_at,
    nonce_of,
    page_of,
    signed_in,
)
from tests.support.page import Page, problems_of
from tests.web.conftest import on_sqlite
from tests.web.ground import named, pick
from tests.web.routes import ROUTES
from tests.web.routes.shapes import Route
from webapp.assembly import Portal


def addresses(actor: Actor, cast: Cast) -> Iterator[str]:
    """Of everything that this person may read."""
    for route in ROUTES.values():
        may = route.owners and not (route.managing and actor is BOB)
        if (
            may
            and route.who != "key"
            and "GET" in route.answers
            and route.place in ("site", "anywhere")
            and route.names in ("", "row", "invoice")
            and not route.path.endswith("/claim")  # there while somebody claims it: test_claims.py
        ):
            yield from _addresses(route, actor, cast)


def _addresses(route: Route, actor: Actor, cast: Cast) -> Iterator[str]:
    if not route.names:
        yield route.path
        return
    before, _, after = route.path.partition("<")
    for row in cast.rows_of(actor):
        if pick(route.answers["GET"], row.state, unknown=route.unknown) < 400:
            yield before + named(row, route) + after.partition(">")[2]


@on_sqlite
@pytest.mark.parametrize("actor", [ALICE, BOB, DORA, NAMESAKE], ids=lambda actor: actor.key)
def test_every_page_and_fragment_is_sound(actor: Actor, app: Flask, cast: Cast) -> None:
    client = signed_in(app, actor)
    for address in addresses(actor, cast):
        for headers in ({}, PARTIAL, BOOSTED):
            answer = client.get(address, headers=headers)
            assert answer.status_code in (200, 204, 303), f"{address}: {answer.status}"


@on_sqlite
def test_public_pages_are_sound_at_every_site_in_every_language(app: Flask, portal: Portal) -> None:
    for site in portal.sites:
        client = client_at(app, site.code)
        for language in site.languages:
            client.set_cookie("language", language, domain=f"{site.code}.localhost")
            for route in ROUTES.values():
                public = route.who == "public" and route.place in ("site", "anywhere")
                if public and "GET" in route.answers and not route.names:
                    assert client.get(route.path).status_code in (200, 303)
            assert client.get("/nothing").status_code == 404


@on_sqlite
def test_every_link_on_a_page_leads_somewhere(app: Flask, cast: Cast) -> None:
    """No dead ends: whatever a page of ours offers to read can be read."""
    client, seen, waiting = signed_in(app, ALICE), set[str](), ["/subscriptions", "/help"]
    while waiting:
        address = waiting.pop()
        answer = client.get(address)
        assert answer.status_code in (200, 303), f"{address}: {answer.status}"
        found = page_of(answer).links if answer.status_code == 200 and answer.mimetype == "text/html" else []
        local = {link.partition("#")[0] for link in [*found, answer.location or ""] if link.startswith("/")}
        waiting += local - seen
        seen |= local
    assert len(seen) > 25


# ---- the checks themselves see what they are for

GOOD = """<!doctype html><html lang="fr" dir="ltr"><head><title>Liste</title>
<meta name="robots" content="noindex"><script nonce="n" src="/a.js"></script></head>
<body><header>x</header><main id="main"><h1>Liste</h1><h2>Un</h2>
<a href="/a" hx-get="/a" hx-target="#main" hx-nonce="n">a</a>
<form method="post" action="/b" hx-post="/b" hx-nonce="n"><label for="q">q</label><input id="q" name="q"
aria-describedby="hint"><span id="hint">None yet</span><button>ok</button></form></main><footer>x</footer></body></html>"""

BAD = {
    "no title": ("<title>Liste</title>", "<title> </title>"),
    "two titles": ("</title>", "</title><title>x</title>"),
    "an id twice": ('id="hint"', 'id="q"'),
    "no language": (' lang="fr"', ""),
    "no direction": (' dir="ltr"', ""),
    "a script without the nonce": ('<script nonce="n"', "<script"),
    "a script with an old nonce": ('<script nonce="n"', '<script nonce="m"'),
    "htmx without the nonce": ('hx-target="#main" hx-nonce="n"', 'hx-target="#main"'),
    "htmx to elsewhere": ('hx-get="/a"', 'hx-get="/c"'),
    "htmx without a link": ('href="/a" ', ""),
    "htmx posts elsewhere": ('hx-post="/b"', 'hx-post="/c"'),
    "a form that reads": ('method="post"', 'method="get"'),
    "a style": ("<h1>", '<h1 style="x">'),
    "a style sheet in the page": ("<h2>Un</h2>", "<h2>Un</h2><style>a{}</style>"),
    "a handler": ("<h1>", '<h1 onclick="x">'),
    "script as address": ('href="/a"', 'href="javascript:x"'),
    "None": ("Un</h2>", "None</h2>"),
    "None within words": ("Un</h2>", "Version None du</h2>"),
    "None as a value": ('action="/b"', 'action="None"'),
    "a value that was not filled in": ("Un</h2>", "%(number)s</h2>"),
    "a field without label": ('<label for="q">q</label>', ""),
    "a button without words": ("<button>ok</button>", "<button></button>"),
    "a link without words": (">a</a>", "></a>"),
    "two h1": ("<h2>Un</h2>", "<h1>Un</h1>"),
    "a heading too deep": ("<h2>Un</h2>", "<h2>Un</h2><h4>x</h4>"),
    "a description that is not there": ('aria-describedby="hint"', 'aria-describedby="tip"'),
    "a label of nothing": ('for="q"', 'for="x"'),
    "a menu that is not there": ("<button>", '<button popovertarget="menu">'),
    "a target that is not there": ('hx-target="#main"', 'hx-target="#list"'),
    "search engines are let in": ('<meta name="robots" content="noindex">', ""),
    "a tag that is not closed": ("</label>", ""),
    "a tag that closes another": ("</h2>", "</h3>"),
    "an attribute twice": ('<input id="q"', '<input id="q" id="r"'),
    "no main": ("<main", "<div"),
}


def test_a_sound_page_has_no_problems() -> None:
    assert problems_of(Page(GOOD), nonce="n", noindex=True) == []


@pytest.mark.parametrize("name", BAD)
def test_the_checks_see(name: str) -> None:
    old, new = BAD[name]
    assert old in GOOD
    assert problems_of(Page(GOOD.replace(old, new, 1)), nonce="n", noindex=True)


@on_sqlite
@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("X-Content-Type-Options", None),
        ("Referrer-Policy", "unsafe-url"),
        ("Cache-Control", "public"),
        ("Cross-Origin-Opener-Policy", None),
        ("Permissions-Policy", None),
        ("Content-Security-Policy", None),
        ("Content-Security-Policy", "default-src 'none'; script-src 'nonce-{}' 'unsafe-inline'"),
    ],
)
def test_the_checks_see_a_header_that_is_missing_or_weak(
    name: str, value: str | None, fr: SiteClient
) -> None:
    answer = fr.get("/sign-in")
    if value is None:
        del answer.headers[name]
    else:
        answer.headers[name] = value.format(nonce_of(answer))
    with pytest.raises(PageProblems, match=name):
        look_at(answer)
