"""Once a local day: notes who is to be reminded of what. Where a look stands is stored with what it found.

Any number of workers may look at once: only who moves the place on from where it was read may store, and
there is one row for each step of each thing and reader, whoever notes it.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime
from typing import Any

from webapp.data import records
from webapp.data.accounts import Person
from webapp.data.billing import InvoiceRecipient
from webapp.data.database import atomic, current_site, from_micros
from webapp.data.reminders import Reminder, ReminderSweep
from webapp.domain.calendar import last_activation_day, local_date
from webapp.domain.reminders.reminder_windows import (
    ACTIVATION,
    INVITATION,
    PO_NUMBER,
    RENEWAL,
    Place,
    Window,
    look,
)

BATCH = 500
_NAME = "everybody"
_ALSO_TO_RECIPIENTS = (RENEWAL, PO_NUMBER)


def person_key(person_id: int) -> str:
    return f"person:{person_id}"


def address_key(email_key: str) -> str:
    return f"mail:{email_key}"


def sweep(*, today: date, now: datetime, size: int = BATCH) -> int | None:
    """One batch; how many rows were looked at. None: today is done."""
    state = _state()
    if state.done_through >= today.isoformat():
        return None
    begun = state.day == today.isoformat()
    place = Place(state.window, state.after, state.after_id) if begun else Place(0)
    done = date.fromisoformat(state.done_through) if state.done_through else None
    with atomic():
        window, found, following = look(place, today=today, done_through=done, size=size)
        if _moved(state, today, following):
            _note(window, found, now=now)
    return len(found)


def _state() -> ReminderSweep:
    found = records.find(ReminderSweep, name=_NAME)
    if found is None:
        records.insert_if_new(ReminderSweep, name=_NAME)
        found = ReminderSweep.get_by_id(_NAME)
    return found


def _moved(state: ReminderSweep, today: date, following: Place | None) -> bool:
    """False: another worker was faster, and has noted the same."""
    day = today.isoformat()
    if following is None:
        change: dict[str, Any] = {"done_through": day, "day": "", "window": 0, "after": "", "after_id": 0}
    else:
        change = {
            "day": day,
            "window": following.window,
            "after": following.after,
            "after_id": following.after_id,
        }
    as_read = (
        (ReminderSweep.name == _NAME)
        & (ReminderSweep.done_through == state.done_through)
        & (ReminderSweep.day == state.day)
        & (ReminderSweep.window == state.window)
        & (ReminderSweep.after == state.after)
        & (ReminderSweep.after_id == state.after_id)
    )
    return bool(ReminderSweep.update(change).where(as_read).execute() == 1)


def _note(window: Window, found: Sequence[Any], *, now: datetime) -> None:
    besides = _recipients(found) if window.kind in _ALSO_TO_RECIPIENTS else {}
    common = {"kind": window.kind, "step": window.step, "noted_at": now}
    noted = [
        {
            **common,
            "reader": reader,
            "subscription": one.id,
            "seat": one.seat,
            "occasion": _day(window, one.at),
        }
        for one in found
        for reader in dict.fromkeys([person_key(one.administrator_id), *besides.get(one.id, ())])
    ]
    records.insert_many(Reminder, noted, if_new=True)


def _day(window: Window, at: Any) -> date:
    zone = current_site().time_zone
    if window.kind == ACTIVATION:
        return last_activation_day(from_micros(at), zone)
    if window.kind == INVITATION:
        return local_date(from_micros(at), zone)
    return date.fromisoformat(at)


def _recipients(found: Iterable[Any]) -> Mapping[int, list[str]]:
    """By subscription, the confirmed addresses for its invoices. Who is a person of the site is that person:
    one e-mail a day, in their language."""
    by_account = _listed({one.account_id for one in found})
    return {
        one.id: [reader for scope, reader in by_account[one.account_id] if scope in ("", one.public_id)]
        for one in found
    }


def _listed(accounts: set[int]) -> Mapping[int, list[tuple[str, str]]]:
    listed: Any = (
        InvoiceRecipient.select(
            InvoiceRecipient.account, InvoiceRecipient.scope, InvoiceRecipient.email_key, Person.id
        )
        .left_outer_join(Person, on=(Person.email_key == InvoiceRecipient.email_key))
        .where(InvoiceRecipient.account.in_(accounts), InvoiceRecipient.confirmed_at.is_null(False))
        .order_by(InvoiceRecipient.id)
        .tuples()
    )
    by_account: defaultdict[int, list[tuple[str, str]]] = defaultdict(list)
    for account, scope, email_key, person in listed:
        by_account[account].append((scope, person_key(person) if person else address_key(email_key)))
    return by_account
