"""Stories that Hypothesis invents: people, clocks, jobs and crashes in any order.

Each act is done with an event, or leaves no trace; it is done exactly when the book says that it may be. After
each step the portal's tables say what the book says.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable
from datetime import timedelta
from typing import Any

from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import initialize, rule, run_state_machine_as_test

from tests.conftest import NOON, TestClock
from tests.domain.lifecycle.life.book import Book, first_instant, next_clock_change
from tests.domain.lifecycle.life.deeds import CUTS, DAYS, PEOPLE, Deeds
from tests.domain.lifecycle.life.story import PowerCut, power_cut
from tests.support.cast import place_order
from webapp.assembly import Portal
from webapp.data.billing import CREDITED, DUE, UNISSUED, Invoice
from webapp.data.database import database
from webapp.data.outbox import OutboxMessage
from webapp.data.statements import rows
from webapp.data.subscriptions import ACTIVE, ENDED, LAPSED, PENDING, WITHDRAWN, Subscription
from webapp.domain.subscriptions.purchase_orders import NEXT_TERM
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
WAITS = st.sampled_from([None] * 16 + [-1, 0, 1, 90_000])  # seconds beyond the 90 days


class Life(Deeds):
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

    # ---- the end

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
