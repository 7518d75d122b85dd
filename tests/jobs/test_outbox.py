"""From the outbox to a real mail server, whatever goes wrong on the way."""

from __future__ import annotations

import re
import threading
from dataclasses import replace
from datetime import timedelta
from email.message import EmailMessage
from typing import Any

import pytest

from tests.conftest import TestClock
from tests.mail.cast import person
from tests.mail.server import MailServer
from tests.mail.test_message import text_of
from webapp.assembly import Portal
from webapp.data.accounts import Person
from webapp.data.outbox import DEAD, QUEUED, SENT, OutboxMessage
from webapp.domain import outbox, tokens
from webapp.domain.outbox import TokenRequest
from webapp.i18n import speech
from webapp.jobs.outbox import Delivered, deliver
from webapp.mail.smtp import SmtpTransport
from webapp.sites import Site


@pytest.fixture
def transport(mail_server: MailServer):
    transport = SmtpTransport(mail_server.url, timeout=5)
    yield transport
    transport.close()


@pytest.fixture
def write(portal: Portal, site_fr: Site, clock: TestClock):
    """Puts a mail to each address into the outbox of fr."""

    def enqueue(*addresses: str, kind: str = "password_changed", **more: Any) -> None:
        with portal.at(site_fr):
            for address in addresses:
                to = Person.get_or_none(Person.email == address) or person(address, now=clock.now)
                outbox.enqueue(kind, to=to, now=clock.now, **more)

    return enqueue


@pytest.fixture
def states(portal: Portal, site_fr: Site):
    """Address → (state, attempts, the server's words)."""

    def read() -> dict[str, tuple[str, int, str]]:
        with portal.at(site_fr):
            found = outbox.listing(limit=10_000)
        return {row["to"]: (row["state"], row["attempts"], row["last_error"]) for row in found}

    return read


def test_a_waiting_mail_is_delivered_once(
    portal: Portal,
    site_fr: Site,
    transport: SmtpTransport,
    mail_server: MailServer,
    write,
    states,
    clock: TestClock,
) -> None:
    write("alice@example.com")
    clock.forward(seconds=5)
    assert deliver(portal, site_fr, transport) == Delivered(sent=1, failed=0, dead=0)
    assert deliver(portal, site_fr, transport) == Delivered(sent=0, failed=0, dead=0)
    (accepted,) = mail_server.accepted
    assert accepted.to == ["alice@example.com"]
    assert accepted.sender == portal.settings.mail_from
    assert states() == {"alice@example.com": (SENT, 1, "")}
    with portal.at(site_fr):
        (row,) = outbox.listing()
    assert accepted.message["Message-ID"] == row["message_id"]
    assert accepted.message["Subject"] == row["subject"]
    assert row["sent_at"] == clock.now.isoformat()


def test_a_mail_speaks_its_persons_language(
    portal: Portal, transport: SmtpTransport, mail_server: MailServer, clock: TestClock
) -> None:
    spoken = {
        ("fr", "fr"): "fr",
        ("de", "de"): "de",
        ("ch", "fr"): "fr_CH",
        ("ch", "de"): "de_CH",
        ("ae", "ar"): "ar",
    }
    for (code, language), locale in spoken.items():
        site = portal.sites[code]
        with portal.at(site):
            to = person(f"{language}@example.com", language=language, now=clock.now)
            outbox.enqueue("password_changed", to=to, now=clock.now)
        deliver(portal, site, transport)
        said = speech(locale, site.territory)
        html = text_of(mail_server.accepted[-1].message, "html")
        assert f'<html lang="{said.language_tag}" dir="{said.direction}">' in html
        with portal.at(site):
            assert outbox.listing()[0]["language"] == locale


def test_a_refused_recipient_is_dead_with_the_servers_words_and_all_others_go(
    portal: Portal,
    site_fr: Site,
    transport: SmtpTransport,
    mail_server: MailServer,
    write,
    states,
    clock: TestClock,
) -> None:
    mail_server.refuse_recipient["gone@example.com"] = "550 5.1.1 No such user here"
    write("alice@example.com", "gone@example.com", "bob@example.com")
    assert deliver(portal, site_fr, transport) == Delivered(sent=2, failed=0, dead=1)
    assert mail_server.recipients == ["alice@example.com", "bob@example.com"]
    assert states()["gone@example.com"] == (DEAD, 1, "550 5.1.1 No such user here")
    clock.forward(days=1)
    assert deliver(portal, site_fr, transport) == Delivered(sent=0, failed=0, dead=0)


