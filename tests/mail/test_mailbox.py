"""The demo's mailbox: what goes in comes out once, newest first, and nothing else does."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

from tests.mail.test_message import STORED, built
from webapp.mail.failures import TemporaryFailure
from webapp.mail.mailbox import MailboxTransport, list_mails, open_mail
from webapp.mail.message import Attachment


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "var" / "mailbox"


def deliver(folder: Path, number: int = 1, **changes: Any) -> None:
    message = built(message_id=f"<{number:032x}@fr.localhost>", **changes)
    MailboxTransport(folder).deliver(message, "eloise@example.com")


def test_a_mail_can_be_listed_and_opened(folder: Path) -> None:
    link = "http://fr.localhost:8000/activate/0314100037"
    deliver(folder, text=f"Bonjour,\n\n{link}\n{link}\n")
    (line,) = list_mails(folder)
    assert line.site == "fr"
    assert line.subject == STORED["subject"]
    assert line.date == STORED["created_at"]
    assert "eloise@example.com" in line.to
    assert "portal@example.com" in line.sender
    mail = open_mail(folder, line.name)
    assert mail is not None
    assert mail.envelope == line
    assert mail.html == STORED["html"]
    assert mail.links == (link,)


@pytest.mark.parametrize("address", ["jürgen@straße.example", "hans@straße.example"])
def test_international_addresses_can_be_read(folder: Path, address: str) -> None:
    deliver(folder, to_email=address, to_name="Jürgen")
    (line,) = list_mails(folder)
    assert line.to in (f"Jürgen <{address}>", "Jürgen <hans@xn--strae-oqa.example>")
    assert open_mail(folder, line.name)


def test_the_same_message_is_there_once(folder: Path) -> None:
    deliver(folder, text="first try\n")
    deliver(folder, text="second try\n")
    (line,) = list_mails(folder)
    mail = open_mail(folder, line.name)
    assert mail is not None
    assert mail.text == "second try\n"
    assert [path.suffix for path in folder.iterdir()] == [".eml"]


def test_the_newest_comes_first(folder: Path) -> None:
    for number in (1, 2, 3):
        deliver(folder, number, subject=f"mail {number}")
        os.utime(folder / f"{number:032x}@fr.localhost.eml", ns=(number, number))
    assert [line.subject for line in list_mails(folder)] == ["mail 3", "mail 2", "mail 1"]
    assert [line.subject for line in list_mails(folder, limit=1)] == ["mail 3"]


def test_an_empty_mailbox_is_no_error(folder: Path) -> None:
    assert list_mails(folder) == []


@pytest.mark.parametrize(
    "name", ["../secret.eml", "/etc/passwd", "..eml", "x.eml", "a/b.eml", ".hidden.eml", ""]
)
def test_only_mails_can_be_opened(folder: Path, name: str) -> None:
    deliver(folder)
    (folder.parent / "secret.eml").write_bytes(built().as_bytes())
    (folder / ".hidden.eml").write_bytes(built().as_bytes())
    assert open_mail(folder, name) is None


def test_no_message_id_leaves_the_folder(folder: Path) -> None:
    message = built(message_id="<../../evil/name@fr.localhost>")
    MailboxTransport(folder).deliver(message, "eloise@example.com")
    assert [path.parent for path in folder.parent.rglob("*.eml")] == [folder]


def test_a_full_disk_is_worth_another_try(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way", encoding="utf-8")
    with pytest.raises(TemporaryFailure):
        deliver(tmp_path / "file")


def test_what_is_attached_comes_out_byte_for_byte(folder: Path) -> None:
    pdf = Attachment("FA-2026-000042.pdf", "application/pdf", b"%PDF-\r\n" + bytes(range(256)) * 99)
    xml = Attachment("FA-2026-000042-cii.xml", "application/xml", b"<x/>\n")
    deliver(folder, attachments=[pdf, xml])
    (line,) = list_mails(folder)
    mail = open_mail(folder, line.name)
    assert mail is not None
    assert mail.files == (pdf, xml)
    assert mail.file(pdf.file_name) == pdf
    assert mail.file("other.pdf") is None
    assert mail.text == STORED["text"]
    assert line.subject == STORED["subject"]
