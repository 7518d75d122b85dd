"""What servers report about mails that did not arrive."""

from __future__ import annotations

import random

import pytest

from tests.mail.reports import MESSAGE_ID, report
from webapp.mail.bounces import Bounce, read_bounce


def test_a_report_names_the_mail_the_address_and_why() -> None:
    assert read_bounce(report()) == Bounce(
        message_id=MESSAGE_ID,
        recipient="alice@example.com",
        status="5.1.1",
        reason="550 5.1.1 <alice@example.com>: Recipient address rejected: User unknown",
    )


@pytest.mark.parametrize(
    "returned", ["message/rfc822", "text/rfc822-headers", "message/global", "message/global-headers"]
)
def test_the_mail_is_known_by_whatever_came_back_of_it(returned: str) -> None:
    bounce = read_bounce(report(returned=returned))
    assert bounce is not None
    assert bounce.message_id == MESSAGE_ID


@pytest.mark.parametrize("answers", ["In-Reply-To: {}\n", "References: <an-older@one.example> {}\n"])
def test_a_report_that_returns_nothing_may_say_what_it_answers(answers: str) -> None:
    bounce = read_bounce(report(returned="", answers=answers.format(MESSAGE_ID)))
    assert bounce is not None
    assert bounce.message_id == MESSAGE_ID


def test_an_address_alone_is_not_believed() -> None:
    assert read_bounce(report(returned="")) is None


@pytest.mark.parametrize("action", ["delayed", "delivered", "relayed", "expanded", ""])
def test_what_is_only_late_or_has_arrived_is_no_bounce(action: str) -> None:
    assert read_bounce(report(action=action)) is None


def test_an_international_report_is_read() -> None:
    bounce = read_bounce(report(to="zoë@example.com", status_type="message/global-delivery-status"))
    assert bounce is not None
    assert (bounce.message_id, bounce.status, bounce.recipient) == (MESSAGE_ID, "5.1.1", "zoë@example.com")


def test_carriage_returns_are_line_ends_too() -> None:
    assert read_bounce(report().replace(b"\n", b"\r\n")) == read_bounce(report())


@pytest.mark.parametrize(
    ("words", "told"),
    [
        ("smtp; 552 Mailbox full", "5.2.2 552 Mailbox full"),
        ("smtp; 552 5.2.2 Mailbox full", "552 5.2.2 Mailbox full"),
        ("x-unix; \x1b[31mred", "5.2.2 [31mred"),
    ],
)
def test_the_reason_is_one_line_with_its_status(words: str, told: str) -> None:
    bounce = read_bounce(report(status="5.2.2", words=words))
    assert bounce is not None
    assert bounce.in_words == told


def test_the_reason_is_never_endless() -> None:
    bounce = read_bounce(report(words="smtp; " + "long " * 10_000))
    assert bounce is not None
    assert len(bounce.in_words) == 500


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\x00\xff\xfe",
        b"Subject: Out of office\n\nI am back on Monday.\n",
        b"Content-Type: multipart/report; boundary=apart\n\nnothing",
        b"Content-Type: multipart/report; boundary=apart\n\n--apart\nContent-Type: message/delivery-status\n\n",
    ],
)
def test_other_mail_is_no_bounce(content: bytes) -> None:
    assert read_bounce(content) is None


def test_no_damage_makes_a_report_name_another_mail() -> None:
    """Cut anywhere, or with bytes turned: it is not read, or it is read as what it was."""
    chance, whole = random.Random(3464), report()
    for _time in range(300):
        damaged = bytearray(whole[: chance.randrange(len(whole))])
        for _byte in range(chance.randrange(4)):
            if damaged:
                damaged[chance.randrange(len(damaged))] = chance.randrange(256)
        bounce = read_bounce(bytes(damaged))
        assert bounce is None or bounce.message_id
