"""Several subscriptions of the list at once: as a table to take away, or with one purchase order number."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from babel.numbers import get_currency_precision

from webapp.data.accounts import Person
from webapp.data.database import atomic, current_site, from_micros
from webapp.domain.calendar import local_date
from webapp.domain.permissions import billed_subscription
from webapp.domain.refusals import NotThere, Refusal
from webapp.domain.spreadsheets import Cell, Column
from webapp.domain.subscriptions import purchase_orders, subscriptions
from webapp.domain.subscriptions.purchase_orders import PoNumberConflict
from webapp.domain.subscriptions.subscription_list import BILLING
from webapp.formats import number
from webapp.i18n import _

MOST_LINES = 10_000  # in one table
MOST_CHANGED = 200  # at once, and looked at before


@dataclass
class TooMany(Refusal):
    most: int

    def __str__(self) -> str:
        return _(
            "More than %(num)s subscriptions match. Narrow the list, for example by status or by a search.",
            num=number(self.most),
        )


class NothingChosen(Refusal):
    def __str__(self) -> str:
        return _("Choose at least one subscription.")


class PoNumberMissing(Refusal):
    def __str__(self) -> str:
        return _("Enter a purchase order number.")


def few_enough(found: Iterable[Any], *, most: int) -> list[Any]:
    """Of an iterator that gives one more than that."""
    listed = list(found)
    if not listed:
        raise NothingChosen
    if len(listed) > most:
        raise TooMany(most)
    return listed


# ---- a table


def columns(*, view: str) -> list[Column]:
    """Who looks after billing does not see who uses what."""
    users = [] if view == BILLING else [Column(_("Licenses assigned"), 12)]
    return [
        Column(_("Subscription ID"), 16),
        Column(_("Product"), 30),
        Column(_("Software or service"), 12),
        Column(_("Status"), 22),
        Column(_("License quantity"), 12),
        *users,
        Column(_("Term"), 10),
        Column(_("Billed"), 10),
        Column(_("Next renewal date")),
        Column(_("Last day")),
        Column(_("Purchase order number"), 24),
        Column(_("Purchase order number from the next renewal"), 24),
        Column(_("Unit price")),
        Column(_("Currency"), 9),
        Column(_("Payment method"), 16),
        Column(_("Hilti order number"), 16),
        Column(_("Ordered on")),
        Column(_("Activated on")),
    ]


def lines(found: Iterable[Any], *, view: str, now: datetime) -> Iterator[Sequence[Cell]]:
    for one in found:
        standing = subscriptions.standing(one, now=now)
        users = () if view == BILLING else (one.seats_taken,)
        yield (
            one.public_id,
            one.product_name,
            _("Service") if one.kind == "service" else _("Software"),
            state_name(standing.state),
            one.quantity,
            *users,
            _period_name(one.commitment),
            _period_name(one.billing_period),
            standing.renews_on,
            standing.last_day if standing.state == "cancelling" else None,
            one.po_number,
            one.next_po_number or "",
            Decimal(one.unit_price).scaleb(-get_currency_precision(one.currency)),
            one.currency,
            _payment_name(one.payment_method),
            one.order_number,
            _day(one.ordered_at),
            _day(one.activated_at),
        )


def _day(micros: int | None) -> date | None:
    return local_date(from_micros(micros), current_site().time_zone) if micros else None


def _period_name(period: str) -> str:
    return _("Annual") if period == "annual" else _("Monthly")


def _payment_name(method: str) -> str:
    names = {"direct_debit": _("Direct debit"), "credit_card": _("Credit card")}
    return names.get(method) or _("Pay by invoice")


def state_name(state: str) -> str:
    names = {
        "pending": _("Pending activation"),
        "active": _("Active"),
        "cancelling": _("Cancellation scheduled"),
    }
    return names.get(state) or _("Ended")


# ---- one purchase order number for all of them

CHANGES, SAME, INACTIVE, OVER = "changes", "same", "pending", "ended"
SAVED, OVERTAKEN, GONE = "saved", "overtaken", "gone"


@dataclass(frozen=True, slots=True)
class Fate:
    """What will become, or has become, of one of them; `stored`: the number that it has now."""

    row: Any
    fate: str
    stored: str


def say_fate(fate: str) -> str:
    return {
        CHANGES: _("Will be changed"),
        SAME: _("Has this number already"),
        INACTIVE: _("Not activated yet: stays as it is"),
        OVER: _("Has ended: stays as it is"),
        SAVED: _("Saved"),
        OVERTAKEN: _("Changed by somebody else meanwhile: not saved"),
        GONE: _("Can no longer be changed"),
    }[fate]


def wanted_number(typed: str) -> str:
    if not (wanted := purchase_orders.normal_po_number(typed)):
        raise PoNumberMissing
    return wanted


def preview(found: Iterable[Any], po_number: str, *, now: datetime) -> list[Fate]:
    return [Fate(one, _coming(one, po_number, now=now), one.po_number) for one in found]


def _coming(one: Any, po_number: str, *, now: datetime) -> str:
    state = subscriptions.standing(one, now=now).state
    if state in (INACTIVE, OVER):
        return state
    return SAME if one.po_number == po_number else CHANGES


def save(
    found: Iterable[Any], po_number: str, *, versions: Mapping[str, int], actor: Person, now: datetime
) -> list[Fate]:
    """Each by the rule for one of them, and under its lock: what somebody else has changed since it was
    shown, in `versions`, stays."""
    with atomic():
        return [
            _saved(one, po_number, version=versions.get(one.public_id, -1), actor=actor, now=now)
            for one in found
        ]


def _saved(one: Any, po_number: str, *, version: int, actor: Person, now: datetime) -> Fate:
    coming = _coming(one, po_number, now=now)
    if coming != CHANGES:
        return Fate(one, coming, one.po_number)
    try:
        subscription = billed_subscription(actor.id, one.public_id, now=now)
        purchase_orders.change_po_number(subscription, po_number, read_version=version, actor=actor, now=now)
    except PoNumberConflict as conflict:
        return Fate(one, OVERTAKEN, conflict.stored)
    except NotThere:
        return Fate(one, GONE, one.po_number)
    return Fate(one, SAVED, po_number)
