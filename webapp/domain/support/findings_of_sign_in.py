"""“I can’t sign in”: what became of the last tries and links."""

from __future__ import annotations

from typing import Any

from webapp.data.database import to_micros
from webapp.data.outbox import BOUNCED, DEAD, QUEUED, SENT
from webapp.domain import tokens
from webapp.domain.people import sign_in
from webapp.domain.support.findings import UNLOCK, Finding, at
from webapp.domain.support.findings_of_mail import undelivered
from webapp.domain.support.support_facts import Case
from webapp.i18n import _


def locked(c: Case) -> Finding | None:
    until = c.reached_until(sign_in.SIGN_INS)
    if until is None:
        return None
    return Finding(
        "locked",
        _(
            "Logging in as %(email)s is locked until %(date)s, after %(number)s wrong passwords.",
            email=c.email,
            number=sign_in.SIGN_INS.times,
            date=at(until),
        ),
        _("Unlock it here, once you know that it was the customer who tried; or they wait."),
        act=UNLOCK,
    )


def links_used_up(c: Case) -> Finding | None:
    until = c.reached_until(sign_in.RESETS)
    if until is None:
        return None
    return Finding(
        "links_used_up",
        _(
            "%(email)s asked for %(number)s links to choose a password; the next is sent from %(date)s on.",
            email=c.email,
            number=sign_in.RESETS.times,
            date=at(until),
        ),
        _("Have them press the link in the newest email, in the spam folder too."),
    )


def _last_link(c: Case) -> Any | None:
    return next((mail for mail in c.mails if mail.token_purpose == tokens.SET_PASSWORD), None)


def link_failed(c: Case) -> Finding | None:
    link = _last_link(c)
    if link is None or link.state not in (DEAD, BOUNCED):
        return None
    return undelivered(
        "link_failed",
        to=link.to_email,
        state=link.state,
        error=link.last_error,
        written=link.created_at,
        bounced=link.bounced_at,
    )


def link_waits(c: Case) -> Finding | None:
    link = _last_link(c)
    if link is None or link.state != QUEUED:
        return None
    return Finding(
        "link_waits",
        _(
            "The email with the link to choose a password was recorded on %(date)s and has not left yet.",
            date=at(link.created_at),
        ),
        _("Wait five minutes. If it is still here then, tell the operator that no mail leaves."),
    )


def _ends(link: Any) -> int:
    return int((link.sent_at or link.created_at) + (link.token_minutes or 0) * 60_000_000)


def link_unused(c: Case) -> Finding | None:
    """Sent, and no password since."""
    link = _last_link(c)
    if (
        link is None
        or link.state != SENT
        or c.person is None
        or (c.person.signed_in_at or 0) >= (link.sent_at or 0)
    ):
        return None
    if _ends(link) > to_micros(c.now):
        sentence = _(
            "A link to choose a password went to %(email)s on %(date)s and works until %(end)s.",
            email=link.to_email,
            date=at(link.sent_at),
            end=at(_ends(link)),
        )
        return Finding(
            "link_works", sentence, _("Have them press the link in the newest email, in the spam folder too.")
        )
    sentence = _(
        "The link to choose a password that went to %(email)s on %(date)s was not used in time.",
        email=link.to_email,
        date=at(link.sent_at),
    )
    return Finding("link_too_old", sentence, _forgotten())


def _forgotten() -> str:
    return _(
        "Have them press “Forgotten or no password yet?” on the log-in page "
        "and use the new link within an hour."
    )


def no_password(c: Case) -> Finding | None:
    if c.person is None or c.person.has_password:
        return None
    return Finding("no_password", _("%(email)s has never chosen a password.", email=c.email), _forgotten())


def wrong_password(c: Case) -> Finding | None:
    if c.person is None or not c.person.failed_at or c.person.failed_at <= (c.person.signed_in_at or 0):
        return None
    return Finding(
        "wrong_password",
        _(
            "The last try with %(email)s, on %(date)s, had a wrong password.",
            email=c.email,
            date=at(c.person.failed_at),
        ),
        _forgotten(),
    )


def signed_in(c: Case) -> Finding | None:
    if c.person is None or not c.person.signed_in_at:
        return None
    return Finding(
        "signed_in",
        _(
            "%(email)s logged in on %(date)s, and no try has failed since.",
            email=c.email,
            date=at(c.person.signed_in_at),
        ),
        _("Ask what they see: it may be another country’s site, or another address."),
    )


def never_tried(c: Case) -> Finding:
    return Finding(
        "never_tried",
        _("%(email)s has a password, and has not tried to log in here.", email=c.email),
        _("Ask what they see: it may be another country’s site, or another address."),
    )


OF_SIGN_IN = (
    locked,
    links_used_up,
    link_failed,
    link_waits,
    link_unused,
    no_password,
    wrong_password,
    signed_in,
    never_tried,
)
