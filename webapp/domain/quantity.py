"""More licences at once, paid for the rest of the billing period; fewer from the next renewal on.

Fewer is a plan, as a cancellation is: it can be undone until the renewal, and never takes a seat from anybody
whom the administrator has not named.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from webapp.data.accounts import Person
from webapp.data.audit import AuditEvent
from webapp.data.database import atomic, current_site
from webapp.data.subscriptions import ACTIVE, NEVER, Seat, Subscription
from webapp.domain import audit, invoices, outbox, permissions, seats, webhooks
from webapp.domain.calendar import begun_day
from webapp.domain.cancellation import ChangedMeanwhile, NothingToUndo, last_day_before, refuse_when_over
from webapp.domain.money import line_net
from webapp.domain.order_fields import MOST_LICENSES
from webapp.domain.purchase_orders import NoNextTerm
from webapp.domain.refusals import NotThere, Refusal
from webapp.domain.seats_at_renewal import number_staying
from webapp.domain.terms import has_begun, has_ended, running_period
from webapp.formats import day
from webapp.i18n import _, ngettext
from webapp.sites import Product


class NotCounted(Refusal):
    def __str__(self) -> str:
        return _("This product is not sold by the license: any number of people may use it.")


class NotSoldHere(Refusal):
    def __str__(self) -> str:
        site = current_site()
        return _(
            "More licenses of this product can’t be bought here. Write to %(email)s or call %(phone)s.",
            email=site.support_email,
            phone=site.support_phone,
        )


class QuantityInvalid(Refusal):
    def __str__(self) -> str:
        return _("Enter a whole number of licenses, 1 or more.")


class TooManyLicences(Refusal):
    def __str__(self) -> str:
        return ngettext(
            "At most %(num)s license can be managed here.",
            "At most %(num)s licenses can be managed here.",
            MOST_LICENSES,
        )


@dataclass
class NotFewer(Refusal):
    quantity: int

    def __str__(self) -> str:
        return ngettext(
            "There is %(num)s license now: enter a smaller number.",
            "There are %(num)s licenses now: enter a smaller number.",
            self.quantity,
        )


class PeriodBegins(Refusal):
    """Its first day has come, and its invoice is not recorded yet."""

    def __str__(self) -> str:
        return _("A new billing period is just beginning. Try again in a few minutes.")


@dataclass
class SeatsStay(Refusal):
    """More people keep their licence over the renewal than there would be."""

    staying: int
    wanted: int
    renewal: date

    def __str__(self) -> str:
        return ngettext(
            "%(staying)s people keep their license after %(date)s. Choose %(num)s of them who won’t.",
            "%(staying)s people keep their license after %(date)s. Choose %(num)s of them who won’t.",
            self.staying - self.wanted,
            staying=self.staying,
            date=day(last_day_before(self.renewal)),
        )


# ---- more, at once


@dataclass(frozen=True, slots=True)
class Price:
    """Of licences that are added today, net: from today to the last day of the running billing period."""

    added: int
    quantity: int  # with them
    unit_price: int  # of one of them, for these days
    net: int
    currency: str
    first_day: date
    last_day: date
    days: int
    period_days: int
    period_net: int  # of all licences, for each whole period from the next one on

    @property
    def key(self) -> str:
        """What a form carries, so that nobody buys at a price that was not shown."""
        return f"{self.quantity}:{self.net}:{self.first_day.isoformat()}"


def price_of_more(subscription: Subscription, added: int, *, product: Product | None, now: datetime) -> Price:
    if has_ended(subscription, now=now):
        raise NotThere
    _refuse_uncounted(product)
    if product is None or not product.sold_on(current_site().code):
        raise NotSoldHere
    if added < 1:
        raise QuantityInvalid
    quantity = subscription.quantity + added
    if quantity > MOST_LICENSES:
        raise TooManyLicences
    if has_begun(subscription.billed_until, now=now):
        raise PeriodBegins
    today, period = begun_day(now, current_site().time_zone), running_period(subscription)
    days, period_days = (period.end - today).days, (period.end - period.start).days
    unit_price = _part(subscription.unit_price, days, period_days)
    return Price(
        added,
        quantity,
        unit_price,
        line_net(added, unit_price),
        subscription.currency,
        today,
        last_day_before(period.end),
        days,
        period_days,
        line_net(quantity, subscription.unit_price),
    )


def _part(price: int, days: int, of_days: int) -> int:
    """Rounded half up to the currency's minor unit."""
    return (2 * price * days + of_days) // (2 * of_days)


