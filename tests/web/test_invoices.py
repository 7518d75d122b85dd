"""The page of invoices: whose, which, in which order, and one of them to read."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from urllib.parse import urlencode

import pytest
from flask import Flask

from tests.conftest import NOON, TestClock
from tests.support.bills import plant_invoice, plant_waiting
from tests.support.cast import ALICE, BOB, CHARLIE, ERIN, FRANK, HANDED_OVER, KIM, Actor, Cast
from tests.support.client import PARTIAL, SiteClient, page_of, said, signed_in
from tests.support.page import Element, Page
from webapp.assembly import Portal
from webapp.data.billing import CREDITED, GIVEN, PAID, Invoice, Payment

TODAY = NOON.date()
INVOICED = ("active", "cancelled", "ended")


@pytest.fixture
def erin(app: Flask) -> SiteClient:
    """Who looks after the billing of alice's company."""
    return signed_in(app, ERIN)


def listed(page: Element) -> list[str]:
    """Numbers in the order of the table."""
    return [
        cell.one("a")["href"].rsplit("/", 1)[1] for cell in page.all("td", class_="name") if cell.all("a")
    ]


def counts(page: Element) -> dict[str, str]:
    tabs = [link for link in page.all("a") if link.within("nav") and link.within("form")]
    named = [(tab["href"].partition("state=")[2].partition("&")[0] or "issued", tab) for tab in tabs]
    return {state: tab.one("span").text for state, tab in named}


def row_of(page: Element, number: str) -> Element:
    return next(row for row in page.all("tr") if f"/invoices/{number}" in [a["href"] for a in row.all("a")])


def numbers(cast: Cast, owner: Actor, *states: str) -> set[str]:
    return {row.invoice for row in cast.rows_of(owner) if row.state in (states or INVOICED)}


# ---- whose


def test_an_administrator_sees_the_invoices_of_their_subscriptions(alice: SiteClient, cast: Cast) -> None:
    assert set(listed(alice.page("/invoices"))) == numbers(cast, ALICE)


def test_who_looks_after_billing_sees_all_of_the_account(erin: SiteClient, cast: Cast) -> None:
    everybodys = numbers(cast, ALICE, *INVOICED, HANDED_OVER) | numbers(cast, FRANK)
    assert set(listed(erin.page("/invoices"))) == everybodys


def test_the_backup_sees_those_of_what_they_back_up(app: Flask, cast: Cast) -> None:
    assert listed(signed_in(app, KIM).page("/invoices")) == [cast.row(ALICE, "active").invoice]


def test_a_member_without_a_role_sees_none_and_is_told_who_does(app: Flask) -> None:
    bob = signed_in(app, BOB)
    page = bob.page("/invoices")
    assert not page.all("table") and not page.all("form", id="filters")
    assert said(bob, "No invoice yet") in page.one("main").text and BOB.email in page.one("main").text


def test_what_is_somebody_elses_is_not_there(
    alice: SiteClient, app: Flask, cast: Cast, portal: Portal
) -> None:
    foreign = [cast.row(CHARLIE, "active").invoice, cast.row(FRANK, "active").invoice]
    foreign += [cast.row(ALICE, HANDED_OVER).invoice, "FA-2026-999999"]
    for number in foreign:
        for ending in ("", ".pdf", ".xml", "-ubl.xml"):
            assert alice.get(f"/invoices/{number}{ending}").status_code == 404


def test_who_handed_over_sees_no_invoice_of_it_any_more(
    alice: SiteClient, cast: Cast, portal: Portal
) -> None:
    row = cast.row(ALICE, "active")
    assert alice.get(f"/invoices/{row.invoice}").status_code == 200
    path = f"/subscriptions/{row.public_id}/transfer"
    body = {"to": BOB.email, "named": BOB.email, "step": "confirm"}
    assert alice.post(path, data=body).status_code == 303
    assert alice.get(f"/invoices/{row.invoice}").status_code == 404
    assert row.invoice not in listed(alice.page("/invoices"))


# ---- what a row says


def test_a_row_says_what_accounts_payable_looks_for(alice: SiteClient, cast: Cast, portal: Portal) -> None:
    row = cast.row(ALICE, "active")
    text = row_of(alice.page("/invoices"), row.invoice).text
    for fact in (row.invoice, row.public_id, row.po_number, "Fieldwire Business"):
        assert fact in text


