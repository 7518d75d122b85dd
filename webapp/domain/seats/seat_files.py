"""A file of people to invite: first what will become of each row, then all that are valid, or nobody."""

from __future__ import annotations

import secrets
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import islice
from typing import IO, Any

from webapp.data.accounts import Person
from webapp.data.database import atomic, current_site, database
from webapp.data.keys import email_key
from webapp.data.records import insert
from webapp.data.seat_files import SeatFile
from webapp.data.statements import engine_name, row, rows, run
from webapp.data.subscriptions import Subscription
from webapp.domain import limits
from webapp.domain.addresses import checked_email
from webapp.domain.names import checked_name
from webapp.domain.refusals import NotThere, Refusal
from webapp.domain.seats import invitations, seats
from webapp.domain.seats.invitations import Invitation
from webapp.domain.seats.seat_facts import (
    Facts,
    normal_cost_centre,
    normal_job_site,
    read_day,
)
from webapp.domain.seats.seat_reading import TypedRow, read_rows
from webapp.domain.seats.seats_at_renewal import refuse_beyond_renewal
from webapp.i18n import _
from webapp.sites import Product

UPLOADS = limits.Limit("seat_file", times=30, within=timedelta(hours=1))
KEPT = timedelta(days=1)  # what was uploaded and not used is deleted then
STEP = 1000  # rows checked at once, while somebody looks on
PAGE_SIZE = 50
_BATCH = 250

VALID = "valid"
TYPED_WRONG = ("email", "name", "day", "past", "text", "language")
IN_THE_WAY = ("twice", "seat", "full")  # depends on the other rows, and on what happens meanwhile


class FileChanged(Refusal):
    """What was shown is not what is there: nothing is invited before it was looked at again."""

    def __str__(self) -> str:
        return _("Something changed meanwhile. Nobody was invited: look at the rows again and decide then.")


def say_fate(fate: str) -> str:
    words = {
        VALID: _("Will be invited"),
        "email": _("Not an email address"),
        "name": _("Name too long, or with characters that can’t be printed"),
        "day": _("Last day not understood: write 2027-03-31"),
        "past": _("Last day is over already"),
        "text": _("Cost center or job site too long"),
        "language": _("Not a language of this site"),
        "twice": _("Twice in this file"),
        "seat": _("Has a license already"),
        "full": _("No license left"),
    }
    return words[fate]


# ---- upload


def keep(
    subscription: Subscription,
    stream: IO[bytes],
    *,
    name: str,
    product: Product | None,
    actor: Person,
    now: datetime,
) -> SeatFile:
    """The rows as typed; an earlier file of the same person for this subscription is forgotten."""
    seats.refuse_without_self_service(product)
    with atomic():
        seats.hold(subscription, actor=actor, now=now)
        limits.spend(UPLOADS, subscription.public_id, now=now)
        forget(subscription, actor)
        facts = {"subscription": subscription, "person": actor, "name": name[:200], "uploaded_at": now}
        key = insert(SeatFile, token=secrets.token_hex(8), size=0, **facts)
        size = sum(_keep_rows(key, batch) for batch in _batches(read_rows(stream)))
        SeatFile.update(size=size).where(SeatFile.id == key).execute()
    return kept(subscription, actor)


def forget(subscription: Subscription, person: Person) -> None:
    SeatFile.delete().where(SeatFile.subscription == subscription, SeatFile.person == person).execute()


def kept(subscription: Subscription, person: Person) -> SeatFile:
    here = (SeatFile.subscription == subscription) & (SeatFile.person == person)
    found: SeatFile | None = SeatFile.get_or_none(here)
    if found is None:
        raise NotThere
    return found


_ROW_COLUMNS = (
    "file_id",
    "line",
    "email",
    "email_key",
    "name",
    "last_day",
    "cost_centre",
    "job_site",
    "language",
)


def _keep_rows(file_id: int, batch: Sequence[TypedRow]) -> int:
    values = [
        (
            *(
                file_id,
                typed.line,
                typed.cells["email"],
                email_key(typed.cells["email"]),
                typed.cells["name"],
            ),
            *(typed.cells["last_day"], typed.cells["cost_centre"], typed.cells["job_site"]),
            typed.cells["language"],
        )
        for typed in batch
    ]
    marks = ", ".join([_mark()] * len(_ROW_COLUMNS))
    sql = f"INSERT INTO seat_file_row ({', '.join(_ROW_COLUMNS)}, fate) VALUES ({marks}, '')"
    _many(sql, values)
    return len(values)


