"""Reminders: each step once, the nearest after days without a worker, and one e-mail a person and local day."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.conftest import TestClock
from tests.domain.seats.seating import House
from tests.domain.subscriptions.cancelling import active_subscription, plan, undo
from tests.support.cast import keep_person, place_order
from webapp.assembly import Portal
from webapp.data.accounts import Person
from webapp.data.billing import InvoiceRecipient
from webapp.data.keys import email_key
from webapp.data.outbox import OutboxMessage
from webapp.data.reminders import Reminder, ReminderReader
from webapp.data.subscriptions import Subscription
from webapp.domain import outbox
from webapp.domain.calendar import local_date, start_of_day
from webapp.domain.reminders import reminder_choices, reminder_sweep, reminders
from webapp.domain.reminders.reminder_choices import CHOICES
from webapp.domain.reminders.reminder_windows import INVITATION, PO_NUMBER, RENEWAL, WINDOWS, _edges
from webapp.domain.subscriptions import calendar_feeds
from webapp.domain.subscriptions.purchase_orders import change_po_number
from webapp.domain.tokens import TokenInvalid
from webapp.mail.message import build_message
from webapp.sites import Site

RENEWAL_DAY = date(2027, 11, 22)  # of what is activated at the tests' noon
AROUND = (61, 60, 59, 31, 30, 29, 8, 7, 6, 2, 1, 0, -1)  # every step, and the days beside it


@dataclass
class Days:
    """Runs the job at the bound site's noon, day after day or with gaps."""

    zone: Any
    clock: TestClock

    def look(self, *, now: datetime | None = None, size: int = 500) -> list[str]:
        """Who was reminded."""
        now = now or self.clock.now
        today = reminders.today_at_the_site(now)
        while reminder_sweep.sweep(today=today, now=now, size=size) is not None:
            pass
        return [key for key in reminders.waiting(now=now) if reminders.remind(key, now=now)]

    def on(self, day: date) -> list[str]:
        self.clock.now = start_of_day(day, self.zone) + timedelta(hours=12)
        return self.look()


@pytest.fixture
def days(bound_fr: Site, clock: TestClock) -> Days:
    return Days(bound_fr.time_zone, clock)


def mails() -> list[OutboxMessage]:
    return list(OutboxMessage.select().where(OutboxMessage.kind == "reminders").order_by(OutboxMessage.id))


def told(days: Days, before: date, lefts: Iterable[int] = AROUND) -> list[int]:
    """Looks on each of these days before a date; on which of them there was an e-mail."""
    return [left for left in lefts if days.on(before - timedelta(days=left))]


def listed(subscription: Subscription, email: str, *, own: bool = False, confirmed: bool = True) -> None:
    InvoiceRecipient.create(
        account=subscription.account_id,
        subscription=subscription if own else None,
        scope=subscription.public_id if own else "",
        email=email,
        email_key=email_key(email),
        added_by=subscription.administrator_id,
        added_at=subscription.ordered_at,
        confirmed_at=subscription.ordered_at if confirmed else None,
    )


# ---- when


def test_before_the_90_days_end_there_are_three_reminders(portal: Portal, days: Days, now: datetime) -> None:
    place_order(portal, ordered_at=now)
    last_day = local_date(now, days.zone) + timedelta(days=90)
    assert told(days, last_day) == [30, 7, 1]
    assert [mail.token_purpose for mail in mails()] == [None] * 3, "they can’t be turned off"


def test_before_a_renewal_there_are_three_reminders(portal: Portal, days: Days, now: datetime) -> None:
    active_subscription(portal, now=now)
    assert told(days, RENEWAL_DAY) == [60, 30, 7]


def test_a_term_of_a_month_has_one_reminder(portal: Portal, days: Days, now: datetime) -> None:
    active_subscription(portal, now=now, term="monthly")
    assert told(days, Subscription.get().term_end, (29, 8, 7, 6, 1)) == [7]


