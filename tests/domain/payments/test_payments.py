"""What a payment changes, what refuses it, and that it counts once."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import date, timedelta
from pathlib import Path
from threading import Barrier
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.conftest import TestClock
from tests.mail.cast import person, subscription
from tests.support.engines import PostgresEngine
from tests.support.kept import keep_invoice
from tests.support.orders import lines
from tests.support.papers import a_credit_note, an_invoice
from tests.support.remitted import BAD, GOOD, RESEND, SAMPLE, a_payment, bad_lines
from webapp.assembly import Portal
from webapp.data.audit import AuditEvent
from webapp.data.billing import CREDITED, OPEN, PAID, Invoice, Payment
from webapp.data.subscriptions import Subscription
from webapp.domain.intake.intake_refusals import IntakeRefused
from webapp.domain.payments import payments
from webapp.domain.payments.payment_document import CODES, published_schema, read_payment
from webapp.domain.payments.payments import Outcome, site_of, take_payment

NUMBER = GOOD["invoice_number"]
GROSS = 70_800


@pytest.fixture
def bought(portal: Portal, clock: TestClock) -> Subscription:
    with portal.at(portal.sites["fr"]):
        return subscription(person(now=clock.now), now=clock.now)


@pytest.fixture
def issued(portal: Portal, bought: Subscription):
    """fr's invoice of 708.00 EUR, a credit note, and whatever else a test wants there."""

    def keep(**changes: Any) -> None:
        with portal.at(portal.sites["fr"]):
            keep_invoice(bought, an_invoice("fr", **changes))

    keep()
    with portal.at(portal.sites["fr"]):
        keep_invoice(bought, a_credit_note("fr"))
    return keep


def take(portal: Portal, line: bytes) -> Outcome:
    received = read_payment(line)
    with portal.at(site_of(received.document, sites=portal.sites)):
        return take_payment(received, now=portal.clock())


def standing(portal: Portal, number: str = NUMBER) -> tuple[str, int]:
    with portal.at(portal.sites["fr"]):
        invoice = Invoice.get(Invoice.number == number)
        return invoice.state, invoice.paid


def payments_at(portal: Portal) -> int:
    with portal.at(portal.sites["fr"]):
        return Payment.select().count()


def refusal(portal: Portal, line: bytes) -> tuple[str, str | None]:
    with pytest.raises(IntakeRefused) as caught:
        take(portal, line)
    assert caught.value.code in CODES
    assert caught.value.message
    return caught.value.code, caught.value.field


# ---- what it changes


def test_a_payment_of_all_makes_the_invoice_paid(portal: Portal, issued: Any) -> None:
    assert take(portal, a_payment()) == Outcome("accepted")
    assert standing(portal) == (PAID, GROSS)
    with portal.at(portal.sites["fr"]):
        kept = Payment.get()
        assert (kept.reference, kept.amount, kept.currency) == (GOOD["reference"], GROSS, "EUR")
        assert kept.paid_on == date(2026, 11, 20)
        assert kept.invoice.number == NUMBER


def test_parts_add_up(portal: Portal, issued: Any) -> None:
    take(portal, a_payment(reference="1", amount="700"))
    assert standing(portal) == (OPEN, 70_000)
    take(portal, a_payment(reference="2", amount="7.99"))
    assert standing(portal) == (OPEN, 70_799)
    take(portal, a_payment(reference="3", amount="0.01"))
    assert standing(portal) == (PAID, GROSS)


def test_a_returned_debit_opens_the_invoice_again(portal: Portal, issued: Any) -> None:
    take(portal, a_payment(reference="1"))
    assert take(portal, a_payment(reference="2", amount="-708.00")) == Outcome("accepted")
    assert standing(portal) == (OPEN, 0)
    take(portal, a_payment(reference="3"))
    assert standing(portal) == (PAID, GROSS)


def test_a_credited_invoice_stays_credited_and_what_was_paid_is_kept(portal: Portal, issued: Any) -> None:
    with portal.at(portal.sites["fr"]):
        Invoice.update(state=CREDITED).where(Invoice.number == NUMBER).execute()
    assert "credited" in take(portal, a_payment(reference="1")).warnings[0]
    assert standing(portal) == (CREDITED, GROSS)
    assert take(portal, a_payment(reference="2", amount="-708.00")).warnings == ()
    assert standing(portal) == (CREDITED, 0)


