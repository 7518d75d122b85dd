"""From pending to active: within the 90 days, once, with everything that belongs to it."""

from __future__ import annotations

import json
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime, timedelta
from hashlib import sha256
from threading import Barrier
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from peewee import IntegrityError

from tests.conftest import TestClock
from tests.domain.planted import without
from tests.support.cast import accept, place_order
from webapp.assembly import Portal
from webapp.data.accounts import Person
from webapp.data.agreements import Acceptance, AcceptedText
from webapp.data.audit import AuditEvent
from webapp.data.billing import Invoice
from webapp.data.database import current_site
from webapp.data.outbox import OutboxMessage
from webapp.data.subscriptions import ACTIVE, LAPSED, PENDING, SHELF_ACTIVE, Subscription
from webapp.domain import audit
from webapp.domain.calendar import start_of_day
from webapp.domain.lifecycle import activation
from webapp.domain.lifecycle.activation import (
    ActivationWindowClosed,
    AgreementChanged,
    AlreadyActive,
    OrderWithdrawn,
    has_lapsed,
    refuse_unless_pending,
    send_activation_mail_again,
    send_password_link_for_order,
)
from webapp.domain.limits import TooOften
from webapp.domain.orders import order_corrections
from webapp.domain.refusals import Refusal
from webapp.sites import AgreementText, Site

NUMBER = "0314100037"
REFUSALS = (ActivationWindowClosed(datetime(2026, 1, 1, tzinfo=UTC)), AlreadyActive(), OrderWithdrawn())


@pytest.fixture
def ordered(bound_fr: Site, portal: Portal, now: datetime) -> Subscription:
    return place_order(
        portal,
        ordered_at=now,
        order_number=NUMBER,
        quantity=3,
        unit_price="590.10",
        purchase_order_number="BC 7",
    )


def activate(subscription: Subscription, *, now: datetime, **changes: Any) -> Acceptance:
    agreement = current_site().agreement(subscription.agreement_key, "fr")
    asked = {
        "agreement": agreement,
        "shown_sha256": agreement.sha256,
        "shown_language": "fr",
        "actor": subscription.administrator,
        **changes,
    }
    return activation.activate(subscription, **asked, now=now)


def stored(subscription: Subscription) -> Subscription:
    return Subscription.get_by_id(subscription.id)


def everything() -> dict[str, int]:
    tables = (Acceptance, AcceptedText, Invoice, AuditEvent, OutboxMessage)
    return {table.__name__: table.select().count() for table in tables}


# ---- what it does


def test_it_is_active_from_the_acceptance_on(ordered: Subscription, now: datetime) -> None:
    activate(ordered, now=now)
    active = stored(ordered)
    assert (active.status, active.shelf) == (ACTIVE, SHELF_ACTIVE)
    assert (active.activated_at, active.activated_by) == (now, ordered.administrator)
    assert (active.term_start, active.term_end) == (date(2026, 11, 22), date(2027, 11, 22))
    assert (active.anchor_day, active.renewal_key) == (22, "2027-11-22")
    assert (ordered.status, ordered.term_end) == (active.status, active.term_end)


def test_the_term_starts_on_the_local_day(portal: Portal, site_de: Site) -> None:
    late = datetime(2027, 1, 30, 23, 30, tzinfo=UTC)  # half past midnight on the 31st in Berlin
    with portal.at(site_de):
        ordered = place_order(portal, ordered_at=late - timedelta(days=1), term="monthly")
        accept(ordered, now=late)
        active = stored(ordered)
    assert (active.term_start, active.term_end, active.anchor_day) == (
        date(2027, 1, 31),
        date(2027, 2, 28),
        31,
    )


def test_who_accepted_which_words_is_kept(ordered: Subscription, now: datetime) -> None:
    agreement = current_site().agreement(ordered.agreement_key, "fr")
    acceptance = activate(ordered, now=now)
    kept = Acceptance.get_by_id(acceptance.id)
    assert (kept.subscription, kept.person, kept.accepted_at) == (ordered, ordered.administrator, now)
    assert (kept.text.text, kept.text.version, kept.text.language) == (
        agreement.text,
        agreement.version,
        "fr",
    )
    assert kept.text.sha256 == sha256(agreement.text.encode()).hexdigest()
    assert kept.language == "fr"


