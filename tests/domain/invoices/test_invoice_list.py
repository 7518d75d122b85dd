"""The list of invoices against an oracle, the tables made of it, and formulas that are none."""

from __future__ import annotations

import csv
import io
import random
import zipfile
from collections.abc import Iterator
from datetime import date, timedelta
from decimal import Decimal
from itertools import product
from types import SimpleNamespace
from typing import Any

import openpyxl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.conftest import NOON
from tests.domain.crowd import Crowd
from tests.support.bills import plant_invoice, plant_waiting
from tests.support.cast import keep_person
from webapp.data.accounts import Account, Membership, Person
from webapp.data.billing import CREDITED, GIVEN, OPEN, PAID, Invoice
from webapp.data.keys import fold
from webapp.data.subscriptions import Subscription
from webapp.domain import spreadsheets
from webapp.domain.invoices import invoice_files, invoice_list
from webapp.domain.invoices.invoice_list import Query, shelf_of
from webapp.domain.spreadsheets import Column
from webapp.i18n import speaking, speech
from webapp.sites import Site

TODAY = date(2026, 11, 22)
FRENCH, ENGLISH = speech("fr", "FR"), speech("en", "GB")


@pytest.fixture
def people(bound_fr: Site) -> dict[str, Person]:
    """An administrator, a backup, who looks after billing, and a member: all of one account."""
    names = ("anna", "bea", "carl", "dan", "eve")
    found = {name: keep_person(f"{name}@example.com", name=name, now=NOON) for name in names}
    return found


@pytest.fixture
def invoiced(people: dict[str, Person]) -> list[Invoice]:
    """Of three subscriptions: two of anna's, of which bea backs up one, and one of eve's."""
    crowd, chance = Crowd(NOON), random.Random(11)
    account = Account.get_by_id(crowd.account)
    facts = {"status": "active", "shelf": "active", "activate_before": NOON, "renewal_key": "2027-01-01"}
    ids = [crowd.one(people[name], **facts).id for name in ("anna", "anna", "eve")]
    Subscription.update(backup=people["bea"]).where(Subscription.id == ids[0]).execute()
    for name, person in people.items():
        since = NOON if name == "carl" else None
        Membership.create(person=person, account=account, created_at=NOON, billing_since=since)
    for _time in range(90):
        issued_on = TODAY - timedelta(days=chance.randint(0, 60))
        state = chance.choice((OPEN, OPEN, PAID, CREDITED))
        plant_invoice(chance.choice(ids), issued_on=issued_on, now=NOON, state=state)
    first = Invoice.select().order_by(Invoice.id).get()
    plant_invoice(ids[0], issued_on=TODAY, now=NOON, state=GIVEN, credits=first, due_on=None)
    for index in range(3):
        plant_waiting(ids[index], now=NOON + timedelta(minutes=index))
    return list(Invoice.select(Invoice, Subscription).join(Subscription).order_by(Invoice.id))


def seen_by(name: str, people: dict[str, Person], invoices: list[Invoice]) -> list[Invoice]:
    person = people[name].id
    return [
        one
        for one in invoices
        if name == "carl" or person in (one.subscription.administrator_id, one.subscription.backup_id)
    ]


def expected(invoices: list[Invoice], query: Query) -> list[int]:
    """The oracle: filter, search, sort."""
    chosen = [one for one in invoices if _fits(one, query)]
    if query.shelf == "prepared":
        chosen.sort(key=lambda one: (one.recorded_at, one.id), reverse=True)
    else:
        chosen.sort(key=lambda one: (one.issued_on, one.id), reverse=True)
    return [one.id for one in chosen]


def _fits(one: Invoice, query: Query) -> bool:
    state = {"given": "credited"}.get(shelf_of(one, today=TODAY), shelf_of(one, today=TODAY))
    in_shelf = one.issued_on is not None if query.shelf == "issued" else state == query.shelf
    in_time = one.issued_on is None or (
        (not query.since or one.issued_on >= query.since)
        and (not query.until or one.issued_on <= query.until)
    )
    dated = one.issued_on is not None or not (query.since or query.until)
    of_it = query.subscription in ("", one.subscription.public_id)
    found = all(word in one.search_key for word in fold(query.text).split())
    return bool(in_shelf and in_time and dated and of_it and found)


def walk(person: int, account: int, query: Query) -> Iterator[int]:
    after = ""
    while True:
        page = invoice_list.page(person, account, Query(**_fields(query) | {"after": after}), now=NOON)
        yield from (row.id for row in page.rows)
        if not page.next_cursor:
            return
        after = page.next_cursor


def _fields(query: Query) -> dict[str, Any]:
    return {name: getattr(query, name) for name in Query.__slots__}


QUERIES = [
    Query(shelf=shelf, **more)
    for shelf, more in product(
        invoice_list.SHELVES,
        (
            {},
            {"text": "profis"},
            {"since": TODAY - timedelta(days=30)},
            {"until": TODAY - timedelta(days=30), "text": "pl-2026"},
            {"subscription": "SUB-FR-200001"},
        ),
    )
]


def test_everybody_sees_what_the_oracle_says_in_its_order(
    people: dict[str, Person], invoiced: list[Invoice]
) -> None:
    account = invoiced[0].account_id
    for name, query in product(people, QUERIES):
        theirs = seen_by(name, people, invoiced)
        shown = list(walk(people[name].id, account, query))
        assert shown == expected(theirs, query), (name, query)


