"""“I can’t see my subscription”: why it is not in somebody's list."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

from webapp.data.database import from_micros, to_micros
from webapp.data.subscriptions import LAPSED, PENDING, WITHDRAWN
from webapp.domain.support.findings import SEND_AGAIN, Finding, on, on_day
from webapp.domain.support.findings_of_mail import activation_mail_failed
from webapp.domain.support.support_facts import Case
from webapp.i18n import _, ngettext


def hidden(c: Case) -> Iterator[Finding]:
    """For each of the subscriptions, newest first, the reason why it is hidden, if it is."""
    for s in c.subscriptions:
        reason = next((found for rule in _HIDING if (found := rule(c, s))), None)
        if reason:
            yield reason


def lapsed(c: Case, s: Any) -> Finding | None:
    if s.status != LAPSED and not (s.status == PENDING and s.activate_before <= to_micros(c.now)):
        return None
    return Finding(
        "lapsed",
        _(
            "%(id)s was ordered on %(ordered)s and not activated within 90 days, it expired on %(date)s.",
            id=s.public_id,
            ordered=on(s.ordered_at),
            date=on(s.activate_before),
        ),
        _("Nothing was charged and it can’t be revived: the customer orders again."),
        public_id=s.public_id,
    )


def withdrawn(c: Case, s: Any) -> Finding | None:
    if s.status != WITHDRAWN:
        return None
    reason = json.loads(s.withdrawn_details or "{}").get("reason", "–")
    return Finding(
        "withdrawn",
        _(
            "The order of %(id)s was withdrawn on %(date)s: %(reason)s",
            id=s.public_id,
            date=on(s.withdrawn_at or s.ordered_at),
            reason=reason,
        ),
        _("Nothing was charged. If it is needed after all, the customer orders again."),
        public_id=s.public_id,
    )


def undelivered_and_pending(c: Case, s: Any) -> Finding | None:
    return activation_mail_failed(s) if s.status == PENDING else None


def handed_over(c: Case, s: Any) -> Finding | None:
    if s.handed_at is None or c.person_id in (s.administrator_id, s.backup_id):
        return None
    if s.handed_settled is None:
        advice = _(
            "Until %(name)s has logged in, the customer can take it back: the email about it has the link.",
            name=s.heir_name,
        )
    else:
        advice = _("Only %(name)s can give it back; they are the one to ask.", name=s.administrator_name)
    return Finding(
        "handed_over",
        _(
            "%(email)s handed the administration of %(id)s over to %(name)s on %(date)s.",
            email=c.email,
            id=s.public_id,
            name=s.heir_name,
            date=on(s.handed_at),
        ),
        advice,
        public_id=s.public_id,
    )


def seat_taken_back(c: Case, s: Any) -> Finding | None:
    if not _only_uses(c, s) or s.seat_revoked_at is None or s.seat_counted:
        return None
    return Finding(
        "seat_taken_back",
        _(
            "The license of %(email)s for %(id)s was taken back on %(date)s.",
            email=c.email,
            id=s.public_id,
            date=on(s.seat_revoked_at),
        ),
        _ask_administrator(s),
        public_id=s.public_id,
    )


def seat_over(c: Case, s: Any) -> Finding | None:
    if not _only_uses(c, s) or s.seat_over_on > c.today:
        return None
    last = on_day(s.seat_last_day or s.seat_over_on)
    return Finding(
        "seat_over",
        _(
            "The license of %(email)s for %(id)s was given until %(date)s.",
            email=c.email,
            id=s.public_id,
            date=last,
        ),
        _ask_administrator(s),
        public_id=s.public_id,
    )


def use_ended(c: Case, s: Any) -> Finding | None:
    if not _only_uses(c, s) or not c.is_over(s):
        return None
    return Finding(
        "use_ended",
        _(
            "%(id)s was cancelled and ended on %(date)s; users no longer see it.",
            id=s.public_id,
            date=end_of(s),
        ),
        _(
            "Its administrator %(name)s (%(email)s) knows whether there is another one.",
            name=s.administrator_name,
            email=s.administrator_email,
        ),
        public_id=s.public_id,
    )


def somebody_elses(c: Case, s: Any) -> Finding | None:
    """Of the one that was named."""
    if (
        c.person_id in (s.administrator_id, s.backup_id)
        or s.seat is not None
        or (c.person and c.person.billing_since)
    ):
        return None
    return Finding(
        "somebody_elses",
        _(
            "%(id)s is administered by %(name)s (%(email)s); %(asked)s neither manages nor uses it.",
            id=s.public_id,
            name=s.administrator_name,
            email=s.administrator_email,
            asked=c.email,
        ),
        _ask_administrator(s),
        public_id=s.public_id,
    )


_HIDING = (
    lapsed,
    withdrawn,
    handed_over,
    seat_taken_back,
    seat_over,
    use_ended,
    somebody_elses,
    undelivered_and_pending,
)


def _only_uses(c: Case, s: Any) -> bool:
    return s.seat is not None and c.person_id not in (s.administrator_id, s.backup_id)


def _ask_administrator(s: Any) -> str:
    return _(
        "The administrator %(name)s (%(email)s) can invite them.",
        name=s.administrator_name,
        email=s.administrator_email,
    )


def end_of(s: Any) -> str:
    return on(s.ended_at) if s.ended_at else on_day(s.ends_on)


def looks_at_another(c: Case) -> Finding | None:
    if c.person is None or not c.person.looks_at:
        return None
    return Finding(
        "looks_at_another_company",
        _(
            "%(email)s is logged in and looks at %(other)s, not at %(company)s.",
            email=c.email,
            other=c.person.looks_at,
            company=c.account_name,
        ),
        _(
            "Have them choose %(company)s in the menu below their name, at the top of each page.",
            company=c.account_name,
        ),
    )


def waits_for_activation(c: Case) -> Finding | None:
    for s in c.subscriptions:
        if s.status == PENDING and s.administrator_id == c.person_id and s.activate_before > to_micros(c.now):
            last = on(from_micros(s.activate_before) - timedelta(microseconds=1))
            return Finding(
                "waits_for_activation",
                _(
                    "%(id)s waits for %(email)s to accept the agreement, until %(date)s.",
                    id=s.public_id,
                    email=c.email,
                    date=last,
                ),
                _("They open it from the list or from the activation email, which you can send again."),
                act=SEND_AGAIN,
                public_id=s.public_id,
            )
    return None


def has_nothing(c: Case) -> Finding | None:
    if c.subscriptions or c.person is None or c.person.billing_since:
        return None
    return Finding(
        "has_nothing",
        _(
            "%(email)s belongs to %(company)s, but administers nothing and holds no license.",
            email=c.email,
            company=c.account_name,
        ),
        _(
            "An administrator of %(company)s can invite them or hand a subscription over.",
            company=c.account_name,
        ),
    )


def sees_all(c: Case) -> Finding:
    number = len(c.subscriptions)
    return Finding(
        "sees_all",
        ngettext(
            "%(email)s sees %(num)s subscription of %(company)s; nothing hides it.",
            "%(email)s sees %(num)s subscriptions of %(company)s; nothing hides them.",
            number,
            email=c.email,
            company=c.account_name,
        ),
        _("Look at the list with the customer: a filter or a search may be set."),
    )
