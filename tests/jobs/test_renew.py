"""Many workers, any repetition, the same result: one invoice for each period, one number for each invoice."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime, timedelta
from threading import Barrier
from typing import Any

import peewee as pw
import pytest

from bench.filling import fill_seats
from tests.conftest import TestClock
from tests.domain.subscriptions.cancelling import active_subscription
from tests.domain.test_calendar import day_changes
from webapp.assembly import Portal
from webapp.config import resource_folder
from webapp.data import records, statements
from webapp.data.audit import AuditEvent
from webapp.data.billing import DUE, Invoice
from webapp.data.database import atomic, database
from webapp.data.statements import engine_name, rows, run
from webapp.data.subscriptions import ENDED, Order, Seat, Subscription
from webapp.domain import audit
from webapp.domain.invoices import due_invoices
from webapp.domain.lifecycle import endings, renewals
from webapp.domain.lifecycle.renewals import START
from webapp.jobs import turn
from webapp.jobs.issue import issue
from webapp.jobs.registry import JOBS, run_due
from webapp.jobs.renew import end, renew
from webapp.sites import Site, load_sites

RENEWAL_DAY = datetime(2027, 11, 22, 12, tzinfo=UTC)
WORKERS = 4
SITE_CODES = [site.code for site in load_sites(resource_folder("tenants"), str)]


def copies(subscription: Subscription, number: int, **changes: Any) -> None:
    """At the bound site: so many more like it, apart from what must differ."""
    like = Subscription.get_by_id(subscription.id).__data__ | changes
    told = Order.get_by_id(subscription.order_id).__data__
    first_order = Order.select(pw.fn.max(Order.id)).scalar() + 1
    without_key = {name: value for name, value in like.items() if name != "id"}
    numbers = range(first_order, first_order + number)
    orders = [{**told, "order_number": f"C{one:09}"} for one in numbers]
    records.insert_many(Order, [{n: v for n, v in one.items() if n != "id"} for one in orders])
    keys = {one.order_number: one.id for one in Order.select(Order.id, Order.order_number)}
    made = [{**without_key, "order": keys[f"C{one:09}"], "public_id": f"SUB-FR-9{one:09}"} for one in numbers]
    records.insert_many(Subscription, made)


@pytest.fixture
def due(portal: Portal, site_fr: Site, clock: TestClock) -> Callable[..., None]:
    """So many subscriptions at fr whose term is over today."""

    def fill(number: int, **changes: Any) -> None:
        with portal.at(site_fr), atomic():
            copies(active_subscription(portal, now=clock.now), number - 1, **changes)
        clock.now = RENEWAL_DAY

    return fill


def at_once(work: Callable[[], Any], workers: int = WORKERS) -> list[Any]:
    together = Barrier(workers)

    def begin(_number: int) -> Any:
        together.wait(timeout=60)
        return work()

    with ThreadPoolExecutor(workers) as threads:
        return list(threads.map(begin, range(workers)))


def invoices_per_subscription() -> Counter[int]:
    """How many subscriptions have so many invoices for the new term."""
    found = rows(
        "SELECT count(i.id) AS number FROM subscription s LEFT JOIN invoice i"
        " ON i.subscription_id = s.id AND i.period_start = '2027-11-22' GROUP BY s.id"
    )
    return Counter(one.number for one in found)


@pytest.mark.row("renewals")
def test_workers_at_once_renew_each_subscription_once(
    portal: Portal, site_fr: Site, due: Callable[..., None], monkeypatch: pytest.MonkeyPatch
) -> None:
    number = 2000
    due(number)
    monkeypatch.setattr(renewals.advance, "__kwdefaults__", {"after": START, "size": 50})
    done = at_once(lambda: renew(portal, site_fr))
    assert sum(one["renewed"] for one in done) == number
    assert renew(portal, site_fr) == {"renewed": 0, "billed": 0}
    with portal.at(site_fr):
        assert invoices_per_subscription() == {1: number}
        assert AuditEvent.select().where(AuditEvent.action == audit.SUBSCRIPTION_RENEWED).count() == number


@pytest.mark.row("renewals", control=True)
def test_without_the_guard_the_race_is_lost(
    portal: Portal, site_fr: Site, due: Callable[..., None], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The control: read first, write later, whatever happened meanwhile, and without the index behind it."""
    due(40)
    both_have_read = Barrier(2)
    read = renewals.due

    def reading(**asked: Any) -> Any:
        found = read(**{**asked, "lock": ""})
        if found:
            both_have_read.wait(timeout=30)
        return found

    def writing(*, now: datetime, **asked: Any) -> Any:
        """As `advance`, but what was read may be old."""
        found = renewals.due(now=now)
        with atomic():
            return renewals._take(found, now=now)

    monkeypatch.setattr(renewals, "due", reading)
    guarded = renewals._STEP_SQL
    assert (
        "AND subscription.billed_until = step.was_billed AND subscription.term_end = step.was_end" in guarded
    )
    monkeypatch.setattr(
        renewals,
        "_STEP_SQL",
        guarded.replace(
            "AND subscription.billed_until = step.was_billed AND subscription.term_end = step.was_end", ""
        ),
    )
    with portal.at(site_fr):
        (index,) = [
            one.name for one in database.get_indexes("invoice") if one.columns == ["subscription_id", "cause"]
        ]
        database.execute_sql(f'DROP INDEX "{index}"')

    def work() -> int:
        with portal.at(site_fr):
            return len(writing(now=RENEWAL_DAY))

    assert at_once(work, workers=2) == [40, 40]
    with portal.at(site_fr):
        assert invoices_per_subscription() == {2: 40}