def test_counts_are_those_of_the_oracle(people: dict[str, Person], invoiced: list[Invoice]) -> None:
    account = invoiced[0].account_id
    for name, query in product(people, QUERIES[:5]):
        theirs, person = seen_by(name, people, invoiced), people[name].id
        counted = invoice_list.counts(person, account, query, now=NOON)
        for shelf in invoice_list.SHELVES:
            wanted = Query(**_fields(query) | {"shelf": shelf})
            assert counted.of(shelf) == len(expected(theirs, wanted)), (name, wanted)


def test_counting_ends_where_it_is_more_than_can_be_said(
    people: dict[str, Person], invoiced: list[Invoice], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(invoice_list, "COUNT_LIMIT", 10)
    counted = invoice_list.counts(people["carl"].id, invoiced[0].account_id, Query(), now=NOON)
    assert counted.issued == 11 and counted.prepared == 3


def test_batches_lose_nothing_and_stop_in_time(
    people: dict[str, Person], invoiced: list[Invoice], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(invoice_list, "_BATCH", 8)
    carl, account = people["carl"].id, invoiced[0].account_id
    for query in QUERIES[:10]:
        wanted = expected(invoiced, query)
        for most in (1, 7, 8, 9, 1000):
            found = invoice_list.matching(carl, account, query, most=most, now=NOON)
            assert [row.id for row in found] == wanted[:most]


def test_nothing_is_seen_in_another_account(people: dict[str, Person], invoiced: list[Invoice]) -> None:
    for account in (None, invoiced[0].account_id + 1):
        for name in people:
            person = people[name].id
            assert not invoice_list.page(person, account, Query(), now=NOON).rows
            assert not invoice_list.counts(person, account, Query(), now=NOON).any
            assert not invoice_list.subscriptions_to_choose(person, account)


# ---- what waits and what is overdue


@pytest.mark.parametrize(
    ("state", "due_on", "shelf"),
    [
        ("open", TODAY, "open"),
        ("open", TODAY - timedelta(days=1), "overdue"),
        ("open", None, "open"),
        ("paid", TODAY - timedelta(days=9), "paid"),
        ("credited", TODAY - timedelta(days=9), "credited"),
        ("given", None, "given"),
        ("due", None, "prepared"),
        ("waiting", None, "prepared"),
    ],
)
def test_the_date_decides_what_is_overdue(state: str, due_on: date | None, shelf: str) -> None:
    assert shelf_of(SimpleNamespace(state=state, due_on=due_on), today=TODAY) == shelf
    text = due_on and due_on.isoformat()
    assert shelf_of(SimpleNamespace(state=state, due_on=text), today=TODAY) == shelf


# ---- tables


@given(st.text(st.characters(exclude_categories=["Cs"]), max_size=30))
def test_no_cell_of_a_csv_file_begins_a_formula(text: str) -> None:
    cell = spreadsheets.neutral(text)
    assert cell.lstrip(" \u00a0")[:1] not in ("=", "+", "-", "@", "\t", "\r", "\n") or not text.strip()
    assert cell.endswith(text)


LINE = ("=1+1", Decimal("-1234.50"), TODAY, None, 7, "a;b\n“c”")
NAMES = [Column(name) for name in ("Text", "Amount", "Day", "Nothing", "Number", "Rest")]


@pytest.mark.parametrize(
    ("spoken", "delimiter", "amount"), [(FRENCH, ";", "-1234,50"), (ENGLISH, ",", "-1234.50")]
)
def test_csv_is_written_as_the_language_expects(spoken: Any, delimiter: str, amount: str) -> None:
    with speaking(spoken):
        written = b"".join(spreadsheets.csv_lines(NAMES, [LINE] * 3000)).decode()
    assert written.startswith("\ufeff")
    lines = list(csv.reader(io.StringIO(written[1:], newline=""), delimiter=delimiter))
    assert lines[0] == [column.name for column in NAMES] and len(lines) == 3001
    assert lines[1] == ["'=1+1", amount, "2026-11-22", "", "7", "a;b\n“c”"]


def test_csv_leaves_in_parts() -> None:
    parts = spreadsheets.csv_lines(NAMES, (LINE for _time in range(20_000)))
    sizes = [len(part) for part in parts]
    assert len(sizes) > 5 and max(sizes) < 100_000


def test_xlsx_keeps_text_as_text_and_amounts_with_their_digits() -> None:
    yen = ("@sum", Decimal(1500), TODAY, None, 7, "https://example.com")
    file = spreadsheets.xlsx(NAMES, [LINE, yen], title="Invoices / all? of [them] and a title that is long")
    with file:
        assert zipfile.ZipFile(file).testzip() is None
        sheet = openpyxl.load_workbook(file).active
    rows = list(sheet.iter_rows(min_row=2))
    assert [cell.data_type for cell in rows[0]] == ["s", "n", "d", "n", "n", "s"]
    assert rows[0][0].value == "=1+1" and rows[0][1].value == -1234.5
    assert rows[0][1].number_format == "#,##0.00" and rows[1][1].number_format == "#,##0"
    assert rows[1][5].hyperlink is None


def test_a_credit_note_counts_below_zero_in_its_currency() -> None:
    note = SimpleNamespace(
        **{"number": "AV-1", "kind": "credit_note", "state": "given", "issued_on": "2026-11-22"},
        **{"due_on": None, "public_id": "SUB-JP-1", "product_name": "x", "po_number": ""},
        **{"period_start": "2026-11-01", "period_end": "2026-12-01", "currency": "JPY"},
        **{"net": 1500, "tax": 150, "gross": 1650, "paid": 0, "credited_number": "FA-1"},
    )
    (line,) = invoice_files.lines([note], today=TODAY)
    assert line[9] == date(2026, 11, 30), "the last day, not the day after it"
    assert line[11:14] == (Decimal(-1500), Decimal(-150), Decimal(-1650))
    assert len(line) == len(invoice_files.columns())