def test_the_language_that_was_shown_is_kept_beside_that_of_the_text(
    ordered: Subscription, now: datetime
) -> None:
    acceptance = activate(ordered, shown_language="en", now=now)
    assert (acceptance.language, Acceptance.get().text.language) == ("en", "fr")


def test_the_same_words_are_kept_once(ordered: Subscription, portal: Portal, now: datetime) -> None:
    other = place_order(portal, ordered_at=now, order_number="0314100038")
    activate(ordered, now=now)
    activate(other, now=now)
    assert (AcceptedText.select().count(), Acceptance.select().count()) == (1, 2)


@pytest.mark.parametrize(("period", "end"), [("annual", date(2027, 11, 22)), ("monthly", date(2026, 12, 22))])
def test_the_first_period_is_invoiced_at_once(
    bound_fr: Site, portal: Portal, now: datetime, period: str, end: date
) -> None:
    ordered = place_order(
        portal,
        ordered_at=now,
        billing_period=period,
        quantity=3,
        unit_price="590.10",
        purchase_order_number="BC 7",
    )
    activate(ordered, now=now)
    invoice = Invoice.get()
    assert (invoice.subscription, invoice.state, invoice.recorded_at) == (ordered, "open", now)
    assert (invoice.number, invoice.issued_at, invoice.gross) == ("FA-2026-000001", now, 212436)
    assert (invoice.period_start, invoice.period_end) == (date(2026, 11, 22), end)
    assert (invoice.quantity, invoice.unit_price, invoice.net) == (3, 59010, 177030)
    assert (invoice.currency, invoice.po_number) == ("EUR", "BC 7")


def test_it_is_written_down_and_confirmed_by_mail(ordered: Subscription, now: datetime) -> None:
    agreement = current_site().agreement(ordered.agreement_key, "fr")
    activate(ordered, now=now)
    event = AuditEvent.get(AuditEvent.action == audit.SUBSCRIPTION_ACTIVATED)
    assert (event.at, event.actor, event.subscription) == (now, ordered.administrator, ordered)
    assert json.loads(event.details)["sha256"] == agreement.sha256
    mail = OutboxMessage.get(OutboxMessage.kind == "activation_confirmed")
    assert (mail.person, mail.subscription, mail.language) == (ordered.administrator, ordered, "fr")
    assert f"/subscriptions/{ordered.public_id}" in mail.text


# ---- what is refused


@pytest.mark.parametrize("site_code", ["fr", "us", "jp", "ae"])
def test_the_date_decides_to_the_second(portal: Portal, site_code: str) -> None:
    ordered_at = datetime(2026, 11, 22, 12, tzinfo=UTC)
    with portal.at(portal.sites[site_code]) as site:
        day_0 = ordered_at.astimezone(site.time_zone).date()
        day_91 = start_of_day(day_0 + timedelta(days=91), site.time_zone)
        ordered = place_order(
            portal,
            ordered_at=ordered_at,
            account=_account(site),
            purchaser={"name": "Ada", "email": "ada@example.com"},
        )
        local = (day_91 - timedelta(seconds=1)).astimezone(ZoneInfo(site.time_zone.key))
        assert (local.date() - day_0).days == 90
        assert (local.hour, local.minute, local.second) == (23, 59, 59)
        with pytest.raises(ActivationWindowClosed) as refusal:
            accept(ordered, now=day_91)
        assert refusal.value.ordered_at == ordered_at
        assert everything()["Invoice"] == 0
        accept(ordered, now=day_91 - timedelta(seconds=1))
        assert stored(ordered).status == ACTIVE


def _account(site: Site) -> dict[str, Any]:
    address = {"line1": "7 Example Road", "city": "Exampleville", "country": site.territory}
    return {"customer_number": "1000009", "name": "Example", "address": address}


def test_no_job_need_have_run_for_it_to_be_too_late(ordered: Subscription) -> None:
    too_late = ordered.activate_before
    assert (stored(ordered).status, has_lapsed(stored(ordered), now=too_late)) == (PENDING, True)
    with pytest.raises(ActivationWindowClosed):
        activate(ordered, now=too_late)
    assert stored(ordered).status == PENDING