@pytest.mark.parametrize(
    ("amount", "words", "after"),
    [("708.01", "More was paid than", (PAID, 70_801)), ("-1.00", "More was paid back", (OPEN, -100))],
)
def test_what_can_not_be_right_is_taken_and_told(
    portal: Portal, issued: Any, amount: str, words: str, after: tuple[str, int]
) -> None:
    (warning,) = take(portal, a_payment(amount=amount)).warnings
    assert warning.startswith(words)
    assert standing(portal) == after


def test_fields_that_nobody_knows_are_told(portal: Portal, issued: Any) -> None:
    (warning,) = take(portal, a_payment(bank="x")).warnings
    assert warning.startswith("bank: ")


def test_yen_have_no_decimals(portal: Portal, clock: TestClock) -> None:
    with portal.at(portal.sites["jp"]):
        keep_invoice(subscription(person(now=clock.now), now=clock.now), an_invoice("jp"))
    of_jp = {"site": "jp", "invoice_number": "JP-2026-000042", "currency": "JPY"}
    assert refusal(portal, a_payment(**of_jp, amount="81950.00")) == ("invalid_amount", "amount")
    assert take(portal, a_payment(**of_jp, amount="81950")).kind == "accepted"
    with portal.at(portal.sites["jp"]):
        assert Invoice.get().state == PAID


def test_each_payment_is_on_record(portal: Portal, issued: Any, bought: Subscription) -> None:
    take(portal, a_payment(reference="1"))
    take(portal, a_payment(reference="2", amount="-8.00"))
    with portal.at(portal.sites["fr"]):
        events = list(AuditEvent.select().where(AuditEvent.subscription == bought).order_by(AuditEvent.id))
        assert [event.action for event in events] == ["payment.received", "payment.returned"]
        told = json.loads(events[1].details)
        assert (told["number"], told["reference"], told["amount"]) == (NUMBER, "2", 800)
        assert (told["paid"], told["state"], told["currency"]) == (70_000, OPEN, "EUR")
        assert {event.actor_kind for event in events} == {"shop"}


# ---- once


def test_a_payment_that_comes_again_has_no_effect(portal: Portal, issued: Any) -> None:
    take(portal, a_payment())
    for spelling in ("708", "708.0", "708.0000"):
        assert take(portal, a_payment(amount=spelling)) == Outcome("known")
    assert standing(portal) == (PAID, GROSS)
    assert payments_at(portal) == 1


@pytest.mark.parametrize(
    "changes",
    [
        {"amount": "708.01"},
        {"invoice_number": "FR-2026-000043"},
        {"paid_on": "2026-11-19"},
        {"currency": "CHF"},
        {"x": 1},
    ],
)
def test_the_same_reference_with_other_content_is_a_conflict(
    portal: Portal, issued: Any, changes: dict[str, Any]
) -> None:
    issued(number="FR-2026-000043")
    take(portal, a_payment())
    assert refusal(portal, a_payment(**changes)) == ("payment_reference_conflict", "reference")
    assert standing(portal) == (PAID, GROSS)
    assert standing(portal, "FR-2026-000043") == (OPEN, 0)
    assert payments_at(portal) == 1


def test_the_same_payment_delivered_at_once_counts_once(portal: Portal, issued: Any) -> None:
    together = Barrier(16)

    def deliver(_: int) -> str:
        together.wait(timeout=30)
        return take(portal, a_payment()).kind

    with ThreadPoolExecutor(16) as threads:
        kinds = Counter(threads.map(deliver, range(16)))
    assert kinds == {"accepted": 1, "known": 15}
    assert standing(portal) == (PAID, GROSS)


def test_payments_of_one_invoice_at_once_all_count(portal: Portal, issued: Any) -> None:
    together = Barrier(16)

    def deliver(number: int) -> str:
        together.wait(timeout=30)
        return take(portal, a_payment(reference=f"{number}", amount="44.25")).kind

    with ThreadPoolExecutor(16) as threads:
        assert Counter(threads.map(deliver, range(16))) == {"accepted": 16}
    assert standing(portal) == (PAID, GROSS)


