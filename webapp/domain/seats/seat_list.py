"""What the page of users shows, and what a person may use. The same cost for 25 seats and 10,000."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from operator import attrgetter
from typing import Any

from webapp.data.database import from_micros, to_micros
from webapp.data.keys import fold
from webapp.data.statements import contains, part_parameter, row, rows
from webapp.domain import permissions
from webapp.domain.deliveries import UNDELIVERED_SQL, UNREACHED_SQL, reason_in_words
from webapp.domain.keyset import PAGE_SIZE, cut, read_cursor
from webapp.domain.refusals import NotThere
from webapp.domain.seats import seats
from webapp.domain.terms import RUNNING_SQL

COUNT_LIMIT = 1000
MOST_USED = 50
SHOWN = ("all", "invited", "active", "ended", "unreached")  # the last: whom e-mails do not reach
_WORDS = 4


@dataclass(frozen=True, slots=True)
class Query:
    """What the URL asks for; cursors are the edge of the page one came from."""

    show: str = "all"
    text: str = ""
    after: str = ""
    before: str = ""

    @classmethod
    def from_url(cls, arguments: Any) -> Query:
        show = arguments.get("show", "all")
        return cls(
            show=show if show in SHOWN else "all",
            text=arguments.get("q", "").replace("\0", "").strip()[:100],
            after=arguments.get("after", ""),
            before=arguments.get("before", ""),
        )

    def to_url(self, **changes: str) -> dict[str, str]:
        """The arguments of a link to this list with something changed, from its first page on."""
        query = replace(self, **{"after": "", "before": "", **changes})
        named = {"show": query.show if query.show != "all" else "", "q": query.text}
        named |= {"after": query.after, "before": query.before}
        return {name: value for name, value in named.items() if value}


@dataclass(frozen=True, slots=True)
class ShownSeat:
    """`state` is invited, active, ended or removed."""

    key: str
    name: str
    email: str
    state: str
    since: datetime
    last_day: date | None
    over_since: date | None
    cost_centre: str
    job_site: str
    version: int
    undelivered: str = ""  # why e-mails do not arrive, in words; nothing: they do, as far as is known


@dataclass(frozen=True, slots=True)
class Page:
    seats: Sequence[ShownSeat]
    next_cursor: str
    previous_cursor: str


_LIVE = "seat.subscription_id = s.id AND seat.counted = 1 AND seat.over_on > :today"

_COUNTS = f"""{seats.TAKEN_SQL} AS seats_taken,
 (SELECT count(*) FROM (SELECT 1 FROM seat WHERE {_LIVE} AND seat.state = 'invited'
   LIMIT {COUNT_LIMIT + 1}) i) AS invited,
 (SELECT count(*) FROM (SELECT 1 FROM seat WHERE seat.subscription_id = s.id AND seat.over_on <= :today
   LIMIT {COUNT_LIMIT + 1}) e) AS ended"""

_HEAD_SQL = f"""
SELECT s.id, s.public_id, s.product_key, s.product_name, s.quantity, s.status, s.activate_before,
 s.term_start, s.term_end, s.ends_on, {_COUNTS}
FROM subscription s
WHERE s.public_id = :public_id AND {permissions.MANAGES}
 AND (s.shelf IN ('active', 'cancelled') OR (s.shelf = 'pending' AND s.activate_before > :now))
