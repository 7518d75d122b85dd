"""The customer's purchase order number: text, changed under optimistic locking, never lost.

There is one for the running term, and there may be another one from the next renewal on.
"""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from webapp.data.accounts import Person
from webapp.data.audit import AuditEvent
from webapp.data.billing import UNISSUED, Invoice, invoice_search_key
from webapp.data.database import atomic
from webapp.data.keys import search_key
from webapp.data.statements import row
from webapp.data.subscriptions import ACTIVE, Subscription
from webapp.domain import audit
from webapp.domain.calendar import MONTHS, add_months
from webapp.domain.permissions import MANAGES, PAYS
from webapp.domain.refusals import NotThere, Refusal
from webapp.domain.terms import RUNNING_SQL, has_ended, today
from webapp.domain.webhooks import webhooks
from webapp.i18n import _, ngettext

MAXIMUM_LENGTH = 70
THIS_TERM, NEXT_TERM = "this", "next"


class PoNumberTooLong(Refusal):
    def __init__(self, length: int) -> None:
        self.length = length
        super().__init__()

    def __str__(self) -> str:
        return ngettext(
            "The purchase order number may have %(limit)s characters: remove %(num)s.",
            "The purchase order number may have %(limit)s characters: remove %(num)s.",
            self.length - MAXIMUM_LENGTH,
            limit=MAXIMUM_LENGTH,
        )


class PoNumberNotText(Refusal):
    def __str__(self) -> str:
        return _("The purchase order number holds a character that can’t be printed. Type it again.")


class NoNextTerm(Refusal):
    def __str__(self) -> str:
        return _("This subscription does not renew: there is no next term.")


@dataclass
class PoNumberConflict(Refusal):
    """Somebody was faster; both values are shown, nothing was saved."""

    stored: str
    typed: str
    version: int
    changed_by: str
    changed_at: datetime | None

    def __str__(self) -> str:
        return _("The purchase order number was changed meanwhile. Nothing was saved.")


@dataclass(frozen=True, slots=True)
class PoNumberChange:
    old: str
    new: str
    version: int
    term: str = THIS_TERM


def normal_po_number(text: str) -> str:
    """Outer spaces go, inner ones and leading zeros stay; refused: too long, or not printable."""
    trimmed = unicodedata.normalize("NFC", text.strip())
    if any(unicodedata.category(letter) in ("Cc", "Cs", "Zl", "Zp") for letter in trimmed):
        raise PoNumberNotText
    if len(trimmed) > MAXIMUM_LENGTH:
        raise PoNumberTooLong(len(trimmed))
    return trimmed


_STORED_SQL = f"""
SELECT s.public_id, s.product_name, s.po_number, s.next_po_number, s.po_version, s.term_end, s.ends_on
FROM subscription s
WHERE s.public_id = :public_id AND ({MANAGES} OR {PAYS}) AND {RUNNING_SQL}
"""


def stored(person_id: int, public_id: str, *, now: datetime) -> Any:
    """Numbers, and the version they were read at, of an active one that this person manages or pays for."""
    found = row(_STORED_SQL, person=person_id, public_id=public_id, today=today(now).isoformat())
    if found is None:
        raise NotThere
    return found._replace(term_end=date.fromisoformat(found.term_end))


def po_number_of(found: Any, term: str) -> str:
    """Of a subscription or its row: what is stored; empty where the next term goes on with this one's."""
    return str((found.next_po_number or "") if term == NEXT_TERM else found.po_number)


@dataclass(frozen=True, slots=True)
class NextInvoice:
    """The next one that will be issued, and the number that it would carry today."""

    on: date | None  # none: as soon as a person has decided about its tax
    po_number: str


