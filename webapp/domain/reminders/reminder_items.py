"""What a reader's waiting reminders say today: what has settled itself meanwhile is left out."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from typing import Any

from webapp.data.database import current_site, from_micros
from webapp.data.statements import rows
from webapp.domain.calendar import begun_day, last_activation_day
from webapp.domain.money import line_net
from webapp.domain.permissions import MANAGES
from webapp.domain.reminders import reminder_words
from webapp.domain.reminders.reminder_choices import choice_of
from webapp.domain.reminders.reminder_windows import (
    ACTIVATION,
    ENDING,
    INVITATION,
    LACKS_PO_NUMBER,
    PO_NUMBER,
    RENEWAL,
)
from webapp.domain.subscriptions.cancellation import last_day_before

ORDER = (ACTIVATION, PO_NUMBER, ENDING, RENEWAL, INVITATION)  # what is most urgent to act on comes first
NAMED = 5  # of each kind; the portal lists the others

# `:person` is 0 for an address that is no person of the site.
_SQL = f"""
SELECT r.kind, r.occasion, r.seat, s.id AS subscription_id, s.public_id, s.product_name, s.status, s.quantity,
 s.next_quantity, s.unit_price, s.currency, s.billing_period, s.language, s.activate_before, s.term_end,
 s.billed_until, s.ends_on, o.order_number, a.name AS company,
 s.administrator_id = :person AS administers,
 ({MANAGES} OR EXISTS (SELECT 1 FROM membership pays WHERE pays.account_id = s.account_id
  AND pays.person_id = :person AND pays.billing_since IS NOT NULL)) AS may_open,
 EXISTS (SELECT 1 FROM invoice_recipient ir WHERE ir.account_id = s.account_id AND ir.email_key = :email_key
  AND ir.scope IN ('', s.public_id) AND ir.confirmed_at IS NOT NULL) AS gets_invoices,
 {LACKS_PO_NUMBER} AS lacks_po_number,
 seat.state AS seat_state, seat.counted, p.name AS invited
FROM reminder r JOIN subscription s ON s.id = r.subscription_id JOIN shop_order o ON o.id = s.order_id
JOIN account a ON a.id = s.account_id
LEFT JOIN seat ON r.seat <> '' AND seat.key = r.seat LEFT JOIN person p ON p.id = seat.person_id
WHERE r.reader = :reader AND r.state = 'waiting' ORDER BY r.occasion, r.id
"""


@dataclass(frozen=True, slots=True)
class Item:
    """One subscription, and the day that matters to it."""

    kind: str
    public_id: str
    product: str
    company: str
    on: date
    days_left: int
    path: str  # empty: the reader has no access to its page
    language: str = ""
    quantity: int = 0
    net: int = 0  # of each invoice from then on
    currency: str = ""
    billing_period: str = ""
    people: Sequence[str] = ()  # who was invited

    @property
    def line(self) -> str:
        return reminder_words.line(self)

    @property
    def more(self) -> str:
        return reminder_words.more(self)


@dataclass(frozen=True, slots=True)
class Section:
    kind: str
    items: Sequence[Item] = field(default_factory=list)  # the first of them
    number: int = 0  # of all

    @property
    def title(self) -> str:
        return reminder_words.title(self.kind)

    @property
    def hint(self) -> str:
        return reminder_words.hint(self.kind)

    @property
    def button(self) -> str:
        return reminder_words.button(self.kind)

    @property
    def urgent(self) -> bool:
        return self.kind == ACTIVATION


def sections(
    reader: str, *, person_id: int, email_key: str, off: frozenset[str], now: datetime
) -> list[Section]:
    """By kind; nothing that this reader does not want, or may not know any more."""
    found = rows(_SQL, reader=reader, person=person_id, email_key=email_key)
    today = begun_day(now, current_site().time_zone)
    items = [
        _item(one, today)
        for one in _once_each(found)
        if choice_of(one.kind) not in off and _holds(one, today, now)
    ]
    return [section for kind in ORDER if (section := _section(kind, items)).number]


def _section(kind: str, items: Iterable[Item]) -> Section:
    mine = [item for item in items if item.kind == kind]
    if kind == INVITATION:
        mine = _together(mine)
    return Section(kind, mine[:NAMED], len(mine))


def _once_each(found: Iterable[Any]) -> Iterable[Any]:
    """A step that waited until the next one was due says the same."""
    return {(one.kind, one.subscription_id, one.seat, one.occasion): one for one in found}.values()


def _holds(one: Any, today: date, now: datetime) -> bool:
    if not one.administers and not (one.gets_invoices and one.kind in (RENEWAL, PO_NUMBER)):
        return False
    return _CHECKS[one.kind](one, today, now)


def _to_be_activated(one: Any, today: date, now: datetime) -> bool:
    return bool(one.status == "pending" and from_micros(one.activate_before) > now)


def _renews(one: Any, today: date, now: datetime) -> bool:
    return bool(one.status == "active" and one.ends_on is None and _comes(one.term_end, one, today))


def _ends(one: Any, today: date, now: datetime) -> bool:
    return bool(one.status == "active" and _comes(one.ends_on, one, today))


def _lacks_po_number(one: Any, today: date, now: datetime) -> bool:
    return bool(one.status == "active" and one.lacks_po_number and _comes(one.billed_until, one, today))


def _never_came(one: Any, today: date, now: datetime) -> bool:
    return bool(one.status == "active" and one.seat_state == "invited" and one.counted)


_CHECKS = {
    ACTIVATION: _to_be_activated,
    RENEWAL: _renews,
    ENDING: _ends,
    PO_NUMBER: _lacks_po_number,
    INVITATION: _never_came,
}


def _comes(day: str | None, one: Any, today: date) -> bool:
    """It is the day that was noted still, and not here yet."""
    return day == one.occasion and date.fromisoformat(one.occasion) > today


def _item(one: Any, today: date) -> Item:
    on = _day(one)
    quantity = one.quantity if one.next_quantity is None else one.next_quantity
    return Item(
        kind=one.kind,
        public_id=one.public_id,
        product=one.product_name,
        company=one.company,
        on=on,
        days_left=(on - today).days,
        path=_path(one) if one.may_open else "",
        language=one.language,
        quantity=quantity,
        net=line_net(quantity, one.unit_price),
        currency=one.currency,
        billing_period=one.billing_period,
        people=(one.invited,) if one.kind == INVITATION else (),
    )


def _day(one: Any) -> date:
    occasion = date.fromisoformat(one.occasion)
    if one.kind == ACTIVATION:
        return last_activation_day(from_micros(one.activate_before), current_site().time_zone)
    return last_day_before(occasion) if one.kind == ENDING else occasion


def _path(one: Any) -> str:
    page = f"/subscriptions/{one.public_id}"
    return {
        ACTIVATION: f"/activate/{one.order_number}",
        PO_NUMBER: f"{page}/purchase-order",
        INVITATION: f"{page}/users",
    }.get(one.kind, page)


def _together(items: Iterable[Item]) -> list[Item]:
    """Of each subscription all who were invited on a day and did not come, in one."""
    together: dict[tuple[str, date], list[Item]] = {}
    for item in items:
        together.setdefault((item.public_id, item.on), []).append(item)
    return [_joined(same) for same in together.values()]


def _joined(same: Sequence[Item]) -> Item:
    return replace(same[0], people=tuple(person for item in same for person in item.people))
