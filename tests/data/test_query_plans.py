"""How the databases answer what every visit asks: by index, in its order, without sorting or reading all.

Ten thousand subscriptions of one administrator, so that a wrong plan would be the cheaper one for a planner
that has no better index. What a statement costs is counted in steps, never in time.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from itertools import product

import pytest

from bench.filling import fill_account, fill_seats
from tests.conftest import NOON
from tests.data.explained import as_if_everything_were_big, of_table, plans
from webapp.assembly import Portal, assemble
from webapp.config import read_settings
from webapp.data.accounts import Membership
from webapp.data.database import Databases, database
from webapp.data.statements import rows
from webapp.domain.people import sign_in
from webapp.domain.reminders.reminder_windows import WINDOWS, Place, look
from webapp.domain.seats import seat_list
from webapp.domain.shop import api_keys, entitlements, shop_view
from webapp.domain.shop.shop_view import Filters
from webapp.domain.subscriptions import subscription_list, subscriptions
from webapp.domain.subscriptions.subscription_list import COUNT_LIMIT, PAGE_SIZE, SHELVES, SORTS, Query

MANY = 10_000
STEPS_A_ROW = 8  # of SQLite's machine, for each subscription that a search looks through
WORDS = ("", "sub-fr", "no such thing")


@dataclass(frozen=True)
class Filled:
    few: int  # person with as many subscriptions as a page has
    many: int
    seated: tuple[int, int]  # subscriptions with few and with many seats
    public_id: str
    token: str
    now: datetime


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def many(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[Portal, Filled]]:
    """Filled once for all: nothing here changes anything."""
    engine = request.getfixturevalue("sqlite_engine" if request.param == "sqlite" else "postgres_engine")
    folder, now = tmp_path_factory.mktemp("many"), NOON
    plain = assemble(read_settings({"PORTAL_DATA": str(folder)}))
    urls = {site.code: engine.url(site.code, folder) for site in plain.sites}
    portal = replace(plain, databases=Databases(urls, prepare=engine.prepare), clock=lambda: now)
    with portal.at(portal.sites["fr"]):
        few = fill_account(portal, size=PAGE_SIZE, account="1001", email="few@example.com", now=now)
        many = fill_account(portal, size=MANY, account="1002", email="many@example.com", now=now)
        row = subscription_list.page(many.id, Query(shelf="active"), now=now).rows[0]
        token = sign_in.start_session(many, user_agent="", now=now)
        with_few = subscription_list.page(few.id, Query(shelf="active"), now=now).rows[0]
        for subscription, size in ((with_few.id, PAGE_SIZE), (row.id, MANY)):
            fill_seats(subscription, size=size, now=now)
        filled = Filled(few.id, many.id, (with_few.id, row.id), row.public_id, token, now)
    yield portal, filled
    portal.databases.close_all()
    engine.forget(portal)


@pytest.fixture
def filled(many: tuple[Portal, Filled]) -> Iterator[Filled]:
    portal, filled = many
    with portal.at(portal.sites["fr"]):
        yield filled


# ---- plans


def test_each_page_of_the_list_is_read_from_an_index_in_its_order(filled: Filled) -> None:
    wrong = []
    for shelf, sort, text in product(SHELVES, SORTS, WORDS):
        query = Query(shelf=shelf, sort=sort, text=text)
        first = subscription_list.page(filled.many, query, now=filled.now)
        later = [Query(shelf, text, sort, after=first.next_cursor)] if first.next_cursor else []
        for asked in (query, *later):
            (plan,) = plans(lambda asked=asked: subscription_list.page(filled.many, asked, now=filled.now))
            found, more = of_table(plan.inner, "SEARCH"), of_table(plan.inner, "SORT", "SCAN")
            by_index = len(found) == 1 and "administrator_id" in found[0]
            # What awaits activation or was cancelled is little: PostgreSQL may fetch it all and sort it.
            little = shelf in ("pending", "cancelled") and "shelf" in found[0].partition("(")[2]
            if not by_index or more not in ([], ["SORT"] if little else []):
                wrong.append((asked, plan.inner))
    assert wrong == []


def test_only_the_rows_of_one_page_are_sorted_and_joined(filled: Filled) -> None:
    for sort in SORTS:
        (plan,) = plans(
            lambda sort=sort: subscription_list.page(filled.many, Query(sort=sort), now=filled.now)
        )
        assert len(of_table(plan.outer, "SORT")) <= 1
        tables = [line for line in of_table(plan.outer, "SCAN") if "found" not in line]
        assert tables == [], plan.outer


@pytest.mark.parametrize("sort", SORTS)
def test_a_search_never_reads_the_subscriptions_themselves(filled: Filled, sort: str) -> None:
    """Only an index that holds what is searched: tables are three to ten times as slow to walk."""
    (plan,) = plans(
        lambda: subscription_list.page(filled.many, Query(text="no such", sort=sort), now=filled.now)
    )
    assert ["INDEX ONLY" in line for line in of_table(plan.inner, "SEARCH")] == [True], plan.inner


def test_counts_and_reminders_are_read_from_indexes(filled: Filled) -> None:
    with as_if_everything_were_big():
        (counted,) = plans(lambda: subscription_list.counts(filled.many, now=filled.now))
        (reminded,) = plans(lambda: subscription_list.reminders(filled.many, now=filled.now))
    for plan, sorted_below in ((counted, 0), (reminded, 1)):  # the few that were handed over
        lines = plan.inner + plan.outer
        searched = of_table(lines, "SEARCH")
        assert searched and all(_WHOSE_OR_ONE.search(line) for line in searched), lines
        assert not [line for line in lines if _WHOLE_TABLE.match(line)], lines
        assert len(of_table(plan.inner, "SORT")) <= sorted_below, lines


# Those of one person, or the one row that belongs to another, in both engines' words.
# Nothing was handed over here: PostgreSQL takes any index of an empty table.
_WHOSE_OR_ONE = re.compile(
    r"administrator_id|backup_id|from_person_id|person_id=|seat_person_id|rowid=|_pkey .*id = | transfer_\w+ $"
)
_WHOLE_TABLE = re.compile(r"SCAN (subscription|transfer|person|[st])\b")


@pytest.mark.parametrize("sort", ["name"])
@pytest.mark.parametrize("words", WORDS)
def test_the_list_of_billing_is_read_from_indexes_in_its_order(filled: Filled, sort: str, words: str) -> None:
    account = Membership.get(Membership.person == filled.many).account_id
    Membership.update(billing_since=filled.now).where(Membership.person == filled.many).execute()
    scope = subscription_list.Scope(account)
    try:
        with as_if_everything_were_big():
            (plan,) = plans(
                lambda: subscription_list.page(
                    filled.many, Query(sort=sort, text=words), now=filled.now, view="billing", scope=scope
                )
            )
    finally:
        Membership.update(billing_since=None).execute()
    assert any("account_id" in line for line in of_table(plan.inner, "SEARCH")), plan
    assert not of_table(plan.inner, "SCAN subscription", "SCAN s", "SORT"), plan


def test_the_manage_page_and_the_session_are_found_by_their_keys(filled: Filled) -> None:
    def ask() -> None:
        row = subscriptions.managed(filled.many, filled.public_id, now=filled.now)
        subscriptions.activity(row.id)
        assert sign_in.person_of_session(filled.token, now=filled.now)

    with as_if_everything_were_big():
        found = plans(ask)
    assert len(found) == 3
    for plan in found:
        assert not of_table(plan.inner + plan.outer, "SCAN seat", "SCAN person", "SCAN p", "SCAN x"), plan
    activity = found[1].inner + found[1].outer
    assert any("subscription_id" in line for line in of_table(activity, "SEARCH")), activity


def seats_of(filled: Filled, query: seat_list.Query, number: int = 1) -> seat_list.Page:
    return seat_list.page(filled.seated[number], query, now=filled.now)


@pytest.mark.parametrize("text", ["", "number 7", "no such thing"])
@pytest.mark.parametrize("show", [show for show in seat_list.SHOWN if show != "unreached"])
def test_each_page_of_users_is_read_from_an_index_in_its_order(filled: Filled, show: str, text: str) -> None:
    query = seat_list.Query(show=show, text=text)
    first = seats_of(filled, query)
    later = [seat_list.Query(show=show, text=text, after=first.next_cursor)] if first.next_cursor else []
    for asked in (query, *later):
        with as_if_everything_were_big():
            (plan,) = plans(lambda asked=asked: seats_of(filled, asked))
        found, more = of_table(plan.inner, "SEARCH"), of_table(plan.inner, "SORT", "SCAN")
        # Who is invited is few: PostgreSQL may fetch them all and sort them.
        assert more in ([], ["SORT"] if show == "invited" else []), plan
        assert len(found) == 1 and "subscription_id" in found[0], plan
        assert not of_table(plan.outer, "SCAN seat", "SCAN person", "SCAN p"), plan


def test_whom_emails_do_not_reach_are_found_by_those_emails(filled: Filled) -> None:
    with as_if_everything_were_big():
        (plan,) = plans(lambda: seats_of(filled, seat_list.Query(show="unreached")))
    assert not of_table(plan.inner + plan.outer, "SCAN seat", "SCAN person", "SCAN p", "SCAN x"), plan


def test_the_head_of_the_users_page_counts_in_indexes(filled: Filled) -> None:
    with as_if_everything_were_big():
        (plan,) = plans(lambda: seat_list.head(filled.many, filled.public_id, now=filled.now))
    lines = plan.inner + plan.outer
    assert of_table(lines, "SEARCH") and not of_table(lines, "SCAN s", "SCAN seat", "SCAN past", "SORT"), plan


def test_what_a_person_may_use_is_found_by_the_person(filled: Filled) -> None:
    with as_if_everything_were_big():
        (plan,) = plans(lambda: seat_list.used_by(filled.many, now=filled.now))
    assert any("person_id" in line for line in of_table(plan.inner + plan.outer, "SEARCH")), plan
    assert not of_table(plan.inner + plan.outer, "SCAN seat"), plan


@pytest.mark.parametrize("number", range(len(WINDOWS)))
def test_who_is_to_be_reminded_is_found_along_dates(filled: Filled, number: int) -> None:
    """Whatever is not within a window’s days is not read, nor what a look has found already."""
    window, asked = WINDOWS[number], {"today": filled.now.date(), "done_through": None, "size": 10}
    with as_if_everything_were_big():
        (plan,) = plans(lambda: look(Place(number), **asked))
    lines = plan.inner + plan.outer
    date_column = re.search(r"\((?:s|seat)\.(\w+), \w+\.id\) > ", window.sql)
    assert date_column
    along = [line for line in of_table(lines, "SEARCH") if date_column[1] in line]
    assert along and ("status" in along[0] or "state" in along[0]), lines
    assert not [line for line in lines if _WHOLE_TABLE.match(line)], lines


# ---- work, counted


@pytest.fixture
def steps(filled: Filled) -> Callable[[Callable[[], object]], int]:
    """How many steps SQLite's machine takes for what a function asks."""
    connection = database.connection()

    def count(ask: Callable[[], object]) -> int:
        taken = 0

        def step() -> int:
            nonlocal taken
            taken += 1
            return 0

        connection.set_progress_handler(step, 1)
        ask()
        connection.set_progress_handler(None, 0)
        return taken

    return count


