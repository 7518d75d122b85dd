from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from datetime import timedelta
from urllib.parse import quote, urlencode

import pytest
from flask import Flask

from tests.conftest import TestClock
from tests.support.cast import (
    ALICE,
    BOB,
    CHARLIE,
    Actor,
    Cast,
)
from tests.support.client import (
    BOOSTED,
    PARTIAL,
    RESTORING,
    SiteClient,
    page_of,
    signed_in,
)
from tests.support.many import more_like
from tests.support.page import Element, Page
from webapp.assembly import Portal
from webapp.data.subscriptions import Seat, Subscription
from webapp.formats import day
from webapp.i18n import speaking, speech

SHELVES = {"pending": {"pending", "last-days"}, "active": {"active"}, "cancelled": {"cancelled", "ended"}}
FRENCH = speech("fr", "FR")


def listed(page: Element) -> list[str]:
    """Public ids in the order of the table."""
    return [cell.one("a")["href"].rsplit("/", 1)[1] for cell in page.all("td", class_="name")]


def counts(page: Element) -> list[str]:
    tabs = [link for link in page.all("a") if link.within("nav") and link.within("form")]
    return [tab.one("span").text for tab in tabs]


def row_of(page: Element, public_id: str) -> Element:
    return next(
        row for row in page.all("tr") if f"/subscriptions/{public_id}" in [a["href"] for a in row.all("a")]
    )


def ids(cast: Cast, *states: str, owner: Actor = ALICE) -> set[str]:
    return {row.public_id for row in cast.rows_of(owner) if row.state in states}


# ---- what the list shows


def test_the_list_holds_what_can_be_seen_and_nothing_that_is_gone(alice: SiteClient, cast: Cast) -> None:
    page = alice.page("/subscriptions")
    assert set(listed(page)) == ids(cast, "pending", "last-days", "active", "cancelled", "ended")
    for gone in ids(cast, "lapsed", "marked", "withdrawn"):
        assert gone not in page.text


@pytest.mark.parametrize("shelf", SHELVES)
def test_status_links_lead_to_their_rows_and_say_how_many(shelf: str, alice: SiteClient, cast: Cast) -> None:
    page = alice.page("/subscriptions")
    assert counts(page) == ["5", "2", "1", "2"]
    page = alice.page(f"/subscriptions?status={shelf}")
    assert set(listed(page)) == ids(cast, *SHELVES[shelf])
    assert counts(page) == ["5", "2", "1", "2"]
    current = [link["href"] for link in page.all("a", aria_current="true") if link.within("form")]
    assert current == [f"/subscriptions?status={shelf}"]


def test_each_row_says_what_matters(alice: SiteClient, cast: Cast, portal: Portal) -> None:
    page = alice.page("/subscriptions")
    row = cast.row(ALICE, "active")
    with portal.at(portal.sites["fr"]):
        stored = Subscription.get_by_id(row.id)
    text = row_of(page, row.public_id).text
    with speaking(FRENCH):
        expected = (row.public_id, stored.product_name, row.po_number, day(stored.term_end, "medium"))
    for fact in expected:
        assert " ".join(fact.split()) in text
    assert "1" in text and "5" in text  # licences assigned, of how many


def test_the_queue_shows_the_most_urgent_first(alice: SiteClient, cast: Cast) -> None:
    page = alice.page("/subscriptions")
    queue = [link["href"] for link in page.one("section", aria_labelledby="todo-h").all("a")]
    urgent, later = (cast.row(ALICE, state).public_id for state in ("last-days", "pending"))
    assert queue == [f"/subscriptions/{public_id}/agreement" for public_id in (urgent, later)]


