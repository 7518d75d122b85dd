"""Cancel at renewal is a plan: everything stays usable, and it can be undone until the term’s last moment."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from tests.domain.subscriptions.cancelling import (
    KINDS,
    RENEWAL,
    active_subscription,
    bought,
    events,
    mails,
    plan,
    stored,
    undo,
)
from tests.support.cast import keep_person
from webapp.assembly import Portal
from webapp.data.audit import AuditEvent
from webapp.data.outbox import OutboxMessage
from webapp.data.subscriptions import (
    ACTIVE,
    ENDED,
    NEVER,
    PENDING,
    SHELF_ACTIVE,
    SHELF_CANCELLED,
    Subscription,
)
from webapp.domain import audit, outbox
from webapp.domain.permissions import managed_subscription
from webapp.domain.refusals import NotThere, Refusal
from webapp.domain.subscriptions import cancellation, subscription_list
from webapp.domain.subscriptions.cancellation import (
    AlreadyCancelled,
    ChangedMeanwhile,
    NothingToUndo,
    ReasonNotText,
    ReasonTooLong,
    TermOver,
    normal_reason,
    plan_cancellation,
    undo_cancellation,
)
from webapp.domain.subscriptions.purchase_orders import change_po_number
from webapp.domain.subscriptions.subscriptions import activity, managed, standing
from webapp.sites import Site

__all__ = ["bought"]


def traces() -> tuple[Any, ...]:
    return (list(Subscription.select().tuples()), AuditEvent.select().count(), OutboxMessage.select().count())


def refused(problem: type[Refusal], attempt: Callable[[], None]) -> Refusal:
    """And nothing of it is left."""
    before = traces()
    with pytest.raises(problem) as caught:
        attempt()
    assert traces() == before
    return caught.value


# ---- what a plan leaves


def test_a_cancelled_subscription_stays_active_and_does_not_renew(
    bought: Subscription, now: datetime
) -> None:
    plan(bought, now=now)
    found = stored(bought)
    assert (found.status, found.ends_on, found.term_end) == (ACTIVE, RENEWAL, RENEWAL)
    assert (found.shelf, found.renewal_key) == (SHELF_CANCELLED, NEVER)
    shown = standing(managed(found.administrator_id, found.public_id, now=now), now=now)
    assert (shown.state, shown.renews_on, shown.last_day) == ("cancelling", None, date(2027, 11, 21))
    counts = subscription_list.counts(found.administrator_id, now=now)
    assert (counts.active, counts.cancelled, counts.next_renewal) == (0, 1, None)
    assert managed_subscription(found.administrator_id, found.public_id, now=now)


def test_undone_it_is_as_if_nothing_had_been_planned(bought: Subscription, now: datetime) -> None:
    before = list(Subscription.select().tuples())
    plan(bought, now=now)
    undo(bought, now=now + timedelta(days=30))
    assert list(Subscription.select().tuples()) == before
    found = stored(bought)
    assert (found.ends_on, found.shelf, found.renewal_key) == (None, SHELF_ACTIVE, "2027-11-22")
    plan(bought, now=now + timedelta(days=31))
    assert stored(bought).ends_on == RENEWAL


def test_both_are_told_in_the_activity_with_date_and_reason(bought: Subscription, now: datetime) -> None:
    plan(bought, now=now, reason=" Chantier terminé\r\nen mai ")
    undo(bought, now=now + timedelta(hours=1))
    planned, undone = events()
    assert (planned.action, undone.action) == (audit.CANCELLATION_PLANNED, audit.CANCELLATION_UNDONE)
    assert (planned.actor_name, planned.at) == ("Olga Muster", now)
    assert json.loads(planned.details) == {"ends_on": "2027-11-22", "reason": "Chantier terminé\nen mai"}
    assert json.loads(undone.details) == {"ends_on": "2027-11-22"}
    assert [event.action for event in activity(bought.id)[:2]] == [undone.action, planned.action]


def test_both_are_confirmed_by_mail_with_dates_and_consequences(bought: Subscription, now: datetime) -> None:
    plan(bought, now=now, reason="Chantier terminé")
    undo(bought, now=now)
    planned, undone = mails()
    assert [mail.kind for mail in (planned, undone)] == list(KINDS)
    assert {mail.to_email for mail in (planned, undone)} == {"olga@example.com"}
    assert {mail.subscription_id for mail in (planned, undone)} == {bought.id}
    for mail, dates in ((planned, ("21 novembre 2027", "22 novembre 2027")), (undone, ("22 novembre 2027",))):
        said = [mail.subject + mail.text, mail.subject + mail.html]
        assert [day for day in (*dates, bought.public_id) for part in said if day not in part] == []
        assert f"{bought.public_id}\n" in mail.text
    assert "Chantier terminé" in planned.text
    assert "Chantier terminé" not in undone.text


@pytest.mark.parametrize("change", [plan, undo])
def test_without_its_mail_nothing_is_changed(
    bought: Subscription, now: datetime, monkeypatch: pytest.MonkeyPatch, change: Callable[..., None]
) -> None:
    if change is undo:
        plan(bought, now=now)
    before = traces()

    def fail(*args: object, **context: object) -> None:
        raise RuntimeError("no mail")

    monkeypatch.setattr(outbox, "enqueue", fail)
    with pytest.raises(RuntimeError, match="no mail"):
        change(bought, now=now)
    assert traces() == before


def test_without_its_audit_event_nothing_is_changed(
    bought: Subscription, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = traces()

    def fail(*args: object, **details: object) -> None:
        raise RuntimeError("no audit")

    monkeypatch.setattr(audit, "record", fail)
    with pytest.raises(RuntimeError, match="no audit"):
        plan(bought, now=now)
    assert traces() == before


# ---- what is refused


def test_what_is_cancelled_is_not_cancelled_again(bought: Subscription, now: datetime) -> None:
    plan(bought, now=now)
    refused(AlreadyCancelled, lambda: plan(bought, now=now))


def test_where_nothing_is_planned_there_is_nothing_to_undo(bought: Subscription, now: datetime) -> None:
    refused(NothingToUndo, lambda: undo(bought, now=now))


@pytest.mark.parametrize("shown", [date(2026, 11, 22), date(2028, 11, 22), date.min, date.max])
def test_who_decided_on_another_date_decides_again(bought: Subscription, now: datetime, shown: date) -> None:
    refused(ChangedMeanwhile, lambda: plan(bought, now=now, ends_on=shown))
    plan(bought, now=now)
    refused(ChangedMeanwhile, lambda: undo(bought, now=now, ends_on=shown))


def test_only_the_administrator_may(bought: Subscription, now: datetime) -> None:
    other = keep_person("charlie@example.com", name="Charlie", now=now)
    for attempt in (
        lambda: plan_cancellation(bought, ends_on=RENEWAL, reason="", actor=other, now=now),
        lambda: undo_cancellation(bought, ends_on=RENEWAL, actor=other, now=now),
    ):
        refused(NotThere, attempt)


def test_who_handed_it_over_at_this_moment_may_not_any_more(
    bought: Subscription, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The right is read, then lost: the UPDATE asks for it again."""
    other = keep_person("charlie@example.com", name="Charlie", now=now)
    _meanwhile(monkeypatch, Subscription.update(administrator=other))
    olga = bought.administrator
    with pytest.raises(NotThere):
        plan_cancellation(bought, ends_on=RENEWAL, reason="", actor=olga, now=now)
    assert (stored(bought).ends_on, events(), mails()) == (None, [], [])