def _batches(typed: Iterator[TypedRow]) -> Iterator[list[TypedRow]]:
    while batch := list(islice(typed, _BATCH)):
        yield batch


def _mark() -> str:
    return "?" if engine_name() == "sqlite" else "%s"


def _many(sql: str, values: Iterable[tuple[Any, ...]]) -> None:
    """One statement for many rows, with the driver's own means."""
    database.cursor().executemany(sql, list(values))


# ---- dry run


_UNCHECKED_SQL = """
SELECT line, email, name, last_day, cost_centre, job_site, language FROM seat_file_row
WHERE file_id = :file AND fate = '' ORDER BY line LIMIT :size
"""


def check(file: SeatFile, *, product: Product | None, now: datetime, most: int | None = None) -> SeatFile:
    """Goes on checking, up to `most` rows. At the end it is known what will become of each of them."""
    left = most or file.size
    while left > 0 and file.checked < file.size:
        with atomic():
            number = _check_some(file, min(left, _BATCH), now=now)
            file = SeatFile.get_by_id(file.id)
            if file.checked >= file.size or not number:
                _settle(file, product=product, now=now)
        left -= number or left
    return file


def _check_some(file: SeatFile, size: int, *, now: datetime) -> int:
    found = rows(_UNCHECKED_SQL, file=file.id, size=size)
    fates = [(_fate(typed, now=now), file.id, typed.line) for typed in found]
    _many(f"UPDATE seat_file_row SET fate = {_mark()} WHERE file_id = {_mark()} AND line = {_mark()}", fates)
    SeatFile.update(checked=SeatFile.checked + len(fates)).where(SeatFile.id == file.id).execute()
    return len(fates)


def _fate(typed: Any, *, now: datetime) -> str:
    try:
        facts = _invitation(typed).facts
    except _Wrong as wrong:
        return wrong.fate
    return "past" if facts.last_day and facts.last_day < seats.today(now) else VALID


class _Wrong(Exception):
    def __init__(self, fate: str) -> None:
        self.fate = fate


def _invitation(typed: Any) -> Invitation:
    """What a row asks for."""
    email = _read("email", checked_email, typed.email)
    name = _read("name", checked_name, typed.name) if typed.name.strip() else ""
    language = current_site().language_for(typed.language) if typed.language else ""
    if language is None:
        raise _Wrong("language")
    facts = Facts(
        _read("day", read_day, typed.last_day),
        _read("text", normal_cost_centre, typed.cost_centre),
        _read("text", normal_job_site, typed.job_site),
    )
    return Invitation(email, name, language, facts)


def _read(fate: str, read: Any, text: str) -> Any:
    try:
        return read(text)
    except Refusal:
        raise _Wrong(fate) from None


_AGAIN_SQL = (
    "UPDATE seat_file_row SET fate = 'valid' WHERE file_id = :file AND fate IN ('twice', 'seat', 'full')"
)

# `+ 0` and `|| ''`: SQLite is to look the address up, and not to walk through all lines above.
_TWICE_SQL = """
UPDATE seat_file_row SET fate = 'twice' WHERE file_id = :file AND fate = 'valid' AND EXISTS (
 SELECT 1 FROM seat_file_row above WHERE above.file_id = :file AND above.email_key = seat_file_row.email_key
 AND above.line + 0 < seat_file_row.line AND above.fate || '' IN ('valid', 'twice'))
"""

_SEAT_SQL = """
UPDATE seat_file_row SET fate = 'seat' WHERE file_id = :file AND fate = 'valid' AND EXISTS (
 SELECT 1 FROM person p JOIN seat ON seat.person_id = p.id WHERE p.email_key = seat_file_row.email_key
 AND seat.subscription_id = :subscription AND seat.counted = 1 AND seat.over_on > :today)
"""

_FIRST_TOO_MANY_SQL = """
SELECT line FROM seat_file_row WHERE file_id = :file AND fate = 'valid' ORDER BY line LIMIT 1 OFFSET :free
"""

