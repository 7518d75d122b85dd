from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest
from flask import Flask

from tests.conftest import TestClock
from tests.support.billed import many_due
from tests.support.cast import ALICE, Cast, Row
from tests.support.client import BOOSTED, PARTIAL, RESTORING, SiteClient, page_of, said, signed_in
from tests.support.page import Page
from tests.web.conftest import CastEngine, new_app
from webapp.assembly import Portal
from webapp.data.audit import AuditEvent
from webapp.data.billing import WAITING, Invoice
from webapp.data.subscriptions import Subscription
from webapp.domain import audit
from webapp.domain.subscriptions.purchase_orders import PoNumberNotText, PoNumberTooLong


@pytest.fixture
def row(cast: Cast) -> Row:
    return cast.row(ALICE, "active")


@pytest.fixture
def path(row: Row) -> str:
    return f"/subscriptions/{row.public_id}/purchase-order"


@pytest.fixture
def stored(portal: Portal, row: Row) -> Callable[[], tuple[str, int]]:
    def look() -> tuple[str, int]:
        with portal.at(portal.sites["fr"]):
            found = Subscription.get_by_id(row.id)
            return found.po_number, found.po_version

    return look


Stored = Callable[[], tuple[str, int]]


def form_on(page: Page, path: str) -> dict[str, str]:
    return {field["name"]: field.get("value") for field in page.one("form", action=path).all("input")}


# ---- without JavaScript


def test_the_number_is_edited_on_a_page_of_its_own(
    alice: SiteClient, row: Row, path: str, stored: Stored
) -> None:
    manage = alice.page(f"/subscriptions/{row.public_id}")
    assert path in manage.links
    form = alice.page(path)
    assert form_on(form, path) == {"version": "0", "po_number": row.po_number}
    answer = alice.submit(form, path, po_number="4500071236")
    assert answer.location == f"/subscriptions/{row.public_id}?done=po"
    page = alice.follow(answer)
    assert "4500071236" in page.one(id="po").text and row.po_number in page.one(id="activity").text
    assert stored() == ("4500071236", 1)


def test_undo_brings_the_old_number_back_without_javascript_too(
    alice: SiteClient, row: Row, path: str, stored: Stored
) -> None:
    page = alice.follow(alice.submit(alice.page(path), path, po_number="4500071236"))
    assert alice.submit(page, path).status_code == 303
    assert stored() == (row.po_number, 2)


def test_cancel_leads_back_to_the_page(alice: SiteClient, row: Row, path: str) -> None:
    """The link is the same with and without htmx."""
    cancel = alice.page(path).one("div", id="po").one("a")
    assert alice.get(cancel["href"]).location == f"/subscriptions/{row.public_id}"
    assert not page_of(alice.get(cancel["href"], headers=PARTIAL)).whole


def test_the_number_is_text(alice: SiteClient, path: str, stored: Stored) -> None:
    """Leading zeros, inner spaces and letters stay; outer spaces go; it may be taken away."""
    for typed, kept in (
        ("  007  A/b-ç ", "007  A/b-ç"),
        ("<b>&\"'", "<b>&\"'"),
        ("発注書 12", "発注書 12"),
        ("", ""),
    ):
        assert alice.submit(alice.page(path), path, po_number=typed).status_code == 303
        assert stored()[0] == kept
        assert alice.page(path).one("input", id="po_number").get("value") == kept


def test_seventy_characters_fit_and_one_more_does_not(alice: SiteClient, path: str, stored: Stored) -> None:
    assert alice.submit(alice.page(path), path, po_number="é" * 70).status_code == 303
    before = stored()
    answer = alice.submit(alice.page(path), path, po_number="x" * 71)
    page = page_of(answer)
    assert answer.status_code == 422 and page.whole
    field = page.one("input", id="po_number")
    assert field["value"] == "x" * 71 and field["aria-invalid"] == "true"
    assert said(alice, PoNumberTooLong(71)) in page.one(id="po_number-error").text
    assert page.title.startswith(said(alice, "Error:"))
    assert stored() == before