def test_a_missing_po_number_is_told_a_week_before_each_invoice(
    portal: Portal, days: Days, now: datetime
) -> None:
    bought = active_subscription(portal, now=now, purchase_order_number="", billing_period="monthly")
    assert told(days, date(2026, 12, 22), (29, 8, 7, 6, 1)) == [7]
    assert f"{bought.public_id}/purchase-order" in mails()[0].html
    change_po_number(bought, "BC 7", read_version=0, actor=bought.administrator, now=now)
    Subscription.update(billed_until="2027-01-22").execute()
    assert told(days, date(2027, 1, 22), (29, 8, 7, 6, 1)) == []


def test_an_invitation_that_nobody_accepted_is_told_twice(
    portal: Portal, days: Days, clock: TestClock
) -> None:
    house = House(portal, clock)
    house.invite("max@example.com", "mia@example.com")
    invited = local_date(clock.now, days.zone)
    assert [after for after in (0, 6, 7, 8, 20, 21, 22, 60) if days.on(invited + timedelta(days=after))] == [
        7,
        21,
    ]
    assert mails()[0].html.count("@example.com") >= 2, "both of them in one"


def test_the_sites_date_decides(portal: Portal, days: Days, now: datetime) -> None:
    active_subscription(portal, now=now)
    midnight = start_of_day(RENEWAL_DAY - timedelta(days=60), days.zone)
    assert days.look(now=midnight - timedelta(microseconds=1)) == []
    assert days.look(now=midnight) != []


# ---- after days without a worker


def test_after_a_gap_the_nearest_step_is_told_once(portal: Portal, days: Days, now: datetime) -> None:
    active_subscription(portal, now=now)
    days.on(RENEWAL_DAY - timedelta(days=90))
    assert told(days, RENEWAL_DAY, (20, 19, 8, 7, 6, 1)) == [20, 7], (
        "30 days are told on the day that we are back"
    )
    assert "20" in mails()[0].subject


def test_of_several_missed_steps_there_is_one(portal: Portal, days: Days, now: datetime) -> None:
    active_subscription(portal, now=now)
    days.on(RENEWAL_DAY - timedelta(days=90))
    assert told(days, RENEWAL_DAY, (3, 2, 1, 0, -1)) == [3]
    assert Reminder.select().where(Reminder.kind == RENEWAL).count() == 1


def test_a_date_that_has_passed_is_told_to_nobody(portal: Portal, days: Days, now: datetime) -> None:
    active_subscription(portal, now=now, purchase_order_number="")
    days.on(RENEWAL_DAY - timedelta(days=90))
    assert days.on(RENEWAL_DAY) == []


def test_the_last_day_of_an_activation_is_still_told(portal: Portal, days: Days, now: datetime) -> None:
    place_order(portal, ordered_at=now)
    days.on(local_date(now, days.zone) + timedelta(days=20))
    assert days.on(local_date(now, days.zone) + timedelta(days=90)) != []
    assert days.on(local_date(now, days.zone) + timedelta(days=91)) == []


def test_every_window_joins_the_next(bound_fr: Site) -> None:
    """Each number of days belongs to one step: what a gap passes over is found once."""
    for one, following in pairwise(WINDOWS):
        if one.kind == following.kind:
            assert one.after == following.until


FIRST = date(2026, 11, 22)


@given(
    renewal=st.integers(1, 140),
    looks=st.sets(st.integers(1, 150), max_size=40).map(sorted),
)
def test_whatever_the_gaps_each_look_finds_the_nearest_missed_step_and_nothing_twice(
    renewal: int, looks: list[int]
) -> None:
    """Against the rule as it is said: a step is due on its day, and after a gap only the nearest one counts."""
    before = 0
    for today in looks:
        left = renewal - today
        missed = [step for step in (60, 30, 7) if before < renewal - step <= today]
        nearest = min((step for step in (60, 30, 7) if step >= left), default=0)
        expected = [nearest] if left > 0 and nearest in missed else []
        assert steps_found(renewal, today=today, done_through=before) == expected
        before = today


def steps_found(renewal: int, *, today: int, done_through: int) -> list[int]:
    day, done = FIRST + timedelta(days=today), FIRST + timedelta(days=done_through)
    on = (FIRST + timedelta(days=renewal)).isoformat()
    edges = {one.step: _edges(one, day, done) for one in WINDOWS if one.kind == RENEWAL}
    return [step for step, (after, until) in edges.items() if after < on <= until]


