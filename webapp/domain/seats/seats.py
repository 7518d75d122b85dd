"""Seats: licences given to people. Never more than there are, whoever clicks at once; what ends frees itself.

A subscription counts its seats in `seats_taken`, and a seat is taken by a conditional update of that counter.
A seat whose last day has passed is nobody's from the next local midnight on, whether or not the counter was
told: each reader leaves out what is over (`TAKEN_SQL`), each change puts the counter right first (`hold`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from webapp.data.accounts import Person
from webapp.data.audit import AuditEvent
from webapp.data.database import atomic, current_site, to_micros
from webapp.data.keys import search_key
from webapp.data.statements import row, rows
from webapp.data.subscriptions import INVITED, NEVER, USED, Seat, Subscription, new_seat_key
from webapp.domain import audit, outbox, permissions
from webapp.domain.companies import accounts
from webapp.domain.refusals import NotThere, Refusal
from webapp.domain.seats import seat_facts
from webapp.domain.seats.seat_facts import Facts
from webapp.domain.seats.seats_at_renewal import exceeds_renewal, refuse_beyond_renewal
from webapp.domain.terms import RUNNING_SQL, is_running, today
from webapp.domain.webhooks import webhooks
from webapp.i18n import _, ngettext
from webapp.sites import Product

# Licences in use, of a subscription `s` on the local day `:today`.
TAKEN_SQL = """(s.seats_taken - (SELECT count(*) FROM seat past WHERE past.subscription_id = s.id
 AND past.counted = 1 AND past.state IN ('invited', 'active') AND past.over_on <= :today))"""

# That there is something to use today.
USABLE_SQL = f"seat.counted = 1 AND seat.over_on > :today AND {RUNNING_SQL}"


class NotSelfService(Refusal):
    def __str__(self) -> str:
        site = current_site()
        return _(
            "Users of this product are not managed here. Write to %(email)s or call %(phone)s.",
            email=site.support_email,
            phone=site.support_phone,
        )


class NoLicenceFree(Refusal):
    def __init__(self, free: int, wanted: int) -> None:
        self.free, self.wanted = free, wanted
        super().__init__()

    def __str__(self) -> str:
        if not self.free:
            return _("All licenses are taken. Remove a user first, or order more licenses.")
        return ngettext(
            "Only %(num)s license is free, and you named %(wanted)s people.",
            "Only %(num)s licenses are free, and you named %(wanted)s people.",
            self.free,
            wanted=self.wanted,
        )


class SeatGone(Refusal):
    def __str__(self) -> str:
        return _("This person holds no license any more. Nothing was changed.")


class NothingToRestore(Refusal):
    def __str__(self) -> str:
        return _("This can’t be undone any more. Invite the person again.")


@dataclass
class SeatConflict(Refusal):
    """Somebody was faster; both versions are shown, nothing was saved."""

    stored: Facts
    typed: Facts
    version: int
    changed_by: str
    changed_at: datetime | None

    def __str__(self) -> str:
        return _("This was changed meanwhile. Nothing was saved.")


def is_live(seat: Any, *, now: datetime) -> bool:
    """Of a seat or a row with `counted` and `over_on`: the date decides, not the counter."""
    return bool(seat.counted) and str(seat.over_on) > today(now).isoformat()


def is_unlimited(product: Product | None) -> bool:
    return product is not None and product.licence_model == "unlimited"


def refuse_without_self_service(product: Product | None) -> None:
    if product is None or not product.self_service:
        raise NotSelfService


# ---- taking and freeing licences; all of it inside the caller's transaction


def hold(subscription: Subscription, *, actor: Person, now: datetime) -> None:
    """First in each change: it is still this actor's to manage, others wait until this transaction ends,
    and what is over is counted no more."""
    here = (Subscription.id == subscription.id) & is_running(now=now)
    still = Subscription.update(seats_taken=Subscription.seats_taken)
    if still.where(here, permissions.manages(actor.id)).execute() != 1:
        raise NotThere
    _free_what_is_over(subscription, today(now).isoformat(), now=now)


def free_ended(subscription: Subscription, *, now: datetime) -> None:
    """At a renewal with fewer licences: what is over is not counted beyond them until somebody looks."""
    _free_what_is_over(subscription, today(now).isoformat(), now=now)


def _free_what_is_over(subscription: Subscription, day: str, *, now: datetime) -> None:
    over = (Seat.subscription == subscription) & (Seat.counted == 1) & (Seat.over_on <= day)
    ended = Seat.update(counted=0).where(over, Seat.state.in_([INVITED, USED])).execute()
    if ended:
        free(subscription, ended)
        audit.record(audit.SEATS_ENDED, actor=audit.PORTAL, subscription=subscription, now=now, number=ended)


def take(subscription: Subscription, number: int, *, product: Product | None) -> None:
    """So many licences at once, or none."""
    change = Subscription.update(seats_taken=Subscription.seats_taken + number)
    here = Subscription.id == subscription.id
    if not is_unlimited(product):
        here &= Subscription.seats_taken + number <= Subscription.quantity
    if change.where(here).execute() != 1:
        current = Subscription.get_by_id(subscription.id)
        raise NoLicenceFree(max(current.quantity - current.seats_taken, 0), number)


def free(subscription: Subscription, number: int = 1) -> None:
    change = Subscription.update(seats_taken=Subscription.seats_taken - number)
    change.where(Subscription.id == subscription.id).execute()


_GIVE_SQL = """
INSERT INTO seat (key, subscription_id, person_id, state, since, last_day, over_on, counted, cost_centre,
 job_site, version, sort_key, search_key)
