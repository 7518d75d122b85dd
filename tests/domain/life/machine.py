"""Stories that Hypothesis invents: people, clocks, jobs and crashes in any order.

Each act is done with an event, or leaves no trace; it is done exactly when the book says that it may be. After
each step the portal's tables say what the book says.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date, datetime, timedelta
from typing import Any

import peewee as pw
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    rule,
    run_state_machine_as_test,
)

from tests.conftest import NOON, TestClock
from tests.domain.life.book import DAY, Book, first_instant, next_clock_change
from tests.support.cast import accept, place_order
from webapp.assembly import Portal
from webapp.data import records
from webapp.data.accounts import Person
from webapp.data.billing import CREDITED, DUE, UNISSUED, Invoice
from webapp.data.database import database
from webapp.data.outbox import OutboxMessage
from webapp.data.statements import rows
from webapp.data.subscriptions import (
    ACTIVE,
    ENDED,
    LAPSED,
    NEVER,
    PENDING,
    SHELF_ACTIVE,
    SHELF_CANCELLED,
    SHELF_GONE,
    SHELF_PENDING,
    WITHDRAWN,
    Seat,
    Subscription,
)
from webapp.domain import audit, cancellation, order_corrections, quantity, seats, transfer
from webapp.domain.invitations import Invitation, invite
from webapp.domain.permissions import managed_subscription
from webapp.domain.purchase_orders import NEXT_TERM, THIS_TERM, change_po_number
from webapp.domain.refusals import Refusal
from webapp.domain.renewal_preview import renewal_preview
from webapp.domain.seat_facts import Facts
from webapp.jobs.issue import issue
from webapp.jobs.lapse import lapse
from webapp.jobs.renew import end, renew

SITES = ("fr", "us", "jp")  # tax that is known, tax that waits, yen
PRODUCT = "fieldwire-business"
PRICE = "480"
JOBS: dict[str, Callable[..., Any]] = {"lapse": lapse, "renew": renew, "end": end, "issue": issue}
MONTHS = {"annual": 12, "monthly": 1}
# By days after noon, and hours: 31 January, 31 March, 29 February.
MONTH_ENDS = st.sampled_from([69, 69, 129, 464])
# Most acts come to their end: 0 is no power cut.
CUTS = st.one_of(st.just(0), st.just(0), st.integers(1, 10))
WAITS = st.sampled_from([None] * 16 + [-1, 0, 1, 90_000])  # seconds beyond the 90 days
DAYS = st.sampled_from([None, 1, 2, 29, 31, 200, 400])
PEOPLE = st.integers(0, 4).map("user{}@example.com".format)


class PowerCut(BaseException):
    """As a killed process: nobody who handles errors sees it."""


@contextmanager
def power_cut(at: int, bound: pw.Database | None) -> Iterator[None]:
    """The statement of that number is the last one; 0: there is none."""
    seen = 0
    assert bound is not None

    def count(event: Any) -> None:
        if event.sql.lstrip().startswith(("SELECT", "INSERT", "UPDATE", "DELETE", "WITH")):
            step()

    def step() -> None:
        nonlocal seen
        seen += 1
        if seen == at:
            raise PowerCut

    def insert_many(*rows_of: Any, **more: Any) -> Any:
        """Goes to the driver beside Peewee and its hooks."""
        step()
        return sound(*rows_of, **more)

    sound, records.insert_many = records.insert_many, insert_many
    bound.query_hooks.append(count)
    try:
        yield
    finally:
        bound.query_hooks.remove(count)
        records.insert_many = sound


class Life(RuleBasedStateMachine):
    portal: Portal
    clock: TestClock
    orders = 0

    @initialize(
        site=st.sampled_from(SITES),
        start=MONTH_ENDS | MONTH_ENDS | st.integers(0, 900),
        licences=st.integers(2, 5),
        billing=st.sampled_from([("monthly", None), ("annual", None), ("annual", "monthly")]),
        number=st.sampled_from(["", "PO 1"]),
        users=st.integers(0, 5),
        days=DAYS,
        waits=WAITS,
    )
    def order(
        self,
        site: str,
        start: int,
        licences: int,
        billing: tuple[str, str | None],
        number: str,
        users: int,
        days: int | None,
        waits: int | None,
    ) -> None:
        type(self).orders += 1
        self.site, self.clock.now = self.portal.sites[site], NOON + timedelta(days=start, hours=start % 24)
        term, period = billing
        told = {"term": term, "unit_price": PRICE, "quantity": licences, "purchase_order_number": number}
        told |= {"billing_period": period} if period else {}
        self.order_number = f"{self.orders:010}"
        with self.portal.at(self.site):
            made = place_order(self.portal, ordered_at=self.now, order_number=self.order_number, **told)
            self.id, self.product = made.id, self.portal.catalogue.by_key(PRODUCT)
            self.book = Book(
                self.site.time_zone,
                self.now.astimezone(self.site.time_zone).date(),
                licences,
                480 if made.currency == "JPY" else 48000,
                MONTHS[term],
                MONTHS[period or term],
                number,
                made.administrator.email,
            )
        # Most are activated at once, there is more to tell of them; others around the end of the 90 days.
        if waits is not None:
            self.clock.now = self.book.deadline + timedelta(seconds=waits)
        self.activate(cut=0)
        for user in range(users):
            self.invite(f"user{user}@example.com", days, cut=0)

    # ---- how something is done

    @property
    def now(self) -> datetime:
        return self.clock.now

    def stored(self) -> Subscription:
        return Subscription.get_by_id(self.id)

    def traces(self) -> tuple[Any, ...]:
        """All that a change could leave."""
        mine = {"id": self.id}
        return (
            rows("SELECT * FROM subscription WHERE id = :id", **mine),
            rows("SELECT * FROM seat WHERE subscription_id = :id ORDER BY id", **mine),
            rows("SELECT * FROM invoice WHERE subscription_id = :id ORDER BY id", **mine),
            rows("SELECT count(*) AS number FROM audit_event WHERE subscription_id = :id", **mine)[0][0],
            rows("SELECT count(*) AS number FROM outbox_message WHERE subscription_id = :id", **mine)[0][0],
        )

    def attempt(self, act: Callable[[Subscription], object], *, may: bool | None, cut: int = 0) -> bool:
        """Done, with an event, if it may be; or refused or interrupted, without a trace. `may` is not told
        where limits on how often something is tried have a say."""
        with self.portal.at(self.site):
            before = self.traces()
            try:
                with power_cut(cut, database.obj):
                    act(self.stored())
            except (Refusal, PowerCut) as problem:
                assert self.traces() == before, f"{problem!r} left something"
                assert not (may and isinstance(problem, Refusal)), f"refused: {problem!r}"
                return False
            after = self.traces()
            assert after[:3] == before[:3] or after[3] > before[3], "a change without an event"
            assert may is not False, "this had to be refused"
            return True

    # ---- what people do

    @rule(cut=CUTS)
    def activate(self, cut: int) -> None:
        may = self.book.may_activate(self.now)
        if self.attempt(lambda it: accept(it, now=self.now), may=may, cut=cut):
            self.book.activate(self.now)

    @rule(often=st.integers(0, 3), cut=CUTS)
    def withdraw(self, often: int, cut: int) -> None:
        """By its shop; seldom, there would be nothing more to tell."""

        def act(it: Subscription) -> None:
            order_corrections.withdraw_order(
                self.order_number, reason="not wanted", actor=audit.OPERATOR, now=self.now
            )

        may = self.book.may_activate(self.now) or self.book.status == WITHDRAWN
        if (not may or not often) and self.attempt(act, may=may, cut=cut):
            self.book.status = WITHDRAWN

    @rule(email=PEOPLE, days=DAYS, cut=CUTS)
    def invite(self, email: str, days: int | None, cut: int) -> None:
        last = self.book.today(self.now) + timedelta(days) if days else None

        def act(it: Subscription) -> None:
            known = Invitation(email, "", "", Facts(last))
            invite(it, [known], product=self.product, actor=it.administrator, now=self.now)

        new = self.book.runs(self.now) and email not in self.book.live(self.now)
        may = None if new and self.book.room_for(last, self.now) else False
        if self.attempt(act, may=may, cut=cut):
            self.book.seats[email] = last
            self.book.revoked.pop(email, None)

    def seat_of(self, it: Subscription, email: str) -> Seat:
        found = Seat.select().join(Person).where(Seat.subscription == it, Person.email == email).get_or_none()
        if found is None:
            raise seats.SeatGone
        return found

    @rule(email=PEOPLE, cut=CUTS)
    def revoke(self, email: str, cut: int) -> None:
        def act(it: Subscription) -> None:
            seats.revoke(self.seat_of(it, email), actor=it.administrator, now=self.now)

        may = self.book.runs(self.now) and email in self.book.live(self.now)
        if self.attempt(act, may=may, cut=cut):
            self.book.revoked[email] = self.book.seats.pop(email)

    @rule(email=PEOPLE, cut=CUTS)
    def restore(self, email: str, cut: int) -> None:
        def act(it: Subscription) -> None:
            who = {"product": self.product, "actor": it.administrator, "now": self.now}
            seats.restore(self.seat_of(it, email), **who)

        last = self.book.revoked.get(email)
        in_time = email in self.book.revoked and (last is None or last >= self.book.today(self.now))
        may = self.book.runs(self.now) and in_time and self.book.room_for(last, self.now)
        if self.attempt(act, may=may, cut=cut):
            self.book.seats[email] = self.book.revoked.pop(email)

    @rule(email=PEOPLE, keep=st.booleans(), cut=CUTS)
    def transfer(self, email: str, keep: bool, cut: int) -> None:
        def act(it: Subscription) -> None:
            own = managed_subscription(it.administrator_id, it.public_id, now=self.now)
            heir = transfer.new_person(name=email.partition("@")[0], email=email)
            old = it.administrator
            transfer.transfer_administration(own, to=heir, keep_seat=keep, actor=old, now=self.now)

        may = None if self.book.runs(self.now) and email != self.book.administrator else False
        if self.attempt(act, may=may, cut=cut):
            old, self.book.administrator = self.book.administrator, email
            if not keep and old in self.book.seats:
                self.book.revoked[old] = self.book.seats.pop(old)

    @rule(
        number=st.sampled_from(["", "4711", "BC 2027"]),
        term=st.sampled_from([THIS_TERM, NEXT_TERM]),
        cut=CUTS,
    )
    def purchase_order(self, number: str, term: str, cut: int) -> None:
        def act(it: Subscription) -> None:
            read = {"read_version": it.po_version, "actor": it.administrator, "now": self.now}
            change_po_number(it, number, term=term, **read)

        unissued = self.unissued()
        may = self.book.runs(self.now) and not (term == NEXT_TERM and self.book.cancelled)
        if not self.attempt(act, may=may, cut=cut):
            return
        if term == NEXT_TERM:
            self.book.next_po = number
        elif number != self.book.po_number:
            self.book.put_number(number, unissued)

    def unissued(self) -> set[str]:
        with self.portal.at(self.site):
            mine = "SELECT cause FROM invoice WHERE subscription_id = :id AND state IN ('due', 'waiting')"
            return {one.cause for one in rows(mine, id=self.id)}

    @rule(cut=CUTS)
    def cancel(self, cut: int) -> None:
        def act(it: Subscription) -> None:
            what = {"ends_on": it.term_end, "actor": it.administrator, "now": self.now}
            cancellation.plan_cancellation(it, reason="", **what)

        may = self.book.may_plan(self.now) and not self.book.cancelled
        if self.attempt(act, may=may, cut=cut):
            self.book.cancelled = True

    @rule(cut=CUTS)
    def undo(self, cut: int) -> None:
        def act(it: Subscription) -> None:
            what = {"ends_on": it.term_end, "actor": it.administrator, "now": self.now}
            cancellation.undo_cancellation(it, **what)

        may = self.book.may_plan(self.now) and self.book.cancelled
        if self.book.first > date.min and self.attempt(act, may=may, cut=cut):
            self.book.cancelled = False

    @rule(added=st.integers(1, 3), cut=CUTS)
    def more(self, added: int, cut: int) -> None:
        def act(it: Subscription) -> None:
            price = quantity.price_of_more(it, added, product=self.product, now=self.now)
            who = {"product": self.product, "actor": it.administrator, "now": self.now}
            quantity.add_licences(it, added, shown=price.key, **who)

        if self.book.status in (ACTIVE, ENDED):
            begun = self.book.has_begun(self.book.billed_until, self.now)
            if self.attempt(act, may=self.book.runs(self.now) and not begun, cut=cut):
                self.book.add(added, self.now)

    @rule(wanted=st.integers(1, 3), who=st.lists(PEOPLE, max_size=2), cut=CUTS)
    def fewer(self, wanted: int, who: list[str], cut: int) -> None:
        def act(it: Subscription) -> None:
            keys = Seat.select(Seat.key).join(Person).where(Seat.subscription == it, Person.email.in_(who))
            shown = {"renewal": it.term_end, "planned": it.next_quantity, "going": [one.key for one in keys]}
            by = {"product": self.product, "actor": it.administrator, "now": self.now}
            quantity.plan_fewer(it, wanted, **shown, **by)

        book = self.book
        stay = [one for one, last in book.live(self.now).items() if last is None or last >= book.term_end]
        going = frozenset(who).intersection(stay) if book.status == ACTIVE else frozenset()
        may = book.may_plan(self.now) and not book.cancelled and wanted < book.quantity
        if self.attempt(act, may=may and book.staying(without=going) <= wanted, cut=cut):
            book.plan(wanted, going)

    @rule(cut=CUTS)
    def keep(self, cut: int) -> None:
        def act(it: Subscription) -> None:
            shown = {"renewal": it.term_end, "planned": it.next_quantity}
            quantity.keep_quantity(it, actor=it.administrator, now=self.now, **shown)

        may = self.book.may_plan(self.now) and not self.book.cancelled and self.book.planned is not None
        if self.attempt(act, may=may, cut=cut):
            self.book.keep()

    # ---- what time does

    @rule(hours=st.integers(1, 60))
    def hours_pass(self, hours: int) -> None:
        self.clock.forward(hours=hours)

    @rule(days=st.sampled_from([1, 7, 17, 28, 31, 90, 200, 370]), more=st.booleans())
    def days_pass(self, days: int, more: bool) -> None:
        self.clock.forward(days=days)
        if more:
            self.more(1, cut=0)

    @rule(hours=st.integers(-1, 1))
    def the_clock_changes(self, hours: int) -> None:
        """To about the next hour that summer time begins or ends at."""
        change = next_clock_change(self.book.today(self.now), self.site.time_zone)
        if change:
            self.clock.now = max(self.now, change + timedelta(hours=hours))

    @rule(
        seconds=st.sampled_from([0, 0, 0, -1, 1, 90_000]),
        of_term=st.booleans(),
        act=st.sampled_from(["", "cancel", "undo", "keep", "activate"]),
    )
    def the_day_comes(self, seconds: int, of_term: bool, act: str) -> None:
        """On which a period, a term or all of it ends; around its first instant, or the day after. Somebody
        tries to do something in the last moment, or a moment too late."""
        self.wait(seconds, of_term)
        if act:
            getattr(self, act)(cut=0)

    def wait(self, seconds: int, of_term: bool) -> None:
        if self.book.status == PENDING:
            at = self.book.deadline
        elif self.book.status == ACTIVE:
            day = self.book.term_end if of_term else self.book.billed_until
            at = first_instant(day, self.site.time_zone)
        else:
            return
        self.clock.now = max(self.now, at + timedelta(seconds=seconds))

    @rule(cuts=st.lists(st.integers(0, 8), min_size=1, max_size=3))
    def time_goes_on(self, cuts: list[int]) -> None:
        """From one day on which something is due to the next, as if nobody did anything; some nights the power
        fails, and the jobs run again."""
        for cut in cuts:
            self.wait(0, of_term=False)
            for job in JOBS:
                self.run(job, cut)
            self.all_jobs_run()

    @rule(cut=st.sampled_from([0, 0, 0, 2, 4, 5, 6, 7]))
    def it_is_given_up(self, cut: int) -> None:
        """Cancelled, and never looked at again; the job that ends it comes first."""
        self.cancel(cut=cut)
        self.cancel(cut=0)
        self.wait(0, of_term=True)
        self.run("end", cut)
        self.all_jobs_run()

    @rule(
        number=st.sampled_from(["4711", "BC 2027"]),
        wanted=st.integers(1, 3),
        who=st.lists(PEOPLE, max_size=2),
    )
    def what_is_planned_comes_true(self, number: str, wanted: int, who: list[str]) -> None:
        self.purchase_order(number, NEXT_TERM, cut=0)
        self.fewer(wanted, who, cut=0)
        self.wait(0, of_term=True)
        self.all_jobs_run()

    @rule(job=st.sampled_from(sorted(JOBS)), cut=CUTS)
    def a_job_runs_or_dies(self, job: str, cut: int) -> None:
        self.run(job, cut)

    @rule()
    def all_jobs_run(self) -> None:
        for job in JOBS:
            self.run(job)
        with self.portal.at(self.site):
            assert not Invoice.select().where(Invoice.state == DUE).exists()
            self.renewals_were_told()

    def run(self, job: str, cut: int = 0) -> None:
        with self.portal.at(self.site):
            opened = database.obj
        try:
            with power_cut(cut, opened):
                JOBS[job](self.portal, self.site)
        except PowerCut:
            self.follow()
        else:
            self.follow(done=job)
        self.the_portal_says_what_the_book_says()

    def follow(self, *, done: str = "") -> None:
        """What the jobs did was due; and a job that came to its end left nothing that was."""
        book, now = self.book, self.now
        with self.portal.at(self.site):
            (found,) = rows("SELECT status, billed_until FROM subscription WHERE id = :id", id=self.id)
        if found.status == LAPSED and book.status == PENDING:
            assert now >= book.deadline, "lapsed too early"
            book.lapse()
        while book.status == ACTIVE and str(book.billed_until) < found.billed_until:
            assert book.step_is_due(now), "a period began too early"
            book.step()
        if found.status == ENDED and book.status == ACTIVE:
            assert book.end_is_due(now), "ended too early"
            book.end()
        if done == "lapse":
            assert book.status != PENDING or now < book.deadline
        if done == "renew":
            assert not book.step_is_due(now), "a period was forgotten"
        if done == "end" and book.end_is_due(now):
            assert book.step_is_due(now), "it was not ended"

    def renewals_were_told(self) -> None:
        """Once the invoice is there, the administrator hears of the term; of several that were missed, once."""
        mails = OutboxMessage.select().where(OutboxMessage.subscription == self.id)
        told, terms = mails.where(OutboxMessage.kind == "renewed").count(), self.book.terms - 1
        if self.book.commitment == 12 and terms > 0:
            assert 1 <= told <= terms
        else:
            assert told == 0
        assert mails.where(OutboxMessage.kind == "ended").exists() == (self.book.status == ENDED)

    # ---- what must hold

    @invariant()
    def the_portal_says_what_the_book_says(self) -> None:
        with self.portal.at(self.site):
            found = self.stored()
            self.compare_subscription(found)
            self.compare_seats(found)
            self.compare_administrator(found)
            self.compare_invoices()
            self.compare_events()
            self.compare_preview(found)

    def compare_subscription(self, found: Subscription) -> None:
        book = self.book
        assert (found.status, found.quantity, found.po_number) == (book.status, book.quantity, book.po_number)
        assert (found.next_quantity, found.next_po_number or "") == (book.planned, book.next_po)
        assert (found.shelf, found.renewal_key) == self.place()
        if book.status in (ACTIVE, ENDED):
            assert (found.term_start, found.term_end) == (book.term_start, book.term_end)
            assert found.billed_until == book.billed_until <= book.term_end
            assert found.ends_on == (book.term_end if book.cancelled else None)

    def place(self) -> tuple[str, str]:
        """On the list."""
        if self.book.status in (PENDING, LAPSED, WITHDRAWN):
            return (SHELF_PENDING if self.book.status == PENDING else SHELF_GONE), NEVER
        return (SHELF_CANCELLED, NEVER) if self.book.cancelled else (SHELF_ACTIVE, str(self.book.term_end))

    def compare_seats(self, found: Subscription) -> None:
        held = rows(
            "SELECT p.email, s.last_day, s.over_on, s.counted FROM seat s JOIN person p ON p.id = s.person_id"
            " WHERE s.subscription_id = :id AND s.counted = 1",
            id=self.id,
        )
        live = {one.email: one.last_day for one in held if seats.is_live(one, now=self.now)}
        assert live == {who: last and str(last) for who, last in self.book.live(self.now).items()}
        assert len(held) == found.seats_taken <= found.quantity
        assert found.status != ENDED or not held
        for one in held:
            over = str(date.fromisoformat(one.last_day) + DAY) if one.last_day else NEVER
            assert one.over_on == over
        assert self.book.planned is None or self.book.staying() <= self.book.planned

    def compare_administrator(self, found: Subscription) -> None:
        """Exactly one, who belongs to the company."""
        (theirs,) = rows(
            "SELECT p.email, (SELECT count(*) FROM membership m WHERE m.person_id = p.id AND m.account_id = :account)"
            " AS here FROM person p WHERE p.id = :id",
            id=found.administrator_id,
            account=found.account_id,
        )
        assert (theirs.email, theirs.here) == (self.book.administrator, 1)
        assert found.backup_id != found.administrator_id

    def compare_invoices(self) -> None:
        """One for each period, and none for another."""
        mine = rows(
            "SELECT cause, period_start, period_end, quantity, unit_price, po_number, net FROM invoice"
            " WHERE subscription_id = :id",
            id=self.id,
        )
        assert len(mine) == len(self.book.bills)
        told = {cause: (str(bill.start), str(bill.end), *bill[2:]) for cause, bill in self.book.bills.items()}
        assert {one.cause: tuple(one[1:6]) for one in mine} == told
        assert all(one.net == one.quantity * one.unit_price for one in mine)

    def compare_events(self) -> None:
        """Each that can be but once is written down once."""
        mine = rows("SELECT action FROM audit_event WHERE subscription_id = :id", id=self.id)
        counted = Counter(event.action for event in mine)
        assert counted[audit.SUBSCRIPTION_RENEWED] == max(self.book.terms - 1, 0)
        assert counted[audit.SUBSCRIPTION_ENDED] == (self.book.status == ENDED)
        assert counted[audit.SUBSCRIPTION_LAPSED] == (self.book.status == LAPSED)

    def compare_preview(self, found: Subscription) -> None:
        book, preview = self.book, renewal_preview(found, now=self.now)
        assert (preview is not None) == book.runs(self.now)
        if preview:
            assert (preview.on, preview.ends) == (book.term_end, book.cancelled)
            planned = book.quantity if book.planned is None else max(book.planned, book.staying())
            assert (preview.quantity, preview.net) == (planned, planned * book.price)
            assert preview.po_number == (book.next_po or book.po_number)
            assert preview.in_words()

    def numbers_have_no_gap(self) -> None:
        with self.portal.at(self.site):
            series = defaultdict(list)
            for one in rows("SELECT number FROM invoice WHERE number IS NOT NULL"):
                name, _dash, number = one.number.rpartition("-")
                series[name].append(int(number))
        assert all(sorted(found) == list(range(1, len(found) + 1)) for found in series.values())

    def teardown(self) -> None:
        """The next life has the jobs of this site to itself."""
        if hasattr(self, "book"):
            self.numbers_have_no_gap()
            with self.portal.at(self.site):
                Subscription.update(status=WITHDRAWN).where(Subscription.id == self.id).execute()
                mine = (Invoice.subscription == self.id) & Invoice.state.in_(UNISSUED)
                Invoice.update(state=CREDITED).where(mine).execute()


def live(portal: Portal, clock: TestClock, *, lives: int, steps: int, **more: Any) -> None:
    machine = type("ThisLife", (Life,), {"portal": portal, "clock": clock})
    run_state_machine_as_test(
        machine,
        settings=settings(
            max_examples=lives,
            stateful_step_count=steps,
            deadline=None,
            database=None,
            suppress_health_check=list(HealthCheck),
            **more,
        ),
    )


QUICK = {"phases": [Phase.generate], "derandomize": True, "print_blob": False, "report_multiple_bugs": False}