# ---- what does not hold any more


def test_what_is_cancelled_is_reminded_of_its_end_once_and_never_of_a_renewal(
    portal: Portal, days: Days, now: datetime
) -> None:
    bought = active_subscription(portal, now=now)
    plan(bought, now=now)
    assert told(days, RENEWAL_DAY) == [7]
    (mail,) = mails()
    assert "Dernier jour" in mail.text


def test_a_plan_that_comes_after_the_look_is_respected(portal: Portal, days: Days, now: datetime) -> None:
    bought = active_subscription(portal, now=now)
    sixty = start_of_day(RENEWAL_DAY - timedelta(days=60), days.zone)
    while reminder_sweep.sweep(today=RENEWAL_DAY - timedelta(days=60), now=sixty) is not None:
        pass
    plan(bought, now=sixty)
    assert [reminders.remind(key, now=sixty) for key in reminders.waiting(now=sixty)] == [False]
    undo(bought, now=sixty)
    assert days.on(RENEWAL_DAY - timedelta(days=30)) != []


@pytest.mark.parametrize("state", ["lapsed", "withdrawn", "ended"])
def test_what_is_over_is_told_to_nobody(portal: Portal, days: Days, now: datetime, state: str) -> None:
    active_subscription(portal, now=now, purchase_order_number="")
    Subscription.update(status=state).execute()
    assert told(days, RENEWAL_DAY) == []


def test_who_hands_over_is_reminded_no_more(portal: Portal, days: Days, now: datetime) -> None:
    bought = active_subscription(portal, now=now)
    heir = keep_person("bob@example.com", name="Bob", now=now)
    sixty = start_of_day(RENEWAL_DAY - timedelta(days=60), days.zone)
    while reminder_sweep.sweep(today=RENEWAL_DAY - timedelta(days=60), now=sixty) is not None:
        pass
    Subscription.update(administrator=heir).where(Subscription.id == bought.id).execute()
    assert days.look(now=sixty) == []


# ---- to whom, and how often


def test_addresses_for_invoices_hear_of_renewals_and_po_numbers(
    portal: Portal, days: Days, now: datetime
) -> None:
    bought = active_subscription(portal, now=now, purchase_order_number="")
    keep_person("erin@example.com", name="Erin", now=now)
    listed(bought, "erin@example.com")
    listed(bought, "bills@example.com", own=True)
    listed(bought, "never-confirmed@example.com", confirmed=False)
    days.on(RENEWAL_DAY - timedelta(days=7))
    by_address = {mail.to_email: mail for mail in mails()}
    assert by_address.keys() == {bought.administrator.email, "erin@example.com", "bills@example.com"}
    assert bought.public_id in by_address["bills@example.com"].text
    assert "/purchase-order" not in by_address["bills@example.com"].text, "it can’t open the page"
    assert by_address["bills@example.com"].recipient is not None
    assert by_address["erin@example.com"].person is not None


def test_there_is_one_email_a_day_for_all_subscriptions(portal: Portal, days: Days, now: datetime) -> None:
    for number in range(7):
        active_subscription(portal, now=now, order_number=f"06{number:08}", purchase_order_number="")
    pending_at = start_of_day(RENEWAL_DAY - timedelta(days=90), days.zone)
    place_order(portal, ordered_at=pending_at, order_number="0700000077")
    assert len(days.on(RENEWAL_DAY - timedelta(days=7))) == 1
    (mail,) = mails()
    assert mail.text.count("(SUB-FR-") == 2 * 5 + 1, "of each kind five are named, and the others counted"
    assert mail.text.count("Et 2\u00a0autres dans le portail") == 2
    assert days.look() == []


def test_what_waits_on_a_day_that_is_taken_comes_with_the_next(
    portal: Portal, days: Days, now: datetime
) -> None:
    bought = active_subscription(portal, now=now)
    key = reminder_sweep.person_key(bought.administrator_id)
    today = RENEWAL_DAY - timedelta(days=60)
    ReminderReader.create(key=key, person=bought.administrator_id, mailed_on=today.isoformat())
    assert days.on(today) == []
    assert days.on(today + timedelta(days=1)) == [key]
    assert "59" in mails()[0].subject


