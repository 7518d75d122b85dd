"""The outbox: what is written with the change it tells, and how it gets through in the end."""

from __future__ import annotations

import json
import re
import threading
from datetime import datetime, timedelta
from typing import Any

import pytest
from jinja2 import UndefinedError

from tests.conftest import TestClock
from tests.mail.cast import person, subscription
from webapp.assembly import Portal
from webapp.data.accounts import Person
from webapp.data.database import atomic
from webapp.data.outbox import DEAD, QUEUED, SENT, WITHDRAWN, OutboxMessage
from webapp.data.sign_in import Token
from webapp.data.subscriptions import Subscription
from webapp.domain import deliveries, outbox, tokens
from webapp.domain.outbox import TokenRequest
from webapp.sites import Site

pytestmark = pytest.mark.usefixtures("bound_fr")


@pytest.fixture
def alice(bound_fr: Site, now: datetime) -> Person:
    return person(now=now)


@pytest.fixture
def bought(alice: Person, now: datetime) -> Subscription:
    return subscription(alice, now=now)


def ask_to_activate(bought: Subscription, *, to: Person, now: datetime) -> OutboxMessage:
    outbox.enqueue(
        "activation",
        to=to,
        now=now,
        subscription=bought,
        path="/activate/0314100037",
        order_number="0314100037",
        last_day=datetime(2027, 2, 20).date(),  # noqa: DTZ001 - a date
        days_left=90,
    )
    return newest()


def send_password_link(to: Person, *, now: datetime) -> OutboxMessage:
    outbox.enqueue(
        "set_password", to=to, now=now, token=TokenRequest(tokens.SET_PASSWORD, 60, "/subscriptions")
    )
    return newest()


def newest() -> OutboxMessage:
    return OutboxMessage.select().order_by(OutboxMessage.id.desc()).get()


def take(now: datetime) -> OutboxMessage:
    taken = outbox.claim_next(due_by=now, now=now)
    assert taken is not None
    return taken


# ---- writing


def test_a_message_is_rendered_when_it_is_written(alice: Person, bought: Subscription, now: datetime) -> None:
    message = ask_to_activate(bought, to=alice, now=now)
    assert (message.kind, message.to_email, message.to_name) == ("activation", alice.email, alice.name)
    assert (message.state, message.attempts, message.next_attempt_at) == (QUEUED, 0, now)
    assert "0314100037" in message.subject
    for part in (message.text, message.html):
        assert "http://fr.localhost:8000/activate/0314100037" in part
        assert "PROFIS Engineering Premium" in part
    Subscription.update(product_name="Renamed").execute()
    assert "Renamed" not in newest().text


def test_each_message_has_an_id_of_its_own_at_the_sites_host(
    alice: Person, bought: Subscription, now: datetime
) -> None:
    ids = {ask_to_activate(bought, to=alice, now=now).message_id for _each in range(3)}
    assert len(ids) == 3
    assert all(re.fullmatch(r"<[0-9a-f]{32}@fr\.localhost>", message_id) for message_id in ids)


def test_a_message_dies_with_the_transaction_it_was_written_in(alice: Person, now: datetime) -> None:
    with pytest.raises(ZeroDivisionError), atomic():
        outbox.enqueue("password_changed", to=alice, now=now)
        raise ZeroDivisionError
    assert outbox.messages() == []


@pytest.mark.parametrize("spoken", ["fr", "fr-FR", "de", "", "xx"])
def test_a_language_the_site_has_not_got_becomes_its_own(bound_fr: Site, spoken: str, now: datetime) -> None:
    outbox.enqueue("password_changed", to=person(language=spoken, now=now), now=now)
    assert newest().language == "fr"


def test_line_breaks_in_a_name_add_neither_header_nor_paragraph(bound_fr: Site, now: datetime) -> None:
    mallory = person("m@example.com", name="Mal\r\nBcc: all@example.com\n\nPay here", now=now)
    bought = subscription(mallory, po_number="1\n\nInvoice: pay at\nhttp://evil.example", now=now)
    message = ask_to_activate(bought, to=mallory, now=now)
    assert message.to_name.splitlines() == [message.to_name]
    assert message.subject.splitlines() == [message.subject]
    assert not re.search(r"^(Bcc:|Pay here|Invoice:|http://evil)", message.text, re.MULTILINE)


def test_markup_in_a_name_is_only_text(bound_fr: Site, now: datetime) -> None:
    mallory = person("m@example.com", name="<a href=http://evil.example>Mal</a>", now=now)
    outbox.enqueue("password_changed", to=mallory, now=now)
    assert "<a href=http://evil" not in newest().html
    assert "&lt;a href=http://evil.example&gt;Mal" in newest().html


def test_a_mail_that_lacks_what_it_needs_is_never_written(
    alice: Person, bought: Subscription, now: datetime
) -> None:
    with pytest.raises(UndefinedError, match="order_number"):
        outbox.enqueue("withdrawn", to=alice, subscription=bought, now=now)
    assert outbox.counts() == {}