VALUES (:key, :subscription, :person, :state, :since, :last_day, :over_on, 1, :cost_centre, :job_site, 0,
 :sort_key, :search_key)
ON CONFLICT (subscription_id, person_id) DO UPDATE SET state = excluded.state, since = excluded.since,
 last_day = excluded.last_day, over_on = excluded.over_on, counted = 1, revoked_at = NULL,
 cost_centre = excluded.cost_centre, job_site = excluded.job_site, version = seat.version + 1,
 sort_key = excluded.sort_key, search_key = excluded.search_key
WHERE seat.counted = 0
RETURNING id, key, version
"""


def give(
    subscription: Subscription, person: Person, facts: Facts, *, state: str, now: datetime
) -> tuple[str, bool] | None:
    """The seat's key and whether the person had one before; None if they have one now.

    Its licence was taken already.
    """
    made = row(
        _GIVE_SQL,
        key=new_seat_key(),
        subscription=subscription.id,
        person=person.id,
        state=state,
        since=to_micros(now),
        last_day=facts.last_day.isoformat() if facts.last_day else None,
        over_on=over_on(facts.last_day),
        cost_centre=facts.cost_centre,
        job_site=facts.job_site,
        sort_key=person.sort_key,
        search_key=_search_key(person, facts),
    )
    if made is None:
        return None
    webhooks.tell_many(webhooks.SEAT_ASSIGNED, Seat, [made.id], now=now)
    return made.key, made.version > 0


def over_on(last_day: date | None) -> str:
    return (last_day + timedelta(days=1)).isoformat() if last_day else NEVER


def _search_key(person: Person, facts: Facts) -> str:
    return search_key(person.name, person.email, facts.cost_centre, facts.job_site)


# ---- taking back


def revoke(seat: Seat, *, actor: Person, now: datetime) -> None:
    """The person may use it no more, from now on; who never came does not hear of it twice."""
    subscription, person = seat.subscription, seat.person
    with atomic():
        hold(subscription, actor=actor, now=now)
        if not _end(Seat.id == seat.id, now=now):
            raise SeatGone
        free(subscription)
        accounts.leave_if_never_arrived(person, subscription.account)
        if not outbox.withdraw_pending(subscription, "seat_invited", to=person) and person.id != actor.id:
            outbox.enqueue(
                "seat_removed", to=person, subscription=subscription, from_name=actor.name, now=now
            )
        _record(audit.SEAT_REVOKED, seat, actor, now=now)
        webhooks.tell(webhooks.SEAT_REVOKED, seat, now=now)


def _end(which: Any, *, now: datetime) -> bool:
    change = Seat.update(counted=0, over_on=today(now).isoformat(), revoked_at=now, version=Seat.version + 1)
    return bool(change.where(which, Seat.counted == 1).execute() == 1)


def restore(seat: Seat, *, product: Product | None, actor: Person, now: datetime) -> None:
    """Undoes `revoke`: as it was, if a licence is still free."""
    subscription, person = seat.subscription, seat.person
    refuse_without_self_service(product)
    with atomic():
        hold(subscription, actor=actor, now=now)
        take(subscription, 1, product=product)
        if not _begin_again(Seat.id == seat.id, seat.last_day, now=now):
            raise NothingToRestore
        accounts.join(person, subscription.account, now=now)
        told = outbox.withdraw_pending(subscription, "seat_removed", to=person)
        if not told and person.id != actor.id:
            mail_invitation(subscription, person, from_name=actor.name, last_day=seat.last_day, now=now)
        refuse_beyond_renewal(subscription)
        _record(audit.SEAT_RESTORED, seat, actor, now=now)
        webhooks.tell(webhooks.SEAT_ASSIGNED, seat, now=now)


def _begin_again(which: Any, last_day: date | None, *, now: datetime) -> bool:
    if last_day and last_day < today(now):
        return False
    change = Seat.update(counted=1, over_on=over_on(last_day), revoked_at=None, version=Seat.version + 1)
    return bool(change.where(which, Seat.counted == 0, Seat.revoked_at.is_null(False)).execute() == 1)


def give_up(subscription: Subscription, holder: Person, *, now: datetime) -> str | None:
    """Who hands the administration over gives their own seat up: its state, if there was one."""
    own = (Seat.subscription == subscription) & (Seat.person == holder)
    seat = Seat.get_or_none(own, Seat.counted == 1)
    if seat is None or not _end(Seat.id == seat.id, now=now):
        return None
    free(subscription)
    webhooks.tell(webhooks.SEAT_REVOKED, seat, now=now)
    return str(seat.state)


def give_back(subscription: Subscription, holder: Person, *, now: datetime) -> None:
    """The seat that was given up, if a licence is still free."""
    own = (Seat.subscription == subscription) & (Seat.person == holder)
    seat = Seat.get_or_none(own, Seat.counted == 0)
    room = (Subscription.id == subscription.id) & (Subscription.seats_taken < Subscription.quantity)
    change = Subscription.update(seats_taken=Subscription.seats_taken + 1).where(room)
    if seat is None or change.execute() != 1:
        return
    if not _begin_again(Seat.id == seat.id, seat.last_day, now=now):
        free(subscription)
    elif exceeds_renewal(subscription):
        _end(Seat.id == seat.id, now=now)
        free(subscription)
    else:
        webhooks.tell(webhooks.SEAT_ASSIGNED, seat, now=now)


def mail_invitation(
    subscription: Subscription, person: Person, *, from_name: str, last_day: date | None, now: datetime
) -> None:
    """Who has no password yet gets a link to set one; everybody else one to what they may use."""
    token = None if person.password_hash else seat_facts.INVITATION_LINK
    outbox.enqueue(
        "seat_invited",
        to=person,
        subscription=subscription,
        token=token,
        path="/subscriptions",
        from_name=from_name,
        last_day=last_day,
        link_days=seat_facts.LINK_DAYS,
        now=now,
    )


# ---- what is known of a seat


def change(seat: Seat, facts: Facts, *, read_version: int, actor: Person, now: datetime) -> bool:
    """Saves the facts if nobody changed the seat since `read_version`; whether anything is new."""
    if facts.last_day and facts.last_day < today(now) and facts.last_day != seat.last_day:
        raise seat_facts.LastDayOver
    with atomic():
        hold(seat.subscription, actor=actor, now=now)
        current = Seat.get_by_id(seat.id)
        if not current.counted:
            raise SeatGone
        if read_version != current.version:
            raise _conflict(current, facts)
        if facts == Facts.of(current):
            return False
        changed = Seat.update(
            **facts.as_columns(),
            over_on=over_on(facts.last_day),
            search_key=_search_key(seat.person, facts),
            version=Seat.version + 1,
        ).where(Seat.id == seat.id, Seat.version == read_version, Seat.counted == 1)
        if changed.execute() != 1:
            raise _conflict(Seat.get_by_id(seat.id), facts)
        refuse_beyond_renewal(seat.subscription)
        old, new = Facts.of(current).as_text(), facts.as_text()
        _record(audit.SEAT_CHANGED, seat, actor, now=now, old=old, new=new)
    return True


def _conflict(current: Seat, typed: Facts) -> SeatConflict:
    event = (
        AuditEvent.select()
        .where(AuditEvent.subscription == current.subscription_id, AuditEvent.person == current.person_id)
        .order_by(AuditEvent.id.desc())
        .first()
    )
    return SeatConflict(
        stored=Facts.of(current),
        typed=typed,
        version=current.version,
        changed_by=event.actor_name if event else "",
        changed_at=event.at if event else None,
    )


def _record(action: str, seat: Seat, actor: Person, *, now: datetime, **details: object) -> None:
    audit.record(
        action,
        actor=audit.Actor.of(actor),
        subscription=seat.subscription,
        account=None,
        person=seat.person,
        now=now,
        name=seat.person.name,
        **details,
    )


# ---- who was invited has come


_WAITING_SQL = f"""
SELECT seat.id, seat.subscription_id FROM seat JOIN subscription s ON s.id = seat.subscription_id
WHERE seat.person_id = :person AND seat.state = 'invited' AND {USABLE_SQL}
ORDER BY seat.id
"""


def arrive(person_id: int, *, now: datetime) -> None:
    """This person is signed in: what they were invited to is in use."""
    waiting = rows(_WAITING_SQL, person=person_id, today=today(now).isoformat())
    if waiting:
        _begin_use(waiting, Person.get_by_id(person_id), now=now)


def _begin_use(waiting: Sequence[Any], person: Person, *, now: datetime) -> None:
    with atomic():
        for found in waiting:
            still = (Seat.id == found.id) & (Seat.state == INVITED) & (Seat.counted == 1)
            if Seat.update(state=USED, since=now).where(still).execute() == 1:
                audit.record(
                    audit.SEAT_USED,
                    actor=audit.Actor.of(person),
                    subscription=Subscription.get_by_id(found.subscription_id),
                    person=person,
                    now=now,
                    name=person.name,
                )


def renamed(person: Person) -> None:
    """After a change of name or address: lists find and sort the person by the new one."""
    for seat in Seat.select().where(Seat.person == person):
        keys = {"sort_key": person.sort_key, "search_key": _search_key(person, Facts.of(seat))}
        Seat.update(keys).where(Seat.id == seat.id).execute()