@pytest.mark.parametrize(
    ("changes", "refusal"),
    [
        ({"ends_on": RENEWAL}, AlreadyCancelled),
        ({"term_end": date(2028, 11, 22)}, ChangedMeanwhile),
        ({"status": ENDED}, NotThere),
    ],
)
def test_what_somebody_faster_did_is_said(
    bought: Subscription,
    now: datetime,
    monkeypatch: pytest.MonkeyPatch,
    changes: dict[str, Any],
    refusal: type[Refusal],
) -> None:
    _meanwhile(monkeypatch, Subscription.update(**changes))
    with pytest.raises(refusal):
        plan(bought, now=now)
    assert (events(), mails()) == ([], [])


def _meanwhile(monkeypatch: pytest.MonkeyPatch, change: Any) -> None:
    """Between reading and writing, as another connection may."""
    read = cancellation._current

    def reading(*args: Any, **facts: Any) -> Subscription:
        found = read(*args, **facts)
        change.execute()
        monkeypatch.setattr(cancellation, "_current", read)
        return found

    monkeypatch.setattr(cancellation, "_current", reading)


@pytest.mark.parametrize("status", [PENDING, ENDED])
def test_what_is_not_active_is_not_cancelled(bought: Subscription, now: datetime, status: str) -> None:
    Subscription.update(status=status).execute()
    refused(NotThere, lambda: plan(bought, now=now))