def test_a_temporary_refusal_is_tried_again_under_the_same_id(
    portal: Portal,
    site_fr: Site,
    transport: SmtpTransport,
    mail_server: MailServer,
    write,
    states,
    clock: TestClock,
) -> None:
    mail_server.refuse_recipient["alice@example.com"] = "451 4.7.1 Greylisted"
    write("alice@example.com", "bob@example.com")
    with portal.at(site_fr):
        written = {row["to"]: row["message_id"] for row in outbox.listing()}
    assert deliver(portal, site_fr, transport) == Delivered(sent=1, failed=1, dead=0)
    assert states()["alice@example.com"] == (QUEUED, 1, "451 4.7.1 Greylisted")
    mail_server.refuse_recipient.clear()
    clock.forward(seconds=59)
    assert deliver(portal, site_fr, transport).sent == 0
    clock.forward(seconds=1)
    assert deliver(portal, site_fr, transport).sent == 1
    assert mail_server.accepted[-1].message["Message-ID"] == written["alice@example.com"]
    assert states()["alice@example.com"] == (SENT, 2, "")


def test_a_server_that_is_down_loses_nothing_and_then_gets_everything(
    portal: Portal, site_fr: Site, mail_server: MailServer, write, states, clock: TestClock
) -> None:
    everybody = [f"person{number:03}@example.com" for number in range(40)]
    write(*everybody)
    mail_server.stop()
    for _quarter_of_an_hour in range(8 * 4):
        transport = SmtpTransport(mail_server.url, timeout=5)
        done = deliver(portal, site_fr, transport)
        assert (done.sent, done.failed, done.dead) == (0, 0, 0)
        assert "ConnectionRefused" in done.unavailable
        clock.forward(minutes=15)
    assert {state for state, _attempts, _words in states().values()} == {QUEUED}
    mail_server.start()
    transport = SmtpTransport(mail_server.url, timeout=5)
    assert deliver(portal, site_fr, transport) == Delivered(sent=40, failed=0, dead=0)
    transport.close()
    assert sorted(mail_server.recipients) == everybody
    assert mail_server.connections == 1


def test_a_connection_dropped_in_mid_mail_costs_that_mail_one_try(
    portal: Portal,
    site_fr: Site,
    transport: SmtpTransport,
    mail_server: MailServer,
    write,
    states,
    clock: TestClock,
) -> None:
    mail_server.hang_up_on["alice@example.com"] = 1
    write("alice@example.com", "bob@example.com")
    assert deliver(portal, site_fr, transport) == Delivered(sent=1, failed=1, dead=0)
    assert mail_server.recipients == ["bob@example.com"]
    clock.forward(minutes=1)
    assert deliver(portal, site_fr, transport).sent == 1
    assert mail_server.recipients == ["bob@example.com", "alice@example.com"]


class CrashAfterAccept:
    """The worker is killed between the server's yes and our note of it."""

    def __init__(self, transport: SmtpTransport) -> None:
        self._transport = transport

    def deliver(self, message: EmailMessage, to: str) -> None:
        self._transport.deliver(message, to)
        raise SystemExit

    def close(self) -> None: ...


def test_a_crash_after_the_servers_yes_can_only_repeat_the_same_id(
    portal: Portal,
    site_fr: Site,
    transport: SmtpTransport,
    mail_server: MailServer,
    write,
    states,
    clock: TestClock,
) -> None:
    write("alice@example.com", "bob@example.com")
    with pytest.raises(SystemExit):
        deliver(portal, site_fr, CrashAfterAccept(transport))
    assert deliver(portal, site_fr, transport).sent == 1  # bob does not wait for alice's lease
    clock.forward(minutes=5)
    assert deliver(portal, site_fr, transport).sent == 1
    assert mail_server.recipients == ["alice@example.com", "bob@example.com", "alice@example.com"]
    first, _bob, again = [accepted.message["Message-ID"] for accepted in mail_server.accepted]
    assert first == again
    assert states()["alice@example.com"] == (SENT, 2, "")


class CrashBeforeSend(CrashAfterAccept):
    def deliver(self, message: EmailMessage, to: str) -> None:
        raise SystemExit


def test_a_crash_before_the_servers_yes_loses_nothing(
    portal: Portal, site_fr: Site, transport: SmtpTransport, mail_server: MailServer, write, clock: TestClock
) -> None:
    write("alice@example.com")
    with pytest.raises(SystemExit):
        deliver(portal, site_fr, CrashBeforeSend(transport))
    clock.forward(minutes=5)
    assert deliver(portal, site_fr, transport).sent == 1
    assert mail_server.recipients == ["alice@example.com"]


