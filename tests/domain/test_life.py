"""The whole life of a subscription, in any order that people, clocks, jobs and crashes may bring.

Hypothesis invents the stories. What must hold after each step stands at the end: one invoice for each period and
none for another, never more seats than licences, one administrator, an event for each change, no gap in numbers.
"""

from __future__ import annotations

import calendar
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from typing import Any

import peewee as pw
import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    rule,
    run_state_machine_as_test,
)

from tests.conftest import NOON, TestClock
from tests.support.cast import accept, place_order
from webapp.assembly import Portal
from webapp.data.accounts import Membership, Person
from webapp.data.audit import AuditEvent
from webapp.data.billing import DUE, Invoice
from webapp.data.database import database
from webapp.data.outbox import OutboxMessage
from webapp.data.subscriptions import ACTIVE, ENDED, LAPSED, PENDING, Seat, Subscription
from webapp.domain import cancellation, quantity, seats, transfer
from webapp.domain.activation import has_lapsed
from webapp.domain.calendar import begun_day
from webapp.domain.invitations import Invitation, invite
from webapp.domain.permissions import managed_subscription
from webapp.domain.purchase_orders import NEXT_TERM, THIS_TERM, change_po_number
from webapp.domain.refusals import Refusal
from webapp.domain.renewal_preview import renewal_preview
from webapp.domain.seat_facts import Facts
from webapp.domain.terms import has_ended
from webapp.jobs.issue import issue
from webapp.jobs.lapse import lapse
from webapp.jobs.renew import end, renew

SITES = ("fr", "us", "jp")  # tax that is known, tax that waits, yen
PRODUCT = "fieldwire-business"
JOBS: dict[str, Callable[..., Any]] = {"renew": renew, "end": end, "issue": issue, "lapse": lapse}
MONTHS = {"annual": 12, "monthly": 1}
MONTH_ENDS = st.sampled_from(
    [69, 70, 129, 464]
)  # 30 and 31 January, 31 March, 29 February, by days after noon
# Most acts come to their end: 0 is no power cut.
CUTS = st.one_of(st.just(0), st.just(0), st.just(0), st.integers(1, 25))
PEOPLE = st.integers(0, 4).map("user{}@example.com".format)


class PowerCut(BaseException):
    """As a killed process: nobody who handles errors sees it."""


@contextmanager
def power_cut(at: int, bound: pw.Database | None) -> Iterator[None]:
    """The statement of that number is the last one; 0: there is none."""
    seen = 0
    assert bound is not None

    def count(event: Any) -> None:
        nonlocal seen
        seen += event.sql.lstrip().startswith(("SELECT", "INSERT", "UPDATE", "DELETE", "WITH"))
        if seen == at:
            seen += 1
            raise PowerCut

    bound.query_hooks.append(count)
    try:
        yield
    finally:
        bound.query_hooks.remove(count)


def same_day(first: date, months: int) -> date:
    """Counted from the first day on, each by itself: what the terms have to agree with."""
    year, month = divmod(first.year * 12 + first.month - 1 + months, 12)
    return date(year, month + 1, min(first.day, calendar.monthrange(year, month + 1)[1]))