def _refuse_uncounted(product: Product | None) -> None:
    if seats.is_unlimited(product):
        raise NotCounted


def add_licences(
    subscription: Subscription,
    added: int,
    *,
    shown: str,
    product: Product | None,
    actor: Person,
    now: datetime,
) -> Price:
    """Usable at once. `shown` is the key of the price that was agreed to."""
    with atomic():
        current = _current(subscription, actor=actor, now=now)
        price = price_of_more(current, added, product=product, now=now)
        if price.key != shown:
            raise ChangedMeanwhile
        _change(current, {"quantity": price.quantity}, actor=actor)
        _record(
            audit.LICENCES_ADDED,
            current,
            actor=actor,
            now=now,
            added=added,
            quantity=price.quantity,
            net=price.net,
            currency=price.currency,
        )
        _tell("licences_added", current, actor=actor, now=now, price=price)
        _bill(current, price, now=now)
    return price


def _bill(subscription: Subscription, price: Price, *, now: datetime) -> None:
    """Last in its transaction: while a number is taken, other invoices of the site wait."""
    due = invoices.record_due(
        subscription,
        period_start=price.first_day,
        period_end=subscription.billed_until,
        cause=f"licences {price.first_day.isoformat()} to {price.quantity}",
        quantity=price.added,
        unit_price=price.unit_price,
        now=now,
    )
    invoices.issue_if_known(due, now=now)


# ---- fewer, from the renewal on


def plan_fewer(
    subscription: Subscription,
    quantity: int,
    *,
    renewal: date,
    planned: int | None,
    going: Sequence[str] = (),
    product: Product | None,
    actor: Person,
    now: datetime,
) -> None:
    """`renewal` and `planned` are as they were shown; `going`: keys of seats that end with this term."""
    _refuse_uncounted(product)
    if quantity < 1:
        raise QuantityInvalid
    with atomic():
        seats.hold(subscription, actor=actor, now=now)
        current = _current(subscription, actor=actor, now=now)
        _refuse_unless_as_shown(current, renewal=renewal, planned=planned, now=now)
        if quantity >= current.quantity:
            raise NotFewer(current.quantity)
        ended = _end_with_term(current, going)
        if (staying := number_staying(current)) > quantity:
            raise SeatsStay(staying, quantity, renewal)
        _change(current, {"next_quantity": quantity}, actor=actor)
        _record(
            audit.LICENCES_REDUCED,
            current,
            actor=actor,
            now=now,
            old=current.quantity,
            new=quantity,
            renewal=renewal.isoformat(),
            going=ended,
        )
        _tell("licences_reduced", current, actor=actor, now=now, quantity=quantity, going=len(ended))


def keep_quantity(
    subscription: Subscription, *, renewal: date, planned: int | None, actor: Person, now: datetime
) -> None:
    """Undoes it: as many as now, and who was to go stays, unless that was changed since."""
    with atomic():
        seats.hold(subscription, actor=actor, now=now)
        current = _current(subscription, actor=actor, now=now)
        _refuse_unless_as_shown(current, renewal=renewal, planned=planned, now=now)
        if current.next_quantity is None:
            raise NothingToUndo
        stay = _stay_beyond_term(current)
        _change(current, {"next_quantity": None}, actor=actor)
        _record(audit.LICENCES_KEPT, current, actor=actor, now=now, quantity=current.quantity, staying=stay)
        _tell("licences_kept", current, actor=actor, now=now)