@pytest.fixture
def of_each_state(portal: Portal, cast: Cast) -> dict[str, str]:
    """Number by state: of charlie's subscription, so that there is nothing else but its first."""
    with portal.at(portal.sites["fr"]):
        now, subscription = portal.clock(), cast.row(CHARLIE, "active").id
        planted = {
            "open": plant_invoice(subscription, issued_on=TODAY, now=now),
            "last day": plant_invoice(subscription, issued_on=TODAY - timedelta(days=30), now=now),
            "overdue": plant_invoice(subscription, issued_on=TODAY - timedelta(days=31), now=now),
            "paid": plant_invoice(subscription, issued_on=TODAY - timedelta(days=40), now=now, state=PAID),
        }
        old = plant_invoice(subscription, issued_on=TODAY - timedelta(days=50), now=now, state=CREDITED)
        planted["credited"] = old
        planted["given"] = plant_invoice(subscription, issued_on=TODAY, now=now, state=GIVEN, credits=old)
        plant_waiting(subscription, now=now)
        first = Invoice.get(Invoice.number == cast.row(CHARLIE, "active").invoice)
        Invoice.update(state=PAID).where(Invoice.id == first.id).execute()
        return {name: str(invoice.number) for name, invoice in planted.items()} | {"first": str(first.number)}


def test_states_are_told_in_words_and_the_date_decides_what_is_overdue(
    app: Flask, of_each_state: dict[str, str], clock: TestClock
) -> None:
    charlie = signed_in(app, CHARLIE)
    page = charlie.page("/invoices")
    words = {
        "open": "Open",
        "last day": "Open",
        "overdue": "Overdue",
        "paid": "Paid",
        "credited": "Credited",
        "given": "Credit",
    }
    for name, word in words.items():
        badge = row_of(page, of_each_state[name]).one("td", class_="st")
        assert badge.text == said(charlie, word) and badge.all("svg"), name
    clock.forward(days=1)
    charlie = signed_in(app, CHARLIE)
    badge = row_of(charlie.page("/invoices"), of_each_state["last day"]).one("td", class_="st")
    assert badge.text == said(charlie, "Overdue")


def test_status_links_lead_to_their_rows_and_say_how_many(app: Flask, of_each_state: dict[str, str]) -> None:
    charlie, expected = signed_in(app, CHARLIE), of_each_state
    shown = {
        "issued": set(expected.values()),
        "open": {expected["open"], expected["last day"]},
        "overdue": {expected["overdue"]},
        "paid": {expected["paid"], expected["first"]},
        "credited": {expected["credited"], expected["given"]},
    }
    for state, rows in shown.items():
        page = charlie.page(f"/invoices?state={state}")
        assert set(listed(page)) == rows, state
        assert counts(page) == {**{name: str(len(of)) for name, of in shown.items()}, "prepared": "1"}
        current = [link for link in page.all("a", aria_current="true") if link.within("form")]
        assert len(current) == 1


def test_what_waits_for_its_tax_is_being_prepared(app: Flask, of_each_state: dict[str, str]) -> None:
    charlie = signed_in(app, CHARLIE)
    page = charlie.page("/invoices?state=prepared")
    assert listed(page) == [] and len(page.one("tbody").all("tr")) == 1
    assert said(charlie, "its tax is being decided") in page.one("tbody").text
    assert not page.one("tbody").all("input"), "there is nothing to download yet"


# ---- search, filters and order


def test_the_search_looks_through_number_order_subscription_and_product(
    alice: SiteClient, cast: Cast
) -> None:
    row = cast.row(ALICE, "active")
    found = {
        row.invoice.lower(): {row.invoice},
        f"{row.public_id} business": {row.invoice},
        row.po_number: {row.invoice},
        "FIELDWIRE": numbers(cast, ALICE),
        "nothing like it": set(),
        "%": set(),
        "' OR '1'='1": set(),
        cast.row(CHARLIE, "active").invoice: set(),
        "": numbers(cast, ALICE),
    }
    pages = {text: alice.page(f"/invoices?{urlencode({'q': text})}") for text in found}
    assert {text: set(listed(page)) for text, page in pages.items()} == found
    assert said(alice, "Nothing found") in pages["%"].one("main").text


