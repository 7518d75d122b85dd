"""Terms and billing periods begin once each, at the site's own midnight, with their invoice and on their day."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from tests.conftest import TestClock
from tests.domain.subscriptions.cancelling import active_subscription, plan, stored, undo
from webapp.assembly import Portal
from webapp.data.audit import AuditEvent
from webapp.data.billing import DUE, OPEN, WAITING, Invoice
from webapp.data.database import atomic
from webapp.data.outbox import OutboxMessage
from webapp.data.subscriptions import ACTIVE, Subscription
from webapp.domain import audit
from webapp.domain.calendar import start_of_day
from webapp.domain.invoices.invoices import AlreadyIssued
from webapp.domain.lifecycle import renewals
from webapp.domain.lifecycle.renewal_preview import renewal_preview
from webapp.domain.subscriptions.cancellation import ChangedMeanwhile, TermOver
from webapp.domain.subscriptions.purchase_orders import NEXT_TERM, PoNumberConflict, change_po_number
from webapp.jobs.issue import issue
from webapp.jobs.renew import CouldNotAdvance, renew
from webapp.sites import Site

RENEWAL = date(2027, 11, 22)
MIDNIGHT = datetime(2027, 11, 21, 23, tzinfo=UTC)  # of that day at fr
TICK = timedelta(microseconds=1)


@pytest.fixture
def bought(portal: Portal, bound_fr: Site, clock: TestClock) -> Subscription:
    return active_subscription(portal, now=clock.now)


def advance(now: datetime) -> tuple[int, int]:
    """To the end: terms and periods that began."""
    renewed = billed = 0
    while (done := renewals.advance(now=now)).last:
        renewed, billed = renewed + done.renewed, billed + done.billed
    return renewed, billed


def periods(subscription: Subscription) -> list[tuple[date, date]]:
    found = Invoice.select().where(Invoice.subscription == subscription).order_by(Invoice.id)
    return [(invoice.period_start, invoice.period_end) for invoice in found]


def events(action: str = audit.SUBSCRIPTION_RENEWED) -> list[AuditEvent]:
    return list(AuditEvent.select().where(AuditEvent.action == action).order_by(AuditEvent.id))


def mails(kind: str) -> list[OutboxMessage]:
    return list(OutboxMessage.select().where(OutboxMessage.kind == kind).order_by(OutboxMessage.id))


# ---- the first instant


@pytest.mark.parametrize(
    ("code", "midnight"),
    [
        ("fr", datetime(2027, 11, 21, 23, tzinfo=UTC)),
        ("us", datetime(2027, 11, 22, 6, tzinfo=UTC)),
        ("jp", datetime(2027, 11, 21, 15, tzinfo=UTC)),
    ],
)
def test_it_renews_at_the_first_instant_of_the_sites_own_day_and_once(
    portal: Portal, code: str, midnight: datetime, now: datetime
) -> None:
    with portal.at(portal.sites[code]):
        bought = active_subscription(portal, now=now)
        assert advance(midnight - TICK) == (0, 0)
        assert advance(midnight) == (1, 0)
        assert advance(midnight) == (0, 0)
        found = stored(bought)
        assert (found.term_start, found.term_end) == (RENEWAL, date(2028, 11, 22))
        assert (found.status, found.billed_until, found.renewal_key) == (ACTIVE, found.term_end, "2028-11-22")
        assert periods(bought)[1:] == [(RENEWAL, date(2028, 11, 22))]


def test_the_invoice_says_what_the_new_term_costs(bought: Subscription) -> None:
    advance(MIDNIGHT)
    invoice = Invoice.get(Invoice.period_start == RENEWAL)
    assert (invoice.state, invoice.number, invoice.cause) == (DUE, None, "period 2027-11-22")
    assert (invoice.quantity, invoice.unit_price, invoice.net) == (5, 48000, 240000)
    assert (invoice.account_id, invoice.recorded_at) == (bought.account_id, MIDNIGHT)


def test_the_activity_tells_of_the_new_term(bought: Subscription) -> None:
    advance(MIDNIGHT)
    (event,) = events()
    assert (event.actor_kind, event.subscription_id, event.at) == ("portal", bought.id, MIDNIGHT)
    assert event.account_id == bought.account_id
    assert json.loads(event.details) == {"term_start": "2027-11-22", "term_end": "2028-11-22"}


def test_what_is_interrupted_leaves_nothing_and_is_done_by_the_next(
    bought: Subscription, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*args: object, **facts: object) -> None:
        raise RuntimeError("power cut")

    before = list(Subscription.select().tuples())
    with monkeypatch.context() as broken:
        broken.setattr(audit, "record_many", fail)
        with pytest.raises(RuntimeError, match="power cut"):
            advance(MIDNIGHT)
    assert list(Subscription.select().tuples()) == before
    assert len(periods(bought)) == 1
    assert advance(MIDNIGHT) == (1, 0)


def test_an_invoice_that_is_there_already_is_not_recorded_again(bought: Subscription) -> None:
    """The index is the last line of defence."""
    advance(MIDNIGHT)
    back = {"term_start": date(2026, 11, 22), "term_end": RENEWAL, "billed_until": RENEWAL}
    Subscription.update(back).execute()
    assert advance(MIDNIGHT) == (1, 0)
    assert len(periods(bought)) == 2


# ---- which days


@pytest.mark.parametrize(
    ("activated", "term", "ends"),
    [
        (datetime(2027, 1, 31, 12, tzinfo=UTC), "monthly", ["2027-02-28", "2027-03-31", "2027-04-30"]),
        (datetime(2028, 1, 30, 12, tzinfo=UTC), "monthly", ["2028-02-29", "2028-03-30", "2028-04-30"]),
        (datetime(2028, 2, 29, 12, tzinfo=UTC), "annual", ["2029-02-28", "2030-02-28", "2031-02-28"]),
        (datetime(2027, 2, 28, 12, tzinfo=UTC), "annual", ["2028-02-28", "2029-02-28", "2030-02-28"]),
    ],
)
def test_terms_keep_the_day_they_began_on(
    portal: Portal, bound_fr: Site, activated: datetime, term: str, ends: list[str]
) -> None:
    bought = active_subscription(portal, now=activated, term=term)
    seen = [bought.term_end]
    for _again in ends[1:]:
        advance(start_of_day(seen[-1], bound_fr.time_zone))
        seen.append(stored(bought).term_end)
    assert [day.isoformat() for day in seen] == ends


def test_a_leap_day_comes_back_after_four_years(portal: Portal, bound_fr: Site) -> None:
    bought = active_subscription(portal, now=datetime(2028, 2, 29, 12, tzinfo=UTC))
    advance(datetime(2032, 2, 29, 12, tzinfo=UTC))
    assert (stored(bought).term_start, stored(bought).term_end) == (date(2032, 2, 29), date(2033, 2, 28))


def test_a_year_that_is_billed_by_the_month_has_twelve_invoices_and_renews_once(
    portal: Portal, bound_fr: Site
) -> None:
    bought = active_subscription(portal, now=datetime(2027, 1, 31, 12, tzinfo=UTC), billing_period="monthly")
    assert advance(datetime(2028, 1, 30, 22, 59, tzinfo=UTC)) == (0, 11)
    assert stored(bought).term_start == date(2027, 1, 31)
    starts = [start.isoformat() for start, _end in periods(bought)]
    assert starts[:4] == ["2027-01-31", "2027-02-28", "2027-03-31", "2027-04-30"]
    assert starts[-1] == "2027-12-31" and len(starts) == 12
    assert advance(datetime(2028, 1, 30, 23, tzinfo=UTC)) == (1, 0)
    assert periods(bought)[-1] == (date(2028, 1, 31), date(2028, 2, 29))
    assert [end for _start, end in periods(bought)[:-1]] == [start for start, _end in periods(bought)[1:]]


# ---- after days without a worker


def test_what_was_missed_is_caught_up_once_each_and_in_order(
    portal: Portal, site_fr: Site, clock: TestClock
) -> None:
    with portal.at(site_fr):
        monthly = active_subscription(portal, now=clock.now, term="monthly")
        annual = active_subscription(
            portal, now=clock.now, order_number="0314199998", billing_period="monthly"
        )
    clock.now = datetime(2028, 2, 1, tzinfo=UTC)
    assert renew(portal, site_fr) == {"renewed": 15, "billed": 13}
    assert renew(portal, site_fr) == {"renewed": 0, "billed": 0}
    with portal.at(site_fr):
        for each in (monthly, annual):
            found = periods(each)
            assert found == sorted(set(found)) and len(found) == 15
            assert stored(each).billed_until == date(2028, 2, 22)
        recorded = [one.period_start for one in Invoice.select().order_by(Invoice.id)]
    assert recorded == sorted(recorded)


def test_one_that_fails_keeps_no_other_waiting(
    portal: Portal, site_fr: Site, clock: TestClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    with portal.at(site_fr):
        made = [
            active_subscription(portal, now=clock.now, order_number=f"031419999{n}", term="monthly")
            for n in range(3)
        ]
    take, bad = renewals._next_step, made[1].id

    def fail(found: Any) -> Any:
        if found.id == bad:
            raise ValueError("no such month")
        return take(found)

    monkeypatch.setattr(renewals, "_next_step", fail)
    clock.forward(days=70)
    with pytest.raises(CouldNotAdvance, match="1 subscriptions"):
        renew(portal, site_fr)
    monkeypatch.setattr(renewals, "_next_step", take)
    with portal.at(site_fr):
        assert [len(periods(one)) for one in made] == [3, 1, 3]
    assert renew(portal, site_fr) == {"renewed": 2, "billed": 0}


# ---- with what was planned


def test_the_next_purchase_order_number_moves_in_and_is_found(bought: Subscription, now: datetime) -> None:
    olga = bought.administrator
    change_po_number(bought, "OLD-1", read_version=0, actor=olga, now=now)
    change_po_number(bought, "NEW-2", term=NEXT_TERM, read_version=1, actor=olga, now=now)
    advance(MIDNIGHT)
    found = stored(bought)
    assert (found.po_number, found.next_po_number) == ("NEW-2", None)
    assert "new-2" in found.search_key and "old-1" not in found.search_key
    assert "0314199999" in found.search_key
    assert Invoice.get(Invoice.period_start == RENEWAL).po_number == "NEW-2"
    assert json.loads(events()[0].details)["po_number"] == "NEW-2"
    with pytest.raises(PoNumberConflict):  # who still looks at the old term's numbers is told
        change_po_number(bought, "X", term=NEXT_TERM, read_version=2, actor=olga, now=MIDNIGHT)


def test_without_another_number_the_new_term_goes_on_with_the_old(
    bought: Subscription, now: datetime
) -> None:
    change_po_number(bought, "OLD-1", read_version=0, actor=bought.administrator, now=now)
    advance(MIDNIGHT)
    assert Invoice.get(Invoice.period_start == RENEWAL).po_number == "OLD-1"
    assert "old-1" in stored(bought).search_key


def test_what_is_undone_in_time_renews(bought: Subscription, now: datetime) -> None:
    plan(bought, now=now)
    undo(bought, now=MIDNIGHT - TICK)
    with pytest.raises(TermOver):  # whether or not the job has run
        plan(bought, now=MIDNIGHT)
    assert advance(MIDNIGHT) == (1, 0)
    with pytest.raises(ChangedMeanwhile):
        plan(bought, now=MIDNIGHT)


# ---- numbers, and who hears of it


def test_invoices_are_issued_in_order_and_once(portal: Portal, site_fr: Site, clock: TestClock) -> None:
    with portal.at(site_fr):
        bought = active_subscription(portal, now=clock.now, term="monthly")
    clock.forward(days=100)
    renew(portal, site_fr)
    assert issue(portal, site_fr) == {"issued": 3, "waiting": 0}
    assert issue(portal, site_fr) == {"issued": 0, "waiting": 0}
    with portal.at(site_fr):
        found = list(Invoice.select().order_by(Invoice.id))
        numbers = [invoice.number for invoice in found]
        assert {invoice.state for invoice in found} == {OPEN}
        assert numbers == ["FA-2026-000001", "FA-2027-000001", "FA-2027-000002", "FA-2027-000003"]
        assert mails("renewed") == []  # each month by itself: the invoice tells
        assert len(periods(bought)) == 4


def test_what_waits_for_a_decision_about_its_tax_is_told_of_once(portal: Portal, clock: TestClock) -> None:
    site = portal.sites["us"]
    with portal.at(site):
        active_subscription(portal, now=clock.now)
    clock.now = datetime(2027, 11, 23, tzinfo=UTC)
    renew(portal, site)
    assert issue(portal, site) == {"issued": 0, "waiting": 1}
    assert issue(portal, site) == {"issued": 0, "waiting": 0}
    with portal.at(site):
        assert Invoice.get(Invoice.period_start == RENEWAL).state == WAITING
        (mail,) = mails("renewed")
    assert mail.to_email == "olga@example.com"


def test_the_administrator_hears_of_a_new_year_and_only_of_the_running_one(
    portal: Portal, site_fr: Site, clock: TestClock
) -> None:
    with portal.at(site_fr):
        bought = active_subscription(portal, now=clock.now)
    issue(portal, site_fr)
    clock.now = datetime(2029, 1, 5, tzinfo=UTC)
    assert renew(portal, site_fr) == {"renewed": 2, "billed": 0}
    issue(portal, site_fr)
    issue(portal, site_fr)
    with portal.at(site_fr):
        (mail,) = mails("renewed")
        number = Invoice.get(Invoice.period_start == date(2028, 11, 22)).number
    for said in ("21 novembre 2029", "22 novembre 2029", bought.public_id, number):
        assert said in mail.text


def test_an_invoice_somebody_else_is_issuing_is_left_to_them(
    portal: Portal, site_fr: Site, clock: TestClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    with portal.at(site_fr):
        active_subscription(portal, now=clock.now)
    clock.now = MIDNIGHT
    renew(portal, site_fr)

    def taken(*args: object, **facts: object) -> None:
        raise AlreadyIssued

    monkeypatch.setattr("webapp.domain.invoices.due_invoices.issue", taken)
    assert issue(portal, site_fr) == {"issued": 0, "waiting": 0}


# ---- in one sentence


def test_the_preview_says_what_comes_if_nobody_does_anything(bought: Subscription, now: datetime) -> None:
    olga = bought.administrator
    change_po_number(bought, "4711", term=NEXT_TERM, read_version=0, actor=olga, now=now)
    preview = renewal_preview(stored(bought), now=now)
    assert preview
    assert (preview.on, preview.ends, preview.quantity, preview.net) == (RENEWAL, False, 5, 240000)
    assert (preview.po_number, preview.next_last_day) == ("4711", date(2028, 11, 21))
    said = " ".join(preview.in_words())
    assert said.startswith("If you do nothing, it renews on 22 November 2027 until 21 November 2028")
    assert "5 licenses" in said and "€2,400.00" in said and "4711" in said
    plan(bought, now=now)
    ending = renewal_preview(stored(bought), now=now)
    assert ending and ending.ends
    assert "ends on 21 November 2027" in ending.in_words()[0]


def test_renewing_and_changing_the_number_at_once_loses_neither(bought: Subscription, now: datetime) -> None:
    """Inside one transaction of somebody else nothing is renewed twice."""
    with atomic():
        assert renewals.advance_one(bought.id, now=MIDNIGHT).renewed == 1
        assert renewals.advance_one(bought.id, now=MIDNIGHT).renewed == 0
    change_po_number(bought, "9", read_version=1, actor=bought.administrator, now=MIDNIGHT)
    assert Invoice.get(Invoice.period_start == RENEWAL).po_number == "9"
