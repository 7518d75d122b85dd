"""Delivers what waits in a site's outbox."""

from __future__ import annotations

import logging
from collections import Counter
from dataclasses import dataclass
from datetime import datetime

from webapp.assembly import Portal
from webapp.data.outbox import OutboxMessage
from webapp.domain import outbox
from webapp.domain.invoices import documents
from webapp.jobs import turn
from webapp.mail.failures import PermanentFailure, ServerUnavailable, TemporaryFailure, in_words
from webapp.mail.headers import Unsendable
from webapp.mail.message import build_message, recipient
from webapp.mail.transport import Transport
from webapp.sites import Site

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Delivered:
    sent: int
    failed: int  # to be tried again
    dead: int
    unavailable: str = ""  # the mail server's words, if it took nothing at all


def deliver(portal: Portal, site: Site, transport: Transport) -> Delivered:
    """Each message that is due now, once. No transaction and no database connection is held while sending.

    A crash between the server's yes and our note of it sends the message again, under the same Message-ID.
    """
    due_by = portal.clock()
    outcomes: Counter[str] = Counter()
    unavailable = ""
    while not unavailable and not turn.is_over() and (message := _claim(portal, site, due_by)) is not None:
        try:
            outcomes[_attempt(portal, site, transport, message)] += 1
        except ServerUnavailable as problem:
            unavailable = str(problem)
            with portal.at(site):
                outbox.postponed(message, error=unavailable, now=portal.clock())
        turn.advanced()
    return Delivered(outcomes["sent"], outcomes["queued"], outcomes["dead"], unavailable)


def _claim(portal: Portal, site: Site, due_by: datetime) -> OutboxMessage | None:
    with portal.at(site):
        return outbox.claim_next(due_by=due_by, now=portal.clock())


def _attempt(portal: Portal, site: Site, transport: Transport, message: OutboxMessage) -> str:
    """The message's state afterwards. Whatever is wrong with it stays its own trouble."""
    try:
        _send(portal, site, transport, message)
    except ServerUnavailable:
        raise
    except (PermanentFailure, Unsendable) as problem:
        return _failed(portal, site, message, str(problem), permanent=True)
    except TemporaryFailure as problem:
        return _failed(portal, site, message, str(problem))
    except Exception as problem:
        log.exception("Message %s of site %s could not be made or sent.", message.message_id, site.code)
        return _failed(portal, site, message, in_words(problem))
    with portal.at(site):
        outbox.delivered(message, now=portal.clock())
    return "sent"


def _send(portal: Portal, site: Site, transport: Transport, message: OutboxMessage) -> None:
    with portal.at(site):
        now, mail_from = portal.clock(), portal.settings.mail_from
        attached = documents.attachments_of(message, now=now)
        secret = outbox.secret_for(message, now=now)
        mail = build_message(message, site=site, mail_from=mail_from, secret=secret, attachments=attached)
    transport.deliver(mail, recipient(mail))


def _failed(portal: Portal, site: Site, message: OutboxMessage, error: str, permanent: bool = False) -> str:
    with portal.at(site):
        return outbox.failed(message, error=error, now=portal.clock(), permanent=permanent)