def test_the_deadline_may_pass_between_looking_and_accepting(ordered: Subscription) -> None:
    """The row decides: what the caller holds may say otherwise."""
    row = stored(ordered)
    Subscription.update(activate_before=row.ordered_at).where(Subscription.id == row.id).execute()
    with pytest.raises(ActivationWindowClosed):
        activate(row, now=row.ordered_at + timedelta(days=1))
    assert (stored(row).status, Acceptance.select().count()) == (PENDING, 0)


def test_what_lapsed_is_not_revived(ordered: Subscription, now: datetime) -> None:
    Subscription.update(status=LAPSED).where(Subscription.id == ordered.id).execute()
    with pytest.raises(ActivationWindowClosed):
        activate(stored(ordered), now=now)


def test_a_withdrawn_order_says_so(ordered: Subscription, now: datetime) -> None:
    held = stored(ordered)
    order_corrections.withdraw_order(NUMBER, reason="ordered twice", actor=audit.SHOP, now=now)
    for subscription in (stored(ordered), held):  # `held` was read before it was withdrawn
        with pytest.raises(OrderWithdrawn):
            activate(subscription, now=now)
    assert Acceptance.select().count() == Invoice.select().count() == 0


def test_a_second_activation_is_told_that_it_is_active(ordered: Subscription, now: datetime) -> None:
    held = stored(ordered)
    activate(ordered, now=now)
    before = everything()
    for subscription in (stored(ordered), held):
        with pytest.raises(AlreadyActive):
            activate(subscription, now=now)
    assert everything() == before


def test_a_text_published_meanwhile_must_be_read_first(ordered: Subscription, now: datetime) -> None:
    shown = current_site().agreement(ordered.agreement_key, "fr")
    text = shown.text + "\nUne clause de plus.\n"
    newer = AgreementText(shown.key, "5.0", "fr", text, sha256(text.encode()).hexdigest())
    before = everything()
    with pytest.raises(AgreementChanged) as refusal:
        activate(ordered, agreement=newer, shown_sha256=shown.sha256, now=now)
    assert refusal.value.current is newer
    assert (everything(), stored(ordered).status) == (before, PENDING)
    activate(ordered, agreement=newer, shown_sha256=newer.sha256, now=now)
    assert AcceptedText.get().text == text


@pytest.mark.parametrize("sent", ["", "0" * 64, "sha256"])
def test_a_form_that_names_no_text_accepts_none(ordered: Subscription, now: datetime, sent: str) -> None:
    with pytest.raises(AgreementChanged):
        activate(ordered, shown_sha256=sent, now=now)
    assert stored(ordered).status == PENDING


@pytest.mark.parametrize("refusal", REFUSALS, ids=lambda refusal: type(refusal).__name__)
def test_each_refusal_says_why_in_a_sentence(refusal: Refusal) -> None:
    assert str(refusal).endswith(".")
    assert " " in str(refusal)


# ---- all of it or nothing, and once


@pytest.mark.parametrize(
    "broken", ["outbox.enqueue", "audit.record", "invoices.record_due", "Acceptance.create"]
)
def test_it_is_one_transaction(
    ordered: Subscription, now: datetime, monkeypatch: pytest.MonkeyPatch, broken: str
) -> None:
    class DiskFull(Exception):
        pass

    def fail(*_: object, **__: object) -> None:
        raise DiskFull

    before = everything()
    monkeypatch.setattr(f"webapp.domain.lifecycle.activation.{broken}", fail)
    with pytest.raises(DiskFull):
        activate(stored(ordered), now=now)
    assert everything() == before
    row = stored(ordered)
    assert (row.status, row.term_start, row.activated_at) == (PENDING, None, None)
    monkeypatch.undo()
    activate(row, now=now)
    assert stored(ordered).status == ACTIVE


def race(portal: Portal, site: Site, times: int, *, now: datetime) -> Counter[str]:
    """How often two sessions that click at once hear what."""
    with portal.at(site):
        ids = [place_order(portal, ordered_at=now, order_number=f"N{number}").id for number in range(times)]
    together = Barrier(2)

    def click(subscription_id: int) -> str:
        with portal.at(site):
            held = Subscription.get_by_id(subscription_id)
            administrator = Person.get_by_id(held.administrator_id)
            together.wait(timeout=30)
            try:
                activate(held, actor=administrator, now=now)
            except (AlreadyActive, IntegrityError) as problem:
                return type(problem).__name__
            return "activated"

    with ThreadPoolExecutor(2) as threads:
        return Counter(" and ".join(sorted(threads.map(click, [number, number]))) for number in ids)