@pytest.mark.parametrize(
    ("language", "words"), [("fr_CH", "Dernier jour pour activer"), ("de_CH", "Letzter Tag zum Aktivieren")]
)
def test_mail_and_calendar_speak_the_language_of_their_reader(
    portal: Portal, clock: TestClock, language: str, words: str
) -> None:
    with portal.at(portal.sites["ch"]):
        ordered = place_order(portal, ordered_at=clock.now)
        Person.update(language=language).execute()
        Days(portal.sites["ch"].time_zone, clock).look(now=clock.forward(days=60))
        assert [mail.language for mail in mails()] == [language]
        token = calendar_feeds.open_feed(ordered.administrator_id, now=clock.now)
        assert words in calendar_feeds.read_feed(token, now=clock.now).content.decode()


# ---- what is not wanted


def test_a_kind_that_was_turned_off_is_not_mailed(portal: Portal, days: Days, now: datetime) -> None:
    bought = active_subscription(portal, now=now, purchase_order_number="")
    reminder_choices.choose(bought.administrator_id, {PO_NUMBER, INVITATION}, now=now)
    assert reminder_choices.turned_off_by(bought.administrator_id) == {RENEWAL}
    assert told(days, RENEWAL_DAY) == [7]
    assert "Numéro de bon de commande manquant" in mails()[0].text
    assert "Renouvellement" not in mails()[0].text


def test_the_deadline_of_an_activation_can_not_be_turned_off(
    portal: Portal, days: Days, now: datetime
) -> None:
    ordered = place_order(portal, ordered_at=now)
    reminder_choices.choose(ordered.administrator_id, (), now=now)
    assert reminder_choices.turned_off_by(ordered.administrator_id) == set(CHOICES)
    assert days.on(local_date(now, days.zone) + timedelta(days=60)) != []


def test_the_delivered_mail_holds_a_link_that_chooses(
    portal: Portal, days: Days, bound_fr: Site, now: datetime
) -> None:
    bought = active_subscription(portal, now=now)
    OutboxMessage.delete().execute()
    days.on(RENEWAL_DAY - timedelta(days=60))
    later = days.clock.now
    message = outbox.claim_next(due_by=later, now=later)
    assert message
    secret = outbox.secret_for(message, now=later)
    sent = build_message(message, site=bound_fr, mail_from="portal@example.com", secret=secret)
    address = str(sent["List-Unsubscribe"]).strip("<>")
    assert address in str(sent.get_body(("plain",)).get_content())  # type: ignore[union-attr]
    token = address.removeprefix(f"{bound_fr.origin}/reminders/")
    for wanted in ({RENEWAL}, set(), {RENEWAL, INVITATION}):
        reminder_choices.choose_by_link(token, wanted, now=later + timedelta(days=100))
        assert reminder_choices.of_link(token, now=later).turned_off == set(CHOICES) - wanted
    assert reminder_choices.of_link(token, now=later).person_id == bought.administrator_id
    with pytest.raises(TokenInvalid):
        reminder_choices.of_link(token, now=later + timedelta(days=181))


# ---- the cost of nothing to do


def test_with_nothing_to_do_two_questions_are_asked(
    portal: Portal, days: Days, now: datetime, count_queries: Callable[[], list[str]]
) -> None:
    """However many subscriptions there are: neither asks for any."""
    active_subscription(portal, now=now)
    days.on(RENEWAL_DAY - timedelta(days=60))
    asked = count_queries()
    assert days.look() == []
    assert len(asked) == 2
    assert not any('"subscription"' in sql or "FROM subscription" in sql for sql in asked)


def test_what_is_over_is_forgotten(portal: Portal, days: Days, now: datetime) -> None:
    active_subscription(portal, now=now)
    days.on(RENEWAL_DAY - timedelta(days=60))
    assert reminders.forget_old(now=datetime(2027, 12, 1, tzinfo=UTC)) == 0
    assert reminders.forget_old(now=datetime(2028, 3, 1, tzinfo=UTC)) == 1
