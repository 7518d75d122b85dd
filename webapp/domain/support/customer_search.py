"""Search of one site for the support console: from what a caller can tell to the subscriptions it is about.

Numbers and e-mail addresses are compared as a whole; company names by their parts (`webapp.data.keys.grams`),
so that accents and slips do not matter. Four statements at most, and each reads a bounded number of rows
however many companies there are: parts that too many names have are left aside.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby
from operator import attrgetter
from typing import Any

from webapp.data.keys import email_key, fold, grams
from webapp.data.statements import rows, rows_of_each
from webapp.domain.companies import company_names
from webapp.domain.shop.shop_view import State, state_of

LONGEST, SHORTEST = 100, 3
SHOWN = 8  # subscriptions of a site
_COMPANIES, _OF_A_COMPANY = 5, 3
_OFTEN = 1000  # a part that as many names have says little
_PARTS, _CHOSEN = 32, 8  # that are counted; that are looked for
_READ = 4000
_CANDIDATES = 150


@dataclass(frozen=True, slots=True)
class Hit:
    """All that is shown without a visit."""

    public_id: str
    company: str
    state: State


@dataclass(frozen=True, slots=True)
class Found:
    hits: tuple[Hit, ...] = ()
    more: bool = False  # than are shown


_COLUMNS = """s.public_id, a.name AS company, s.status, s.activate_before, s.term_start, s.term_end,
 s.ends_on"""
_FROM = "FROM subscription s JOIN account a ON a.id = s.account_id"
_ROWS = f"SELECT {_COLUMNS} {_FROM}"

_BY_NUMBER_SQL = f"""
{_ROWS} WHERE s.id IN (
 SELECT s.id FROM subscription s WHERE s.public_id = :capitals
 UNION ALL SELECT s.id FROM shop_order o JOIN subscription s ON s.order_id = o.id
  WHERE o.order_number IN (:text, :capitals)
 UNION ALL SELECT i.subscription_id FROM invoice i WHERE i.number = :capitals
 UNION ALL SELECT * FROM (SELECT s.id FROM subscription s
  WHERE s.po_number IN (:text, :capitals) LIMIT :most) running
 UNION ALL SELECT * FROM (SELECT s.id FROM subscription s
  WHERE s.next_po_number IN (:text, :capitals) LIMIT :most) planned
 UNION ALL SELECT * FROM (SELECT i.subscription_id FROM invoice i
  WHERE i.po_number IN (:text, :capitals) LIMIT :most) invoiced
) ORDER BY s.id DESC LIMIT :most
"""

# What they administer comes first, then what they are the backup of, use, and share a company with.
_BY_EMAIL_SQL = f"""
{_ROWS} JOIN (SELECT id, min(place) AS place FROM (
 SELECT * FROM (SELECT s.id, 0 AS place FROM subscription s
  WHERE s.administrator_id = (SELECT p.id FROM person p WHERE p.email_key = :email) LIMIT :most) administers
 UNION ALL SELECT * FROM (SELECT s.id, 1 FROM subscription s
  WHERE s.backup_id = (SELECT p.id FROM person p WHERE p.email_key = :email) LIMIT :most) backs_up
 UNION ALL SELECT * FROM (SELECT e.subscription_id, 2 FROM seat e
  WHERE e.person_id = (SELECT p.id FROM person p WHERE p.email_key = :email) LIMIT :most) uses
 UNION ALL SELECT * FROM (SELECT s.id, 3 FROM membership m JOIN subscription s ON s.account_id = m.account_id
  WHERE m.person_id = (SELECT p.id FROM person p WHERE p.email_key = :email) LIMIT :most) belongs
) every GROUP BY id) theirs ON theirs.id = s.id ORDER BY theirs.place, s.id DESC LIMIT :most
"""

_HOW_OFTEN_SQL = f"""
SELECT part.column1 AS gram, (SELECT count(*) FROM
 (SELECT 1 FROM account_gram g WHERE g.gram = part.column1 LIMIT {_OFTEN}) counted) AS number
