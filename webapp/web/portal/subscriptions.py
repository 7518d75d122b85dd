"""The list and the page of one subscription."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import date, datetime
from typing import Any

from flask import Blueprint, request

from webapp.data.subscriptions import ACTIVE, PENDING
from webapp.domain import terms
from webapp.domain.calendar import local_date
from webapp.domain.invoices import billing_details, invoice_list, invoice_recipients, invoice_warnings
from webapp.domain.lifecycle import quantity
from webapp.domain.lifecycle.renewal_preview import RenewalPreview, preview_of
from webapp.domain.payments import cards, payment_methods
from webapp.domain.people import empty_lists
from webapp.domain.seats import seat_list, seats
from webapp.domain.subscriptions import purchase_orders, subscription_list, subscriptions
from webapp.domain.subscriptions.subscription_list import (
    BACKUP,
    BILLING,
    COUNT_LIMIT,
    MINE,
    NO_PAGE,
    NO_REMINDERS,
    Counts,
    Query,
    Reminders,
    Scope,
)
from webapp.domain.subscriptions.subscriptions import Standing
from webapp.sites import Product
from webapp.web import auth, htmx
from webapp.web.policy import policy
from webapp.web.site import this_portal, this_site

pages = Blueprint("subscriptions", __name__, url_prefix="/subscriptions")


@pages.get("")
@policy("person", visits=True)
def show_list() -> Any:
    return list_page(Query.from_url(request.args))


def list_page(query: Query, *, status: int = 200, problem: str = "") -> Any:
    """`problem`: why what was asked of several of them was not done."""
    portal, visitor = this_portal(), auth.visitor()
    person_id, now, scope = visitor.person_id, portal.clock(), list_scope()
    view, counts = list_view(query, scope)
    page = NO_PAGE
    if counts.all:
        page = subscription_list.page(person_id, query, now=now, view=view, scope=scope)
    whole = not htmx.wants_fragment()
    return htmx.render(
        "subscriptions/list.html",
        fragment="subscriptions/_results.html",
        status=status,
        problem=problem,
        query=query,
        view=view,
        views=_views(counts),
        counts=counts,
        count_limit=COUNT_LIMIT,
        next_renewal=counts.next_renewal and date.fromisoformat(counts.next_renewal),
        page=page,
        reminders=_reminders(counts, view, scope) if whole else NO_REMINDERS,
        used=_used(now) if whole and counts.holds_seat else [],
        reasons=empty_lists.reasons(person_id, now=now) if whole and not counts.all else None,
        done=request.args.get("done", ""),
        product=portal.catalogue.by_key,
        standing=lambda row: subscriptions.standing(row, now=now),
        queue_standing=lambda row: subscriptions.pending_standing(row.activate_before, now=now),
    )


def _used(now: datetime) -> Sequence[Any]:
    """What the person holds a seat of; on a visit, of the visited account."""
    visitor = auth.visitor()
    found = seat_list.used_by(visitor.person_id, now=now)
    visited = visitor.account if visitor.visited else None
    return [one for one in found if visited is None or one.account_id == visited.id]


def list_scope() -> Scope:
    """The account that the session looks at."""
    visitor = auth.visitor()
    return Scope(
        visitor.account.id if visitor.account else None, several=visitor.several, alone=visitor.visited
    )


def list_view(query: Query, scope: Scope) -> tuple[str, Counts]:
    """The one that was asked for, or else the first in which there is something."""
    person_id, now, billing = auth.visitor().person_id, this_portal().clock(), _looks_after_billing()
    asked = MINE if query.view == BILLING and not billing else query.view
    counts = subscription_list.counts(person_id, now=now, view=asked or MINE, scope=scope)
    if asked or counts.all:
        return asked or MINE, counts
    other = BILLING if billing else BACKUP if counts.backs_up else MINE
    if other == MINE:
        return MINE, counts
    return other, subscription_list.counts(person_id, now=now, view=other, scope=scope)


def _views(counts: Counts) -> list[str]:
    """Between which the person may choose."""
    there = {MINE: counts.administers, BACKUP: counts.backs_up, BILLING: _looks_after_billing()}
    return [view for view, something in there.items() if something]


def _reminders(counts: Counts, view: str, scope: Scope) -> Reminders:
    """What awaits activation stands above what one administers only."""
    if not counts.reminders:
        return NO_REMINDERS
    found = subscription_list.reminders(auth.visitor().person_id, now=this_portal().clock(), scope=scope)
    return found if view == MINE else replace(found, queue=())


def _looks_after_billing() -> bool:
    account = auth.visitor().account
    return account is not None and account.billing


@pages.get("/<public_id:public_id>")
@policy("person", visits=True)
def manage(public_id: str) -> Any:
    portal = this_portal()
    now = portal.clock()
    row = subscriptions.readable(auth.visitor().person_id, public_id, now=now)
    standing = subscriptions.standing(row, now=now)
    activity = subscriptions.activity(row.id, users=subscriptions.sees_users(row))
    done, product = request.args.get("done", ""), portal.catalogue.by_key(row.product_key)
    return htmx.render(
        "subscriptions/manage.html",
        subscription=row,
        standing=standing,
        product=product,
        ahead=whats_ahead(row, product, now=now),
        quantity_changes=quantity_changes(row, product, standing),
        activity=activity,
        done=done,
        change=subscriptions.latest_po_change(row, activity) if done == "po" else None,
        **_of_money(row, running=standing.state in ("active", "cancelling"), now=now),
    )


def whats_ahead(row: Any, product: Product | None, *, now: datetime) -> RenewalPreview | None:
    """From its last midnight on that is for the jobs to tell."""
    if row.status != ACTIVE or terms.has_begun(date.fromisoformat(row.term_end), now=now):
        return None
    return preview_of(row, staying=row.seats_kept, unlimited=seats.is_unlimited(product), now=now)


def quantity_changes(row: Any, product: Product | None, standing: Standing) -> bool:
    """Whether this person can do something about the number of licences."""
    counted = row.role != "billing" and not seats.is_unlimited(product)
    return counted and (standing.state == "active" or quantity.can_be_added(product))


def _payment_choices(row: Any) -> tuple[str, ...]:
    return payment_methods.choices(row.payment_method, cards=cards.is_offered(this_portal().cards))


def _of_money(row: Any, *, running: bool, now: datetime) -> dict[str, Any]:
    """What the page says about billing, and what it warns of before the next invoice."""
    billing = billing_details.details_of_row(row)
    coming = purchase_orders.next_invoice(row, now=now) if running else None
    today = local_date(now, this_site().time_zone)
    return {
        "billing": billing,
        "recipients": invoice_recipients.recipients(row.account_id, row.public_id) if running else (),
        "payment_choices": _payment_choices(row) if running else (),
        "next_invoice": coming,
        "missing_ids": invoice_warnings.missing_ids(billing) if coming else (),
        "invoices": invoice_list.latest(row.id) if row.status != PENDING else (),
        "shelf_of": lambda found: invoice_list.shelf_of(found, today=today),
    }