def test_with_the_guard_what_both_have_read_is_renewed_once(
    portal: Portal, site_fr: Site, due: Callable[..., None]
) -> None:
    due(40)
    both_have_read = Barrier(2)

    def work() -> int:
        with portal.at(site_fr):
            found = renewals.due(now=RENEWAL_DAY)
            both_have_read.wait(timeout=30)
            with atomic():
                return len(renewals._take(found, now=RENEWAL_DAY))

    assert sorted(at_once(work, workers=2)) == [0, 40]
    with portal.at(site_fr):
        assert invoices_per_subscription() == {1: 40}


# ---- every day, everywhere


def every_day_once(portal: Portal, site: Site, *, now: datetime, days: int) -> list[date]:
    """One subscription renews on each of these days; which of them did so at another second than the first."""
    first, zone = date(2027, 1, 1), site.time_zone
    starts = day_changes(zone, first, days)
    wanted = [first + timedelta(days=number) for number in range(days)]
    with portal.at(site), atomic():
        like = active_subscription(portal, now=now)
        copies(like, days - 1)
        for found, day in zip(
            Subscription.select(Subscription.id).order_by(Subscription.id), wanted, strict=True
        ):
            over = {"term_end": day, "billed_until": day, "anchor_day": day.day}
            Subscription.update(over).where(Subscription.id == found.id).execute()
    wrong = []
    for day in wanted:
        steps = [starts[day] + timedelta(seconds=second) for second in (-1, 0, 1)]
        with portal.at(site):
            renewed = [renewals.advance(now=at, after=("2000-01-01", 0)).renewed for at in steps]
        at_once_and_once = not renewed[0] and renewed[1] and not renewed[2]  # with whom renewed a year ago
        wrong += [] if at_once_and_once else [day]
    return wrong


@pytest.mark.parametrize("code", ["fr", "us"])
def test_each_renews_at_the_first_second_of_its_day(portal: Portal, code: str, now: datetime) -> None:
    assert every_day_once(portal, portal.sites[code], now=now, days=100) == []


@pytest.mark.soak
@pytest.mark.parametrize("code", SITE_CODES)
@pytest.mark.parametrize("engine", ["sqlite"], indirect=True)
def test_each_renews_at_the_first_second_of_any_day_at_any_site(
    portal: Portal, code: str, now: datetime
) -> None:
    assert every_day_once(portal, portal.sites[code], now=now, days=730) == []


# ---- numbers, ends


def test_numbers_have_no_gap_whoever_issues(portal: Portal, site_fr: Site, due: Callable[..., None]) -> None:
    number = 60
    due(number)
    renew(portal, site_fr)
    done = at_once(lambda: issue(portal, site_fr))
    assert sum(one["issued"] for one in done) == number
    with portal.at(site_fr):
        assert not Invoice.select().where(Invoice.state == DUE).exists()
        numbers = [one.number for one in Invoice.select().where(Invoice.number.startswith("FA-2027-"))]
        assert sorted(int(one[-6:]) for one in numbers) == list(range(1, number + 1))
        mails = rows("SELECT count(*) AS number FROM outbox_message WHERE kind = 'renewed'")
        assert mails[0].number == number


def test_workers_at_once_end_each_subscription_once(
    portal: Portal, site_fr: Site, due: Callable[..., None]
) -> None:
    due(40, ends_on="2027-11-22")
    done = at_once(lambda: end(portal, site_fr))
    assert sum(one["ended"] for one in done) == 39
    with portal.at(site_fr):
        assert Subscription.select().where(Subscription.status == ENDED).count() == 39
        assert AuditEvent.select().where(AuditEvent.action == audit.SUBSCRIPTION_ENDED).count() == 39
        mails = rows("SELECT count(*) AS number FROM outbox_message WHERE kind = 'ended'")
        assert mails[0].number == 39