FROM (VALUES :each) part
"""

_HAVING_SQL = f"""SELECT * FROM (SELECT g.account_id FROM account_gram g
 WHERE g.gram = :gram_% LIMIT {_OFTEN}) in_%"""

_CANDIDATES_SQL = f"""
SELECT a.id, a.sort_key FROM (
 SELECT account_id, count(*) AS shared FROM ({{having}}) parts GROUP BY account_id
 ORDER BY shared DESC, account_id DESC LIMIT {_CANDIDATES}) likely JOIN account a ON a.id = likely.account_id
"""

_OF_COMPANY_SQL = f"""SELECT * FROM (SELECT s.id, :place_% + 0 AS place FROM subscription s
 WHERE s.account_id = :account_% ORDER BY s.shelf, s.sort_key, s.id LIMIT {_OF_A_COMPANY + 1}) of_%"""


def _each(sql: str, number: int) -> str:
    return " UNION ALL ".join(sql.replace("%", letter) for letter in _letters(number))


def _letters(number: int) -> str:
    return "abcdefgh"[:number]


_OF_COMPANIES_SQL = f"""
SELECT {_COLUMNS}, theirs.place {_FROM}
 JOIN ({_each(_OF_COMPANY_SQL, _COMPANIES)}) theirs ON theirs.id = s.id
 ORDER BY theirs.place, s.shelf, s.id
"""


def tidy(text: str) -> str:
    """What a database takes, in one line."""
    kept = text.replace("\0", "").encode(errors="ignore").decode()
    return " ".join(kept.split())[:LONGEST]


def is_enough(text: str) -> bool:
    """Of ideographs two are a name."""
    return len(text) >= (SHORTEST if text.isascii() else SHORTEST - 1)


def search(text: str, *, now: datetime) -> Found:
    """At the bound site; the text is tidy."""
    if not is_enough(text):
        return Found()
    if "@" in text:
        return _found(rows(_BY_EMAIL_SQL, email=email_key(text), most=SHOWN + 1), now=now)
    numbered = rows(_BY_NUMBER_SQL, text=text, capitals=text.upper(), most=SHOWN + 1)
    return _found(numbered, now=now) if numbered else _by_name(text, now=now)


def _found(rows_: Sequence[Any], *, now: datetime, more: bool = False) -> Found:
    hits = tuple(Hit(row.public_id, row.company, state_of(row, now=now)) for row in rows_[:SHOWN])
    return Found(hits, more or len(rows_) > SHOWN)


def _by_name(text: str, *, now: datetime) -> Found:
    likely = company_names.best(text, _candidates(text), most=_COMPANIES + 1)
    if not likely:
        return Found()
    accounts = [row.id for row in likely[:_COMPANIES]] + [-1] * (_COMPANIES - len(likely))
    asked = {
        name: value
        for place, (letter, account) in enumerate(zip(_letters(_COMPANIES), accounts, strict=True))
        for name, value in ((f"place_{letter}", place), (f"account_{letter}", account))
    }
    found = rows(_OF_COMPANIES_SQL, **asked)
    some = _some_of_each(found)
    return _found(some, now=now, more=len(likely) > _COMPANIES or len(some) < len(found))


def _some_of_each(found: Sequence[Any]) -> Sequence[Any]:
    """Of each company as many as leave room for the others; one more was read to know that there are more."""
    return [
        row for _place, of_one in groupby(found, attrgetter("place")) for row in [*of_one][:_OF_A_COMPANY]
    ]


def _candidates(text: str) -> Sequence[Any]:
    """Companies that share the rarest parts of what was typed."""
    parts = grams(fold(text))[:_PARTS]
    if not parts:
        return []
    counted = rows_of_each(_HOW_OFTEN_SQL, [(part,) for part in parts])
    there = sorted((row.number, row.gram) for row in counted if row.number)
    chosen, read = [], 0
    for number, gram in there[:_CHOSEN]:
        if read and read + number > _READ:
            break
        chosen.append(gram)
        read += number
    if not chosen:
        return []
    sql = _CANDIDATES_SQL.replace("{having}", _each(_HAVING_SQL, len(chosen)))
    return rows(sql, **{f"gram_{letter}": gram for letter, gram in zip(_letters(8), chosen, strict=False)})
