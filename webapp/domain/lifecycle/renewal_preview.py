"""What comes of a subscription if nobody does anything, with all that is planned: one answer."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from webapp.data.subscriptions import ACTIVE, Subscription
from webapp.domain.money import line_net
from webapp.domain.seats.seats_at_renewal import number_staying
from webapp.domain.subscriptions.cancellation import last_day_before
from webapp.domain.terms import has_begun, next_term, period_from
from webapp.formats import day, money
from webapp.i18n import _, ngettext, number


@dataclass(frozen=True, slots=True)
class RenewalPreview:
    """`ends`: it is cancelled; the other facts then say what would be if that were undone."""

    on: date
    ends: bool
    last_day: date  # of the running term
    next_last_day: date  # of the term that the renewal begins
    quantity: int
    quantity_now: int
    unlimited: bool
    seats_staying: int
    net: int  # of each invoice
    currency: str
    billing_period: str
    first_period_last_day: date
    po_number: str
    po_number_now: str

    @property
    def fewer(self) -> bool:
        return self.quantity < self.quantity_now

    def in_words(self) -> list[str]:
        """Sentence by sentence; the first begins with “If you do nothing” and holds all that is planned."""
        if self.ends:
            return [_end_in_words(self), *([_if_kept_in_words(self)] if self.fewer else [])]
        return [_renewal_in_words(self), _po_number_in_words(self)]


def renewal_preview(subscription: Subscription, *, now: datetime) -> RenewalPreview | None:
    """None: it is not active, or it is over."""
    return preview_of(subscription, staying=number_staying(subscription), now=now)


def preview_of(found: Any, *, staying: int, unlimited: bool = False, now: datetime) -> RenewalPreview | None:
    """The same of a subscription or its row; `staying`: how many keep their seat, if fewer are planned."""
    if found.status != ACTIVE or (found.ends_on and has_begun(_day(found.ends_on), now=now)):
        return None
    dates = _Dates(_day(found.term_end), found.commitment, found.billing_period, found.anchor_day)
    term, planned = next_term(dates), found.next_quantity
    quantity = found.quantity if planned is None else max(planned, staying)
    first = period_from(term.start, dates, term_end=term.end)
    return RenewalPreview(
        on=term.start,
        ends=bool(found.ends_on),
        last_day=last_day_before(term.start),
        next_last_day=last_day_before(term.end),
        quantity=quantity,
        quantity_now=found.quantity,
        unlimited=unlimited,
        seats_staying=staying,
        net=line_net(quantity, found.unit_price),
        currency=found.currency,
        billing_period=found.billing_period,
        first_period_last_day=last_day_before(first.end),
        po_number=found.next_po_number or found.po_number,
        po_number_now=found.po_number,
    )


@dataclass(frozen=True, slots=True)
class _Dates:
    """What decides when the next term begins and ends: rows hold days as texts."""

    term_end: date
    commitment: str
    billing_period: str
    anchor_day: int


def _day(value: date | str) -> date:
    return value if isinstance(value, date) else date.fromisoformat(value)


def _end_in_words(preview: RenewalPreview) -> str:
    return _(
        "If you do nothing, it ends on %(day)s, as cancelled. Nobody can use it after that day, and there"
        " is no invoice for another term.",
        day=day(preview.last_day),
    )


def _if_kept_in_words(preview: RenewalPreview) -> str:
    return ngettext(
        "If you keep it after all, it renews with %(num)s license, as was planned before.",
        "If you keep it after all, it renews with %(num)s licenses, as was planned before.",
        preview.quantity,
    )


def _renewal_in_words(preview: RenewalPreview) -> str:
    facts = {
        "date": day(preview.on),
        "until": day(preview.next_last_day),
        "amount": money(preview.net, preview.currency),
    }
    monthly = preview.billing_period == "monthly"
    if preview.unlimited:
        return _for_everybody_a_month(facts) if monthly else _for_everybody_a_year(facts)
    if preview.fewer:
        facts["now"] = number(preview.quantity_now)
        return (_fewer_a_month if monthly else _fewer_a_year)(preview.quantity, facts)
    return (_as_many_a_month if monthly else _as_many_a_year)(preview.quantity, facts)


def _as_many_a_month(quantity: int, facts: dict[str, str]) -> str:
    return ngettext(
        "If you do nothing, it renews on %(date)s until %(until)s with %(num)s license:"
        " %(amount)s net a month.",
        "If you do nothing, it renews on %(date)s until %(until)s with %(num)s licenses:"
        " %(amount)s net a month.",
        quantity,
        **facts,
    )


def _as_many_a_year(quantity: int, facts: dict[str, str]) -> str:
    return ngettext(
        "If you do nothing, it renews on %(date)s until %(until)s with %(num)s license:"
        " %(amount)s net a year.",
        "If you do nothing, it renews on %(date)s until %(until)s with %(num)s licenses:"
        " %(amount)s net a year.",
        quantity,
        **facts,
    )


def _fewer_a_month(quantity: int, facts: dict[str, str]) -> str:
    return ngettext(
        "If you do nothing, it renews on %(date)s until %(until)s with %(num)s license instead of %(now)s:"
        " %(amount)s net a month.",
        "If you do nothing, it renews on %(date)s until %(until)s with %(num)s licenses instead of %(now)s:"
        " %(amount)s net a month.",
        quantity,
        **facts,
    )


def _fewer_a_year(quantity: int, facts: dict[str, str]) -> str:
    return ngettext(
        "If you do nothing, it renews on %(date)s until %(until)s with %(num)s license instead of %(now)s:"
        " %(amount)s net a year.",
        "If you do nothing, it renews on %(date)s until %(until)s with %(num)s licenses instead of %(now)s:"
        " %(amount)s net a year.",
        quantity,
        **facts,
    )


def _for_everybody_a_month(facts: dict[str, str]) -> str:
    return _(
        "If you do nothing, it renews on %(date)s until %(until)s for any number of users:"
        " %(amount)s net a month.",
        **facts,
    )


def _for_everybody_a_year(facts: dict[str, str]) -> str:
    return _(
        "If you do nothing, it renews on %(date)s until %(until)s for any number of users:"
        " %(amount)s net a year.",
        **facts,
    )


def _po_number_in_words(preview: RenewalPreview) -> str:
    if preview.po_number and preview.po_number != preview.po_number_now:
        return _("The purchase order number from then on: %(number)s.", number=preview.po_number)
    if preview.po_number:
        return _("The invoice will show purchase order number %(number)s.", number=preview.po_number)
    return _("The invoice will show no purchase order number: none is given yet.")
