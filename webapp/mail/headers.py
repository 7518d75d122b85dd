"""Headers that hold people's words, encoded by us.

The library's own folding forgets quotation marks when a name is long (`Doe, John` becomes two addresses)
and refuses letters beyond ASCII before the @. So names and subjects are encoded here, and stored as they are.
"""

from __future__ import annotations

import re
from email.errors import HeaderParseError
from email.header import Header
from email.headerregistry import Address
from email.policy import EmailPolicy
from typing import Any

from email_validator import validate_email

from webapp.mail.render import one_line

_HUMAN = {"From", "To", "Reply-To", "Subject"}
_WHOLE = {"List-Unsubscribe"}  # an address: a fold in it would break it
_PLAIN_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9 '-]{0,50}")
_PLAIN_TEXT = re.compile(r"(?!.*=\?)[ -~]{1,66}")
_ENCODED_WORD = 60


class Unsendable(Exception):
    """No message can be made of it, now or later; says why."""


class WirePolicy(EmailPolicy):
    """What goes over the wire; the headers of this module are stored as they were encoded."""

    def header_store_parse(self, name: str, value: Any) -> tuple[str, Any]:
        return (name, value) if name in _HUMAN | _WHOLE else super().header_store_parse(name, value)


WIRE = WirePolicy(linesep="\r\n", refold_source="none", utf8=False)
WIRE_UTF8 = WIRE.clone(utf8=True)


def _encoded(text: str) -> str:
    return Header(text, "utf-8", maxlinelen=_ENCODED_WORD).encode(linesep="\r\n")


def subject(text: str) -> str:
    text = one_line(text)
    return text if _PLAIN_TEXT.fullmatch(text) else _encoded(text)


def mailbox(name: str, address: str) -> str:
    """`Ann Lee <ann@example.com>`; whatever the name holds, there is one address."""
    name = one_line(name)
    if not name:
        return address
    return f"{name} <{address}>" if _PLAIN_NAME.fullmatch(name) else f"{_encoded(name)}\r\n <{address}>"


def wire_address(address: str) -> str:
    """An international domain goes out in its ASCII form; only letters before the @ need SMTPUTF8."""
    try:
        if address.isascii():
            return Address(addr_spec=address).addr_spec
        valid = validate_email(address, check_deliverability=False)
        return valid.ascii_email or valid.normalized
    except (ValueError, IndexError, HeaderParseError) as problem:
        raise Unsendable(f"“{one_line(address)}” is no e-mail address: {problem}") from problem
