"""The way out: the mail server of the settings, or the folder that the demo shows as a mailbox."""

from __future__ import annotations

from email.message import EmailMessage
from typing import Protocol
from urllib.parse import urlsplit

from webapp.config import Settings, SettingsError
from webapp.mail.mailbox import MailboxTransport, mailbox_folder
from webapp.mail.smtp import SmtpTransport

_THIS_MACHINE = ("localhost", "127.0.0.1", "::1")


class Transport(Protocol):
    def deliver(self, message: EmailMessage, to: str) -> None:
        """Returns once the mail is accepted; else raises a `DeliveryFailure`."""

    def greet(self) -> None:
        """Raises a `DeliveryFailure` if no mail could go now."""

    def close(self) -> None: ...


def transport_for(settings: Settings) -> Transport:
    if not settings.smtp:
        return MailboxTransport(mailbox_folder(settings))
    url = urlsplit(settings.smtp)
    if url.scheme == "smtp" and url.password and url.hostname not in _THIS_MACHINE:
        raise SettingsError(
            "PORTAL_SMTP would send its password in the clear: use smtp+starttls:// or smtps://."
        )
    return SmtpTransport(settings.smtp)
