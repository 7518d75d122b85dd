"""How the databases answer what the page of invoices asks: by index, in its order, however many there are."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pytest

from bench.filling import fill_account
from tests.conftest import NOON
from tests.data.explained import as_if_everything_were_big, of_table, plans
from webapp.assembly import Portal, assemble
from webapp.config import read_settings
from webapp.data.accounts import Membership, Person
from webapp.data.billing import OPEN, PAID, Invoice
from webapp.data.database import Databases, database
from webapp.data.records import insert
from webapp.data.subscriptions import Subscription
from webapp.domain.invoices import invoice_list
from webapp.domain.invoices.invoice_list import COUNT_LIMIT, PAGE_SIZE, Query

MANY = 4_000
STEPS_A_ROW = 30  # of SQLite's machine, for each invoice that is counted


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def many(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[Portal, dict[str, tuple[int, int]]]]:
    """Who looks after billing in an account with few invoices, and in one with many: person and account."""
    engine = request.getfixturevalue("sqlite_engine" if request.param == "sqlite" else "postgres_engine")
    folder = tmp_path_factory.mktemp("many-invoices")
    plain = assemble(read_settings({"PORTAL_DATA": str(folder)}))
    urls = {site.code: engine.url(site.code, folder) for site in plain.sites}
    portal = replace(plain, databases=Databases(urls, prepare=engine.prepare), clock=lambda: NOON)
    with portal.at(portal.sites["fr"]):
        whose = {
            name: _filled(portal, size, account=str(number))
            for number, (name, size) in enumerate({"few": PAGE_SIZE + 1, "many": MANY}.items(), start=1001)
        }
        if request.param == "postgresql":  # does so by itself, a minute later
            database.execute_sql("ANALYZE invoice")
    yield portal, whose
    portal.databases.close_all()
    engine.forget(portal)


def _filled(portal: Portal, size: int, *, account: str) -> tuple[int, int]:
    person = fill_account(portal, size=20, account=account, email=f"{account}@example.com", now=NOON)
    of_account = Subscription.select(Subscription.id, Subscription.account).where(
        Subscription.administrator == person.id
    )
    rows = list(of_account)
    payer = Person.create(
        email=f"payer{account}",
        email_key=f"payer{account}",
        name="P",
        sort_key="p",
        language="fr",
        created_at=NOON,
    )
    Membership.create(person=payer, account=rows[0].account_id, created_at=NOON, billing_since=NOON)
    with database.atomic():
        for number in range(size):
            _invoice(rows[number % len(rows)], number, f"FA-{account}-{number:06}")
    return payer.id, rows[0].account_id


def _invoice(subscription: Subscription, serial: int, number: str) -> None:
    day = date(2020, 1, 1) + timedelta(days=serial // 2)
    amounts = {"quantity": 1, "unit_price": 100, "net": 100, "tax": 20, "gross": 120, "currency": "EUR"}
    insert(
        Invoice,
        **amounts,
        account=subscription.account_id,
        subscription=subscription.id,
        cause=number,
        state=OPEN if serial % 8 else PAID,
        period_start=day,
        period_end=day,
        recorded_at=NOON,
        number=number,
        issued_at=NOON,
        issued_on=day,
        due_on=NOON.date() + timedelta(days=serial % 2 - 1),
        search_key=number.lower(),
    )


@pytest.fixture
def payers(many: tuple[Portal, dict[str, tuple[int, int]]]) -> Iterator[dict[str, tuple[int, int]]]:
    portal, whose = many
    with portal.at(portal.sites["fr"]):
        yield whose


Payers = dict[str, tuple[int, int]]


@pytest.mark.parametrize("shelf", ["issued", "open", "paid"])
def test_a_page_of_invoices_is_read_from_an_index_in_its_order(payers: Payers, shelf: str) -> None:
    first = invoice_list.page(*payers["many"], Query(shelf=shelf), now=NOON)
    for query in (Query(shelf=shelf), Query(shelf=shelf, after=first.next_cursor)):
        with as_if_everything_were_big():
            (plan,) = plans(lambda query=query: invoice_list.page(*payers["many"], query, now=NOON))
        found = of_table(plan.inner, "SEARCH")
        assert any("account_id" in line and "issued_on" in line for line in found), plan
        assert not of_table(plan.inner, "SORT", "SCAN invoice", "SCAN i"), plan


def test_counts_are_read_from_indexes(payers: Payers) -> None:
    with as_if_everything_were_big():
        (plan,) = plans(lambda: invoice_list.counts(*payers["many"], Query(), now=NOON))
    lines = plan.inner + plan.outer
    assert not [line for line in lines if _WHOLE_TABLE.match(line)] and not of_table(lines, "SORT"), plan


@pytest.fixture
def steps() -> Callable[[Callable[[], object]], int]:
    """How many steps SQLite's machine takes for what a function asks."""

    def count(ask: Callable[[], object]) -> int:
        connection, taken = database.connection(), 0

        def step() -> int:
            nonlocal taken
            taken += 1
            return 0

        connection.set_progress_handler(step, 1)
        ask()
        connection.set_progress_handler(None, 0)
        return taken

    return count


_WHOLE_TABLE = re.compile(r"SCAN (invoice|subscription|membership|i|s)( |$)")
Steps = Callable[[Callable[[], Any]], int]


@pytest.mark.parametrize("many", ["sqlite"], indirect=True)
def test_a_page_costs_the_same_with_thousands_of_invoices(payers: Payers, steps: Steps) -> None:
    few, many = (
        steps(lambda who=who: invoice_list.page(*payers[who], Query(), now=NOON)) for who in ("few", "many")
    )
    assert many <= 1.2 * few


@pytest.mark.parametrize("many", ["sqlite"], indirect=True)
def test_counting_ends_where_it_is_more_than_can_be_said(payers: Payers, steps: Steps) -> None:
    taken = steps(lambda: invoice_list.counts(*payers["many"], Query(), now=NOON))
    assert taken <= STEPS_A_ROW * (COUNT_LIMIT + 1) * len(invoice_list.SHELVES)
    counted = invoice_list.counts(*payers["many"], Query(), now=NOON)
    assert counted.issued == COUNT_LIMIT + 1 and counted.paid == MANY // 8
