"""What the page of invoices shows: counts by state, and one page of rows, newest first.

Plain SQL with ready statements, as the list of subscriptions has it; the right is part of each of them.
Whether an open invoice is overdue the date decides, not a job.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, fields, replace
from datetime import date, datetime
from operator import attrgetter
from string import ascii_lowercase
from typing import Any

from webapp.data.billing import CREDITED, DUE, GIVEN, OPEN, PAID, WAITING
from webapp.data.database import current_site
from webapp.data.keys import fold
from webapp.data.statements import contains, part_parameter, row, rows
from webapp.domain.calendar import local_date
from webapp.domain.keyset import PAGE_SIZE, Key, cut, read_cursor
from webapp.domain.permissions import READS_INVOICES

COUNT_LIMIT = 1000
CHOICE_LIMIT = 100  # of subscriptions to filter by
LATEST = 4  # on the page of a subscription
_BATCH = 500
_WORDS = 6

ISSUED, OVERDUE, PREPARED = "issued", "overdue", "prepared"
# What is shown → condition. `issued` is everything with a number.
_SHELVES = {
    ISSUED: "i.issued_on IS NOT NULL",
    OPEN: f"i.state = '{OPEN}' AND (i.due_on IS NULL OR i.due_on >= :today)",
    OVERDUE: f"i.state = '{OPEN}' AND i.due_on < :today",
    PAID: f"i.state = '{PAID}'",
    CREDITED: f"i.state IN ('{CREDITED}', '{GIVEN}')",
    PREPARED: f"i.state IN ('{DUE}', '{WAITING}')",
}
SHELVES = tuple(_SHELVES)


@dataclass(frozen=True, slots=True)
class Query:
    """What the URL asks for. `after` and `before` are opaque cursors: the edge of the page one came from."""

    shelf: str = ISSUED
    text: str = ""
    subscription: str = ""  # its public id
    po_number: str = ""
    since: date | None = None  # of issue
    until: date | None = None
    after: str = ""
    before: str = ""

    @classmethod
    def from_url(cls, arguments: Any) -> Query:
        """Unknown values fall back to the plain list: an old link still shows something."""
        shelf = arguments.get("state", ISSUED)
        return cls(
            shelf=shelf if shelf in SHELVES else ISSUED,
            text=_typed(arguments.get("q", "")),
            subscription=_typed(arguments.get("subscription", ""))[:20].upper(),
            po_number=_typed(arguments.get("po", "")),
            since=_day(arguments.get("from", "")),
            until=_day(arguments.get("to", "")),
            after=arguments.get("after", ""),
            before=arguments.get("before", ""),
        )

    def to_url(self, **changes: Any) -> dict[str, str]:
        """The arguments of a link to this list with something changed, from its first page on."""
        query = replace(self, **{"after": "", "before": "", **changes})
        named = {
            "state": query.shelf if query.shelf != ISSUED else "",
            "q": query.text,
            "subscription": query.subscription,
            "po": query.po_number,
            "from": query.since.isoformat() if query.since else "",
            "to": query.until.isoformat() if query.until else "",
            "after": query.after,
            "before": query.before,
        }
        return {name: value for name, value in named.items() if value}

    @property
    def narrowed(self) -> bool:
        """By more than the state."""
        return bool(self.text or self.more)

    @property
    def more(self) -> int:
        """How many of the further filters are set."""
        return sum(bool(one) for one in (self.subscription, self.po_number, self.since, self.until))


def _typed(text: str) -> str:
    return str(text).replace("\0", "").encode(errors="ignore").decode().strip()[:100]


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text.strip()[:10])
    except ValueError:
        return None


@dataclass(frozen=True, slots=True)
class Counts:
    """Each at most `COUNT_LIMIT` + 1, which reads as "more than"."""

    issued: int = 0
    open: int = 0
    overdue: int = 0
    paid: int = 0
    credited: int = 0
    prepared: int = 0

    def of(self, shelf: str) -> int:
        return int(getattr(self, shelf))

    @property
    def any(self) -> bool:
        return bool(self.issued or self.prepared)


@dataclass(frozen=True, slots=True)
class Page:
    rows: Sequence[Any]
    next_cursor: str
    previous_cursor: str


_FROM = "invoice i JOIN subscription s ON s.id = i.subscription_id"
_COLUMNS = """i.id, i.kind, i.number, i.state, i.issued_on, i.due_on, i.period_start, i.period_end,
 i.po_number, i.net, i.tax, i.gross, i.paid, i.currency, i.recorded_at, s.public_id, s.product_name,
 c.number AS credited_number"""
_JOINED = f"{_FROM} LEFT JOIN invoice c ON c.id = i.credits_id"


def _where(query: Query) -> tuple[list[str], dict[str, Any]]:
    """All but the state. Only numbered parameter names enter the text; what people type never does."""
    words = zip(ascii_lowercase, fold(query.text).split()[:_WORDS], strict=False)
    parameters: dict[str, Any] = {f"word_{letter}": part_parameter(word) for letter, word in words}
    where = [contains("i.search_key", name) for name in parameters]
    where += ["i.account_id = :account", READS_INVOICES]
    chosen = {
        "s.public_id = :chosen": query.subscription,
        "i.po_number = :po": query.po_number,
        "i.issued_on >= :since": query.since and query.since.isoformat(),
        "i.issued_on <= :until": query.until and query.until.isoformat(),
    }
    for condition, value in chosen.items():
        if value:
            where.append(condition)
            parameters[condition.rpartition(":")[2]] = value
    return where, parameters


def _today(now: datetime) -> str:
    return local_date(now, current_site().time_zone).isoformat()


def counts(person_id: int, account_id: int | None, query: Query, *, now: datetime) -> Counts:
    """Of each state, under the other filters."""
    where, parameters = _where(query)
    parts = [
        f"(SELECT count(*) FROM (SELECT 1 FROM {_FROM} WHERE {' AND '.join([*where, condition])}"
        f" LIMIT {COUNT_LIMIT + 1}) {shelf}_ones) AS {shelf}_count"
        for shelf, condition in _SHELVES.items()
    ]
    found = row(f"SELECT {', '.join(parts)}", **_whose(person_id, account_id, now), **parameters)
    assert found is not None
    return Counts(*(getattr(found, f"{field.name}_count") for field in fields(Counts)))


def _whose(person_id: int, account_id: int | None, now: datetime) -> dict[str, Any]:
    return {"person": person_id, "account": account_id, "today": _today(now)}


def page(person_id: int, account_id: int | None, query: Query, *, now: datetime) -> Page:
    key, kind = _sorted_by(query)
    edge = read_cursor(query.before or query.after, kind)
    backwards = bool(query.before) and edge is not None
    found = _read(person_id, account_id, query, edge, PAGE_SIZE + 1, backwards=backwards, now=now)
    return Page(*cut(found, begun=edge is not None, backwards=backwards, key=attrgetter(key)))


def _sorted_by(query: Query) -> tuple[str, type[Key]]:
    """What waits has no date of issue."""
    return ("recorded_at", int) if query.shelf == PREPARED else ("issued_on", str)


def _read(
    person_id: int,
    account_id: int | None,
    query: Query,
    edge: tuple[Key, int] | None,
    size: int,
    *,
    backwards: bool = False,
    now: datetime,
) -> list[Any]:
    where, parameters = _where(query)
    where.append(_SHELVES[query.shelf])
    column = f"i.{_sorted_by(query)[0]}"
    if edge:
        where.append(f"({column}, i.id) {'>' if backwards else '<'} (:key, :last_id)")
        parameters |= {"key": edge[0], "last_id": edge[1]}
    order = f"{column} {'ASC' if backwards else 'DESC'}, i.id {'ASC' if backwards else 'DESC'}"
    inner = f"SELECT i.id FROM {_FROM} WHERE {' AND '.join(where)} ORDER BY {order} LIMIT {size}"
    joined = _JOINED.replace("invoice i JOIN", f"({inner}) found JOIN invoice i ON i.id = found.id JOIN")
    sql = f"SELECT {_COLUMNS} FROM {joined} ORDER BY {order}"
    return list(rows(sql, **_whose(person_id, account_id, now), **parameters))


def matching(
    person_id: int, account_id: int | None, query: Query, *, most: int, now: datetime
) -> Iterator[Any]:
    """All that the filters let through, newest first and up to `most`; read in batches, as they are used."""
    key, edge, left = _sorted_by(query)[0], None, most
    while left > 0:
        found = _read(person_id, account_id, query, edge, min(left, _BATCH), now=now)
        yield from found
        if len(found) < _BATCH:
            return
        left -= len(found)
        edge = (getattr(found[-1], key), found[-1].id)


_LATEST_SQL = f"""
SELECT {_COLUMNS} FROM {_JOINED} WHERE i.subscription_id = :subscription
ORDER BY i.id DESC LIMIT {LATEST}
"""


def latest(subscription_id: int) -> Sequence[Any]:
    """The last ones of a subscription that was read under its own right already."""
    return rows(_LATEST_SQL, subscription=subscription_id)


_CHOICES_SQL = f"""
SELECT s.public_id, s.product_name FROM subscription s
WHERE s.account_id = :account AND s.shelf IN ('active', 'cancelled') AND {READS_INVOICES}
ORDER BY s.sort_key, s.id LIMIT {CHOICE_LIMIT + 1}
"""


def subscriptions_to_choose(person_id: int, account_id: int | None) -> Sequence[Any]:
    """Whose invoices this person sees; one more than is offered, if there are more."""
    return rows(_CHOICES_SQL, person=person_id, account=account_id)


def shelf_of(found: Any, *, today: date) -> str:
    """How an invoice stands, of a row or a model: a state, or `overdue`, or `prepared`."""
    if found.state in (DUE, WAITING):
        return PREPARED
    if found.state == OPEN and found.due_on and str(found.due_on) < today.isoformat():
        return OVERDUE
    return str(found.state)
