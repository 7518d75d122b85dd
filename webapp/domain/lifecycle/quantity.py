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
from webapp.domain import audit, outbox, permissions
from webapp.domain.calendar import begun_day
from webapp.domain.intake.order_fields import MOST_LICENSES
from webapp.domain.invoices import invoices
from webapp.domain.lifecycle.quantity_conflicts import conflict
from webapp.domain.lifecycle.quantity_refusals import (
    NoFewerPlanned,
    NotCounted,
    NotFewer,
    NotSoldHere,
    PeriodBegins,
    QuantityInvalid,
    SeatsStay,
    TooManyLicences,
)
from webapp.domain.money import line_net
from webapp.domain.refusals import NotThere
from webapp.domain.seats import seats
from webapp.domain.seats.seats_at_renewal import number_staying
from webapp.domain.subscriptions.cancellation import last_day_before, refuse_when_over
from webapp.domain.subscriptions.purchase_orders import NoNextTerm
from webapp.domain.terms import has_begun, has_ended, running_period
from webapp.domain.webhooks import webhooks
from webapp.sites import Product

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
    next_day: date | None  # on which the next invoice for all licences comes; none where it ends before
    next_quantity: int
    next_net: int

    @property
    def key(self) -> str:
        """What a form carries, so that nobody buys at a price that was not shown."""
        return f"{self.quantity}:{self.net}:{self.first_day.isoformat()}"


def shown_in(key: str) -> tuple[int, int] | None:
    """Quantity and net price that such a key was made of; None: nobody was shown this."""
    parts = key.split(":")
    known = len(parts) == 3 and all(part.isascii() and part.isdigit() for part in parts[:2])
    return (int(parts[0]), int(parts[1])) if known and max(map(len, parts)) < 19 else None


def can_be_added(product: Product | None) -> bool:
    """Here, of this product."""
    return product is not None and not seats.is_unlimited(product) and product.sold_on(current_site().code)


def price_of_more(subscription: Subscription, added: int, *, product: Product | None, now: datetime) -> Price:
    if has_ended(subscription, now=now):
        raise NotThere
    refuse_uncounted(product)
    if not can_be_added(product):
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
    next_day, next_quantity = _next_invoice(subscription, quantity)
    return Price(
        added=added,
        quantity=quantity,
        unit_price=unit_price,
        net=line_net(added, unit_price),
        currency=subscription.currency,
        first_day=today,
        last_day=last_day_before(period.end),
        days=days,
        period_days=period_days,
        next_day=next_day,
        next_quantity=next_quantity,
        next_net=line_net(next_quantity, subscription.unit_price),
    )


def _next_invoice(subscription: Subscription, quantity: int) -> tuple[date | None, int]:
    """Its day and for how many: within the term for all, with the renewal for as many as are planned."""
    if subscription.billed_until < subscription.term_end:
        return subscription.billed_until, quantity
    planned = subscription.next_quantity
    return (None if subscription.ends_on else subscription.term_end), quantity if planned is None else planned


def _part(price: int, days: int, of_days: int) -> int:
    """Rounded half up to the currency's minor unit."""
    return (2 * price * days + of_days) // (2 * of_days)


def refuse_uncounted(product: Product | None) -> None:
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
            was = shown_in(shown)
            raise conflict(current, by_somebody=was is None or was[0] != price.quantity)
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
    """`renewal` and `planned` are as they were shown; `going`: keys of all seats that end with this term by
    this plan. Whom an earlier plan had named, and this one does not, stays."""
    refuse_uncounted(product)
    if quantity < 1:
        raise QuantityInvalid
    with atomic():
        seats.hold(subscription, actor=actor, now=now)
        current = _current(subscription, actor=actor, now=now)
        _refuse_unless_as_shown(current, renewal=renewal, planned=planned, now=now)
        if quantity >= current.quantity:
            raise NotFewer(current.quantity)
        if planned is not None:
            _stay_beyond_term(current)
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
            raise NoFewerPlanned
        stay = _stay_beyond_term(current)
        _change(current, {"next_quantity": None}, actor=actor)
        _record(audit.LICENCES_KEPT, current, actor=actor, now=now, quantity=current.quantity, staying=stay)
        _tell("licences_kept", current, actor=actor, now=now, staying=stay)


def _refuse_unless_as_shown(
    current: Subscription, *, renewal: date, planned: int | None, now: datetime
) -> None:
    refuse_when_over(current, now=now)
    if current.ends_on is not None:
        raise NoNextTerm
    if (current.term_end, current.next_quantity) != (renewal, planned):
        raise conflict(current, by_somebody=current.next_quantity != planned)


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
    return sum(_give_back(current, key, had) for key, had in going_by_plan(current).items())


def going_by_plan(current: Subscription) -> Mapping[str, str]:
    """Of the plan that stands: seat → the last day that it had before, or nothing."""
    if current.next_quantity is None:
        return {}
    planned = AuditEvent.select().where(
        AuditEvent.subscription == current, AuditEvent.action == audit.LICENCES_REDUCED
    )
    event = planned.order_by(AuditEvent.id.desc()).first()
    details = json.loads(event.details) if event else {}
    return details["going"] if details.get("renewal") == current.term_end.isoformat() else {}


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
        raise conflict(Subscription.get_by_id(current.id))
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
