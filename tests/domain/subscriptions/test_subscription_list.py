"""The list beside a plain Python one: the same rows in the same order, page by page, whatever is asked."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.conftest import TestClock
from tests.domain.crowd import Crowd, Listed, expected
from tests.support.cast import keep_person
from webapp.assembly import Portal
from webapp.data.accounts import Person
from webapp.data.keys import sort_key
from webapp.data.subscriptions import (
    ACTIVE,
    ENDED,
    NEVER,
    PENDING,
    SHELF_ACTIVE,
    SHELF_CANCELLED,
    SHELF_GONE,
    SHELF_PENDING,
    Subscription,
)
from webapp.domain.subscriptions import subscription_list
from webapp.domain.subscriptions.subscription_list import (
    COUNT_LIMIT,
    PAGE_SIZE,
    QUEUE_SIZE,
    SHELVES,
    SORTS,
    Page,
    Query,
    counts,
    page,
    reminders,
)
from webapp.sites import Site


def pages(person: Person, query: Query, *, now: datetime) -> Iterator[Page]:
    """Forwards from the first one."""
    seen: set[str] = set()
    found = page(person.id, query, now=now)
    yield found
    while found.next_cursor:
        assert found.next_cursor not in seen, "the same page again"
        seen.add(found.next_cursor)
        found = page(person.id, replace(query, after=found.next_cursor, before=""), now=now)
        yield found


def ids(found: Page) -> list[int]:
    return [row.id for row in found.rows]


@pytest.fixture
def alice(bound_fr: Site, now: datetime) -> Person:
    return keep_person("alice@example.com", name="Alice Morel", password=None, now=now)


@pytest.fixture
def charlie(bound_fr: Site, now: datetime) -> Person:
    return keep_person("charlie@example.com", name="Charlie Roux", password=None, now=now)


@pytest.fixture
def crowd(alice: Person, charlie: Person, now: datetime) -> list[Listed]:
    """Alice's, with Charlie's in between."""
    crowd = Crowd(now)
    mine: list[Listed] = []
    for _time in range(4):
        mine += crowd.of(alice, 40)
        crowd.of(charlie, 10)
    return mine


# ---- pages


SEARCHES = st.one_of(
    st.sampled_from(
        ["", "profis", "PROFIS engin", "echafaudage oeuvre", "Évry", "4500071236", "sub-fr-20", "測量"]
    ),
    st.text(st.sampled_from("0147abeprst -!%_'"), max_size=4),
)
QUERIES = st.builds(Query, shelf=st.sampled_from(SHELVES), text=SEARCHES, sort=st.sampled_from(sorted(SORTS)))


def test_all_pages_together_are_the_whole_list_in_order(
    crowd: list[Listed], alice: Person, now: datetime
) -> None:
    @settings(deadline=None, max_examples=150)
    @given(QUERIES)
    def both_ways(query: Query) -> None:
        wanted = expected(crowd, query)
        forwards = list(pages(alice, query, now=now))
        assert [one for found in forwards for one in ids(found)] == wanted
        assert all(len(found.rows) == PAGE_SIZE for found in forwards[:-1])
        assert forwards[0].previous_cursor == "" == forwards[-1].next_cursor
        found, backwards = forwards[-1], ids(forwards[-1])
        while found.previous_cursor:
            found = page(alice.id, replace(query, before=found.previous_cursor), now=now)
            backwards = ids(found) + backwards
        assert backwards == wanted

    both_ways()


def test_back_and_forth_shows_the_same_page(crowd: list[Listed], alice: Person, now: datetime) -> None:
    for sort in SORTS:
        query = Query(sort=sort)
        first, second, *_rest = pages(alice, query, now=now)
        back = page(alice.id, replace(query, before=second.previous_cursor), now=now)
        assert (ids(back), back.previous_cursor, bool(back.next_cursor)) == (ids(first), "", True)
        assert ids(page(alice.id, replace(query, after=back.next_cursor), now=now)) == ids(second)


@pytest.mark.parametrize("sort", SORTS)
def test_what_comes_and_goes_meanwhile_moves_nobody_to_another_page(
    crowd: list[Listed], alice: Person, now: datetime, sort: str
) -> None:
    query = Query(sort=sort)
    before = [ids(found) for found in pages(alice, query, now=now)]
    first = page(alice.id, query, now=now)
    ahead = next(one for one in crowd if one.id == before[0][0])
    Crowd(now, seed=3).one(
        alice,
        status=ACTIVE,
        shelf=SHELF_ACTIVE,
        sort_key="",
        renewal_key="2026-11-23",
        ordered_at=now + timedelta(days=1),
    )
    Subscription.update(shelf=SHELF_GONE).where(Subscription.id == ahead.id).execute()
    assert ids(page(alice.id, replace(query, after=first.next_cursor), now=now)) == before[1]


def test_nobody_sees_what_another_administers(
    crowd: list[Listed], alice: Person, charlie: Person, now: datetime
) -> None:
    hers, his = (
        {one for found in pages(who, Query(), now=now) for one in ids(found)} for who in (alice, charlie)
    )
    assert hers and his and not hers & his
    assert counts(charlie.id, now=now).all == len(his)


def test_an_empty_list_has_no_pages(alice: Person, now: datetime) -> None:
    found = page(alice.id, Query(), now=now)
    assert (found.rows, found.next_cursor, found.previous_cursor) == ([], "", "")
    assert counts(alice.id, now=now).all == 0
    assert reminders(alice.id, now=now).queue == []


def test_a_full_page_without_a_second_one_leads_nowhere(alice: Person, now: datetime) -> None:
    crowd = Crowd(now)
    for _time in range(PAGE_SIZE):
        crowd.one(alice, status=ACTIVE, shelf=SHELF_ACTIVE)
    found = page(alice.id, Query(), now=now)
    assert (len(found.rows), found.next_cursor, found.previous_cursor) == (PAGE_SIZE, "", "")


# ---- cursors


def cursor(content: object) -> str:
    return base64.urlsafe_b64encode(json.dumps(content).encode()).decode().rstrip("=")


GARBAGE = st.one_of(
    st.text(max_size=40),
    st.binary(max_size=60).map(lambda raw: base64.urlsafe_b64encode(raw).decode()),
    st.recursive(
        st.none() | st.booleans() | st.floats() | st.integers() | st.text(max_size=20),
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    ).map(cursor),
    st.tuples(st.text(max_size=20) | st.integers(), st.integers()).map(cursor),
)


def test_no_cursor_that_somebody_makes_up_does_harm(
    crowd: list[Listed], alice: Person, now: datetime
) -> None:
    mine = {one.id for one in crowd}

    @settings(deadline=None, max_examples=300)
    @given(QUERIES, GARBAGE, st.booleans())
    def ask(query: Query, made_up: str, backwards: bool) -> None:
        found = page(alice.id, replace(query, **{"before" if backwards else "after": made_up}), now=now)
        assert set(ids(found)) <= mine

    ask()


NOT_OURS = (
    "?",
    "e30",
    "x" * 601,
    "%00",
    cursor(None),
    cursor([]),
    cursor(["a"]),
    cursor(["a", 1, 2]),
    cursor([1.5, 1]),
    cursor([True, 1]),
    cursor(["a", "1"]),
    cursor(["a", True]),
    cursor(["a", 2**63]),
    cursor([2**63, 1]),
    cursor([None, 1]),
    cursor(["a\0b", 1]),
    cursor(["\ud800", 1]),
    cursor([["a"], 1]),
)


@pytest.mark.parametrize("sort", SORTS)
def test_a_cursor_that_is_none_of_ours_starts_at_the_beginning(
    crowd: list[Listed], alice: Person, now: datetime, sort: str
) -> None:
    first = ids(page(alice.id, Query(sort=sort), now=now))
    for made_up in NOT_OURS:
        assert ids(page(alice.id, Query(sort=sort, after=made_up), now=now)) == first, made_up
        assert ids(page(alice.id, Query(sort=sort, before=made_up), now=now)) == first, made_up


def test_a_cursor_of_another_order_starts_at_the_beginning(
    crowd: list[Listed], alice: Person, now: datetime
) -> None:
    by_name = page(alice.id, Query(), now=now).next_cursor
    newest = Query(sort="newest")
    assert ids(page(alice.id, replace(newest, after=by_name), now=now)) == ids(
        page(alice.id, newest, now=now)
    )


def test_the_longest_names_have_cursors_too(alice: Person, now: datetime) -> None:
    crowd = Crowd(now)
    name = "測量ソフトウェア𠮷" * 12
    for _time in range(PAGE_SIZE + 3):
        crowd.one(alice, status=ACTIVE, shelf=SHELF_ACTIVE, sort_key=sort_key(name))
    assert [len(found.rows) for found in pages(alice, Query(), now=now)] == [PAGE_SIZE, 3]


# ---- counts and queue


def test_counts_are_those_of_the_lists(crowd: list[Listed], alice: Person, now: datetime) -> None:
    found = counts(alice.id, now=now)
    wanted = {shelf: len(expected(crowd, Query(shelf=shelf))) for shelf in SHELVES}
    assert {shelf: getattr(found, shelf) for shelf in SHELVES} == wanted
    assert min(wanted.values()) > 0


def test_the_next_renewal_is_the_earliest_that_is_still_to_come(alice: Person, clock: TestClock) -> None:
    crowd = Crowd(clock())
    for renewal in ("2026-11-21", "2026-11-22", "2026-12-01"):
        crowd.one(alice, status=ACTIVE, shelf=SHELF_ACTIVE, renewal_key=renewal)
    crowd.one(alice, status=ENDED, shelf=SHELF_CANCELLED, renewal_key=NEVER)
    assert counts(alice.id, now=clock()).next_renewal == "2026-11-22"
    assert counts(alice.id, now=clock.forward(days=1)).next_renewal == "2026-12-01"
    assert counts(alice.id, now=clock.forward(days=30)).next_renewal is None


def test_counting_ends_at_more_than_a_thousand(
    alice: Person, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        subscription_list,
        "_COUNTS_SQL",
        subscription_list._COUNTS_SQL.replace(f"LIMIT {COUNT_LIMIT + 1}", "LIMIT 11"),
    )
    crowd = Crowd(now)
    for status, shelf in ((ACTIVE, SHELF_ACTIVE), (PENDING, SHELF_PENDING)):
        for _time in range(14):
            crowd.one(alice, status=status, shelf=shelf, activate_before=now + timedelta(days=1))
    found = counts(alice.id, now=now)
    assert (found.active, found.pending, found.cancelled) == (11, 11, 0)
    assert found.all == 22


def test_all_of_them_are_never_counted_beyond_the_limit() -> None:
    most = subscription_list.Counts(COUNT_LIMIT + 1, COUNT_LIMIT + 1, 3, None, False)
    assert most.all == COUNT_LIMIT + 1
    assert subscription_list.Counts(400, 500, 100, None, False).all == COUNT_LIMIT
    assert subscription_list._COUNTS_SQL.count(f"LIMIT {COUNT_LIMIT + 1}") == 3


def test_the_queue_holds_the_most_urgent_that_can_still_be_activated(alice: Person, now: datetime) -> None:
    crowd = Crowd(now)
    pending = [
        crowd.one(alice, status=PENDING, shelf=SHELF_PENDING, activate_before=now + timedelta(days=days))
        for days in (40, -1, 3, 89, 0, 12, 3, 70, 55)
    ]
    urgent = [pending[index].public_id for index in (2, 6, 5, 0, 8)]
    assert [row.public_id for row in reminders(alice.id, now=now).queue] == urgent
    assert len(urgent) == QUEUE_SIZE


def test_what_lapses_leaves_list_counts_and_queue_by_the_date_alone(alice: Person, clock: TestClock) -> None:
    deadline = clock() + timedelta(days=10)
    Crowd(clock()).one(alice, status=PENDING, shelf=SHELF_PENDING, activate_before=deadline)

    def seen(now: datetime) -> list[int]:
        shelves = [len(page(alice.id, Query(shelf=shelf), now=now).rows) for shelf in ("all", "pending")]
        return [
            *shelves,
            counts(alice.id, now=now).pending,
            counts(alice.id, now=now).all,
            len(reminders(alice.id, now=now).queue),
        ]

    assert seen(deadline - timedelta(microseconds=1)) == [1] * 5
    assert seen(deadline) == [0] * 5
    assert Subscription.get().status == PENDING


# ---- what the address says


@given(
    st.dictionaries(
        st.sampled_from(["status", "sort", "q", "after", "before", "page"]), st.text(max_size=120)
    )
)
def test_any_address_is_some_list(arguments: dict[str, str]) -> None:
    query = Query.from_url(arguments)
    assert query.shelf in SHELVES and query.sort in SORTS
    assert len(query.text) <= 100 and "\0" not in query.text
    again = Query.from_url(query.to_url())
    assert again == replace(query, after="", before="")


def test_a_new_question_starts_at_its_first_page() -> None:
    query = Query(shelf="active", text="evry", sort="newest", after="here")
    assert query.to_url() == {"status": "active", "q": "evry", "sort": "newest"}
    assert query.to_url(shelf="all") == {"q": "evry", "sort": "newest"}
    assert query.to_url(after="there")["after"] == "there"
    assert Query().to_url() == {}


def test_what_is_searched_is_text_and_nothing_else(crowd: list[Listed], alice: Person, now: datetime) -> None:
    for text in ("%", "_", "' OR 1=1 --", "\\", "{contains}", ":person", "%s", "?"):
        found = [one for found in pages(alice, Query(text=text), now=now) for one in ids(found)]
        assert found == expected(crowd, Query(text=text)), text


def test_a_search_of_many_words_looks_at_the_first_six(alice: Person, now: datetime) -> None:
    Crowd(now).one(alice, status=ACTIVE, shelf=SHELF_ACTIVE, search_key="one two three four five six")
    assert len(page(alice.id, Query(text="six five four three two one seven"), now=now).rows) == 1


def test_each_site_has_its_own_list(portal: Portal, now: datetime) -> None:
    for code in ("fr", "de"):
        with portal.at(portal.sites[code]):
            person = keep_person("alice@example.com", name="Alice", password=None, now=now)
            size = {"fr": 3, "de": 0}[code]
            crowd = Crowd(now)
            for _time in range(size):
                crowd.one(person, status=ACTIVE, shelf=SHELF_ACTIVE)
            assert (person.id, len(page(person.id, Query(), now=now).rows)) == (1, size)
