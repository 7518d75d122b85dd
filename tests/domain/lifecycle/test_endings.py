"""What was cancelled ends at its date: licences are freed, people are told, and nothing can be done any more."""

from __future__ import annotations

import json
from datetime import date, datetime, timedelta

import pytest

from tests.conftest import TestClock
from tests.domain.lifecycle.test_renewals import (
    MIDNIGHT,
    RENEWAL,
    TICK,
    advance,
    bought,
    events,
    mails,
    periods,
)
from tests.domain.subscriptions.cancelling import active_subscription, plan, stored, undo
from tests.support.cast import keep_person
from webapp.assembly import Portal
from webapp.data.subscriptions import ENDED, NEVER, SHELF_CANCELLED, Seat, Subscription
from webapp.domain import audit
from webapp.domain.lifecycle import endings
from webapp.domain.lifecycle.renewal_preview import renewal_preview
from webapp.domain.permissions import billed_subscription, managed_subscription, own_subscription
from webapp.domain.refusals import NotThere
from webapp.domain.seats import seat_list, seats
from webapp.domain.seats.seat_facts import Facts
from webapp.domain.subscriptions import subscription_list, transfer
from webapp.domain.subscriptions.cancellation import TermOver
from webapp.domain.subscriptions.purchase_orders import change_po_number
from webapp.domain.subscriptions.subscriptions import managed, standing
from webapp.domain.terms import has_ended
from webapp.jobs.renew import end, renew
from webapp.sites import Site

__all__ = ["bought"]


def seat_for(subscription: Subscription, email: str, *, state: str = "active", now: datetime) -> Seat:
    person = keep_person(email, name=email.partition("@")[0].title(), now=now)
    given = seats.give(subscription, person, Facts(), state=state, now=now)
    Subscription.update(seats_taken=Subscription.seats_taken + 1).execute()
    assert given
    return Seat.get(Seat.key == given[0])


def test_what_is_cancelled_ends_instead(bought: Subscription, now: datetime) -> None:
    plan(bought, now=now)
    seat_for(bought, "bob@example.com", now=now)
    assert advance(MIDNIGHT) == (0, 0)
    assert not endings.end(bought.id, now=MIDNIGHT - TICK)
    assert endings.end(bought.id, now=MIDNIGHT + timedelta(days=3))
    assert not endings.end(bought.id, now=MIDNIGHT + timedelta(days=3))
    found = stored(bought)
    assert (found.status, found.shelf, found.ended_at) == (ENDED, SHELF_CANCELLED, MIDNIGHT)
    assert (found.seats_taken, found.renewal_key, len(periods(bought))) == (0, NEVER, 1)
    (event,) = events(audit.SUBSCRIPTION_ENDED)
    assert json.loads(event.details) == {"ends_on": "2027-11-22", "seats": 1}
    shown = standing(managed(found.administrator_id, found.public_id, now=MIDNIGHT), now=MIDNIGHT)
    assert (shown.state, shown.last_day) == ("ended", date(2027, 11, 21))


def test_a_year_billed_by_the_month_is_billed_to_its_end_and_then_ends(
    portal: Portal, site_fr: Site, clock: TestClock
) -> None:
    with portal.at(site_fr):
        bought = active_subscription(portal, now=clock.now, billing_period="monthly")
        plan(bought, now=clock.now)
    clock.now = MIDNIGHT
    assert end(portal, site_fr) == {"ended": 0}  # not before its last period has its invoice
    assert renew(portal, site_fr) == {"renewed": 0, "billed": 11}
    assert end(portal, site_fr) == {"ended": 1}
    assert (renew(portal, site_fr), end(portal, site_fr)) == ({"renewed": 0, "billed": 0}, {"ended": 0})
    with portal.at(site_fr):
        assert periods(bought)[-1][1] == RENEWAL


def test_licences_are_freed_and_everybody_concerned_is_told(
    portal: Portal, bound_fr: Site, bought: Subscription, now: datetime
) -> None:
    kim = keep_person("kim@example.com", name="Kim", now=now)
    transfer.accounts.join(kim, bought.account, now=now)
    transfer.name_backup(bought, person=kim, actor=bought.administrator, now=now)
    for email in ("bob@example.com", "zoe@example.com", "olga@example.com"):
        seat_for(bought, email, now=now)
    invited = seat_for(bought, "new@example.com", state="invited", now=now)
    earlier = seat_for(bought, "gone@example.com", now=now)
    Seat.update(over_on="2027-06-01").where(Seat.id == earlier.id).execute()
    seats.mail_invitation(bought, invited.person, from_name="Olga", last_day=None, now=now)
    plan(bought, now=now)
    endings.end(bought.id, now=MIDNIGHT)
    assert sorted(mail.to_email for mail in mails("ended")) == ["kim@example.com", "olga@example.com"]
    assert sorted(mail.to_email for mail in mails("access_ended")) == ["bob@example.com", "zoe@example.com"]
    assert {mail.state for mail in mails("seat_invited")} == {"withdrawn"}
    assert not Seat.select().where(Seat.counted == 1).exists()
    assert Seat.get_by_id(earlier.id).over_on == "2027-06-01"
    told = mails("ended")[0]
    assert "21 novembre 2027" in told.text and bought.public_id in told.text


def test_the_date_decides_whether_or_not_the_job_has_run(bought: Subscription, now: datetime) -> None:
    seat_for(bought, "bob@example.com", now=now)
    plan(bought, now=now)
    olga, name = bought.administrator_id, bought.public_id
    assert not has_ended(stored(bought), now=MIDNIGHT - TICK)
    assert managed_subscription(olga, name, now=MIDNIGHT - TICK)
    assert has_ended(stored(bought), now=MIDNIGHT)
    for loader in (managed_subscription, own_subscription, billed_subscription):
        with pytest.raises(NotThere):
            loader(olga, name, now=MIDNIGHT)
    with pytest.raises(NotThere):
        change_po_number(bought, "4711", read_version=0, actor=bought.administrator, now=MIDNIGHT)
    with pytest.raises(TermOver):
        undo(bought, now=MIDNIGHT)
    bob = Seat.get().person_id
    assert seat_list.used_by(bob, now=MIDNIGHT - TICK) and not seat_list.used_by(bob, now=MIDNIGHT)
    assert standing(managed(olga, name, now=MIDNIGHT), now=MIDNIGHT).state == "ended"
    assert subscription_list.counts(olga, now=MIDNIGHT - TICK).manages
    assert not subscription_list.counts(olga, now=MIDNIGHT).manages
    assert renewal_preview(stored(bought), now=MIDNIGHT) is None


def test_what_ended_before_is_not_counted_beyond_fewer_licences(bought: Subscription, now: datetime) -> None:
    over = {"last_day": now.date(), "over_on": str(now.date() + timedelta(days=1))}
    for number in range(4):
        Seat.update(over).where(
            Seat.id == seat_for(bought, f"user{number}@example.com", now=now).id
        ).execute()
    Subscription.update(next_quantity=2).execute()
    assert advance(MIDNIGHT) == (1, 0)
    assert (stored(bought).quantity, stored(bought).seats_taken) == (2, 0)
    assert not Seat.select().where(Seat.counted == 1).exists()