def next_invoice(found: Any, *, now: datetime) -> NextInvoice | None:
    """Of the manage page's row while active; none where the plan is that nothing more comes."""
    if found.waiting_invoices:
        return NextInvoice(None, found.po_number)
    start, renewal = date.fromisoformat(found.term_start), date.fromisoformat(found.term_end)
    months = MONTHS[found.billing_period]
    due, periods = start, 0
    while due <= today(now) and due < renewal:
        periods += 1
        due = add_months(start, periods * months, anchor_day=found.anchor_day)
    if due < renewal:
        return NextInvoice(due, found.po_number)
    return None if found.ends_on else NextInvoice(renewal, found.next_po_number or found.po_number)


def subscription_search_key(product_name: str, public_id: str, po_number: str, order_number: str) -> str:
    """What the list's search looks through."""
    return search_key(public_id, order_number, po_number, product_name)


def change_po_number(
    subscription: Subscription,
    po_number: str,
    *,
    term: str = THIS_TERM,
    read_version: int,
    actor: Person,
    now: datetime,
) -> PoNumberChange:
    """Saves the number of that term if nobody changed one since `read_version` was read."""
    new = normal_po_number(po_number)
    with atomic():
        current = _current(subscription, now=now)
        if term == NEXT_TERM and current.ends_on is not None:
            raise NoNextTerm
        if read_version != current.po_version:
            raise _conflict(current, term=term, typed=new)
        old = po_number_of(current, term)
        if new == old:
            return PoNumberChange(new, new, current.po_version, term)
        changed = (
            Subscription.update(**_with_number(current, term, new), po_version=Subscription.po_version + 1)
            .where(
                Subscription.id == subscription.id,
                Subscription.po_version == read_version,
                Subscription.status == ACTIVE,
            )
            .execute()
        )
        if not changed:
            raise _conflict(_current(subscription, now=now), term=term, typed=new)
        if term == THIS_TERM:
            _put_on_unissued_invoices(current, new)
        details: dict[str, Any] = {"term": term} if term == NEXT_TERM else {}
        audit.record(
            audit.PURCHASE_ORDER_CHANGED,
            actor=audit.Actor.of(actor),
            subscription=subscription,
            now=now,
            old=old,
            new=new,
            **details,
        )
        webhooks.tell(webhooks.PURCHASE_ORDER_CHANGED, subscription, now=now)
    return PoNumberChange(old, new, read_version + 1, term)


def _with_number(current: Subscription, term: str, new: str) -> dict[str, Any]:
    this = new if term == THIS_TERM else current.po_number
    following = (new or None) if term == NEXT_TERM else current.next_po_number
    findable = f"{this} {following}" if following else this
    order_number = current.order.order_number
    return {
        "po_number": this,
        "next_po_number": following,
        "search_key": subscription_search_key(
            current.product_name, current.public_id, findable, order_number
        ),
    }


def _put_on_unissued_invoices(current: Subscription, po_number: str) -> None:
    """Those of this term that wait for a decision about their tax: what is issued stays as it is."""
    key = invoice_search_key(current, "", po_number)
    Invoice.update(po_number=po_number, search_key=key).where(
        Invoice.subscription == current,
        Invoice.state.in_(UNISSUED),
        Invoice.period_start >= current.term_start,
    ).execute()


def _current(subscription: Subscription, *, now: datetime) -> Subscription:
    found = Subscription.get_or_none(Subscription.id == subscription.id, Subscription.status == ACTIVE)
    if found is None or has_ended(found, now=now):
        raise NotThere
    return found


def last_change(subscription: Subscription) -> AuditEvent | None:
    return (
        AuditEvent.select()
        .where(AuditEvent.subscription == subscription, AuditEvent.action == audit.PURCHASE_ORDER_CHANGED)
        .order_by(AuditEvent.id.desc())
        .first()
    )


def _conflict(current: Subscription, *, term: str, typed: str) -> PoNumberConflict:
    event = last_change(current)
    return PoNumberConflict(
        stored=po_number_of(current, term),
        typed=typed,
        version=current.po_version,
        changed_by=event.actor_name if event else "",
        changed_at=event.at if event else None,
    )