_FULL_SQL = (
    "UPDATE seat_file_row SET fate = 'full' WHERE file_id = :file AND fate = 'valid' AND line >= :line"
)

_FREE_SQL = f"SELECT s.quantity - {seats.TAKEN_SQL} AS free FROM subscription s WHERE s.id = :subscription"


def _settle(file: SeatFile, *, product: Product | None, now: datetime) -> None:
    """Compares the rows with each other, with the seats of today, and with the licences that are free."""
    here = {"subscription": file.subscription_id, "today": seats.today(now).isoformat()}
    for statement in (_AGAIN_SQL, _TWICE_SQL, _SEAT_SQL):
        run(statement, file=file.id, **here)
    free = row(_FREE_SQL, **here)
    if free is None or seats.is_unlimited(product):
        return
    too_many = row(_FIRST_TOO_MANY_SQL, file=file.id, free=max(free.free, 0))
    if too_many:
        run(_FULL_SQL, file=file.id, line=too_many.line)


def look_again(file: SeatFile, *, product: Product | None, now: datetime) -> SeatFile:
    """From the beginning, after something changed."""
    with atomic():
        run("UPDATE seat_file_row SET fate = '' WHERE file_id = :file", file=file.id)
        SeatFile.update(checked=0).where(SeatFile.id == file.id).execute()
    return check(SeatFile.get_by_id(file.id), product=product, now=now)


# ---- what the dry run found


@dataclass(frozen=True, slots=True)
class ShownRow:
    line: int
    email: str
    name: str
    last_day: str
    cost_centre: str
    job_site: str
    fate: str

    @property
    def valid(self) -> bool:
        return self.fate == VALID


def counts(file: SeatFile) -> Mapping[str, int]:
    """Fate → rows."""
    sql = "SELECT fate, count(*) AS number FROM seat_file_row WHERE file_id = :file GROUP BY fate"
    return {found.fate: found.number for found in rows(sql, file=file.id)}


_PAGE_SQL = """
SELECT line, email, name, last_day, cost_centre, job_site, fate FROM seat_file_row
WHERE file_id = :file AND line > :after {only} ORDER BY line LIMIT :size
"""


def page(file: SeatFile, *, after: int = 0, problems_only: bool = False) -> tuple[Sequence[ShownRow], bool]:
    """Rows in the file's order, and whether there are more."""
    sql = _PAGE_SQL.replace("{only}", "AND fate <> 'valid'" if problems_only else "")
    found = rows(sql, file=file.id, after=after, size=PAGE_SIZE + 1)
    return [ShownRow(*one) for one in found[:PAGE_SIZE]], len(found) > PAGE_SIZE


# ---- all that are valid, or nobody


def invite_valid(file: SeatFile, *, shown: int, product: Product | None, actor: Person, now: datetime) -> int:
    """`shown`: how many were said to be valid. If that is not so any more, nobody is invited."""
    subscription = Subscription.get_by_id(file.subscription_id)
    with atomic():
        seats.hold(subscription, actor=actor, now=now)
        _settle(file, product=product, now=now)
        valid = counts(file).get(VALID, 0)
        if valid != shown or file.checked < file.size or not valid:
            raise FileChanged
        seats.take(subscription, valid, product=product)
        first: list[Invitation] = []
        for invitation in _valid_ones(file, now=now):
            first += [invitation] if len(first) < 3 else []
            if not invitations.admit(subscription, invitation, actor=actor, now=now):
                raise FileChanged
        refuse_beyond_renewal(subscription)
        invitations.record(subscription, first, actor=actor, now=now, number=valid)
        forget(subscription, actor)
    return valid


_VALID_SQL = """
SELECT line, email, name, last_day, cost_centre, job_site, language FROM seat_file_row
WHERE file_id = :file AND fate = 'valid' AND line > :after ORDER BY line LIMIT :size
"""


def _valid_ones(file: SeatFile, *, now: datetime) -> Iterator[Invitation]:
    after = 0
    while found := rows(_VALID_SQL, file=file.id, after=after, size=_BATCH):
        for typed in found:
            if _fate(typed, now=now) != VALID:
                raise FileChanged  # its last day passed since it was checked
            yield _invitation(typed)
        after = found[-1].line