def _refuse_unless_as_shown(
    current: Subscription, *, renewal: date, planned: int | None, now: datetime
) -> None:
    refuse_when_over(current, now=now)
    if current.ends_on is not None:
        raise NoNextTerm
    if (current.term_end, current.next_quantity) != (renewal, planned):
        raise ChangedMeanwhile


def _end_with_term(current: Subscription, going: Sequence[str]) -> Mapping[str, str]:
    """Seat → the last day that it had, or nothing; those that end before the renewal by themselves stay."""
    last_day, ended = last_day_before(current.term_end), {}
    here = (
        (Seat.subscription == current) & (Seat.counted == 1) & (Seat.over_on > current.term_end.isoformat())
    )
    for seat in Seat.select().where(here, Seat.key.in_(list(going))):
        ended[seat.key] = seat.last_day.isoformat() if seat.last_day else ""
        over = {"last_day": last_day, "over_on": current.term_end.isoformat(), "version": Seat.version + 1}
        Seat.update(over).where(Seat.id == seat.id).execute()
    return ended


def _stay_beyond_term(current: Subscription) -> int:
    """How many of those who were to go have their seat again."""
    planned = AuditEvent.select().where(
        AuditEvent.subscription == current, AuditEvent.action == audit.LICENCES_REDUCED
    )
    event = planned.order_by(AuditEvent.id.desc()).first()
    details = json.loads(event.details) if event else {}
    if details.get("renewal") != current.term_end.isoformat():
        return 0
    return sum(_give_back(current, key, had) for key, had in details["going"].items())


def _give_back(current: Subscription, key: str, had: str) -> int:
    over_on = seats.over_on(date.fromisoformat(had)) if had else NEVER
    as_ended = (Seat.key == key) & (Seat.counted == 1) & (Seat.over_on == current.term_end.isoformat())
    back = {"last_day": had or None, "over_on": over_on, "version": Seat.version + 1}
    return int(Seat.update(back).where(as_ended, Seat.subscription == current).execute())


# ---- both


def _current(subscription: Subscription, *, actor: Person, now: datetime) -> Subscription:
    found = Subscription.get_or_none(
        Subscription.id == subscription.id,
        permissions.manages(actor),
        Subscription.status == ACTIVE,
    )
    if found is None or has_ended(found, now=now):
        raise NotThere
    return found


def _change(current: Subscription, changes: Mapping[str, Any], *, actor: Person) -> None:
    """Only if it still is as it was read."""
    ends_on = Subscription.ends_on
    unchanged = (
        Subscription.id == current.id,
        permissions.manages(actor),
        Subscription.status == ACTIVE,
        Subscription.quantity == current.quantity,
        Subscription.billed_until == current.billed_until,
        ends_on.is_null() if current.ends_on is None else ends_on == current.ends_on,
    )
    if Subscription.update(changes).where(*unchanged).execute() != 1:
        raise ChangedMeanwhile
    for name, value in changes.items():
        setattr(current, name, value)


def _record(action: str, current: Subscription, *, actor: Person, now: datetime, **details: Any) -> None:
    audit.record(action, actor=audit.Actor.of(actor), subscription=current, now=now, account=None, **details)
    webhooks.tell(webhooks.QUANTITY_CHANGED, current, now=now)


def _tell(kind: str, current: Subscription, *, actor: Person, now: datetime, **context: Any) -> None:
    """Who decided; and the administrator, if that was the backup."""
    administrator = current.administrator
    concerned = [actor] if administrator.id == actor.id else [actor, administrator]
    for person in concerned:
        outbox.enqueue(
            kind,
            to=person,
            subscription=current,
            path=f"/subscriptions/{current.public_id}",
            by_name=actor.name,
            by_oneself=person is actor,
            now=now,
            **context,
        )
