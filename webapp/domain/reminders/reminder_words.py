"""What reminders say, in the language that is spoken when they are written."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from webapp.domain.reminders.reminder_windows import ACTIVATION, ENDING, INVITATION, PO_NUMBER, RENEWAL
from webapp.formats import day, listing, money
from webapp.i18n import N_, _, ngettext

_MOST_NAMED = 3

_TITLES = {
    ACTIVATION: N_("Not activated yet"),
    PO_NUMBER: N_("Purchase order number missing"),
    ENDING: N_("Ends soon"),
    RENEWAL: N_("Renews soon"),
    INVITATION: N_("Invitations not accepted yet"),
}
_HINTS = {
    ACTIVATION: N_(
        "After that day the subscription disappears from the portal. It costs you nothing then, and you can"
        " order it again."
    ),
    PO_NUMBER: N_("An invoice that is issued without it can only be replaced, not changed."),
    ENDING: N_("It is cancelled. Until the end of that day you can still keep it in the portal."),
    RENEWAL: N_(
        "If everything is to go on as it is, there is nothing to do. Changes and cancellations are possible"
        " until the day before."
    ),
    INVITATION: N_("Each of these people holds a license. Invite them again, or give it to somebody else."),
}
_BUTTONS = {
    ACTIVATION: N_("Proceed to Accept the Agreement"),
    PO_NUMBER: N_("Enter the purchase order number"),
    ENDING: N_("Manage Subscription"),
    RENEWAL: N_("Manage Subscription"),
    INVITATION: N_("Manage users"),
}


def title(kind: str) -> str:
    return _(_TITLES[kind])


def hint(kind: str) -> str:
    return _(_HINTS[kind])


def button(kind: str) -> str:
    return _(_BUTTONS[kind])


def line(item: Any) -> str:
    """What is to be known of this one: the day, and how far it is."""
    return _LINES[item.kind](item)


def _activation_line(item: Any) -> str:
    if not item.days_left:
        return _("Activate today, %(day)s: it is the last day", day=day(item.on))
    return ngettext(
        "Activate by %(day)s: %(num)s day left",
        "Activate by %(day)s: %(num)s days left",
        item.days_left,
        day=day(item.on),
    )


def _invoice_line(item: Any) -> str:
    return ngettext(
        "Next invoice on %(day)s, in %(num)s day",
        "Next invoice on %(day)s, in %(num)s days",
        item.days_left,
        day=day(item.on),
    )


def _ending_line(item: Any) -> str:
    return _("Last day of access: %(day)s", day=day(item.on))


def _renewal_line(item: Any) -> str:
    return ngettext(
        "Renews on %(day)s, in %(num)s day",
        "Renews on %(day)s, in %(num)s days",
        item.days_left,
        day=day(item.on),
    )


def _invitation_line(item: Any) -> str:
    named, others = item.people[:_MOST_NAMED], len(item.people) - _MOST_NAMED
    if others > 0:
        more = ngettext("%(num)s more person", "%(num)s more people", others)
        named = (*named, more)
    return _("Invited on %(day)s: %(people)s", day=day(item.on), people=listing(list(named)))


_LINES: Mapping[str, Callable[[Any], str]] = {
    ACTIVATION: _activation_line,
    PO_NUMBER: _invoice_line,
    ENDING: _ending_line,
    RENEWAL: _renewal_line,
    INVITATION: _invitation_line,
}


def more(item: Any) -> str:
    """Of a renewal what it will cost, else nothing."""
    if item.kind != RENEWAL:
        return ""
    amount = money(item.net, item.currency)
    if item.billing_period == "monthly":
        return ngettext(
            "%(num)s license, %(amount)s net a month",
            "%(num)s licenses, %(amount)s net a month",
            item.quantity,
            amount=amount,
        )
    return ngettext(
        "%(num)s license, %(amount)s net a year",
        "%(num)s licenses, %(amount)s net a year",
        item.quantity,
        amount=amount,
    )


# ---- what can be chosen

_CHOICES = {
    RENEWAL: (
        N_("Renewals and ends"),
        N_("60, 30 and 7 days before a subscription renews, and 7 days before one that is cancelled ends."),
    ),
    PO_NUMBER: (
        N_("Missing purchase order numbers"),
        N_("7 days before an invoice is issued without a purchase order number."),
    ),
    INVITATION: (
        N_("Invitations not accepted"),
        N_("7 and 21 days after somebody was invited to use a subscription and did not come."),
    ),
}


def choice(kind: str) -> tuple[str, str]:
    """What it is called, and when it is sent."""
    name, when = _CHOICES[kind]
    return _(name), _(when)
