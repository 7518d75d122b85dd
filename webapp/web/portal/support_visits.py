"""What support looked at: who, when, why, and which pages. For the administrators of an account."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from flask import Blueprint, request

from webapp.data.database import from_micros, to_micros
from webapp.domain import audit
from webapp.domain.refusals import NotThere
from webapp.domain.support import visit_trail
from webapp.domain.support.visit_trail import Event, PastVisit
from webapp.i18n import _
from webapp.web import auth, htmx
from webapp.web.policy import policy
from webapp.web.site import this_portal

pages = Blueprint("support_visits_seen", __name__, url_prefix="/support-visits")

_MICROS = re.compile(r"[0-9]{1,17}")
_NUMBER = re.compile(r"/(SUB-[A-Z]{2}-[0-9]+|(?<=invoices/)[A-Z0-9-]+)")

# What each page is called; `%(number)s` is the subscription or invoice that its address names.
_PAGES: dict[str, Callable[[str], str]] = {
    "subscriptions.show_list": lambda number: _("List of subscriptions"),
    "subscriptions.manage": lambda number: _("Subscription %(number)s", number=number),
    "activation.show_agreement": lambda number: _("Agreement of %(number)s", number=number),
    "invoice_files.contract": lambda number: _("Agreement of %(number)s", number=number),
    "seats.show_list": lambda number: _("Users of %(number)s", number=number),
    "invoices.show_list": lambda number: _("List of invoices"),
    "members.show": lambda number: _("Members of your company"),
    "support_visits_seen.show": lambda number: _("This page"),
    **dict.fromkeys(
        ("invoices.show", "invoice_files.pdf", "invoice_files.cii", "invoice_files.ubl"),
        lambda number: _("Invoice %(number)s", number=number),
    ),
}
_ACTS: dict[str, Callable[[], str]] = {
    audit.SUPPORT_RENEWED: lambda: _("Visit extended by 30 minutes"),
    audit.SUPPORT_LEFT: lambda: _("Visit ended"),
    audit.ACTIVATION_MAIL_REQUESTED: lambda: _("Activation email sent again"),
    audit.PURCHASER_CORRECTED: lambda: _("Purchaser corrected"),
    audit.SIGN_IN_UNLOCKED: lambda: _("Log-in unlocked after wrong passwords"),
}


def _in_words(event: Event) -> str:
    if event.action != audit.SUPPORT_LOOKED:
        return _ACTS.get(event.action, lambda: _("Changed"))()
    page, view = str(event.details.get("page", "")), str(event.details.get("view", ""))
    number = _NUMBER.search(page)
    named = _PAGES.get(view, lambda number: _("E-mails, log-ins and history, as support sees them"))
    return named(number[1] if number else "")


def told(visit: PastVisit) -> list[tuple[datetime, str]]:
    """Each page once, when it was first looked at; acts each time."""
    found: dict[str, tuple[datetime, str]] = {}
    for event in visit.events:
        if str(event.details.get("view", "")).startswith("visiting."):
            continue  # the buttons of the banner, which have an event of their own
        words = _in_words(event)
        looked = event.action == audit.SUPPORT_LOOKED
        found.setdefault(words if looked else f"{event.at.isoformat()} {words}", (event.at, words))
    return list(found.values())


@pages.get("")
@policy("person", visits=True)
def show() -> Any:
    visitor, now = auth.visitor(), this_portal().clock()
    if visitor.account is None:
        raise NotThere
    account = visit_trail.reader(visitor.person_id, visitor.account.customer_number)
    asked = request.args.get("before", "")
    before = from_micros(int(asked)) if _MICROS.fullmatch(asked) else now + timedelta(seconds=1)
    found, more = visit_trail.visits_of(account, before=before)
    return htmx.render(
        "support_visits/page.html",
        account=account,
        found=[(visit, told(visit)) for visit in found],
        older=to_micros(found[-1].at) if more else None,
        newer=bool(asked),
    )