"""


def head(person_id: int, public_id: str, *, now: datetime) -> Any:
    """The subscription above its list, if this person manages its users."""
    found = row(
        _HEAD_SQL,
        person=person_id,
        public_id=public_id,
        now=to_micros(now),
        today=seats.today(now).isoformat(),
    )
    if found is None:
        raise NotThere
    return found


_COLUMNS = f"""seat.id, seat.key, p.name, p.email, seat.state, seat.since, seat.last_day, seat.over_on,
 seat.revoked_at, seat.cost_centre, seat.job_site, seat.version, seat.sort_key,
 {UNDELIVERED_SQL} AS undelivered"""


def page(subscription_id: int, query: Query, *, now: datetime) -> Page:
    ended = query.show == "ended"
    edge = read_cursor(query.before or query.after)
    backwards = bool(query.before) and edge is not None
    sql, parameters = _page_sql(query, edge is not None, backwards)
    key, last_id = edge or ("", 0)
    today = seats.today(now).isoformat()
    found = list(rows(sql, subscription=subscription_id, today=today, key=key, last_id=last_id, **parameters))
    key_of = attrgetter("over_on" if ended else "sort_key")
    found, next_cursor, previous_cursor = cut(found, begun=edge is not None, backwards=backwards, key=key_of)
    return Page([shown(one, today=today) for one in found], next_cursor, previous_cursor)


def _page_sql(query: Query, has_edge: bool, backwards: bool) -> tuple[str, dict[str, str]]:
    """Only constants and numbered parameter names enter the text; what people type never does."""
    words = fold(query.text).split()[:_WORDS]
    parameters = {f"word_{letter}": part_parameter(word) for letter, word in zip("abcd", words, strict=False)}
    where = [contains("seat.search_key", name) for name in parameters]
    where.append("seat.subscription_id = :subscription")
    column = "over_on" if query.show == "ended" else "sort_key"
    if query.show == "ended":
        where.append("seat.over_on <= :today")
    else:
        where += ["seat.counted = 1", "seat.over_on > :today"]
    if query.show in ("invited", "active"):
        where.append(f"seat.state = '{query.show}'")
    if query.show == "unreached":
        where.append(f"seat.person_id IN ({UNREACHED_SQL})")
    falling = (query.show == "ended") != backwards
    if has_edge:
        where.append(f"(seat.{column}, seat.id) {'<' if falling else '>'} (:key, :last_id)")
    direction = "DESC" if falling else "ASC"
    inner = (
        f"SELECT seat.id FROM seat WHERE {' AND '.join(where)}"
        f" ORDER BY seat.{column} {direction}, seat.id {direction} LIMIT {PAGE_SIZE + 1}"
    )
    sql = (
        f"SELECT {_COLUMNS} FROM ({inner}) found JOIN seat ON seat.id = found.id"
        f" JOIN person p ON p.id = seat.person_id ORDER BY seat.{column} {direction}, seat.id {direction}"
    )
    return sql, parameters


def shown(found: Any, *, today: str) -> ShownSeat:
    over = found.over_on <= today
    state = found.state if not over else "removed" if found.revoked_at else "ended"
    last_day = date.fromisoformat(found.last_day) if found.last_day else None
    return ShownSeat(
        key=found.key,
        name=found.name,
        email=found.email,
        state=state,
        since=from_micros(found.since),
        last_day=last_day,
        over_since=date.fromisoformat(found.over_on) if over else None,
        cost_centre=found.cost_centre,
        job_site=found.job_site,
        version=found.version,
        undelivered=reason_in_words(found.undelivered) if found.undelivered is not None else "",
    )


_ONE_SQL = f"""
SELECT {_COLUMNS}, s.public_id, s.product_key, s.product_name, s.quantity, {_COUNTS}
FROM seat JOIN subscription s ON s.id = seat.subscription_id JOIN person p ON p.id = seat.person_id
WHERE seat.key = :key AND {permissions.MANAGES} AND {RUNNING_SQL}
"""


def one(person_id: int, key: str, *, now: datetime) -> tuple[ShownSeat, Any]:
    """A seat as the list shows it, and its subscription, after something about it changed."""
    today = seats.today(now).isoformat()
    found = row(_ONE_SQL, person=person_id, key=key, today=today)
    if found is None:
        raise NotThere
    return shown(found, today=today), found


def active_count(found: Any) -> int:
    """Of a head or of one; more than can be said if the invited ones are."""
    return COUNT_LIMIT + 1 if found.invited > COUNT_LIMIT else found.seats_taken - found.invited


_USED_SQL = f"""
SELECT s.public_id, s.product_key, s.product_name, s.kind, seat.last_day, s.ends_on, a.name AS account_name,
 s.account_id,
 adm.name AS administrator_name, adm.email AS administrator_email
FROM seat JOIN subscription s ON s.id = seat.subscription_id JOIN account a ON a.id = s.account_id
JOIN person adm ON adm.id = s.administrator_id
WHERE seat.person_id = :person AND {seats.USABLE_SQL}
ORDER BY s.sort_key, s.id LIMIT {MOST_USED}
"""

HOLDS_SEAT_SQL = "EXISTS (SELECT 1 FROM seat WHERE seat.person_id = :person AND seat.counted = 1)"


def used_by(person_id: int, *, now: datetime) -> Sequence[Any]:
    """What this person holds a seat of: active subscriptions, by name."""
    return rows(_USED_SQL, person=person_id, today=seats.today(now).isoformat())
