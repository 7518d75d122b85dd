"""E-mail addresses as people type them, checked as far as that can be done without asking the network."""

from __future__ import annotations

from email_validator import EmailNotValidError, validate_email

from webapp.domain.refusals import Refusal
from webapp.i18n import _


class EmailInvalid(Refusal):
    def __str__(self) -> str:
        return _("Enter an email address like name@company.com.")


def checked_email(text: str) -> str:
    """A typing error may remain."""
    address = text.strip()
    try:
        validate_email(address, check_deliverability=False)
    except EmailNotValidError:
        raise EmailInvalid from None
    return address