@pytest.mark.parametrize("typed", ["a\x07b", "a\0b", "a\u2028b", "a\x1bb"])
def test_what_cannot_be_printed_is_refused_and_kept_to_be_mended(
    typed: str, alice: SiteClient, row: Row, path: str, stored: Stored
) -> None:
    answer = alice.submit(alice.page(path), path, po_number=typed)
    assert answer.status_code == 422
    assert said(alice, PoNumberNotText()) in page_of(answer).one(id="po_number-error").text
    assert page_of(answer).one("input", id="po_number")["value"].replace("\ufffd", "\0") == typed
    assert stored() == (row.po_number, 0)


# ---- in place


def test_in_place_the_form_and_the_value_are_fragments(alice: SiteClient, row: Row, path: str) -> None:
    form = page_of(alice.get(path, headers=PARTIAL))
    assert not form.whole and form.one("div", id="po").one("form")["hx-post"] == path
    answer = alice.post(path, headers=PARTIAL, data={"po_number": "4500071236", "version": "0"})
    value = page_of(answer)
    assert answer.status_code == 200 and not value.whole
    assert "4500071236" in value.one(id="po").text and value.one(id="po")["data-announce"]
    for answer in (alice.get(path, headers=PARTIAL), alice.get(path)):
        assert {"HX-Request", "HX-Request-Type"} <= {
            name.strip() for name in answer.headers["Vary"].split(",")
        }


@pytest.mark.parametrize("headers", [BOOSTED, RESTORING])
def test_boosted_and_restored_requests_get_the_whole_page(
    headers: dict[str, str], alice: SiteClient, path: str
) -> None:
    assert page_of(alice.get(path, headers=headers)).whole


def test_undo_brings_the_old_number_back_in_place(
    alice: SiteClient, row: Row, path: str, stored: Stored
) -> None:
    answer = alice.post(path, headers=PARTIAL, data={"po_number": "4500071236", "version": "0"})
    undo = form_on(page_of(answer), path)
    assert undo == {"po_number": row.po_number, "version": "1"}
    assert row.po_number in page_of(alice.post(path, headers=PARTIAL, data=undo)).one(id="po").text
    assert stored() == (row.po_number, 2)


def test_saving_what_is_there_changes_nothing_and_offers_no_undo(
    alice: SiteClient, row: Row, path: str, stored: Stored
) -> None:
    answer = alice.post(path, headers=PARTIAL, data={"po_number": f" {row.po_number} ", "version": "0"})
    assert answer.status_code == 200 and not page_of(answer).all("form")
    assert stored() == (row.po_number, 0)


def test_in_place_a_refusal_is_the_form_with_what_was_typed(alice: SiteClient, path: str) -> None:
    answer = alice.post(path, headers=PARTIAL, data={"po_number": "x" * 80, "version": "0"})
    form = page_of(answer)
    assert answer.status_code == 422 and not form.whole
    assert form.one("input", id="po_number")["value"] == "x" * 80
    assert form.one("div", role="alert").one("a")["href"] == "#po_number"


# ---- two at once


@pytest.fixture
def late(app: Flask, alice: SiteClient, path: str, clock: TestClock) -> tuple[SiteClient, Page]:
    """A window that was opened before another one saved “from the other window”."""
    client = signed_in(app, ALICE)
    form = client.page(path)
    clock.forward(minutes=2)
    alice.submit(alice.page(path), path, po_number="from the other window")
    return client, form


def test_who_comes_second_sees_both_values_and_who_was_first(
    late: tuple[SiteClient, Page], path: str, stored: Stored
) -> None:
    client, form = late
    answer = client.submit(form, path, po_number="mine")
    page = page_of(answer)
    assert answer.status_code == 409 and page.whole
    note = page.one(id="po")
    assert "from the other window" in note.text and "mine" in note.text
    assert ALICE.name in note.one("div", role="alert").text
    assert stored() == ("from the other window", 1)