def test_withdrawn_messages_are_those_still_waiting_of_that_kind_and_subscription(
    alice: Person, bought: Subscription, now: datetime
) -> None:
    gone = ask_to_activate(bought, to=alice, now=now)
    outbox.delivered(take(now), now=now)
    waiting = ask_to_activate(bought, to=alice, now=now)
    other = ask_to_activate(subscription(alice, number="0314100074", now=now), to=alice, now=now)
    outbox.enqueue("password_changed", to=alice, now=now)
    assert outbox.withdraw_pending(bought, "activation") == 1
    states = {row["message_id"]: row["state"] for row in outbox.listing()}
    assert states[gone.message_id] == SENT
    assert states[waiting.message_id] == WITHDRAWN
    assert states[other.message_id] == QUEUED
    assert outbox.counts() == {SENT: 1, WITHDRAWN: 1, QUEUED: 2}


# ---- secrets


def test_a_stored_message_holds_no_secret(alice: Person, now: datetime) -> None:
    send_password_link(alice, now=now)
    message = take(now)
    secret = outbox.secret_for(message, now=now)
    assert secret is not None
    stored = json.dumps([list(row) for row in OutboxMessage.select().tuples()], default=str)
    assert secret.token not in stored
    assert secret.placeholder in newest().text
    assert f"http://fr.localhost:8000/password/set/{secret.token}" in secret.reveal_in(message.text)
    assert f"http://fr.localhost:8000/password/set/{secret.token}" in secret.reveal_in(message.html)


def test_each_try_mints_its_own_token_and_all_work_until_one_is_used(alice: Person, now: datetime) -> None:
    send_password_link(alice, now=now)
    message = take(now)
    first, second = (outbox.secret_for(message, now=now) for _try in range(2))
    assert first is not None
    assert second is not None
    assert first.token != second.token
    assert tokens.peek(first.token, tokens.SET_PASSWORD, now=now).next_path == "/subscriptions"
    tokens.consume(first.token, tokens.SET_PASSWORD, now=now)
    with pytest.raises(tokens.TokenInvalid):
        tokens.peek(second.token, tokens.SET_PASSWORD, now=now)


def test_a_token_lives_from_delivery_not_from_the_request(alice: Person, now: datetime) -> None:
    send_password_link(alice, now=now)
    late = now + timedelta(hours=8)
    secret = outbox.secret_for(take(late), now=late)
    assert secret is not None
    assert Token.get().expires_at == late + timedelta(minutes=60)


def test_a_mail_without_a_token_asks_for_none(alice: Person, now: datetime) -> None:
    outbox.enqueue("password_changed", to=alice, now=now)
    assert outbox.secret_for(take(now), now=now) is None
    assert Token.select().count() == 0


# ---- delivery


def test_a_claimed_message_is_nobody_elses_until_the_lease_runs_out(alice: Person, now: datetime) -> None:
    outbox.enqueue("password_changed", to=alice, now=now)
    first = take(now)
    just_before = now + outbox.LEASE - timedelta(microseconds=1)
    assert outbox.claim_next(due_by=just_before, now=just_before) is None
    again = take(now + outbox.LEASE)
    assert again.message_id == first.message_id
    assert again.claim != first.claim


def test_a_worker_that_comes_back_late_does_not_undo_what_another_did(alice: Person, now: datetime) -> None:
    outbox.enqueue("password_changed", to=alice, now=now)
    slow = take(now)
    quick = take(now + outbox.LEASE)
    outbox.failed(slow, error="too late", now=now + outbox.LEASE, permanent=True)
    assert newest().state == QUEUED
    outbox.delivered(quick, now=now + outbox.LEASE)
    outbox.postponed(slow, error="too late", now=now + outbox.LEASE)
    assert (newest().state, newest().last_error) == (SENT, "")


