"""Mails that did not arrive: noted at the message, found at the person and the subscription."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

import pytest

from tests.mail.cast import person, subscription
from webapp.data.accounts import Person
from webapp.data.database import database
from webapp.data.outbox import BOUNCED, DEAD, QUEUED, SENT, WITHDRAWN, OutboxMessage
from webapp.data.statements import engine_name
from webapp.data.subscriptions import Subscription
from webapp.domain import deliveries, outbox
from webapp.domain.deliveries import note_bounce, problems_of, problems_of_subscription, reason_in_words
from webapp.mail.bounces import Bounce
from webapp.sites import Site

pytestmark = pytest.mark.usefixtures("bound_fr")
REFUSED = "550 5.1.1 User unknown"


@pytest.fixture
def alice(bound_fr: Site, now: datetime) -> Person:
    return person(now=now)


@pytest.fixture
def bought(alice: Person, now: datetime) -> Subscription:
    return subscription(alice, now=now)


@pytest.fixture
def sent(now: datetime) -> Callable[..., OutboxMessage]:
    """A mail that the server took."""

    def send(to: Person, *, state: str = SENT, **more: object) -> OutboxMessage:
        outbox.enqueue("password_changed", to=to, now=now)
        message = OutboxMessage.select().order_by(OutboxMessage.id.desc()).get()
        values = {"state": state, "attempts": 1, "sent_at": now if state == SENT else None, **more}
        OutboxMessage.update(**values).where(OutboxMessage.id == message.id).execute()
        return again(message)

    return send


def again(message: OutboxMessage) -> OutboxMessage:
    return OutboxMessage.get_by_id(message.id)


def bounce_of(message: OutboxMessage) -> Bounce:
    return Bounce(message.message_id, message.to_email, "5.1.1", REFUSED)


def test_a_mail_that_came_back_says_when_and_why(alice: Person, sent, now: datetime) -> None:
    message, later = sent(alice), now + timedelta(hours=1)
    assert note_bounce(bounce_of(message), now=later)
    found = again(message)
    assert (found.state, found.bounced_at, found.last_error) == (BOUNCED, later, REFUSED)


def test_reading_a_report_twice_changes_nothing(alice: Person, sent, now: datetime) -> None:
    message = sent(alice)
    note_bounce(bounce_of(message), now=now)
    assert not note_bounce(bounce_of(message), now=now + timedelta(days=1))
    assert again(message).bounced_at == now


def test_a_mail_that_waits_for_a_needless_second_try_is_not_sent_again(
    alice: Person, sent, now: datetime
) -> None:
    """The worker was killed after the server's yes; the server reports before the lease is over."""
    message = sent(alice, state=QUEUED, claim="somebody")
    assert note_bounce(bounce_of(message), now=now)
    assert outbox.claim_next(due_by=now + timedelta(days=1), now=now) is None


@pytest.mark.parametrize("state", [DEAD, WITHDRAWN])
def test_what_never_left_can_not_come_back(alice: Person, sent, now: datetime, state: str) -> None:
    message = sent(alice, state=state)
    assert not note_bounce(bounce_of(message), now=now)
    assert again(message).state == state


def test_a_mail_that_was_never_tried_can_not_come_back(alice: Person, sent, now: datetime) -> None:
    message = sent(alice, state=QUEUED, attempts=0)
    assert not note_bounce(bounce_of(message), now=now)


def test_a_report_about_an_unknown_mail_changes_nothing(alice: Person, sent, now: datetime) -> None:
    sent(alice)
    assert not note_bounce(Bounce("<somebody@else.example>", alice.email, "5.1.1", ""), now=now)
    assert problems_of(alice) == []


def test_problems_of_a_person_are_theirs_and_newest_first(alice: Person, sent, now: datetime) -> None:
    bob = person("bob@example.com", name="Bob", now=now)
    first, second = sent(alice), sent(alice, state=DEAD, last_error="550 gone")
    note_bounce(bounce_of(first), now=now)
    note_bounce(bounce_of(sent(bob)), now=now)
    sent(alice)
    found = problems_of(alice)
    assert [one.message_id for one in found] == [second.message_id, first.message_id]
    assert [(one.state, one.bounced_at, one.reason) for one in found] == [
        (DEAD, None, "550 gone"),
        (BOUNCED, now, REFUSED),
    ]
    assert len(problems_of(alice, most=1)) == 1


def test_what_failed_at_an_address_they_left_is_no_problem_now(alice: Person, sent, now: datetime) -> None:
    note_bounce(bounce_of(sent(alice)), now=now)
    alice.email = "alice@new.example"
    alice.save()
    assert problems_of(alice) == []


def test_problems_of_a_subscription_are_those_of_all_its_mails(
    alice: Person, bought: Subscription, sent, now: datetime
) -> None:
    bob = person("bob@example.com", name="Bob", now=now)
    about = [sent(alice, subscription=bought), sent(bob, subscription=bought)]
    for message in (*about, sent(alice)):
        note_bounce(bounce_of(message), now=now)
    assert [one.to_email for one in problems_of_subscription(bought)] == [bob.email, alice.email]


def test_what_came_back_may_be_sent_again(alice: Person, sent, now: datetime) -> None:
    back, dead, fine = sent(alice), sent(alice, state=DEAD), sent(alice)
    note_bounce(bounce_of(back), now=now)
    assert deliveries.retry(back.message_id, now=now)
    assert not deliveries.retry(fine.message_id, now=now)
    assert deliveries.retry_all(now=now) == 1
    assert [again(one).state for one in (back, dead, fine)] == [QUEUED, QUEUED, SENT]
    assert (again(back).bounced_at, again(back).attempts) == (None, 0)


def test_a_persons_problems_are_found_by_an_index(alice: Person, sent) -> None:
    """Somebody with ten thousand subscriptions has been written as many mails."""
    if engine_name() != "sqlite":
        database.execute_sql("SET enable_seqscan = off")
        explain = "EXPLAIN "
    else:
        explain = "EXPLAIN QUERY PLAN "
    sql = "SELECT id FROM outbox_message WHERE person_id = 1 AND state IN ('dead', 'bounced')"
    plan = " ".join(str(line) for line in database.execute_sql(explain + sql).fetchall())
    if engine_name() != "sqlite":
        database.execute_sql("RESET enable_seqscan")
    assert "person_id_state" in plan


@pytest.mark.parametrize(
    ("told", "words"),
    [
        ("550 5.1.1 User unknown", "no such mailbox"),
        ("5.2.1 smtp; disabled", "no such mailbox"),
        ("552 5.2.2 Over quota", "mailbox is full"),
        ("452 4.2.2 Over quota", "mailbox is full"),
        ("552 5.3.4 Too big", "too large"),
        ("554 5.7.1 Blocked by 192.0.2.1", "unwanted"),
        ("421 4.4.2 Timed out", "did not answer"),
        ("TimeoutError: timed out", "did not answer"),
        ("Given up: each try ended without an answer.", "did not answer"),
        ("550 No", "refused by the recipient’s mail server."),
        ("554 5.6.0 Odd", "refused by the recipient’s mail server."),
        ("", "did not answer"),
    ],
)
def test_what_servers_say_is_told_in_plain_words(told: str, words: str) -> None:
    assert words in reason_in_words(told)
