"""Headers and parts of the messages that go out."""

from __future__ import annotations

import email
from collections.abc import Sequence
from datetime import UTC, datetime
from email import policy
from email.header import decode_header, make_header
from email.message import EmailMessage
from types import SimpleNamespace
from typing import Any, cast

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.mail.written import SITES
from webapp.mail.headers import Unsendable, mailbox, wire_address
from webapp.mail.headers import subject as subject_header
from webapp.mail.message import MOST_ATTACHED, Attachment, Secret, build_message, recipient
from webapp.mail.render import one_line

STORED = {
    "message_id": "<0123456789abcdef0123456789abcdef@fr.localhost>",
    "created_at": datetime(2026, 11, 22, 12, 0, tzinfo=UTC),
    "to_name": "Éloïse D’Hérouville",
    "to_email": "eloise@example.com",
    "language": "fr",
    "subject": "Activez votre abonnement – n° 0314100037",
    "text": "Bonjour,\nà bientôt\n",
    "html": "<p>à bientôt</p>\n",
    "unsubscribe": "",
}


def built(
    secret: Secret | None = None, attachments: Sequence[Attachment] = (), **changes: Any
) -> EmailMessage:
    stored = cast(Any, SimpleNamespace(**{**STORED, **changes}))
    return build_message(
        stored,
        site=SITES["fr"],
        mail_from="portal@example.com",
        secret=secret,
        attachments=attachments,
    )


def on_arrival(message: EmailMessage) -> EmailMessage:
    return cast(EmailMessage, email.message_from_bytes(message.as_bytes(), policy=policy.default))


def text_of(message: EmailMessage, kind: str) -> str:
    part = message.get_body((kind,))
    assert part is not None
    return str(part.get_content()).replace("\r\n", "\n")


def test_the_message_arrives_with_its_headers_and_both_parts() -> None:
    mail = on_arrival(built())
    assert mail["Message-ID"] == STORED["message_id"]
    assert mail["Date"].datetime == STORED["created_at"]
    assert mail["Subject"] == STORED["subject"]
    assert [(a.display_name, a.addr_spec) for a in mail["To"].addresses] == [
        ("Éloïse D’Hérouville", "eloise@example.com")
    ]
    assert mail["From"].addresses[0].addr_spec == "portal@example.com"
    assert SITES["fr"].name_in("fr") in mail["From"].addresses[0].display_name
    assert mail["Reply-To"] == SITES["fr"].support_email
    assert mail["Auto-Submitted"] == "auto-generated"
    assert mail["X-Portal-Site"] == "fr"
    assert mail.get_content_type() == "multipart/alternative"
    assert [part.get_content_type() for part in mail.iter_parts()] == ["text/plain", "text/html"]
    assert text_of(mail, "plain") == STORED["text"]
    assert text_of(mail, "html") == STORED["html"]
    assert mail["List-Unsubscribe"] is None


def test_it_is_ascii_in_short_lines_on_the_wire() -> None:
    raw = built(html="<p>" + "ü" * 3000 + "</p>\n", text="x" * 3000 + "\n.\nFrom here\n").as_bytes()
    assert raw.isascii()
    assert max(map(len, raw.split(b"\r\n"))) <= 78
    assert b"\n" not in raw.replace(b"\r\n", b"")


def test_the_secret_stands_in_both_parts_and_the_placeholder_in_none() -> None:
    link = "https://fr.portal.example/password/set/token-1"
    mail = on_arrival(
        built(Secret("token-1", "s3cret"), text=f"{link}\n", html=f'<a href="{link}">{link}</a>\n')
    )
    assert text_of(mail, "plain") == "https://fr.portal.example/password/set/s3cret\n"
    assert text_of(mail, "html").count("s3cret") == 2
    assert "token-1" not in mail.as_string()


NAMES = st.text(st.characters(exclude_categories=["Cs"]), max_size=120)


@settings(max_examples=300, deadline=None)
@given(NAMES)
def test_whatever_a_name_holds_there_is_one_recipient_and_no_other_header(name: str) -> None:
    mail = on_arrival(built(to_name=name))
    assert [address.addr_spec for address in mail["To"].addresses] == ["eloise@example.com"]
    assert set(mail.keys()) == set(built().keys())
    assert recipient(built(to_name=name)) == "eloise@example.com"


@settings(max_examples=300, deadline=None)
@given(st.text(st.characters(exclude_categories=["Cs", "Cc", "Zl", "Zp", "Zs"]), min_size=1, max_size=300))
def test_a_subject_arrives_as_it_was_written(subject: str) -> None:
    mail = on_arrival(built(subject=subject))
    assert mail["Subject"] == one_line(subject)
    assert set(mail.keys()) == set(built().keys())


@pytest.mark.parametrize(
    "name",
    [
        "Doe, John; Roe, Jane",
        "Doe, John of a company whose name is so long that its header must be folded, GmbH & Co. KG",
        '"x@evil.example," ' + "y" * 80,
        "=?utf-8?q?x?=",
        "José Ñandú " * 8,
        "محمد العبدالله",
        "山田 太郎",
        "O'Neil-Smith",
    ],
)
def test_names_arrive_as_they_were_written(name: str) -> None:
    raw = email.message_from_bytes(built(to_name=name).as_bytes(), policy=policy.compat32)
    # Read by RFC 2047's rule: the newer parser puts spaces between the parts of a long encoded name.
    assert str(make_header(decode_header(raw["To"]))) == f"{name.strip()} <eloise@example.com>"