def test_two_clicks_at_once_activate_once(portal: Portal, site_fr: Site, now: datetime) -> None:
    assert race(portal, site_fr, 50, now=now) == {"AlreadyActive and activated": 50}
    with portal.at(site_fr):
        counted = everything()
        confirmed = OutboxMessage.select().where(OutboxMessage.kind == "activation_confirmed").count()
    assert (counted["Acceptance"], counted["Invoice"], confirmed) == (50, 50, 50)


def test_without_its_condition_a_double_click_would_get_through(
    portal: Portal, site_fr: Site, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The control. What stops it then are the tables' own rules, which know no kind answer."""
    condition = "            Subscription.status == PENDING,\n"
    monkeypatch.setattr(activation, "_start_first_term", without(activation._start_first_term, condition))
    assert race(portal, site_fr, 10, now=now)["IntegrityError and activated"] > 0


# ---- the mail once more


def test_the_mail_can_be_sent_again_three_times_an_hour(ordered: Subscription, clock: TestClock) -> None:
    for _time in range(3):
        send_activation_mail_again(ordered, actor=ordered.administrator, now=clock.forward(minutes=1))
    with pytest.raises(TooOften) as refusal:
        send_activation_mail_again(ordered, actor=ordered.administrator, now=clock.forward(minutes=1))
    assert refusal.value.retry_after == timedelta(minutes=57)
    assert OutboxMessage.select().where(OutboxMessage.kind == "activation").count() == 4
    send_activation_mail_again(ordered, actor=ordered.administrator, now=clock.forward(hours=1))


def test_asking_too_often_writes_nothing(ordered: Subscription, now: datetime) -> None:
    for _time in range(3):
        send_activation_mail_again(ordered, actor=ordered.administrator, now=now)
    before = everything()
    with pytest.raises(TooOften):
        send_activation_mail_again(ordered, actor=ordered.administrator, now=now)
    assert everything() == before


def test_no_mail_is_sent_again_for_what_cannot_be_activated(ordered: Subscription, now: datetime) -> None:
    activate(ordered, now=now)
    with pytest.raises(AlreadyActive):
        send_activation_mail_again(ordered, actor=ordered.administrator, now=now)


def test_the_mail_names_the_order_and_the_days_that_are_left(ordered: Subscription, clock: TestClock) -> None:
    send_activation_mail_again(ordered, actor=ordered.administrator, now=clock.forward(days=60))
    mail = OutboxMessage.select().order_by(OutboxMessage.id.desc()).get()
    assert f"/activate/{NUMBER}" in mail.text
    assert "30" in mail.text
    assert mail.token_purpose is None


def test_who_has_no_password_yet_is_sent_a_link_to_set_one(ordered: Subscription, now: datetime) -> None:
    send_password_link_for_order(NUMBER, next_path=f"/activate/{NUMBER}", now=now)
    mail = OutboxMessage.get(OutboxMessage.kind == "set_password")
    assert (mail.person, mail.token_purpose, mail.token_minutes) == (
        ordered.administrator,
        "set_password",
        60,
    )
    assert mail.token_next_path == f"/activate/{NUMBER}"


def test_an_unknown_order_is_not_told_apart(ordered: Subscription, now: datetime) -> None:
    before = everything()
    for _time in range(5):
        send_password_link_for_order("0000000000", next_path="", now=now)
    assert everything() == before
    with pytest.raises(TooOften):
        send_password_link_for_order("0000000000", next_path="", now=now)


def test_pending_ones_pass_and_nothing_else(ordered: Subscription, now: datetime) -> None:
    refuse_unless_pending(ordered, now=now)
    refuse_unless_pending(ordered, now=ordered.activate_before - timedelta(microseconds=1))
    with pytest.raises(ActivationWindowClosed):
        refuse_unless_pending(ordered, now=ordered.activate_before)