def test_payments_are_lost_where_the_sum_is_made_outside_the_database(
    make_portal: Callable[..., Portal],
    postgres_engine: PostgresEngine,
    clock: TestClock,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The control: read, add, write. (On SQLite the write lock alone would hide it.)"""
    portal, read = make_portal(postgres_engine), Barrier(4)
    with portal.at(portal.sites["fr"]):
        keep_invoice(subscription(person(now=clock.now), now=clock.now))

    def add(invoice: Invoice, amount: int) -> payments._Balance:
        paid = Invoice.get_by_id(invoice.id).paid
        read.wait(timeout=30)
        Invoice.update(paid=paid + amount).where(Invoice.id == invoice.id).execute()
        return payments._Balance(OPEN, paid + amount, GROSS)

    monkeypatch.setattr(payments, "_add", add)
    with ThreadPoolExecutor(4) as threads:
        list(threads.map(lambda n: take(portal, a_payment(reference=f"{n}", amount="1.00")), range(4)))
    assert standing(portal) == (OPEN, 100)


# ---- what is refused


@pytest.mark.parametrize(
    ("line", "code", "field"),
    [line[1:] for line in bad_lines()],
    ids=[line[0] for line in bad_lines()],
)
def test_bad_payments_are_refused_with_code_and_field(
    portal: Portal, issued: Any, line: bytes, code: str, field: str | None
) -> None:
    assert refusal(portal, line) == (code, field)
    assert standing(portal) == (OPEN, 0)
    assert payments_at(portal) == 0


def test_an_invoice_that_is_not_issued_yet_can_not_be_paid(portal: Portal, bought: Subscription) -> None:
    assert refusal(portal, a_payment()) == ("unknown_invoice", "invoice_number")


def test_a_day_ahead_is_another_time_zone(portal: Portal, issued: Any, clock: TestClock) -> None:
    tomorrow = clock.now.date() + timedelta(days=1)
    assert take(portal, a_payment(paid_on=tomorrow.isoformat())).kind == "accepted"
    after = (tomorrow + timedelta(days=1)).isoformat()
    assert refusal(portal, a_payment(reference="2", paid_on=after)) == ("date_in_future", "paid_on")


def test_the_samples_are_taken(portal: Portal, issued: Any, clock: TestClock) -> None:
    issued(number="FR-2026-000043")
    issued(number="FR-2026-000044")
    with portal.at(portal.sites["jp"]):
        keep_invoice(subscription(person(now=clock.now), now=clock.now), an_invoice("jp"))
    assert {take(portal, line).kind for line in lines(SAMPLE)} == {"accepted"}
    assert {take(portal, line).kind for line in lines(RESEND)} == {"known"}
    assert standing(portal) == standing(portal, "FR-2026-000043") == (PAID, GROSS)
    assert standing(portal, "FR-2026-000044") == (OPEN, 0)


def test_the_bad_file_has_every_code_that_a_line_can_have() -> None:
    codes = {json.loads(line)["expect"]["code"] for line in lines(BAD)}
    assert codes == set(CODES) - {"payment_reference_conflict"}


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inside: st.lists(inside, max_size=4) | st.dictionaries(st.text(max_size=10), inside, max_size=4),
    max_leaves=10,
)


@settings(max_examples=200, deadline=None)
@given(st.sampled_from([*GOOD, "x"]), JSON)
def test_any_json_in_any_field_is_read_or_refused(field: str, value: Any) -> None:
    try:
        received = read_payment(json.dumps({**GOOD, field: value}).encode())
    except IntakeRefused as refused:
        assert refused.code in CODES
    else:
        assert len(received.content_hash) == 64


def test_the_published_schema_is_the_model() -> None:
    published = Path(__file__).parents[3] / "docs" / "payment.schema.json"
    assert published.read_text(encoding="utf-8") == published_schema(), "run `portal payments schema`"
    assert set(json.loads(published_schema())["required"]) == set(GOOD)
