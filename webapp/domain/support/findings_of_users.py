"""“I can’t invite anybody”: what stands in the way of giving a license."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from webapp.data.database import to_micros
from webapp.data.subscriptions import PENDING
from webapp.domain.seats import seats
from webapp.domain.support.findings import Finding, on_day
from webapp.domain.support.findings_of_mail import undelivered
from webapp.domain.support.findings_of_sight import end_of, lapsed, withdrawn
from webapp.domain.support.support_facts import Case
from webapp.i18n import _, ngettext

Rule = Callable[[Case, Any], Finding | None]


def manages_nothing(c: Case) -> Finding | None:
    if c.public_id or any(_manages(c, s) for s in c.subscriptions):
        return None
    return Finding(
        "manages_nothing",
        _("%(email)s manages no subscription of %(company)s.", email=c.email, company=c.account_name),
        _("Only the administrator of a subscription and the backup invite its users."),
    )


def of_subscription(c: Case) -> Finding | None:
    """Of the named one, or of the newest that this person manages."""
    for s in c.subscriptions:
        if c.public_id or _manages(c, s):
            return next((found for rule in _OF_ONE if (found := rule(c, s))), None)
    return None


def _manages(c: Case, s: Any) -> bool:
    return c.person_id in (s.administrator_id, s.backup_id)


def not_manager(c: Case, s: Any) -> Finding | None:
    if _manages(c, s):
        return None
    return Finding(
        "not_manager",
        _(
            "The users of %(id)s are managed by %(name)s (%(email)s).",
            id=s.public_id,
            name=s.administrator_name,
            email=s.administrator_email,
        ),
        _("That person invites, or names a backup or hands the administration over."),
        public_id=s.public_id,
    )


def not_active_yet(c: Case, s: Any) -> Finding | None:
    if s.status != PENDING or s.activate_before <= to_micros(c.now):
        return None
    return Finding(
        "not_active_yet",
        _("%(id)s is not activated yet, and only an active subscription has users.", id=s.public_id),
        _(
            "The administrator %(name)s (%(email)s) has to accept the agreement first.",
            name=s.administrator_name,
            email=s.administrator_email,
        ),
        public_id=s.public_id,
    )


def ended(c: Case, s: Any) -> Finding | None:
    if not c.is_over(s):
        return None
    return Finding(
        "ended",
        _("%(id)s was cancelled and ended on %(date)s.", id=s.public_id, date=end_of(s)),
        _("To use it again, the customer orders it again."),
        public_id=s.public_id,
    )


def no_self_service(c: Case, s: Any) -> Finding | None:
    product = c.catalogue.by_key(s.product_key)
    if product is not None and product.self_service:
        return None
    return Finding(
        "no_self_service",
        _("Users of %(product)s are not managed in the portal.", product=s.product_name),
        _("Assign them in the product’s own administration, or ask its product support."),
        public_id=s.public_id,
    )


def all_taken(c: Case, s: Any) -> Finding | None:
    if seats.is_unlimited(c.catalogue.by_key(s.product_key)) or s.taken < s.quantity:
        return None
    return Finding(
        "all_taken",
        ngettext(
            "The only license of %(id)s is taken.",
            "All %(num)s licenses of %(id)s are taken.",
            s.quantity,
            id=s.public_id,
        ),
        _("Remove a user, or add licenses on the subscription’s page."),
        public_id=s.public_id,
    )


def fewer_at_renewal(c: Case, s: Any) -> Finding | None:
    if s.next_quantity is None or s.kept < s.next_quantity:
        return None
    return Finding(
        "fewer_at_renewal",
        ngettext(
            "From %(date)s on %(id)s has only %(num)s license, and that many people keep theirs.",
            "From %(date)s on %(id)s has only %(num)s licenses, and that many people keep theirs.",
            s.next_quantity,
            id=s.public_id,
            date=on_day(s.term_end),
        ),
        _("Invite with a last day before that date, or keep the license quantity."),
        public_id=s.public_id,
    )


def invitation_failed(c: Case, s: Any) -> Finding | None:
    if s.uninvited_to is None:
        return None
    return undelivered(
        "invitation_failed",
        to=s.uninvited_to,
        state=s.uninvited_state,
        error=s.uninvited_error,
        written=s.uninvited_at,
        bounced=s.uninvited_bounced_at,
        advice=_("Have the administrator remove that person and invite the right address."),
        public_id=s.public_id,
    )


def invited_waiting(c: Case, s: Any) -> Finding | None:
    if not s.invited:
        return None
    return Finding(
        "invited_waiting",
        ngettext(
            "%(num)s person was invited to %(id)s and has not logged in yet.",
            "%(num)s people were invited to %(id)s and have not logged in yet.",
            s.invited,
            id=s.public_id,
        ),
        _("The administrator can send the invitation again from “Manage users”."),
        public_id=s.public_id,
    )


def can_invite(c: Case, s: Any) -> Finding:
    free = s.quantity - s.taken
    if seats.is_unlimited(c.catalogue.by_key(s.product_key)):
        sentence = _("%(id)s has no limit of users; nothing stands in the way.", id=s.public_id)
    else:
        sentence = ngettext(
            "%(num)s license of %(id)s is free; nothing stands in the way.",
            "%(num)s licenses of %(id)s are free; nothing stands in the way.",
            free,
            id=s.public_id,
        )
    return Finding(
        "can_invite",
        sentence,
        _("Go through “Manage users” with the customer and read the message."),
        public_id=s.public_id,
    )


_OF_ONE: tuple[Rule, ...] = (
    lapsed,
    withdrawn,
    not_manager,
    not_active_yet,
    ended,
    no_self_service,
    all_taken,
    fewer_at_renewal,
    invitation_failed,
    invited_waiting,
    can_invite,
)
OF_USERS = (manages_nothing, of_subscription)