def test_filters_narrow_by_subscription_order_number_and_date(
    app: Flask, cast: Cast, portal: Portal, of_each_state: dict[str, str]
) -> None:
    charlie, row = signed_in(app, CHARLIE), cast.row(CHARLIE, "active")
    old = (TODAY - timedelta(days=50)).isoformat()
    before = (TODAY - timedelta(days=35)).isoformat()
    filters = {
        f"subscription={row.public_id}": set(of_each_state.values()),
        "subscription=SUB-FR-999999": set(),
        urlencode({"po": row.po_number}): set(of_each_state.values()),
        "po=4711": set(),
        f"from={old}&to={before}": {of_each_state["credited"], of_each_state["paid"]},
        f"from={TODAY.isoformat()}": {of_each_state["open"], of_each_state["given"]},
        f"from={old}&to={before}&state=paid": {of_each_state["paid"]},
        "from=tomorrow&to=&subscription=&po=": set(of_each_state.values()),
    }
    for arguments, expected in filters.items():
        assert set(listed(charlie.page(f"/invoices?{arguments}"))) == expected, arguments
    page = charlie.page(f"/invoices?from={old}&to={before}")
    assert counts(page)["issued"] == "2" and counts(page)["open"] == "0"
    assert page.one("input", id="from")["value"] == old and page.one("input", id="to")["value"] == before


def test_a_subscription_to_filter_by_is_chosen_among_ones_own(alice: SiteClient, cast: Cast) -> None:
    page = alice.page(f"/invoices?subscription={cast.row(ALICE, 'ended').public_id}")
    options = page.one("select", id="subscription").all("option")
    own = {row.public_id for row in cast.rows_of(ALICE) if row.state in INVOICED}
    assert {option.get("value") for option in options} == own | {""}
    assert [one["value"] for one in options if "selected" in one] == [cast.row(ALICE, "ended").public_id]


def test_no_search_is_too_strange(alice: SiteClient) -> None:
    texts = ("x" * 5000, "a\0b", "\u202e\u2066", "🙂 " * 200, "\\", '"', "\ud800")
    for name in ("q", "po", "subscription", "from", "state", "after", "before"):
        for text in texts:
            sent = urlencode({name: text}, errors="surrogatepass")
            assert alice.get(f"/invoices?{sent}").status_code == 200


def test_the_newest_stand_first(app: Flask, of_each_state: dict[str, str], portal: Portal) -> None:
    shown = listed(signed_in(app, CHARLIE).page("/invoices"))
    with portal.at(portal.sites["fr"]):
        days = {str(one.number): one.issued_on for one in Invoice.select().where(Invoice.number.in_(shown))}
    assert [days[number] for number in shown] == sorted(days.values(), reverse=True)


# ---- pages


def walk(client: SiteClient, start: str, way: str) -> Iterator[Page]:
    page = client.page(start)
    while True:
        yield page
        onward = page.all("a", rel=way)
        if not onward:
            return
        page = client.page(onward[0]["href"])


@pytest.mark.parametrize("question", ["", "state=open", "q=fieldwire&from=2020-01-01"])
def test_sixty_of_one_day_are_paged_without_loss(
    question: str, app: Flask, cast: Cast, portal: Portal
) -> None:
    row = cast.row(CHARLIE, "active")
    with portal.at(portal.sites["fr"]) as site, portal.databases.of(site).atomic():
        planted = [plant_invoice(row.id, issued_on=TODAY, now=portal.clock()) for _time in range(60)]
        expected = {str(invoice.number) for invoice in planted}
    expected |= set() if question == "state=open" else {row.invoice}
    client = signed_in(app, CHARLIE)
    pages = list(walk(client, f"/invoices?{question}", "next"))
    forth = [listed(page) for page in pages]
    assert [len(rows) for rows in forth] == [25, 25, len(expected) - 50]
    assert {number for rows in forth for number in rows} == expected
    back = [listed(page) for page in walk(client, pages[-1].one("a", rel="prev")["href"], "prev")]
    assert back == forth[-2::-1]


@pytest.mark.parametrize("cursor", ["%%%", "W10", "WyJhIl0", "A" * 5000, "WzEsMV0"])
def test_a_cursor_that_is_not_ours_starts_the_list_at_its_beginning(cursor: str, alice: SiteClient) -> None:
    beginning = listed(alice.page("/invoices"))
    for way in ("after", "before"):
        assert listed(alice.page(f"/invoices?{urlencode({way: cursor})}")) == beginning