def test_either_value_can_then_be_chosen(
    late: tuple[SiteClient, Page], row: Row, path: str, stored: Stored
) -> None:
    client, form = late
    conflict = page_of(client.submit(form, path, po_number="mine")).one(id="po")
    keep = conflict.one("a")
    assert "from the other window" in keep.text
    assert client.get(keep["href"]).location == f"/subscriptions/{row.public_id}"
    assert client.submit(conflict, path).status_code == 303
    assert stored() == ("mine", 2)


def test_in_place_a_conflict_is_a_fragment(late: tuple[SiteClient, Page], path: str) -> None:
    client, form = late
    answer = client.post(path, headers=PARTIAL, data=form_on(form, path) | {"po_number": "mine"})
    fragment = page_of(answer)
    assert answer.status_code == 409 and not fragment.whole
    assert fragment.one(id="po").one("form")["hx-post"] == path


@pytest.mark.parametrize("version", ["", "-1", "7", "x", "1e3", "99999999999999999999", "٣"])
def test_without_the_version_that_was_read_nothing_is_saved(
    version: str, alice: SiteClient, row: Row, path: str, stored: Stored
) -> None:
    assert alice.post(path, data={"po_number": "mine", "version": version}).status_code == 409
    assert alice.post(path, data={"po_number": "mine"}).status_code == 409
    assert stored() == (row.po_number, 0)


def test_of_eight_at_once_one_wins_and_seven_see_both_values(
    make_portal: Callable[..., Portal], engine: CastEngine, row: Row, path: str
) -> None:
    portal = make_portal(engine)
    app = new_app(portal)
    clients = [signed_in(app, ALICE) for _client in range(8)]
    barrier = Barrier(8)

    def save(number: int) -> int:
        barrier.wait()
        data = {"po_number": f"number {number}", "version": "0"}
        return int(clients[number].post(path, data=data).status_code)

    with ThreadPoolExecutor(8) as pool:
        statuses = sorted(pool.map(save, range(8)))
    assert statuses == [303] + [409] * 7
    with portal.at(portal.sites["fr"]):
        events = AuditEvent.select().where(AuditEvent.action == audit.PURCHASE_ORDER_CHANGED)
        assert events.count() == 1 and Subscription.get_by_id(row.id).po_version == 1


# ---- which invoices it still reaches


def test_a_saved_number_says_from_when_on_it_is_on_invoices(
    alice: SiteClient, row: Row, path: str, portal: Portal
) -> None:
    saved = alice.follow(alice.submit(alice.page(path), path, po_number="4500071236")).one(id="po").text
    with portal.at(portal.sites["fr"]):
        renewal = Subscription.get_by_id(row.id).term_end
    assert "figurera sur les factures à partir du" in saved and str(renewal.year) in saved
    assert "celles déjà émises ne changent pas" in saved


def test_an_invoice_that_waits_for_its_tax_still_takes_it(
    alice: SiteClient, row: Row, path: str, portal: Portal, clock: TestClock
) -> None:
    with portal.at(portal.sites["fr"]):
        (due,) = many_due(Subscription.get_by_id(row.id), 1, now=clock())
        Invoice.update(state=WAITING).where(Invoice.id == due.id).execute()
    emptied = alice.follow(alice.submit(alice.page(path), path, po_number=""))
    assert "dès que sa taxe sera fixée" in emptied.one(id="po-missing").text
    saved = alice.follow(alice.submit(alice.page(path), path, po_number="4500071236"))
    assert "sur la facture qui attend sa taxe" in saved.one(id="po").text
    with portal.at(portal.sites["fr"]):
        assert Invoice.get_by_id(due.id).po_number == "4500071236"
        issued = Invoice.get(Invoice.subscription == row.id, Invoice.number.is_null(False))
        assert issued.po_number == row.po_number
