"""What an administrator's list shows: counts, what waits for a decision, one page of rows.

Plain SQL, since these run on every visit; each statement costs the same with 25 or 10,000
subscriptions in the account: counts stop at `COUNT_LIMIT`, pages begin at a key, not at an offset.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import cycle, islice, product
from operator import attrgetter
from string import ascii_lowercase
from typing import Any

from webapp.data.database import to_micros
from webapp.data.keys import fold
from webapp.data.statements import contains, part_parameter, row, rows
from webapp.data.transfers import OPEN_SQL
from webapp.domain import terms
from webapp.domain.keyset import PAGE_SIZE, Key, cut, read_cursor
from webapp.domain.refusals import NotThere
from webapp.domain.seats.seat_list import HOLDS_SEAT_SQL
from webapp.domain.seats.seats import TAKEN_SQL
from webapp.domain.terms import RUNNING_SQL

QUEUE_SIZE = 5
COUNT_LIMIT = 1000

SHELVES = ("all", "pending", "active", "cancelled")
MINE, BACKUP, BILLING = "mine", "backup", "billing"  # what one administers, is the backup of, looks after

_VISIBLE = "(s.shelf IN ('active', 'cancelled') OR (s.shelf = 'pending' AND s.activate_before > :now))"

_BILLED = """s.account_id = :account AND s.shelf IN ('active', 'cancelled') AND s.account_id IN
 (SELECT m.account_id FROM membership m WHERE m.person_id = :person AND m.billing_since IS NOT NULL)"""


@dataclass(frozen=True, slots=True)
class Scope:
    """The account that is looked at; `several`: the person has others, whose rows are not shown."""

    account: int | None = None
    several: bool = False
    alone: bool = False  # nor anything else of another account: a support agent looks at one


_ANY_ACCOUNT = Scope()


def _of(view: str, scope: Scope) -> str:
    """Whose rows a view shows."""
    if view == BILLING:
        return _BILLED
    own = "s.backup_id = :person" if view == BACKUP else "s.administrator_id = :person"
    return f"{own} AND s.account_id = :account" if scope.several else own


@dataclass(frozen=True, slots=True)
class Sort:
    key: str
    column: str
    descending: bool = False


SORTS = {
    "name": Sort("name", "sort_key"),
    "renewal": Sort("renewal", "renewal_key"),
    "newest": Sort("newest", "ordered_at", descending=True),
}


@dataclass(frozen=True, slots=True)
class Query:
    """What the URL asks for. `after` and `before` are opaque cursors: the edge of the page one came from."""

    shelf: str = "all"
    text: str = ""
    sort: str = "name"
    after: str = ""
    before: str = ""
    view: str = ""  # nothing: the first in which there is something
    choose: str = ""  # `page`: all of this page are ticked

    @classmethod
    def from_url(cls, arguments: Any) -> Query:
        """Unknown values fall back to the plain list: an old link still shows something."""
        shelf, sort = arguments.get("status", "all"), arguments.get("sort", "name")
        view = arguments.get("view", "")
        return cls(
            shelf=shelf if shelf in SHELVES else "all",
            text=arguments.get("q", "").replace("\0", "").strip()[:100],
            sort=sort if sort in SORTS else "name",
            after=arguments.get("after", ""),
            before=arguments.get("before", ""),
            view=view if view in (MINE, BACKUP, BILLING) else "",
            choose="page" if arguments.get("choose") == "page" else "",
        )

    def to_url(self, **changes: str) -> dict[str, str]:
        """The arguments of a link to this list with something changed, from its first page on."""
        query = replace(self, **{"after": "", "before": "", "choose": "", **changes})
        named = {"view": query.view, "status": query.shelf, "q": query.text, "sort": query.sort}
        usual = {"view": "", "status": "all", "q": "", "sort": "name"}
        chosen = {name: value for name, value in named.items() if value != usual[name]}
        more = {"after": query.after, "before": query.before, "choose": query.choose}
        return {**chosen, **{name: value for name, value in more.items() if value}}


@dataclass(frozen=True, slots=True)
class Counts:
    """Each at most `COUNT_LIMIT` + 1, which reads as "more than"."""

    pending: int
    active: int
    cancelled: int
    next_renewal: str | None  # ISO date
    administers: bool = False  # anything that can be seen, whatever this view shows
    backs_up: bool = False
    manages: bool = False  # an active one
    handed_over: bool = False  # anything that may still be taken back
    holds_seat: bool = False  # so that there is something to use, administered or not

    @property
    def all(self) -> int:
        return min(self.pending + self.active + self.cancelled, COUNT_LIMIT + 1)

    @property
    def reminders(self) -> bool:
        """Whether asking for them is worth a question."""
        return bool(self.pending or self.handed_over)


@dataclass(frozen=True, slots=True)
class Reminders:
    """What stands above the list, because it can only be done for some time."""

    queue: Sequence[Any]  # what awaits activation, most urgent first
    handed_over: Sequence[Any]  # what can still be taken back, newest first


NO_REMINDERS = Reminders((), ())


@dataclass(frozen=True, slots=True)
class Page:
    rows: Sequence[Any]
    next_cursor: str
    previous_cursor: str


NO_PAGE = Page((), "", "")

_COUNTS_SQL = f"""
SELECT
 (SELECT count(*) FROM (SELECT 1 FROM subscription s WHERE {{of}}
    AND s.shelf = 'pending' AND s.activate_before > :now LIMIT {COUNT_LIMIT + 1}) p) AS pending,
 (SELECT count(*) FROM (SELECT 1 FROM subscription s WHERE {{of}}
    AND s.shelf = 'active' LIMIT {COUNT_LIMIT + 1}) a) AS active,
 (SELECT count(*) FROM (SELECT 1 FROM subscription s WHERE {{of}}
    AND s.shelf = 'cancelled' LIMIT {COUNT_LIMIT + 1}) c) AS cancelled,
 (SELECT s.renewal_key FROM subscription s WHERE {{of}}
    AND s.renewal_key >= :today AND s.renewal_key < '9999' ORDER BY s.renewal_key, s.id LIMIT 1)
 AS next_renewal,
 EXISTS (SELECT 1 FROM subscription s WHERE {{mine}} AND {_VISIBLE}) AS administers,
 EXISTS (SELECT 1 FROM subscription s WHERE {{backup}} AND s.shelf IN ('active', 'cancelled')) AS backs_up,
 EXISTS (SELECT 1 FROM subscription s WHERE {{mine}} AND s.shelf IN ('active', 'cancelled')
    AND {RUNNING_SQL}) AS manages,
 EXISTS (SELECT 1 FROM subscription s WHERE {{backup}} AND s.shelf IN ('active', 'cancelled')
    AND {RUNNING_SQL}) AS manages_as_backup,
 EXISTS (SELECT 1 FROM transfer t WHERE t.from_person_id = :person AND {OPEN_SQL}) AS handed_over,
 {HOLDS_SEAT_SQL} AS holds_seat