@pytest.mark.parametrize(
    ("job", "changes", "counted"),
    [(renew, {}, "renewed"), (end, {"ends_on": "2027-11-22"}, "ended"), (issue, {}, "issued")],
)
@pytest.mark.parametrize("engine", ["sqlite"], indirect=True)
def test_a_job_stops_when_its_turn_is_over_and_goes_on_with_the_next(
    portal: Portal,
    site_fr: Site,
    due: Callable[..., None],
    monkeypatch: pytest.MonkeyPatch,
    job: Callable[..., Any],
    changes: dict[str, Any],
    counted: str,
) -> None:
    due(6, **changes)
    if job is issue:
        renew(portal, site_fr)
    monkeypatch.setattr(renewals.advance, "__kwdefaults__", {"after": START, "size": 2})
    told: list[int] = []
    taken = turn.Turn(ends=lambda: bool(told) and told[-1] >= 2, tell=told.append)
    with turn.taking(taken):
        assert job(portal, site_fr)[counted] == 2
    assert taken.cut and taken.done == 2
    assert job(portal, site_fr)[counted] == {"ended": 3}.get(counted, 4)  # the first one goes on


def test_another_site_is_left_alone(portal: Portal, site_fr: Site, site_de: Site, clock: TestClock) -> None:
    for site in (site_fr, site_de):
        with portal.at(site):
            active_subscription(portal, now=clock.now)
    clock.now = RENEWAL_DAY
    assert renew(portal, site_fr)["renewed"] == 1
    with portal.at(site_de):
        assert Subscription.get().term_end == date(2027, 11, 22)
        assert Invoice.select().count() == 1


def test_one_run_of_all_jobs_leads_from_the_renewal_to_the_mail(
    portal: Portal, site_fr: Site, due: Callable[..., None]
) -> None:
    due(2)
    names = list(JOBS)
    assert names.index("renew") < names.index("end") < names.index("issue") < names.index("outbox")
    results = {one.job: one for one in run_due(portal, sites=[site_fr])}
    assert dict(results["renew"].counts) == {"renewed": 2, "billed": 0}
    assert dict(results["issue"].counts) == {"issued": 2, "waiting": 0}
    assert results["outbox"].counts["sent"] >= 2


@pytest.mark.parametrize("job", ["renew", "end", "issue"])
def test_where_nothing_is_due_hardly_anything_is_read(
    portal: Portal, site_fr: Site, clock: TestClock, job: str
) -> None:
    """By index: however many there are, the database looks at none of them."""
    with portal.at(site_fr), atomic():
        copies(active_subscription(portal, now=clock.now), 3000)
        issued = {n: v for n, v in Invoice.get().__data__.items() if n != "id"}
        of_them = [
            {**issued, "subscription": one.id, "number": f"FA-{one.id}"} for one in Subscription.select()
        ]
        records.insert_many(Invoice, of_them, if_new=True)
    with portal.at(site_fr):
        if engine_name() == "postgresql":
            run("ANALYZE")
        plans = [_plan(sql) for sql in _reads(job)]
    assert "subscription_status_billed_until_id" in plans[0] or "invoice_state_id" in plans[0]
    assert (
        "SCAN s" not in plans[0]
        and "Seq Scan on subscription" not in plans[0]
        and "Seq Scan on invoice" not in plans[0]
    )


def _reads(job: str) -> list[tuple[str, dict[str, Any]]]:
    today = {"today": "2026-12-01", "after": "", "after_id": 0, "size": 500}
    beyond = "(s.billed_until, s.id) > (:after, :after_id)"
    return {
        "renew": [(renewals._DUE_SQL.format(which=beyond, lock="", kept=renewals.SEATS_KEPT_SQL), today)],
        "end": [(endings._DUE_SQL, today)],
        "issue": [(due_invoices._DUE_SQL, {"after": 0, "size": 200})],
    }[job]


def _plan(asked: tuple[str, dict[str, Any]]) -> str:
    sql, parameters = asked
    word = "EXPLAIN QUERY PLAN " if engine_name() == "sqlite" else "EXPLAIN "
    text, names = statements._prepared(word + sql, engine_name())
    found = database.execute_sql(text, [parameters[name] for name in names]).fetchall()
    return "\n".join(str(row) for row in found)


def test_all_users_lose_their_seat_in_one_go_and_are_told(
    portal: Portal, site_fr: Site, clock: TestClock
) -> None:
    with portal.at(site_fr):
        bought = active_subscription(portal, now=clock.now)
        fill_seats(bought.id, size=300, now=clock.now)
        Subscription.update(ends_on="2027-11-22").execute()
    clock.now = RENEWAL_DAY + timedelta(hours=1)
    assert end(portal, site_fr) == {"ended": 1}
    with portal.at(site_fr):
        assert not Seat.select().where(Seat.counted == 1).exists()
        assert Subscription.get().seats_taken == 0
        told = rows("SELECT count(*) AS number FROM outbox_message WHERE kind = 'access_ended'")
        assert told[0].number == 270  # one in ten was invited only