def test_at_the_deadline_a_pending_one_leaves_the_list_without_any_job(
    app: Flask, portal: Portal, cast: Cast, clock: TestClock
) -> None:
    row = cast.row(ALICE, "last-days")
    with portal.at(portal.sites["fr"]):
        deadline = Subscription.get_by_id(row.id).activate_before
    clock.now = deadline - timedelta(microseconds=1)
    alice = signed_in(app, ALICE)
    page = alice.page("/subscriptions")
    assert row.public_id in listed(page) and counts(page)[1] == "2"
    clock.now = deadline
    page = alice.page("/subscriptions")
    assert row.public_id not in page.text and counts(page)[1] == "1"
    assert row.public_id not in listed(alice.page("/subscriptions?status=pending"))


def test_who_has_nothing_is_told_what_to_check(app: Flask, portal: Portal, cast: Cast) -> None:
    with portal.at(portal.sites["fr"]):
        Seat.delete().where(Seat.person == cast.person_ids[BOB]).execute()
    page = signed_in(app, BOB).page("/subscriptions")
    assert not page.all("table") and not page.all("input", name="q")
    assert BOB.email in page.one("main").text
    main = page.one("main")
    assert {f"{portal.settings.origin()}/", "/help"} <= {link["href"] for link in main.all("a")}


def test_the_three_dot_menu_has_its_two_entries(alice: SiteClient, cast: Cast) -> None:
    public_id = cast.row(ALICE, "active").public_id
    menu = alice.page("/subscriptions").one("div", id=f"menu-{public_id}")
    assert "popover" in menu
    assert [a["href"] for a in menu.all("a")] == [
        f"/subscriptions/{public_id}/users",
        f"/subscriptions/{public_id}",
    ]


def test_the_menu_of_a_pending_one_says_why_and_leads_to_activation(alice: SiteClient, cast: Cast) -> None:
    public_id = cast.row(ALICE, "pending").public_id
    menu = alice.page("/subscriptions").one("div", id=f"menu-{public_id}")
    assert [a["href"] for a in menu.all("a")] == [f"/subscriptions/{public_id}/agreement"]
    assert menu.one("li", class_="menu-note").text


def test_users_are_managed_only_where_the_product_has_it(alice: SiteClient, cast: Cast) -> None:
    """ON!Track's users are not: no menu entry, and the page says whom to ask."""
    public_id = cast.row(ALICE, "last-days").public_id
    alice.submit(alice.page(f"/subscriptions/{public_id}/agreement"))
    menu = alice.page("/subscriptions").one("div", id=f"menu-{public_id}")
    assert [a["href"] for a in menu.all("a")] == [f"/subscriptions/{public_id}"]
    page = alice.page(f"/subscriptions/{public_id}/users")
    assert alice.site and alice.site.support_email in page.one("main").text
    assert f"/subscriptions/{public_id}/users" not in alice.page(f"/subscriptions/{public_id}").links


# ---- search and order


ALL = {"pending", "last-days", "active", "cancelled", "ended"}
FOUND: dict[str, set[str]] = {
    "fieldwire": {"active", "cancelled", "ended"},
    "FIELDWIRE business": {"active"},
    "business  fieldwire": {"active"},
    "Engineering": {"pending"},
    "0314100003": {"cancelled"},
    "sub-fr-200004": {"ended"},
    "kanari-fr-alice active": {"active"},
    "on!track": {"last-days"},
    "fieldwire 0314100002 kanari sub-fr": {"active"},
    "nothing like it": set(),
    "%": set(),
    "_": set(),
    "' OR '1'='1": set(),
    "kanari-fr-charlie": set(),
    "": ALL,
    "   ": ALL,
}


def test_search_finds_by_product_id_order_and_purchase_order_number(alice: SiteClient, cast: Cast) -> None:
    pages = {text: alice.page(f"/subscriptions?{urlencode({'q': text})}") for text in FOUND}
    states = {row.public_id: row.state for row in cast.rows_of(ALICE)}
    assert {text: {states[found] for found in listed(page)} for text, page in pages.items()} == FOUND
    assert {text: page.one("input", id="q").get("value") for text, page in pages.items()} == {
        text: text.strip() for text in FOUND
    }