sqlite_only = pytest.mark.parametrize("many", ["sqlite"], indirect=True)
Steps = Callable[[Callable[[], object]], int]


@sqlite_only
@pytest.mark.parametrize("sort", SORTS)
def test_a_page_costs_the_same_with_ten_thousand_subscriptions(
    filled: Filled, steps: Steps, sort: str
) -> None:
    few, many = (
        steps(lambda who=who: subscription_list.page(who, Query(sort=sort), now=filled.now))
        for who in (filled.few, filled.many)
    )
    assert many <= 1.2 * few


@sqlite_only
def test_a_page_far_behind_costs_little_more_than_the_first(filled: Filled, steps: Steps) -> None:
    """SQLite finds a page's key by its name, and walks through those of the same name."""
    products = rows("SELECT count(DISTINCT sort_key) AS number FROM subscription")[0].number
    first = steps(lambda: subscription_list.page(filled.many, Query(), now=filled.now))
    cursor = ""
    for _page in range(200):
        query = Query(after=cursor)
        taken = steps(lambda query=query: subscription_list.page(filled.many, query, now=filled.now))
        assert taken <= first + STEPS_A_ROW * MANY / products * 2
        cursor = subscription_list.page(filled.many, query, now=filled.now).next_cursor


@sqlite_only
def test_no_question_costs_more_than_one_look_at_each_index_entry(filled: Filled, steps: Steps) -> None:
    for shelf, sort, text in product(SHELVES, SORTS, WORDS):
        query = Query(shelf=shelf, sort=sort, text=text)
        taken = steps(lambda query=query: subscription_list.page(filled.many, query, now=filled.now))
        assert taken <= STEPS_A_ROW * MANY, query


