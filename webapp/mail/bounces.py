"""Reads what mail servers say about mails that never arrived (RFC 3464, and RFC 6533 beyond ASCII)."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from email.message import Message
from email.parser import HeaderParser, Parser
from email.policy import compat32

from webapp.mail.render import one_line

LONGEST = 1_000_000  # bytes of a report that are read: what is asked for stands before that
_LONGEST_WORDS = 500
_STATUS_TYPES = ("message/delivery-status", "message/global-delivery-status")
_RETURNED_TYPES = ("message/rfc822", "message/global", "text/rfc822-headers", "message/global-headers")
_MESSAGE_ID = re.compile(r"<[^<>\s@]+@[^<>\s@]+>")
_BLANK_LINE = re.compile(r"\r?\n[ \t]*\r?\n")


@dataclass(frozen=True, slots=True)
class Bounce:
    message_id: str  # of the mail that did not arrive
    recipient: str
    status: str  # as 5.1.1
    reason: str  # in the words of the server that refused it

    @property
    def in_words(self) -> str:
        told = self.reason if self.status in self.reason else f"{self.status} {self.reason}"
        return one_line(told)[:_LONGEST_WORDS]


def read_bounce(content: bytes) -> Bounce | None:
    """None: it reports no failure, or not of which mail. Our numbers can't be guessed, so a report that names
    one comes from somebody who was sent that mail; an address alone would let anybody report anything."""
    report = Parser(policy=compat32).parsestr(content[:LONGEST].decode("utf-8", "replace"))
    if report.get_content_type() != "multipart/report":
        return None
    failed = next((told for told in _recipients(report) if _field(told, "Action").lower() == "failed"), None)
    message_id = _returned_id(report) or _answered_id(report)
    if failed is None or not message_id:
        return None
    recipient = _after_semicolon(_field(failed, "Original-Recipient") or _field(failed, "Final-Recipient"))
    reason = _after_semicolon(_field(failed, "Diagnostic-Code"))
    return Bounce(message_id, recipient, _field(failed, "Status"), reason)


def _recipients(report: Message) -> Iterator[Message]:
    """A block of fields for each; the first block is about the report as a whole."""
    for part in report.walk():
        payload = part.get_payload()
        if part.get_content_type() in _STATUS_TYPES and isinstance(payload, list):
            for block in payload:
                if isinstance(block, Message):
                    yield block
                    yield from _further_blocks(block.get_payload())


def _further_blocks(text: object) -> Iterator[Message]:
    """The newer kind of report is taken for a mail: its first block as the head, all others as the body."""
    for block in _BLANK_LINE.split(text) if isinstance(text, str) else ():
        yield HeaderParser(policy=compat32).parsestr(block)


def _returned_id(report: Message) -> str:
    """From the mail that came back, or its headers."""
    for part in report.walk():
        if part.get_content_type() in _RETURNED_TYPES:
            payload = part.get_payload()
            returned = payload[0] if isinstance(payload, list) and payload else _headers_in(part)
            if isinstance(returned, Message) and (
                found := _MESSAGE_ID.search(_field(returned, "Message-ID"))
            ):
                return found.group()
    return ""


def _headers_in(part: Message) -> Message:
    return HeaderParser(policy=compat32).parsestr(str(part.get_payload()))


def _answered_id(report: Message) -> str:
    """Servers that return nothing say at least what they answer."""
    named = _MESSAGE_ID.findall(f"{_field(report, 'References')} {_field(report, 'In-Reply-To')}")
    return named[-1] if named else ""


def _field(block: Message, name: str) -> str:
    return " ".join(one_line(str(block.get(name, ""))).split())


def _after_semicolon(typed: str) -> str:
    """`rfc822; ann@example.com` without its type."""
    kind, separator, value = typed.partition(";")
    return (value if separator else kind).strip()