def test_search_knows_no_accents_and_no_case(alice: SiteClient, cast: Cast) -> None:
    row = cast.row(ALICE, "active")
    path = f"/subscriptions/{row.public_id}/purchase-order"
    alice.submit(alice.page(path), path, po_number="Bâtiment 7, Łódź, Straße")
    typed = ("bâtiment", "BATIMENT", "batiment", "BA\u0302timent", "Łodz", "lodz", "strasse")
    found = {text: listed(alice.page(f"/subscriptions?{urlencode({'q': text})}")) for text in typed}
    assert found == {text: [row.public_id] for text in typed}


def test_a_search_goes_with_the_status_and_says_when_nothing_is_found(alice: SiteClient, cast: Cast) -> None:
    page = alice.page("/subscriptions?q=fieldwire&status=cancelled")
    assert set(listed(page)) == ids(cast, "cancelled", "ended")
    assert {box["value"] for box in page.all("input", name="status")} == {"cancelled"}
    page = alice.page("/subscriptions?q=%3Cb%3Enothing")
    assert "<b>nothing" in page.one("div", class_="empty").text and counts(page) == ["5", "2", "1", "2"]


def test_no_search_is_too_strange(alice: SiteClient) -> None:
    texts = ("x" * 5000, "a\0b", "\u202e\u2066", "🙂 " * 200, "\\", '"', "\ufdfa" * 90, "%ED%A0%80")
    statuses = [alice.get(f"/subscriptions?q={quote(text, safe='%')}").status_code for text in texts]
    assert statuses == [200] * len(texts)


@pytest.mark.parametrize(
    ("sort", "column", "falling"),
    [("name", "sort_key", False), ("renewal", "renewal_key", False), ("newest", "ordered_at", True)],
)
def test_the_list_is_sorted_as_asked(
    sort: str, column: str, falling: bool, alice: SiteClient, portal: Portal, cast: Cast
) -> None:
    page = alice.page(f"/subscriptions?sort={sort}")
    with portal.at(portal.sites["fr"]):
        stored = {row.public_id: row for row in Subscription.select()}
    keys = [getattr(stored[public_id], column) for public_id in listed(page)]
    assert keys == sorted(keys, reverse=falling)
    marked = [cell for cell in page.all("th") if "aria-sort" in cell]
    assert len(marked) == (0 if falling else 1)


def test_unknown_arguments_show_the_plain_list(alice: SiteClient) -> None:
    plain = listed(alice.page("/subscriptions"))
    assert listed(alice.page("/subscriptions?status=gone&sort=price&page=7&after=&before=")) == plain


# ---- pages


def walk(client: SiteClient, start: str, way: str) -> Iterator[Page]:
    """From page to page by its own links, each fetched as the browser does it."""
    page = client.page(start)
    while True:
        yield page
        onward = page.all("a", rel=way)
        if not onward:
            return
        page = client.page(onward[0]["href"])


@pytest.mark.parametrize("sort", ["name", "renewal", "newest"])
@pytest.mark.parametrize("question", ["", "&status=active", "&q=sub-fr-3"])
def test_sixty_rows_with_equal_names_are_paged_without_loss(
    sort: str, question: str, app: Flask, portal: Portal, cast: Cast
) -> None:
    with portal.at(portal.sites["fr"]) as site, portal.databases.of(site).atomic():
        expected = set(more_like(cast.row(CHARLIE, "active"), 60))
    if question != "&q=sub-fr-3":
        expected |= {cast.row(CHARLIE, "active").public_id}
    if not question:
        expected |= {cast.row(CHARLIE, "pending").public_id}
    client = signed_in(app, CHARLIE)
    pages = list(walk(client, f"/subscriptions?sort={sort}{question}", "next"))
    forth = [listed(page) for page in pages]
    assert [len(rows) for rows in forth] == [25, 25, len(expected) - 50]
    seen = [public_id for rows in forth for public_id in rows]
    assert len(seen) == len(set(seen)) and set(seen) == expected
    assert not pages[0].all("a", rel="prev")
    back = [listed(page) for page in walk(client, pages[-1].one("a", rel="prev")["href"], "prev")]
    assert back == forth[-2::-1]