@sqlite_only
def test_counting_ends_where_it_is_more_than_can_be_said(filled: Filled, steps: Steps) -> None:
    taken = steps(lambda: subscription_list.counts(filled.many, now=filled.now))
    assert taken <= 3 * STEPS_A_ROW * (COUNT_LIMIT + 1)
    assert subscription_list.counts(filled.many, now=filled.now).active == COUNT_LIMIT + 1


@sqlite_only
def test_the_users_page_costs_the_same_with_ten_thousand_seats(filled: Filled, steps: Steps) -> None:
    few, many = (
        steps(lambda number=number: seats_of(filled, seat_list.Query(), number)) for number in (0, 1)
    )
    assert many <= 1.2 * few


@sqlite_only
def test_counting_the_invited_ends_where_it_is_more_than_can_be_said(filled: Filled, steps: Steps) -> None:
    taken = steps(lambda: seat_list.head(filled.many, filled.public_id, now=filled.now))
    assert taken <= 3 * STEPS_A_ROW * (seat_list.COUNT_LIMIT + 1)


# ---- the API


def test_what_the_api_asks_is_read_from_indexes(many: tuple[Portal, Filled], filled: Filled) -> None:
    portal, now = many[0], filled.now
    email, since = "few@example.com", now - timedelta(days=1)
    asked: dict[str, Callable[[], object]] = {
        "all": lambda: shop_view.page(Filters(), limit=100, now=now),
        "a customer’s": lambda: shop_view.page(Filters(customer_number="1001"), limit=100, now=now),
        "changed": lambda: shop_view.page(Filters(changed_since=since), limit=100, now=now),
        "one": lambda: shop_view.one(filled.public_id),
        "to one": lambda: entitlements.to_subscription(
            email, filled.public_id, catalogue=portal.catalogue, now=now
        ),
        "to a product": lambda: entitlements.to_product(
            email, "fieldwire-pro", catalogue=portal.catalogue, now=now
        ),
        "to a company’s": lambda: entitlements.to_product(
            email, "ontrack-lite", catalogue=portal.catalogue, now=now
        ),
        "people": lambda: entitlements.users_of(
            filled.public_id, limit=100, catalogue=portal.catalogue, now=now
        ),
        "a key": lambda: api_keys.row(api_keys._FIND_SQL, key_id="0" * 12),
    }
    for what, ask in asked.items():
        with as_if_everything_were_big():
            found = plans(ask)
        lines = [line for plan in found for line in plan.inner + plan.outer]
        assert of_table(lines, "SEARCH"), (what, lines)
        assert not [line for line in lines if _TABLE_OF_THE_API.match(line)], (what, lines)


_TABLE_OF_THE_API = re.compile(
    r"SCAN (subscription|shop_order|account|person|seat|membership|audit_event|api_key|[soapme]\b)"
)
