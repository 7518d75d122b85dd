"""Builds the message that goes out from the one that is stored."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from email.message import EmailMessage

from webapp.data.outbox import OutboxMessage
from webapp.i18n import _, speaking, speech
from webapp.mail.headers import WIRE, WIRE_UTF8, Unsendable, mailbox, subject, wire_address
from webapp.mail.render import one_line
from webapp.sites import Site

MOST_ATTACHED = 7 * 1024 * 1024  # bytes; on the wire they are a third more, and servers take 10 MB


@dataclass(frozen=True, slots=True)
class Attachment:
    file_name: str
    media_type: str
    content: bytes


@dataclass(frozen=True, slots=True)
class Secret:
    """What stands in the stored text, and what the recipient reads instead."""

    placeholder: str
    token: str

    def reveal_in(self, text: str) -> str:
        return text.replace(self.placeholder, self.token)


def build_message(
    stored: OutboxMessage,
    *,
    site: Site,
    mail_from: str,
    secret: Secret | None = None,
    attachments: Sequence[Attachment] = (),
) -> EmailMessage:
    to = wire_address(stored.to_email)
    message = EmailMessage(policy=WIRE if to.isascii() else WIRE_UTF8)
    message["Message-ID"] = stored.message_id
    message["Date"] = stored.created_at
    message["From"] = mailbox(_sender_name(stored.language, site), wire_address(mail_from))
    message["To"] = mailbox(stored.to_name, to)
    message["Reply-To"] = wire_address(site.support_email)
    message["Subject"] = subject(stored.subject)
    message["Auto-Submitted"] = "auto-generated"
    message["X-Portal-Site"] = site.code
    text, html, unsubscribe = stored.text, stored.html, stored.unsubscribe
    if secret:
        text, html = secret.reveal_in(text), secret.reveal_in(html)
        unsubscribe = secret.reveal_in(unsubscribe)
    if unsubscribe:  # RFC 8058: mail programs post to it, without asking
        message["List-Unsubscribe"] = f"<{unsubscribe}>"
        message["List-Unsubscribe-Post"] = "List-Unsubscribe=One-Click"
    # Quoted-printable: short lines of ASCII, whatever the servers on the way can take.
    message.set_content(text, cte="quoted-printable")
    message.add_alternative(html, subtype="html", cte="quoted-printable")
    _attach(message, attachments)
    return message


def _attach(message: EmailMessage, attachments: Sequence[Attachment]) -> None:
    size = sum(len(attachment.content) for attachment in attachments)
    if size > MOST_ATTACHED:
        raise Unsendable(
            f"Its attachments have {size} bytes, more than the {MOST_ATTACHED} that may be sent."
        )
    for attachment in attachments:
        main, _slash, sub = attachment.media_type.partition("/")
        message.add_attachment(
            attachment.content, maintype=main, subtype=sub, filename=one_line(attachment.file_name)
        )


def recipient(message: EmailMessage) -> str:
    """The envelope's address."""
    address: str = message["To"].addresses[0].addr_spec
    return address


def _sender_name(language: str, site: Site) -> str:
    with speaking(speech(language, site.territory)) as spoken:
        portal, country = site.brand_name_in(spoken.text_language), site.name_in(spoken.text_language)
        return _("%(portal)s %(country)s", portal=portal, country=country)