def test_a_row_that_comes_or_goes_between_two_pages_moves_no_other(
    app: Flask, portal: Portal, cast: Cast
) -> None:
    with portal.at(portal.sites["fr"]) as site, portal.databases.of(site).atomic():
        added = more_like(cast.row(CHARLIE, "active"), 60)
    client = signed_in(app, CHARLIE)
    first = client.page("/subscriptions")
    with portal.at(portal.sites["fr"]):
        Subscription.update(sort_key="a").where(Subscription.public_id == added[40]).execute()
    second = client.page(first.one("a", rel="next")["href"])
    assert not set(listed(first)) & set(listed(second))
    assert len({*listed(first), *listed(second)}) == 50


def cursor(value: object) -> str:
    return base64.urlsafe_b64encode(json.dumps(value).encode()).decode().rstrip("=")


GARBAGE = {
    "no base64": "%%%",
    "no JSON": base64.urlsafe_b64encode(b"\xff\xfe{").decode(),
    "letters beyond ASCII": "é✓",
    "a number": cursor(7),
    "a text": cursor("ab"),
    "an object": cursor({"a": 1, "b": 2}),
    "one part": cursor(["a"]),
    "three parts": cursor(["a", 1, 2]),
    "wrong kinds": cursor([1, "a"]),
    "true for a number": cursor(["a", True]),
    "a fraction": cursor(["a", 1.5]),
    "nothing": cursor([None, None]),
    "a number beyond all": cursor(["a", 2**70]),
    "a NUL": cursor(["a\0b", 1]),
    "half a surrogate pair": cursor(["\ud800", 1]),
    "nested a hundred times": "W" * 400,
    "very long": "A" * 10_000,
}


@pytest.mark.parametrize("way", ["after", "before"])
def test_a_cursor_that_is_not_ours_starts_the_list_at_its_beginning(
    way: str, app: Flask, portal: Portal, cast: Cast
) -> None:
    with portal.at(portal.sites["fr"]) as site, portal.databases.of(site).atomic():
        more_like(cast.row(CHARLIE, "active"), 30)
    client = signed_in(app, CHARLIE)
    beginning = listed(client.page("/subscriptions"))
    answers = {name: client.get(f"/subscriptions?{urlencode({way: text})}") for name, text in GARBAGE.items()}
    shown = {name: (answer.status_code, listed(page_of(answer))) for name, answer in answers.items()}
    assert shown == dict.fromkeys(GARBAGE, (200, beginning))


# ---- one view, a page and a fragment


def test_a_part_of_the_list_is_sent_for_a_part_of_the_page(alice: SiteClient, cast: Cast) -> None:
    answer = alice.get("/subscriptions?status=active", headers=PARTIAL)
    fragment = page_of(answer)
    assert not fragment.whole and listed(fragment) == [cast.row(ALICE, "active").public_id]
    assert {"HX-Request", "HX-Request-Type"} <= {name.strip() for name in answer.headers["Vary"].split(",")}
    whole = alice.get("/subscriptions?status=active")
    assert {"HX-Request", "HX-Request-Type"} <= {name.strip() for name in whole.headers["Vary"].split(",")}
    assert listed(page_of(whole).one(id="results")) == listed(fragment)


@pytest.mark.parametrize(
    "headers", [BOOSTED, RESTORING, {"HX-Request": "true"}, {"HX-Request-Type": "partial"}]
)
def test_all_else_gets_the_whole_page(headers: dict[str, str], alice: SiteClient) -> None:
    assert page_of(alice.get("/subscriptions", headers=headers)).whole