def test_workers_at_the_same_time_deliver_each_mail_once(
    portal: Portal, site_fr: Site, mail_server: MailServer, write
) -> None:
    everybody = [f"person{number:03}@example.com" for number in range(30)]
    write(*everybody)
    done: list[Delivered] = []
    start = threading.Barrier(3)

    def work() -> None:
        transport = SmtpTransport(mail_server.url, timeout=20)
        start.wait(10)
        done.append(deliver(portal, site_fr, transport))
        transport.close()

    workers = [threading.Thread(target=work) for _each in range(3)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join(60)
    assert sorted(mail_server.recipients) == everybody
    assert sum(each.sent for each in done) == 30


@pytest.mark.parametrize(
    ("field", "poison", "state"),
    [
        ("to_email", "no address at all", DEAD),
        ("to_email", "a@b.example\r\nBcc: all@example.com", DEAD),
        ("html", None, QUEUED),
    ],
)
def test_a_mail_that_can_not_be_made_is_nobody_elses_trouble(
    portal: Portal,
    site_fr: Site,
    transport: SmtpTransport,
    mail_server: MailServer,
    write,
    monkeypatch: pytest.MonkeyPatch,
    field: str,
    poison: str | None,
    state: str,
) -> None:
    write("poison@example.com", "alice@example.com")
    claim = outbox.claim_next

    def claim_poisoned(**at: Any) -> OutboxMessage | None:
        message = claim(**at)
        if message is not None and message.to_email == "poison@example.com":
            setattr(message, field, poison)
        return message

    monkeypatch.setattr(outbox, "claim_next", claim_poisoned)
    assert deliver(portal, site_fr, transport).sent == 1
    assert mail_server.recipients == ["alice@example.com"]
    with portal.at(site_fr):
        poisoned = next(row for row in outbox.listing() if row["to"] == "poison@example.com")
    assert poisoned["state"] == state
    assert poisoned["last_error"]


def test_line_breaks_in_a_name_reach_the_server_as_no_header(
    portal: Portal, site_fr: Site, transport: SmtpTransport, mail_server: MailServer, clock: TestClock
) -> None:
    with portal.at(site_fr):
        mallory = person("m@example.com", name="Mal\r\nBcc: all@example.com\r\n\r\nBody", now=clock.now)
        outbox.enqueue("password_changed", to=mallory, now=clock.now)
    deliver(portal, site_fr, transport)
    (accepted,) = mail_server.accepted
    assert accepted.to == ["m@example.com"]
    assert accepted.message["Bcc"] is None
    assert accepted.message["To"].addresses[0].addr_spec == "m@example.com"


def test_the_mailed_secret_works_once_and_is_in_no_row(
    portal: Portal, site_fr: Site, transport: SmtpTransport, mail_server: MailServer, write, clock: TestClock
) -> None:
    write(
        "alice@example.com",
        kind="set_password",
        token=TokenRequest(tokens.SET_PASSWORD, 60, "/subscriptions"),
    )
    clock.forward(hours=3)
    deliver(portal, site_fr, transport)
    mail = mail_server.accepted[0].message
    (link,) = re.findall(r"http://\S+/password/set/\S+", text_of(mail, "plain"))
    assert link.startswith(site_fr.origin)
    assert text_of(mail, "html").count(link) == 3  # the button, the address below it, twice over
    token = link.rpartition("/")[2]
    with portal.at(site_fr):
        assert not OutboxMessage.select().where(OutboxMessage.text.contains(token)).exists()
        assert tokens.consume(token, tokens.SET_PASSWORD, now=clock.forward(minutes=59)).person.email == (
            "alice@example.com"
        )
        with pytest.raises(tokens.TokenInvalid):
            tokens.consume(token, tokens.SET_PASSWORD, now=clock.now)


def test_no_connection_and_no_transaction_is_held_while_a_mail_is_sent(
    portal: Portal, site_fr: Site, transport: SmtpTransport, write
) -> None:
    """Another thread could not bind the site inside a binding, nor write inside a transaction."""

    class Watching(CrashAfterAccept):
        def deliver(self, message: EmailMessage, to: str) -> None:
            opened = portal.databases.of(site_fr)
            assert opened.is_closed()
            with portal.at(site_fr):
                assert not opened.in_transaction()
            seen.append(to)

    seen: list[str] = []
    write("alice@example.com")
    assert deliver(portal, site_fr, Watching(transport)).sent == 1
    assert seen == ["alice@example.com"]


def test_a_slow_run_gives_each_mail_a_whole_lease(
    portal: Portal, site_fr: Site, mail_server: MailServer, write, clock: TestClock
) -> None:
    """Ten mails of two minutes each: no other worker takes what this one is at."""

    class Slow(CrashBeforeSend):
        def deliver(self, message: EmailMessage, to: str) -> None:
            clock.forward(minutes=2)
            with portal.at(site_fr):
                stolen = OutboxMessage.select().where(
                    OutboxMessage.to_email == to,
                    OutboxMessage.state == QUEUED,
                    OutboxMessage.next_attempt_at <= clock.now,
                )
                assert not stolen.exists()

    write(*[f"person{number}@example.com" for number in range(10)])
    other = replace(portal)
    assert deliver(other, site_fr, Slow(SmtpTransport(mail_server.url))).sent == 10
    assert clock.now - TestClock().now == timedelta(minutes=20)
