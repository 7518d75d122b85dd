"""The demo's mailbox: a folder with one file a mail, written here and read for the mailbox page."""

from __future__ import annotations

import os
import re
import tempfile
from dataclasses import dataclass
from datetime import datetime
from email import policy
from email.message import EmailMessage
from email.parser import Parser
from itertools import takewhile
from pathlib import Path
from typing import Any

from webapp.config import Settings
from webapp.mail.failures import TemporaryFailure, in_words
from webapp.mail.message import Attachment

_NAME = re.compile(r"[A-Za-z0-9@-][A-Za-z0-9@.-]*\.eml")
_NOT_IN_NAMES = re.compile(r"[^A-Za-z0-9@.-]")
_LINK = re.compile(r"https?://[^\s<>\"]*[^\s<>\".,;:!?)]")  # a sentence may end behind it


def mailbox_folder(settings: Settings) -> Path:
    return settings.data / "mailbox"


class MailboxTransport:
    """The same Message-ID is the same file, so nothing is there twice."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def deliver(self, message: EmailMessage, to: str) -> None:
        content = message.as_bytes()
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            with tempfile.NamedTemporaryFile(dir=self._folder, suffix=".part", delete=False) as file:
                file.write(content)
            os.replace(file.name, self._folder / _file_name(message["Message-ID"]))
        except OSError as problem:
            raise TemporaryFailure(in_words(problem)) from problem

    def greet(self) -> None:
        """A folder takes whatever comes."""

    def close(self) -> None:
        """Nothing is kept open."""


def _file_name(message_id: str) -> str:
    return _NOT_IN_NAMES.sub("", message_id).lstrip(".") + ".eml"


@dataclass(frozen=True, slots=True)
class Envelope:
    """One line of the mailbox."""

    name: str  # of the file: names the mail in a page's address
    site: str
    sender: str
    to: str
    subject: str
    date: datetime


@dataclass(frozen=True, slots=True)
class Mail:
    envelope: Envelope
    text: str
    html: str
    links: tuple[str, ...]
    files: tuple[Attachment, ...]

    def file(self, name: str) -> Attachment | None:
        return next((file for file in self.files if file.file_name == name), None)


def list_mails(folder: Path, *, limit: int = 200) -> list[Envelope]:
    """Newest first: what arrived last."""
    arrived = sorted(folder.glob("*.eml"), key=lambda path: path.stat().st_mtime_ns, reverse=True)
    return [_envelope(path.name, _read(path, headers_only=True)) for path in arrived[:limit]]


def open_mail(folder: Path, name: str) -> Mail | None:
    if not _NAME.fullmatch(name) or not (folder / name).is_file():
        return None
    message = _read(folder / name)
    text, html = _part(message, "plain"), _part(message, "html")
    links = tuple(dict.fromkeys(_LINK.findall(text)))
    return Mail(_envelope(name, message), text, html, links, _files(message))


def _read(path: Path, *, headers_only: bool = False) -> EmailMessage:
    # As text: bytes beyond ASCII in an address would be read one by one.
    with path.open(encoding="utf-8") as file:
        text = "".join(takewhile(str.strip, file) if headers_only else file)
    return Parser(policy=policy.default).parsestr(text, headersonly=headers_only)


def _envelope(name: str, message: EmailMessage) -> Envelope:
    return Envelope(
        name=name,
        site=str(message["X-Portal-Site"] or ""),
        sender=str(message["From"]),
        to=str(message["To"]),
        subject=str(message["Subject"]),
        date=message["Date"].datetime,
    )


def _part(message: EmailMessage, kind: str) -> str:
    part = message.get_body((kind,))
    return part.get_content().replace("\r\n", "\n") if part is not None else ""


def _files(message: EmailMessage) -> tuple[Attachment, ...]:
    return tuple(_file(part) for part in message.iter_attachments() if part.get_filename())


def _file(part: Any) -> Attachment:
    return Attachment(part.get_filename(), part.get_content_type(), part.get_payload(decode=True))
