"""“No e-mail arrives”: what became of what was written to the address."""

from __future__ import annotations

from typing import Any

from webapp.data.outbox import BOUNCED, DEAD, QUEUED, SENT, WITHDRAWN
from webapp.domain import deliveries
from webapp.domain.lifecycle import activation
from webapp.domain.support.findings import CORRECT, SEND_AGAIN, Finding, at, on
from webapp.domain.support.support_facts import Case
from webapp.i18n import _


def undelivered(
    name: str,
    *,
    to: str,
    state: str,
    error: str,
    written: int,
    bounced: int | None,
    advice: str = "",
    act: str = "",
    public_id: str = "",
) -> Finding:
    """Refused at once, given up, or come back later; in words, for each kind of reason."""
    known = {"email": to, "reason": deliveries.reason_in_short(error)}
    if state == BOUNCED and bounced:
        sentence = _("Email to %(email)s came back on %(date)s: %(reason)s.", date=on(bounced), **known)
    else:
        sentence = _(
            "Email to %(email)s of %(date)s was not delivered: %(reason)s.", date=on(written), **known
        )
    return Finding(name, sentence, advice or _address_advice(), act, public_id, error)


def _address_advice() -> str:
    return _("Check the address with the customer; their own mail service can say why it refuses.")


def activation_mail_failed(s: Any) -> Finding | None:
    """Of a pending subscription's row: its administrator never got the link."""
    if s.mail_state not in (DEAD, BOUNCED):
        return None
    return undelivered(
        "activation_mail_failed",
        to=s.mail_to,
        state=s.mail_state,
        error=s.mail_error,
        written=s.mail_at,
        bounced=s.mail_bounced_at,
        advice=_("Correct the purchaser’s address, or have the shop correct it: a new email leaves at once."),
        act=CORRECT,
        public_id=s.public_id,
    )


def unconfirmed_recipient(c: Case) -> Finding | None:
    if c.recipient is None or c.recipient.confirmed_at is not None:
        return None
    return Finding(
        "recipient_unconfirmed",
        _(
            "%(email)s was added for invoices on %(date)s, and nobody has confirmed it.",
            email=c.recipient.email,
            date=on(c.recipient.added_at),
        ),
        _("Have the link in that email pressed; the administrator can send it again."),
    )


def latest_failed(c: Case) -> Finding | None:
    last = _latest(c)
    if last is None or last.state not in (DEAD, BOUNCED):
        return None
    pending = [s for s in c.subscriptions if s.public_id == last.public_id and s.status == "pending"]
    if last.kind == "activation" and pending:
        return activation_mail_failed(pending[0])
    return undelivered(
        "mail_failed",
        to=last.to_email,
        state=last.state,
        error=last.last_error,
        written=last.created_at,
        bounced=last.bounced_at,
    )


def retrying(c: Case) -> Finding | None:
    last = _latest(c)
    if last is None or last.state != QUEUED or not last.last_error:
        return None
    return Finding(
        "mail_retried",
        _(
            "Email to %(email)s has waited since %(date)s, the server says: %(words)s",
            email=last.to_email,
            date=at(last.created_at),
            words=last.last_error,
        ),
        _(
            "Nothing to do: it is tried again by itself, next at %(date)s, for three days.",
            date=at(last.next_attempt_at),
        ),
    )


def queued(c: Case) -> Finding | None:
    last = _latest(c)
    if last is None or last.state != QUEUED:
        return None
    return Finding(
        "mail_queued",
        _(
            "“%(subject)s” to %(email)s was recorded on %(date)s and has not left yet.",
            subject=last.subject,
            email=last.to_email,
            date=at(last.created_at),
        ),
        _("Wait five minutes. If it is still here then, tell the operator that no mail leaves."),
    )


def asked_too_often(c: Case) -> Finding | None:
    for s in c.subscriptions:
        if s.asked_again >= activation.MAIL_AGAIN.times and s.status == "pending":
            return Finding(
                "asked_too_often",
                _(
                    "The activation email of %(id)s was asked for %(number)s times within the hour.",
                    id=s.public_id,
                    number=s.asked_again,
                ),
                _("No more is sent for an hour. Have the customer look for it, in the spam folder too."),
                public_id=s.public_id,
            )
    return None


def taken_back(c: Case) -> Finding | None:
    if not c.mails or _latest(c) is not None:
        return None
    last = c.mails[0]
    return Finding(
        "mail_withdrawn",
        _(
            "“%(subject)s” to %(email)s was taken back before it left.",
            subject=last.subject,
            email=last.to_email,
        ),
        _("See the audit trail for what changed meanwhile, such as the purchaser’s address."),
    )


def arrived(c: Case) -> Finding | None:
    last = _latest(c)
    if last is None or last.state != SENT:
        return None
    pending = next(
        (s for s in c.subscriptions if s.public_id == last.public_id and s.status == "pending"), None
    )
    again = last.kind == "activation" and pending is not None
    return Finding(
        "mail_taken",
        _(
            "The mail server of %(email)s took “%(subject)s” on %(date)s.",
            email=last.to_email,
            subject=last.subject,
            date=at(last.sent_at or last.created_at),
        ),
        _("Nothing failed here: have the customer look into the spam folder and ask their IT."),
        act=SEND_AGAIN if again else "",
        public_id=pending.public_id if again and pending else "",
    )


def never_written(c: Case) -> Finding | None:
    if c.mails:
        return None
    other = next((s for s in c.subscriptions if s.administrator_id != c.person_id), None)
    if other:
        return Finding(
            "mail_elsewhere",
            _(
                "Emails about %(id)s go to %(email)s, not to %(asked)s.",
                id=other.public_id,
                email=other.administrator_email,
                asked=c.email,
            ),
            _("Ask that person, or have them hand the administration over."),
            public_id=other.public_id,
        )
    return Finding(
        "mail_never_written",
        _("No email was ever written to %(email)s.", email=c.email),
        _("Ask which email is missed: there may be nothing to tell this person yet."),
    )


def _latest(c: Case) -> Any | None:
    return next((mail for mail in c.mails if mail.state != WITHDRAWN), None)


OF_MAIL = (
    unconfirmed_recipient,
    latest_failed,
    retrying,
    asked_too_often,
    queued,
    taken_back,
    arrived,
    never_written,
)
