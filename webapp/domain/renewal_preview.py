"""What comes of a subscription if nobody does anything, with all that is planned: one answer."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime

from webapp.data.subscriptions import ACTIVE, Subscription
from webapp.domain.cancellation import last_day_before
from webapp.domain.money import line_net
from webapp.domain.seats_at_renewal import number_staying
from webapp.domain.terms import has_ended, next_term, period_from
from webapp.formats import day, money
from webapp.i18n import _, ngettext


@dataclass(frozen=True, slots=True)
class RenewalPreview:
    """`ends`: it is cancelled; the other facts then say what would be if that were undone."""

    on: date
    ends: bool
    last_day: date  # of the running term
    next_last_day: date  # of the term that the renewal begins
    quantity: int
    quantity_now: int
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
        """Sentence by sentence; the first begins with “If you do nothing”."""
        return [_end_in_words(self)] if self.ends else [_renewal_in_words(self), *_changes_in_words(self)]


def renewal_preview(subscription: Subscription, *, now: datetime) -> RenewalPreview | None:
    """None: it is not active, or it is over."""
    if subscription.status != ACTIVE or has_ended(subscription, now=now):
        return None
    term, staying = next_term(subscription), number_staying(subscription)
    planned = subscription.next_quantity
    quantity = subscription.quantity if planned is None else max(planned, staying)
    first = period_from(term.start, subscription, term_end=term.end)
    return RenewalPreview(
        on=term.start,
        ends=subscription.ends_on is not None,
        last_day=last_day_before(term.start),
        next_last_day=last_day_before(term.end),
        quantity=quantity,
        quantity_now=subscription.quantity,
        seats_staying=staying,
        net=line_net(quantity, subscription.unit_price),
        currency=subscription.currency,
        billing_period=subscription.billing_period,
        first_period_last_day=last_day_before(first.end),
        po_number=subscription.next_po_number or subscription.po_number,
        po_number_now=subscription.po_number,
    )


def _end_in_words(preview: RenewalPreview) -> str:
    return _(
        "If you do nothing, it ends on %(day)s: it is cancelled. Nobody can use it after that day, and there"
        " is no further invoice.",
        day=day(preview.last_day),
    )


def _renewal_in_words(preview: RenewalPreview) -> str:
    facts = {
        "date": day(preview.on),
        "until": day(preview.next_last_day),
        "amount": money(preview.net, preview.currency),
    }
    if preview.billing_period == "monthly":
        return ngettext(
            "If you do nothing, it renews on %(date)s until %(until)s with %(num)s license:"
            " %(amount)s net a month.",
            "If you do nothing, it renews on %(date)s until %(until)s with %(num)s licenses:"
            " %(amount)s net a month.",
            preview.quantity,
            **facts,
        )
    return ngettext(
        "If you do nothing, it renews on %(date)s until %(until)s with %(num)s license:"
        " %(amount)s net a year.",
        "If you do nothing, it renews on %(date)s until %(until)s with %(num)s licenses:"
        " %(amount)s net a year.",
        preview.quantity,
        **facts,
    )


def _changes_in_words(preview: RenewalPreview) -> list[str]:
    said = []
    if preview.fewer:
        said.append(
            ngettext(
                "Until then there is %(num)s license.",
                "Until then there are %(num)s licenses.",
                preview.quantity_now,
            )
        )
    if preview.po_number and preview.po_number != preview.po_number_now:
        said.append(_("The purchase order number from then on: %(number)s.", number=preview.po_number))
    elif preview.po_number:
        said.append(_("The invoice will show purchase order number %(number)s.", number=preview.po_number))
    else:
        said.append(_("The invoice will show no purchase order number: none is given yet."))
    return said