def test_the_waits_grow_and_end_on_the_third_day(alice: Person, now: datetime) -> None:
    outbox.enqueue("password_changed", to=alice, now=now)
    at, waits = now, []
    while outbox.failed(take(at), error="451 later", now=at) == QUEUED:
        waits.append(newest().next_attempt_at - at)
        assert outbox.claim_next(due_by=newest().next_attempt_at - timedelta(microseconds=1), now=at) is None
        at = newest().next_attempt_at
    minutes = [wait // timedelta(minutes=1) for wait in waits]
    assert minutes == [1, 5, 15, 60, 180] + [360] * 11
    assert timedelta(days=2) < at - now <= timedelta(days=3)
    assert (newest().state, newest().last_error, newest().claim) == (DEAD, "451 later", None)


def test_a_permanent_failure_is_the_end_at_once(alice: Person, now: datetime) -> None:
    outbox.enqueue("password_changed", to=alice, now=now)
    assert outbox.failed(take(now), error="550 no such user", now=now, permanent=True) == DEAD
    assert outbox.claim_next(due_by=now + timedelta(days=9), now=now) is None
    assert outbox.listing(DEAD)[0]["last_error"] == "550 no such user"


def test_a_server_that_takes_nothing_costs_no_message_a_try(alice: Person, now: datetime) -> None:
    outbox.enqueue("password_changed", to=alice, now=now)
    at = now
    for _minute in range(3 * 24 * 60 // 30):
        message = take(at)
        outbox.postponed(message, error="nobody listens", now=at)
        at += timedelta(minutes=30)
    assert (newest().state, newest().attempts, newest().last_error) == (QUEUED, 0, "nobody listens")


def test_a_mail_that_ends_its_worker_again_and_again_ends_itself(alice: Person, now: datetime) -> None:
    outbox.enqueue("password_changed", to=alice, now=now)
    at, tries = now, 0
    while outbox.claim_next(due_by=at, now=at) is not None:
        tries += 1
        at += outbox.LEASE
    assert tries == 17
    assert newest().state == DEAD
    assert "without an answer" in newest().last_error


def test_a_dead_message_may_start_again_under_the_same_id(alice: Person, now: datetime) -> None:
    outbox.enqueue("password_changed", to=alice, now=now)
    message = take(now)
    outbox.failed(message, error="550 no such user", now=now, permanent=True)
    later = now + timedelta(days=5)
    assert deliveries.retry(message.message_id, now=later)
    again = take(later)
    assert (again.message_id, again.attempts) == (message.message_id, 1)
    assert not deliveries.retry(message.message_id, now=later)
    assert not deliveries.retry("<unknown@fr.localhost>", now=later)


@pytest.mark.parametrize(("locked", "winners"), [(True, 1), (False, 2)])
def test_of_two_workers_that_see_the_same_message_one_gets_it(
    portal: Portal,
    site_fr: Site,
    alice: Person,
    clock: TestClock,
    monkeypatch: pytest.MonkeyPatch,
    locked: bool,
    winners: int,
) -> None:
    """The second case is the control: without the conditional update both get it."""
    outbox.enqueue("password_changed", to=alice, now=clock.now)
    look, both_looked, claimed = outbox._next_due, threading.Barrier(2), []

    def look_together(due_by: datetime) -> OutboxMessage | None:
        seen = look(due_by)
        if seen is not None and seen.attempts == 0:
            both_looked.wait(10)
        return seen

    def take_blindly(message: OutboxMessage, now: datetime) -> bool:
        return bool(OutboxMessage.update(next_attempt_at=now + outbox.LEASE, attempts=1).execute())

    monkeypatch.setattr(outbox, "_next_due", look_together)
    if not locked:
        monkeypatch.setattr(outbox, "_take", take_blindly)

    def work() -> None:
        with portal.at(site_fr):
            claimed.append(outbox.claim_next(due_by=clock.now, now=clock.now))

    threads = [threading.Thread(target=work) for _each in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert sum(message is not None for message in claimed) == winners


def test_of_many_workers_each_message_goes_to_one(
    portal: Portal, site_fr: Site, alice: Person, clock: TestClock
) -> None:
    for _each in range(12):
        outbox.enqueue("password_changed", to=alice, now=clock.now)
    claimed: list[str] = []
    start = threading.Barrier(4)

    def work() -> None:
        with portal.at(site_fr):
            start.wait(10)
            while (message := outbox.claim_next(due_by=clock.now, now=clock.now)) is not None:
                claimed.append(message.message_id)

    threads = [threading.Thread(target=work) for _each in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert sorted(claimed) == sorted(row["message_id"] for row in outbox.listing())


# ---- for operators


def test_the_listing_says_what_became_of_each_message(
    alice: Person, bought: Subscription, now: datetime
) -> None:
    ask_to_activate(bought, to=alice, now=now)
    outbox.delivered(take(now), now=now + timedelta(seconds=3))
    outbox.enqueue("password_changed", to=alice, now=now)
    notice, activation = outbox.listing()
    expected: dict[str, Any] = {
        "kind": "activation",
        "to": "alice@example.com",
        "language": "fr",
        "state": SENT,
        "attempts": 1,
        "created_at": "2026-11-22T12:00:00+00:00",
        "next_attempt_at": None,
        "sent_at": "2026-11-22T12:00:03+00:00",
        "last_error": "",
        "subscription": "SUB-FR-100037",
        "order_number": "0314100037",
    }
    assert {key: activation[key] for key in expected} == expected
    assert (notice["subscription"], notice["order_number"], notice["sent_at"]) == (None, None, None)
    assert json.dumps(outbox.listing(SENT)) == json.dumps([activation])
    assert len(outbox.listing(limit=1)) == 1


def test_the_listing_asks_the_database_once(
    alice: Person, bought: Subscription, now: datetime, count_queries: Any
) -> None:
    for _each in range(5):
        ask_to_activate(bought, to=alice, now=now)
    queries = count_queries()
    assert len(outbox.listing()) == 5
    assert len(queries) == 1