# ---- the last moment


ZONES = {
    "fr": datetime(2027, 11, 21, 23, 0, tzinfo=UTC),
    "us": datetime(2027, 11, 22, 6, 0, tzinfo=UTC),
    "jp": datetime(2027, 11, 21, 15, 0, tzinfo=UTC),
    "ae": datetime(2027, 11, 21, 20, 0, tzinfo=UTC),
}
TICK = timedelta(microseconds=1)


@pytest.mark.parametrize("code", ZONES)
def test_the_last_moment_is_the_last_one_of_the_sites_own_day(
    portal: Portal, code: str, now: datetime
) -> None:
    over = ZONES[code]
    with portal.at(portal.sites[code]):
        bought = active_subscription(portal, now=now)
        assert bought.term_end == RENEWAL
        plan(bought, now=over - TICK)
        undo(bought, now=over - TICK)
        refusal = refused(TermOver, lambda: plan(bought, now=over))
        assert "2027" in str(refusal)
        plan(bought, now=over - TICK)
        for late in (over, over + timedelta(days=40)):
            refused(TermOver, lambda late=late: undo(bought, now=late))  # type: ignore[misc]


def test_a_monthly_term_ends_with_its_month(portal: Portal, bound_fr: Site, now: datetime) -> None:
    bought = active_subscription(portal, now=now, term="monthly")
    plan(bought, now=datetime(2026, 12, 21, 22, 59, 59, tzinfo=UTC), ends_on=date(2026, 12, 22))
    refused(
        TermOver,
        lambda: undo(bought, now=datetime(2026, 12, 21, 23, tzinfo=UTC), ends_on=date(2026, 12, 22)),
    )


# ---- together with other changes


def test_the_purchase_order_number_is_changed_before_between_and_after(
    bought: Subscription, now: datetime
) -> None:
    stale, olga = stored(bought), bought.administrator
    change_po_number(stale, "4500071236", read_version=0, actor=olga, now=now)
    plan(stale, now=now)
    change_po_number(stale, "4500071237", read_version=1, actor=olga, now=now)
    found = stored(bought)
    assert (found.po_number, found.ends_on, found.shelf) == ("4500071237", RENEWAL, SHELF_CANCELLED)
    undo(stale, now=now)
    change_po_number(stale, "4500071238", read_version=2, actor=olga, now=now)
    found = stored(bought)
    assert (found.po_number, found.po_version, found.ends_on) == ("4500071238", 3, None)


# ---- the reason


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        ("", ""),
        ("  \r\n ", ""),
        (" site\tclosed\r\nin May ", "site\tclosed\nin May"),
        ("e\u0301te\u0301", "été"),
        ("x" * 500, "x" * 500),
    ],
)
def test_a_reason_is_kept_without_its_outer_space(typed: str, kept: str) -> None:
    assert normal_reason(typed) == kept


@pytest.mark.parametrize("typed", ["a\0b", "a\x1bb", "a\rb", "a\u2028b", "a\ud800b"])
def test_a_reason_that_cannot_be_printed_is_refused(typed: str) -> None:
    with pytest.raises(ReasonNotText):
        normal_reason(typed)


def test_a_reason_that_is_too_long_is_refused_with_how_much_and_before_anything_is_done(
    bought: Subscription, now: datetime
) -> None:
    refusal = refused(ReasonTooLong, lambda: plan(bought, now=now, reason="é" * 503))
    assert str(refusal) == "The reason may have 500 characters: remove 3."