class Life(RuleBasedStateMachine):
    portal: Portal
    clock: TestClock
    orders = 0

    @initialize(
        site=st.sampled_from(SITES),
        start=st.integers(0, 900) | MONTH_ENDS,
        licences=st.integers(2, 5),
        billing=st.sampled_from([("annual", None), ("annual", "monthly"), ("monthly", None)]),
        waits=st.integers(0, 5),
    )
    def order(
        self, site: str, start: int, licences: int, billing: tuple[str, str | None], waits: int
    ) -> None:
        type(self).orders += 1
        self.site, self.clock.now = self.portal.sites[site], NOON + timedelta(days=start, hours=start % 24)
        term, period = billing
        more = {"billing_period": period} if period else {}
        with self.portal.at(self.site):
            made = place_order(
                self.portal,
                ordered_at=self.clock.now,
                order_number=f"{self.orders:010}",
                quantity=licences,
                term=term,
                unit_price="480",
                **more,
            )
            self.id = made.id
            self.product = self.portal.catalogue.by_key(PRODUCT)
            if waits:  # most are activated at once: there is more to tell of them
                accept(made, now=self.now)

    # ---- how something is done

    @property
    def now(self) -> datetime:
        return self.clock.now

    def stored(self) -> Subscription:
        return Subscription.get_by_id(self.id)

    def traces(self) -> tuple[Any, ...]:
        """All that a change could leave."""
        mine = Subscription.id == self.id
        row = list(Subscription.select().where(mine).tuples())
        held = list(Seat.select().where(Seat.subscription == self.id).order_by(Seat.id).tuples())
        billed = list(Invoice.select().where(Invoice.subscription == self.id).order_by(Invoice.id).tuples())
        told = [
            model.select().where(model.subscription == self.id).count()
            for model in (AuditEvent, OutboxMessage)
        ]
        return (row, held, billed, told)

    def events(self) -> int:
        return AuditEvent.select().where(AuditEvent.subscription == self.id).count()

    def attempt(self, act: Callable[[Subscription], object], *, cut: int = 0) -> None:
        """Done, with an event; or refused or interrupted, without a trace."""
        with self.portal.at(self.site):
            before, events = self.traces(), self.events()
            try:
                with power_cut(cut, database.obj):
                    act(self.stored())
            except (Refusal, PowerCut) as problem:
                assert self.traces() == before, f"{problem!r} left something"
                return
            if self.traces()[:3] != before[:3]:
                assert self.events() > events, "a change without an event"

    # ---- what people do

    @rule(cut=CUTS)
    def activate(self, cut: int) -> None:
        self.attempt(lambda it: accept(it, now=self.now), cut=cut)

    @rule(email=PEOPLE, days=st.none() | st.integers(0, 500), cut=CUTS)
    def invite(self, email: str, days: int | None, cut: int) -> None:
        facts = Facts(begun_day(self.now, self.site.time_zone) + timedelta(days)) if days else Facts()

        def act(it: Subscription) -> None:
            known = Invitation(email, "", "", facts)
            invite(it, [known], product=self.product, actor=it.administrator, now=self.now)

        self.attempt(act, cut=cut)

    def seat_of(self, it: Subscription, email: str) -> Seat:
        found = Seat.select().join(Person).where(Seat.subscription == it, Person.email == email).get_or_none()
        if found is None:
            raise seats.SeatGone
        return found

    @rule(email=PEOPLE)
    def revoke(self, email: str) -> None:
        self.attempt(lambda it: seats.revoke(self.seat_of(it, email), actor=it.administrator, now=self.now))

    @rule(email=PEOPLE)
    def restore(self, email: str) -> None:
        self.attempt(
            lambda it: seats.restore(
                self.seat_of(it, email), product=self.product, actor=it.administrator, now=self.now
            )
        )

    @rule(email=PEOPLE, keep=st.booleans(), cut=CUTS)
    def transfer(self, email: str, keep: bool, cut: int) -> None:
        def act(it: Subscription) -> None:
            own = managed_subscription(it.administrator_id, it.public_id, now=self.now)
            heir = transfer.new_person(name=email.partition("@")[0], email=email)
            old = it.administrator
            transfer.transfer_administration(own, to=heir, keep_seat=keep, actor=old, now=self.now)

        self.attempt(act, cut=cut)

    @rule(number=st.sampled_from(["", "4711", "BC 2027"]), term=st.sampled_from([THIS_TERM, NEXT_TERM]))
    def purchase_order(self, number: str, term: str) -> None:
        def act(it: Subscription) -> None:
            read = {"read_version": it.po_version, "actor": it.administrator, "now": self.now}
            change_po_number(it, number, term=term, **read)

        self.attempt(act)

    @rule(undo=st.sampled_from([False, False, True]), cut=CUTS)
    def cancel(self, undo: bool, cut: int) -> None:
        def act(it: Subscription) -> None:
            what = {"ends_on": it.term_end, "actor": it.administrator, "now": self.now}
            if undo:
                cancellation.undo_cancellation(it, **what)
            else:
                cancellation.plan_cancellation(it, reason="", **what)

        if self.status() == ACTIVE:
            self.attempt(act, cut=cut)

    @rule(added=st.integers(1, 3), cut=CUTS)
    def more(self, added: int, cut: int) -> None:
        def act(it: Subscription) -> None:
            price = quantity.price_of_more(it, added, product=self.product, now=self.now)
            who = {"product": self.product, "actor": it.administrator, "now": self.now}
            quantity.add_licences(it, added, shown=price.key, **who)

        if self.status() == ACTIVE:
            self.attempt(act, cut=cut)

    @rule(wanted=st.integers(1, 3), who=st.lists(PEOPLE, max_size=2), cut=CUTS)
    def fewer(self, wanted: int, who: list[str], cut: int) -> None:
        def act(it: Subscription) -> None:
            keys = Seat.select(Seat.key).join(Person).where(Seat.subscription == it, Person.email.in_(who))
            shown = {"renewal": it.term_end, "planned": it.next_quantity, "going": [one.key for one in keys]}
            by = {"product": self.product, "actor": it.administrator, "now": self.now}
            quantity.plan_fewer(it, wanted, **shown, **by)

        if self.status() == ACTIVE:
            self.attempt(act, cut=cut)

    @rule()
    def keep(self) -> None:
        def act(it: Subscription) -> None:
            shown = {"renewal": it.term_end, "planned": it.next_quantity}
            quantity.keep_quantity(it, actor=it.administrator, now=self.now, **shown)

        if self.status() == ACTIVE:
            self.attempt(act)

    def status(self) -> str:
        with self.portal.at(self.site):
            return str(self.stored().status)

    # ---- what time does

    @rule(hours=st.integers(1, 60))
    def hours_pass(self, hours: int) -> None:
        self.clock.forward(hours=hours)

    @rule(days=st.sampled_from([1, 7, 28, 31, 90, 200, 370]))
    def days_pass(self, days: int) -> None:
        self.clock.forward(days=days)

    @rule()
    def to_the_last_moment_of_the_term(self) -> None:
        with self.portal.at(self.site):
            found = self.stored()
            if found.term_end:
                at = cancellation.start_of_day(found.term_end, self.site.time_zone)
                self.clock.now = max(self.now, at - timedelta(microseconds=1))

    @rule(job=st.sampled_from(sorted(JOBS)), cut=CUTS)
    def a_job_runs_or_dies(self, job: str, cut: int) -> None:
        with self.portal.at(self.site):
            opened = database.obj
        with power_cut(cut, opened), suppress(PowerCut):
            JOBS[job](self.portal, self.site)

    @rule()
    def all_jobs_run(self) -> None:
        for job in ("lapse", "renew", "end", "issue"):
            JOBS[job](self.portal, self.site)
        with self.portal.at(self.site):
            found, today = self.stored(), begun_day(self.now, self.site.time_zone)
            assert found.status != PENDING or not has_lapsed(found, now=self.now)
            assert found.status != ACTIVE or not has_ended(found, now=self.now)
            if found.status == ACTIVE:
                assert found.term_start <= today < found.term_end
                assert today < found.billed_until <= found.term_end
            assert not Invoice.select().where(Invoice.state == DUE).exists()

    # ---- what must hold

    @invariant()
    def never_more_seats_than_licences(self) -> None:
        with self.portal.at(self.site):
            found = self.stored()
            held = Seat.select().where(Seat.subscription == found, Seat.counted == 1)
            assert held.count() == found.seats_taken <= found.quantity
            if found.next_quantity is not None and found.status == ACTIVE:
                staying = held.where(Seat.over_on > found.term_end.isoformat()).count()
                assert staying <= found.next_quantity
            assert found.status != ENDED or found.seats_taken == 0

    @invariant()
    def exactly_one_administrator_who_belongs_to_the_company(self) -> None:
        with self.portal.at(self.site):
            found = self.stored()
            here = (Membership.account == found.account_id) & (Membership.person == found.administrator_id)
            assert Membership.select().where(here).count() == 1
            assert found.backup_id != found.administrator_id

    @invariant()
    def one_invoice_for_each_period_and_none_for_another(self) -> None:
        with self.portal.at(self.site):
            found = self.stored()
            mine = Invoice.select().where(Invoice.subscription == found)
            whole = [one for one in mine.order_by(Invoice.id) if one.cause.startswith("period ")]
            if found.status in (PENDING, LAPSED):
                assert not mine.exists()
                return
            first, months = (
                found.activated_at.astimezone(self.site.time_zone).date(),
                MONTHS[found.billing_period],
            )
            starts = [one.period_start for one in whole]
            assert starts == [same_day(first, months * number) for number in range(len(whole))]
            assert all(before.period_end == after.period_start for before, after in pairwise(whole))
            assert whole[-1].period_end == found.billed_until <= found.term_end
            terms = (found.term_end.year - first.year) * 12 + found.term_end.month - first.month
            assert terms % MONTHS[found.commitment] == 0 and found.term_end == same_day(first, terms)
            assert all(one.net == one.quantity * one.unit_price for one in mine)
            if found.status == ENDED:
                assert found.billed_until == found.ends_on == found.term_end

    @invariant()
    def numbers_have_no_gap(self) -> None:
        with self.portal.at(self.site):
            series = defaultdict(list)
            for one in Invoice.select(Invoice.number).where(Invoice.number.is_null(False)):
                name, _dash, number = one.number.rpartition("-")
                series[name].append(int(number))
            assert all(sorted(found) == list(range(1, len(found) + 1)) for found in series.values())

    @invariant()
    def the_preview_tells_what_will_be(self) -> None:
        with self.portal.at(self.site):
            found = self.stored()
            preview = renewal_preview(found, now=self.now)
            assert (preview is None) == (found.status != ACTIVE or has_ended(found, now=self.now))
            if preview:
                assert preview.on == found.term_end and preview.ends == (found.ends_on is not None)
                assert preview.quantity >= preview.seats_staying and preview.in_words()


def live(portal: Portal, clock: TestClock, *, lives: int, steps: int) -> None:
    machine = type("ThisLife", (Life,), {"portal": portal, "clock": clock})
    run_state_machine_as_test(
        machine,
        settings=settings(
            max_examples=lives,
            stateful_step_count=steps,
            deadline=None,
            database=None,
            suppress_health_check=list(HealthCheck),
        ),
    )


def test_whatever_happens_in_whatever_order_the_books_are_right(portal: Portal, clock: TestClock) -> None:
    live(portal, clock, lives=8, steps=25)


@pytest.mark.soak
@pytest.mark.parametrize("engine", ["sqlite", "postgresql"], indirect=True)
def test_so_it_is_in_five_hundred_lives(portal: Portal, clock: TestClock, engine: Any) -> None:
    live(portal, clock, lives=500 if engine.name == "sqlite" else 100, steps=50)


def test_the_oracle_counts_days_as_people_do() -> None:
    assert same_day(date(2027, 1, 31), 1) == date(2027, 2, 28)
    assert same_day(date(2028, 2, 29), 12) == date(2029, 2, 28)
    assert datetime(2027, 1, 1, tzinfo=UTC) > NOON