@pytest.mark.parametrize(
    "name", ["Mal\r\nBcc: all@example.com", "Mal\nSubject: x", "Mal\x85Bcc: x", "M\u2028B: x"]
)
def test_a_line_break_in_a_name_adds_no_header(name: str) -> None:
    raw = built(to_name=name, subject=f"{name} subject").as_bytes().decode()
    assert "\r\nBcc:" not in raw
    assert raw.count("Subject:") - raw.count("Mal Subject:") == 1
    assert on_arrival(built(to_name=name))["Bcc"] is None


@pytest.mark.parametrize(
    "address",
    ["", "nobody", "a@", "@b.example", "a b@c.example", "a@b.example, c@d.example", "a@b\r\nBcc: x@y.z"],
)
def test_what_is_no_address_can_not_be_sent(address: str) -> None:
    with pytest.raises(Unsendable, match="is no e-mail address"):
        built(to_email=address)


def test_an_international_domain_goes_out_in_ascii() -> None:
    assert wire_address("hans@straße.example") == "hans@xn--strae-oqa.example"
    assert built(to_email="hans@straße.example").as_bytes().isascii()


def test_international_letters_before_the_at_sign_stay() -> None:
    message = built(to_email="jürgen@straße.example")
    assert recipient(message) == "jürgen@straße.example"
    assert "jürgen@straße.example".encode() in message.as_bytes()


def test_header_helpers_write_plain_words_plainly() -> None:
    assert mailbox("Ann Lee", "ann@example.com") == "Ann Lee <ann@example.com>"
    assert mailbox("", "ann@example.com") == "ann@example.com"
    assert subject_header("Set your password") == "Set your password"


# ---- attachments

EVERY_BYTE = bytes(range(256)) * 40
PDF = Attachment("FA-2026-000042.pdf", "application/pdf", b"%PDF-1.7\r\n" + EVERY_BYTE)
XML = Attachment("FA-2026-000042-cii.xml", "application/xml", "<x>é</x>\n.\nFrom here\n".encode())


def test_attachments_arrive_byte_for_byte_beside_both_parts() -> None:
    mail = on_arrival(built(attachments=[PDF, XML]))
    assert mail.get_content_type() == "multipart/mixed"
    body, *files = mail.iter_parts()
    assert body.get_content_type() == "multipart/alternative"
    assert text_of(mail, "plain") == STORED["text"]
    assert text_of(mail, "html") == STORED["html"]
    for sent, file in zip((PDF, XML), files, strict=True):
        assert file.get_content_type() == sent.media_type
        assert file.get_content_disposition() == "attachment"
        assert file.get_filename() == sent.file_name
        assert file.get_payload(decode=True) == sent.content


def test_attachments_travel_as_ascii_in_short_lines() -> None:
    raw = built(attachments=[PDF, XML]).as_bytes()
    assert raw.isascii()
    assert max(map(len, raw.split(b"\r\n"))) <= 78
    assert b"\n" not in raw.replace(b"\r\n", b"")


@pytest.mark.parametrize(
    "name",
    ["Rechnung für Müller.pdf", "請求書-2026.pdf", "é" * 120 + ".pdf", 'a"b;c=d.pdf', "with space.pdf"],
)
def test_names_of_files_arrive_as_they_were_written(name: str) -> None:
    message = built(attachments=[Attachment(name, "application/pdf", b"%PDF-")])
    assert message.as_bytes().isascii()
    _body, file = on_arrival(message).iter_parts()
    assert file.get_filename() == name
    if not name.isascii():
        assert b"filename*" in message.as_bytes()  # RFC 2231


def test_a_line_break_in_a_files_name_adds_no_header() -> None:
    message = built(attachments=[Attachment("a\r\nBcc: x@example.com", "application/pdf", b"%PDF-")])
    assert b"\r\nBcc:" not in message.as_bytes()


def test_more_than_mail_servers_take_is_never_tried() -> None:
    half = Attachment("a.pdf", "application/pdf", bytes(MOST_ATTACHED // 2))
    assert built(attachments=[half, half])
    with pytest.raises(Unsendable, match=str(MOST_ATTACHED)):
        built(attachments=[half, half, XML])


def test_without_attachments_nothing_changes() -> None:
    assert on_arrival(built()).get_content_type() == "multipart/alternative"


def test_mail_programs_are_told_where_to_post_that_no_more_is_wanted() -> None:
    """RFC 8058; the address on one line, whatever its length, with the secret of this try."""
    address = f"http://fr.{'long-' * 20}localhost:8000/reminders/"
    sent = built(Secret("token-1", "A" * 43), unsubscribe=f"{address}token-1").as_bytes()
    assert f"List-Unsubscribe: <{address}{'A' * 43}>\r\n".encode() in sent
    assert b"List-Unsubscribe-Post: List-Unsubscribe=One-Click\r\n" in sent
    assert b"List-Unsubscribe" not in built().as_bytes()
