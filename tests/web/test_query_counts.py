"""How often a page asks the database: the same for one row and for sixty."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest
from flask import Flask

from tests.support.bills import plant_invoice
from tests.support.cast import ALICE, CHARLIE, HANDED_OVER, Cast
from tests.support.client import PARTIAL, SiteClient, client_at, signed_in
from tests.support.many import more_like
from webapp.assembly import Portal
from webapp.data.accounts import Person
from webapp.data.subscriptions import Seat, Subscription

LIST_AT_MOST, PAGE_AT_MOST, USERS_AT_MOST, INVOICES_AT_MOST, SIGN_IN_AT_MOST = 4, 6, 5, 5, 1


@contextmanager
def questions(portal: Portal) -> Iterator[list[str]]:
    """All SQL that fr's database gets meanwhile."""
    opened, seen = portal.databases.of(portal.sites["fr"]), list[str]()
    hook = lambda event: seen.append(event.sql)  # noqa: E731
    opened.query_hooks.append(hook)
    try:
        yield seen
    finally:
        opened.query_hooks.remove(hook)


def asked(portal: Portal, client: SiteClient, path: str, **keywords: object) -> int:
    with questions(portal) as seen:
        assert client.get(path, **keywords).status_code == 200
    return len(seen)


@pytest.fixture
def charlie(app: Flask) -> SiteClient:
    return signed_in(app, CHARLIE)


@pytest.fixture
def fill(portal: Portal, cast: Cast) -> Callable[[], None]:
    """Sixty rows more, of which half await activation."""

    def fill() -> None:
        with portal.at(portal.sites["fr"]) as site, portal.databases.of(site).atomic():
            added = more_like(cast.row(CHARLIE, "active"), 60)
            pending = Subscription.get_by_id(cast.row(CHARLIE, "pending").id)
            more = {
                name: getattr(pending, name) for name in ("status", "shelf", "activate_before", "renewal_key")
            }
            Subscription.update(more).where(Subscription.public_id.in_(added[:30])).execute()

    return fill


LISTS = ("/subscriptions", "/subscriptions?status=pending", "/subscriptions?q=sub&sort=renewal")


def test_the_list_asks_four_times_at_most_however_long_it_is(
    charlie: SiteClient, portal: Portal, fill: Callable[[], None]
) -> None:
    """And once more for who holds a license."""
    assert asked(portal, charlie, "/subscriptions") <= LIST_AT_MOST + 1
    with portal.at(portal.sites["fr"]):
        Seat.update(counted=0).execute()
    before = {path: asked(portal, charlie, path) for path in LISTS}
    fill()
    after = {path: asked(portal, charlie, path) for path in LISTS}
    assert before == after and max(after.values()) <= LIST_AT_MOST, after
    assert asked(portal, charlie, "/subscriptions", headers=PARTIAL) < LIST_AT_MOST


def test_what_was_handed_over_costs_no_question_more(app: Flask, portal: Portal, cast: Cast) -> None:
    alice = signed_in(app, ALICE)
    take_back = f"/subscriptions/{cast.row(ALICE, HANDED_OVER).public_id}/transfer/take-back"
    assert asked(portal, alice, "/subscriptions") <= LIST_AT_MOST
    page = alice.page("/subscriptions")
    assert take_back in page.links and page.one("section", aria_labelledby="todo-h")


def test_the_page_of_one_asks_six_times_at_most_however_much_happened(
    app: Flask, portal: Portal, cast: Cast
) -> None:
    row, alice = cast.row(ALICE, "active"), signed_in(app, ALICE)
    path = f"/subscriptions/{row.public_id}"
    tails = (
        "",
        "/users",
        "/agreement",
        "/purchase-order",
        "/cancellation",
        "/transfer",
        "/backup",
        "/licenses",
    )
    before = {tail: asked(portal, alice, path + tail) for tail in tails}
    with portal.at(portal.sites["fr"]) as site, portal.databases.of(site).atomic():
        for number in range(60):
            person = Person.create(
                email=f"{number}@example.com",
                email_key=f"{number}@example.com",
                name=f"Number {number}",
                sort_key=f"number {number}",
                language="fr",
                created_at=portal.clock(),
            )
            Seat.create(
                subscription=row.id,
                person=person,
                state="active",
                since=portal.clock(),
                sort_key=f"a{number}",
            )
    for version in range(12):
        alice.post(f"{path}/purchase-order", data={"po_number": f"number {version}", "version": str(version)})
    after = {tail: asked(portal, alice, path + tail) for tail in before}
    assert before == after and max(after.values()) <= PAGE_AT_MOST, after
    assert max(after[tail] for tail in ("/users",)) <= USERS_AT_MOST
    assert (
        len([line for line in alice.page(f"{path}/users").all("li") if line.get("id").startswith("seat-")])
        == 25
    )


INVOICES = ("", "?state=overdue&q=fieldwire", "?from=2020-01-01&po=7", ".csv", ".xlsx")


def test_invoices_ask_five_times_at_most_however_many_there_are(
    charlie: SiteClient, portal: Portal, cast: Cast
) -> None:
    """And the page of one of them, and of its subscription, do not ask more often either."""
    row = cast.row(CHARLIE, "active")
    paths = [f"/invoices{tail}" for tail in INVOICES]
    paths += [f"/invoices/{row.invoice}", f"/subscriptions/{row.public_id}"]
    before = {path: asked(portal, charlie, path) for path in paths}
    with portal.at(portal.sites["fr"]) as site, portal.databases.of(site).atomic():
        for _time in range(60):
            plant_invoice(row.id, issued_on=portal.clock().date(), now=portal.clock())
    after = {path: asked(portal, charlie, path) for path in paths}
    assert before == after and max(after[path] for path in paths[:-1]) <= INVOICES_AT_MOST, after
    assert after[paths[-1]] <= PAGE_AT_MOST
    assert asked(portal, charlie, "/invoices", headers=PARTIAL) < INVOICES_AT_MOST


def test_who_is_not_signed_in_costs_one_question_at_most(
    app: Flask, portal: Portal, alice: SiteClient
) -> None:
    visitor = client_at(app, "fr")
    public = ("/sign-in", "/sign-in?next=/activate/0314100001", "/help", "/password/forgotten")
    assert max(asked(portal, visitor, path) for path in public) <= SIGN_IN_AT_MOST
    assert max(asked(portal, alice, path) for path in ("/help", "/imprint")) <= SIGN_IN_AT_MOST


def test_the_hook_counts_at_all(portal: Portal, alice: SiteClient) -> None:
    assert asked(portal, alice, "/subscriptions") >= 3