"""

_COLUMNS = f"""s.id, s.public_id, s.product_key, s.product_name, s.kind, s.quantity,
 {TAKEN_SQL} AS seats_taken, s.status, s.commitment, s.activate_before, s.term_start, s.term_end, s.ends_on,
 s.po_number"""

_REMINDERS_SQL = f"""
SELECT * FROM (
 SELECT s.public_id, s.product_name, s.activate_before, '' AS email, s.id AS place FROM subscription s
 WHERE {{of}} AND s.shelf = 'pending' AND s.activate_before > :now
 ORDER BY s.activate_before, s.id LIMIT {QUEUE_SIZE}) queue
UNION ALL
SELECT * FROM (
 SELECT s.public_id, s.product_name, 0, p.email, -t.at FROM transfer t
 JOIN subscription s ON s.id = t.subscription_id AND s.administrator_id = t.to_person_id
 JOIN person p ON p.id = t.to_person_id
 WHERE t.from_person_id = :person AND {OPEN_SQL}{{handed}}
 ORDER BY t.at DESC, t.id DESC LIMIT {QUEUE_SIZE}) handed_over
ORDER BY activate_before, place
"""


def counts(person_id: int, *, now: datetime, view: str = MINE, scope: Scope = _ANY_ACCOUNT) -> Counts:
    today = terms.today(now).isoformat()
    sql = _COUNTS_SQL
    for place, whose in {"{of}": view, "{mine}": MINE, "{backup}": BACKUP}.items():
        sql = sql.replace(place, _of(whose, scope))
    found = row(sql, person=person_id, account=scope.account, now=to_micros(now), today=today)
    assert found is not None
    return Counts(
        found.pending,
        found.active,
        found.cancelled,
        found.next_renewal,
        administers=bool(found.administers),
        backs_up=bool(found.backs_up),
        manages=bool(found.manages or found.manages_as_backup),
        handed_over=bool(found.handed_over),
        holds_seat=bool(found.holds_seat),
    )


def reminders(person_id: int, *, now: datetime, scope: Scope = _ANY_ACCOUNT) -> Reminders:
    sql = _REMINDERS_SQL.replace("{of}", _of(MINE, scope))
    sql = sql.replace("{handed}", " AND s.account_id = :account" if scope.alone else "")
    found = rows(sql, person=person_id, account=scope.account, now=to_micros(now))
    return Reminders([one for one in found if not one.email], [one for one in found if one.email])


def page(
    person_id: int, query: Query, *, now: datetime, view: str = MINE, scope: Scope = _ANY_ACCOUNT
) -> Page:
    sort = SORTS[query.sort]
    edge = read_cursor(query.before or query.after, int if sort.column == "ordered_at" else str)
    backwards = bool(query.before) and edge is not None
    asks = _asks(person_id, scope, now)
    columns = f"SELECT {_COLUMNS}, s.{sort.column}"
    found = _read(columns, query, edge, PAGE_SIZE + 1, of=_of(view, scope), asks=asks, backwards=backwards)
    return Page(*cut(found, begun=edge is not None, backwards=backwards, key=attrgetter(sort.column)))


def _asks(person_id: int, scope: Scope, now: datetime) -> dict[str, Any]:
    today = terms.today(now).isoformat()
    return {"person": person_id, "account": scope.account, "now": to_micros(now), "today": today}


def _read(
    columns: str,
    query: Query,
    edge: tuple[Key, int] | None,
    size: int,
    *,
    of: str,
    asks: dict[str, Any],
    backwards: bool = False,
) -> list[Any]:
    sql, parameters = _page_sql(columns, query, size, edge is not None, backwards, of)
    key, last_id = edge or (None, None)
    return list(rows(sql, **asks, key=key, last_id=last_id, shelf=query.shelf, **parameters))


def _page_sql(
    columns: str, query: Query, size: int, has_edge: bool, backwards: bool, of: str
) -> tuple[str, dict[str, str]]:
    """Only values of `SORTS` and numbered parameter names enter the text; what people type never does."""
    sort = SORTS[query.sort]
    words = fold(query.text).split()[:6]
    parameters = {f"word_{_letter(i)}": part_parameter(word) for i, word in enumerate(words)}
    # Most rows fail at the first word: it stands before what nearly all of them pass.
    where = [contains("s.search_key", name) for name in parameters]
    where += [of, _VISIBLE if query.shelf == "all" else "s.shelf = :shelf"]
    if query.shelf == "pending":
        where.append("s.activate_before > :now")
    falling = sort.descending != backwards
    if has_edge:
        where.append(f"(s.{sort.column}, s.id) {'<' if falling else '>'} (:key, :last_id)")
    direction = "DESC" if falling else "ASC"
    inner = (
        f"SELECT s.id FROM subscription s WHERE {' AND '.join(where)}"
        f" ORDER BY s.{sort.column} {direction}, s.id {direction} LIMIT {size}"
    )
    sql = (
        f"{columns} FROM ({inner}) found JOIN subscription s ON s.id = found.id {_ORDER_JOINED}"
        f" ORDER BY s.{sort.column} {direction}, s.id {direction}"
    )
    return (sql if columns == _ALL_COLUMNS else sql.replace(_ORDER_JOINED, "")), parameters


def _letter(index: int) -> str:
    return "abcdef"[index]


# ---- more than a page: all that the filters let through, or the chosen ones

_BATCH = 500
_ORDER_JOINED = "JOIN shop_order o ON o.id = s.order_id"
_ALL_COLUMNS = f"""SELECT {_COLUMNS}, s.next_po_number, s.po_version, s.billing_period, s.unit_price,
 s.currency, s.payment_method, s.activated_at, s.sort_key, s.renewal_key, s.ordered_at, o.order_number"""
_PUBLIC_ID = re.compile("SUB-[A-Z]{2}-[0-9]{6,12}")
_SIZES = (25, 100, 200)  # of choices: few statements, kept ready


def matching(
    person_id: int, query: Query, *, most: int, now: datetime, view: str = MINE, scope: Scope = _ANY_ACCOUNT
) -> Iterator[Any]:
    """All that the filters let through, in the list's order and up to `most`; read as they are used."""
    column, edge, left = SORTS[query.sort].column, None, most
    of, asks = _of(view, scope), _asks(person_id, scope, now)
    while left > 0:
        size = min(left, _BATCH)
        found = _read(_ALL_COLUMNS, query, edge, size, of=of, asks=asks)
        yield from found
        if len(found) < size:
            return
        left -= size
        edge = (getattr(found[-1], column), found[-1].id)


def chosen(
    person_id: int,
    public_ids: Sequence[str],
    *,
    now: datetime,
    view: str = MINE,
    scope: Scope = _ANY_ACCOUNT,
) -> list[Any]:
    """Exactly these, by name, if all of them stand in this person's list."""
    wanted = list(dict.fromkeys(public_ids))
    if not all(_PUBLIC_ID.fullmatch(one) for one in wanted):
        raise NotThere
    size = next((size for size in _SIZES if len(wanted) <= size), 0)
    names = [f"chosen_{a}{b}" for a, b in islice(product(ascii_lowercase, repeat=2), size)]
    sql = f"""{_ALL_COLUMNS} FROM subscription s {_ORDER_JOINED} WHERE {_of(view, scope)} AND {_VISIBLE}
 AND s.public_id IN ({", ".join(f":{name}" for name in names)}) ORDER BY s.sort_key, s.id"""
    values = dict(zip(names, cycle(wanted), strict=False))
    found = list(rows(sql, **_asks(person_id, scope, now), **values))
    if len(found) < len(wanted):
        raise NotThere
    return found
