"""A real mail server takes, refuses, hangs up: each answer is told apart."""

from __future__ import annotations

import socket
from email.message import EmailMessage

import pytest

from tests.mail.server import MailServer
from tests.mail.test_message import built, text_of
from webapp.config import SettingsError, read_settings
from webapp.mail.failures import PermanentFailure, ServerUnavailable, TemporaryFailure
from webapp.mail.mailbox import MailboxTransport
from webapp.mail.message import recipient
from webapp.mail.smtp import SmtpTransport
from webapp.mail.transport import transport_for


@pytest.fixture
def transport(mail_server: MailServer):
    transport = SmtpTransport(mail_server.url, timeout=5)
    yield transport
    transport.close()


def send(transport: SmtpTransport, to: str = "ann@example.com") -> EmailMessage:
    message = built(to_email=to)
    transport.deliver(message, recipient(message))
    return message


def test_what_the_server_gets_is_what_was_built(mail_server: MailServer, transport: SmtpTransport) -> None:
    message = send(transport)
    (accepted,) = mail_server.accepted
    assert (accepted.sender, accepted.to) == ("portal@example.com", ["ann@example.com"])
    assert accepted.raw.rstrip() == message.as_bytes().rstrip()


def test_lines_of_one_dot_arrive(mail_server: MailServer, transport: SmtpTransport) -> None:
    message = built(text="a\n.\n..b\n")
    transport.deliver(message, recipient(message))
    assert text_of(mail_server.accepted[0].message, "plain") == "a\n.\n..b\n"


def test_many_mails_share_one_connection(mail_server: MailServer, transport: SmtpTransport) -> None:
    for number in range(5):
        send(transport, f"ann{number}@example.com")
    assert len(mail_server.accepted) == 5
    assert mail_server.connections == 1


def test_a_connection_that_idled_out_is_made_anew(mail_server: MailServer, transport: SmtpTransport) -> None:
    send(transport)
    mail_server.stop()
    mail_server.start()
    send(transport, "bob@example.com")
    assert mail_server.recipients == ["ann@example.com", "bob@example.com"]


@pytest.mark.parametrize(
    ("where", "words", "failure"),
    [
        ("refuse_recipient", "550 5.1.1 No such user here", PermanentFailure),
        ("refuse_recipient", "451 4.7.1 Greylisted, try again", TemporaryFailure),
        ("refuse_recipient", "530 5.7.0 Must issue a STARTTLS command first", TemporaryFailure),
        ("refuse_content", "554 5.7.1 Looks like spam", PermanentFailure),
        ("refuse_content", "452 4.3.1 Disk full", TemporaryFailure),
    ],
)
def test_a_refusal_is_told_in_the_servers_words_and_the_next_mail_goes(
    mail_server: MailServer,
    transport: SmtpTransport,
    where: str,
    words: str,
    failure: type[Exception],
) -> None:
    getattr(mail_server, where)["ann@example.com"] = words
    with pytest.raises(failure) as raised:
        send(transport)
    assert type(raised.value) is failure
    assert str(raised.value) == words
    send(transport, "bob@example.com")
    assert mail_server.recipients == ["bob@example.com"]
    assert mail_server.connections == 1


def test_a_refused_sender_is_our_trouble_not_the_mails(
    mail_server: MailServer, transport: SmtpTransport
) -> None:
    mail_server.refuse_sender = "550 5.7.1 Sender not allowed"
    with pytest.raises(TemporaryFailure, match="Sender not allowed"):
        send(transport)
    mail_server.refuse_sender = ""
    send(transport)
    assert len(mail_server.accepted) == 1


def test_a_connection_dropped_while_sending_is_worth_another_try(
    mail_server: MailServer, transport: SmtpTransport
) -> None:
    mail_server.hang_up_on["ann@example.com"] = 1
    with pytest.raises(TemporaryFailure) as raised:
        send(transport)
    assert not isinstance(raised.value, ServerUnavailable)
    send(transport)
    assert mail_server.recipients == ["ann@example.com"]


def test_nobody_listening_is_the_servers_trouble(mail_server: MailServer) -> None:
    mail_server.stop()
    with pytest.raises(ServerUnavailable, match="ConnectionRefused"):
        send(SmtpTransport(mail_server.url, timeout=5))


def test_a_server_that_says_nothing_is_given_up_in_time() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        port = silent.getsockname()[1]
        with pytest.raises(ServerUnavailable, match=r"timed out"):
            send(SmtpTransport(f"smtp://127.0.0.1:{port}", timeout=0.3))


def test_a_server_without_encryption_is_not_spoken_to_when_encryption_is_wanted(
    mail_server: MailServer,
) -> None:
    url = mail_server.url.replace("smtp://", "smtp+starttls://user:secret@")
    with pytest.raises(ServerUnavailable, match="STARTTLS"):
        send(SmtpTransport(url, timeout=5))
    assert mail_server.accepted == []


def test_letters_beyond_ascii_before_the_at_sign_need_a_server_that_takes_them(
    mail_server: MailServer, transport: SmtpTransport
) -> None:
    send(transport, "jürgen@example.com")
    assert mail_server.recipients == ["jürgen@example.com"]
    assert "<jürgen@example.com>".encode() in mail_server.accepted[0].raw
    mail_server.stop()
    mail_server.options["enable_SMTPUTF8"] = False
    mail_server.start()
    with pytest.raises(PermanentFailure, match="SMTPUTF8"):
        send(transport, "jürgen@example.com")
    send(transport)


def test_the_settings_choose_the_way_out(tmp_path) -> None:
    assert isinstance(transport_for(read_settings({"PORTAL_DATA": str(tmp_path)})), MailboxTransport)
    assert isinstance(transport_for(read_settings({"PORTAL_SMTP": "smtp://mail.example:25"})), SmtpTransport)


def test_a_password_is_never_sent_in_the_clear_to_another_machine() -> None:
    with pytest.raises(SettingsError, match="in the clear"):
        transport_for(read_settings({"PORTAL_SMTP": "smtp://user:secret@mail.example:25"}))
    assert transport_for(read_settings({"PORTAL_SMTP": "smtp://user:secret@localhost:25"}))
    assert transport_for(read_settings({"PORTAL_SMTP": "smtps://user:secret@mail.example"}))