def test_a_part_of_the_list_is_sent_for_a_part_of_the_page(alice: SiteClient) -> None:
    answer = alice.get("/invoices?q=fieldwire", headers=PARTIAL)
    fragment = page_of(answer)
    assert not fragment.whole and "HX-Request" in answer.headers["Vary"]
    whole = alice.page("/invoices?q=fieldwire")
    assert listed(whole.one(id="results")) == listed(fragment)


# ---- one of them


def test_the_page_of_an_invoice_says_what_was_frozen(alice: SiteClient, cast: Cast, portal: Portal) -> None:
    row = cast.row(ALICE, "active")
    with portal.at(portal.sites["fr"]):
        invoice = Invoice.get(Invoice.number == row.invoice)
        Payment.create(
            reference="ERP 4711",
            invoice=invoice,
            amount=100,
            currency="EUR",
            paid_on=TODAY,
            content_hash="",
            received_at=portal.clock(),
        )
        Invoice.update(paid=100).where(Invoice.id == invoice.id).execute()
    alice.post(f"/subscriptions/{row.public_id}/purchase-order", data={"po_number": "later", "version": "0"})
    page = alice.page(f"/invoices/{row.invoice}")
    text = page.one("main").text
    for fact in (
        row.invoice,
        row.po_number,
        "Fieldwire Business",
        row.public_id,
        "ERP 4711",
        "kanari-fr-ouest",
    ):
        assert fact in text
    assert "later" not in text
    endings = (".pdf", ".xml", "-ubl.xml")
    assert {f"/invoices/{row.invoice}{ending}" for ending in endings} <= set(page.links)


def test_a_credit_note_and_its_invoice_lead_to_each_other(app: Flask, of_each_state: dict[str, str]) -> None:
    charlie = signed_in(app, CHARLIE)
    old, note = of_each_state["credited"], of_each_state["given"]
    assert f"/invoices/{note}" in charlie.page(f"/invoices/{old}").links
    page = charlie.page(f"/invoices/{note}")
    assert f"/invoices/{old}" in page.links and note in page.heading


def test_what_was_taken_back_invites_nobody_to_pay_it(app: Flask, of_each_state: dict[str, str]) -> None:
    charlie = signed_in(app, CHARLIE)
    still_due, taken_back = (
        charlie.page(f"/invoices/{of_each_state[state]}") for state in ("open", "credited")
    )
    for words in ("IBAN", said(charlie, "Payment reference"), said(charlie, "Payable by")):
        assert words in still_due.one("main").text
        assert words not in taken_back.one("main").text
    assert of_each_state["given"] in taken_back.one("dl", class_="card facts").text


def test_the_page_of_a_subscription_ends_with_its_latest_invoices(
    app: Flask, cast: Cast, of_each_state: dict[str, str]
) -> None:
    row, charlie = cast.row(CHARLIE, "active"), signed_in(app, CHARLIE)
    page = charlie.page(f"/subscriptions/{row.public_id}")
    section = page.one("section", id="invoices")
    assert len(section.all("li")) == 4
    assert f"/invoices?subscription={row.public_id}" in [link["href"] for link in section.all("a")]
    newest = of_each_state["given"]
    assert {f"/invoices/{newest}", f"/invoices/{newest}.pdf"} <= {a["href"] for a in section.all("a")}
    assert f"/subscriptions/{row.public_id}/contract.pdf" in page.links


def test_a_pending_one_has_no_invoices_and_billing_sees_them_too(
    alice: SiteClient, erin: SiteClient, cast: Cast
) -> None:
    pending = alice.page(f"/subscriptions/{cast.row(ALICE, 'pending').public_id}")
    assert not pending.all("section", id="invoices")
    active = cast.row(ALICE, "active")
    page = erin.page(f"/subscriptions/{active.public_id}")
    assert f"/invoices/{active.invoice}" in page.links
    assert f"/subscriptions/{active.public_id}/contract.pdf" not in page.links


def test_every_page_leads_to_the_invoices(alice: SiteClient) -> None:
    assert "/invoices" in alice.page("/help").links
    current = [link["href"] for link in alice.page("/invoices").all("a", aria_current="page")]
    assert "/invoices" in current


def test_dates_of_issue_follow_the_language(alice: SiteClient, cast: Cast) -> None:
    assert isinstance(TODAY, date)
    text = row_of(alice.page("/invoices"), cast.row(ALICE, "active").invoice).one("td", class_="when").text
    assert "août" in text
