"""The customer's purchase order number: text, changed under optimistic locking, never lost."""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from webapp.data.accounts import Person
from webapp.data.audit import AuditEvent
from webapp.data.database import atomic
from webapp.data.keys import search_key
from webapp.data.statements import row
from webapp.data.subscriptions import ACTIVE, Subscription
from webapp.domain import audit
from webapp.domain.permissions import MANAGES, PAYS, ROLE
from webapp.domain.refusals import NotThere, Refusal
from webapp.i18n import _, ngettext

MAXIMUM_LENGTH = 70


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


def normal_po_number(text: str) -> str:
    """Outer spaces go, inner ones and leading zeros stay; refused: too long, or not printable."""
    trimmed = unicodedata.normalize("NFC", text.strip())
    if any(unicodedata.category(letter) in ("Cc", "Cs", "Zl", "Zp") for letter in trimmed):
        raise PoNumberNotText
    if len(trimmed) > MAXIMUM_LENGTH:
        raise PoNumberTooLong(len(trimmed))
    return trimmed


_STORED_SQL = f"""
SELECT s.id, s.public_id, s.product_name, s.po_number, s.po_version, {ROLE} AS role FROM subscription s
WHERE s.public_id = :public_id AND ({MANAGES} OR {PAYS}) AND s.status = 'active'
"""


def stored_po_number(person_id: int, public_id: str) -> Any:
    """The number and the version it was read at, of an active one that this person manages or pays for."""
    found = row(_STORED_SQL, person=person_id, public_id=public_id)
    if found is None:
        raise NotThere
    return found


def subscription_search_key(product_name: str, public_id: str, po_number: str, order_number: str) -> str:
    """What the list's search looks through."""
    return search_key(public_id, order_number, po_number, product_name)


def change_po_number(
    subscription: Subscription, po_number: str, *, read_version: int, actor: Person, now: datetime
) -> PoNumberChange:
    """Saves the number if nobody changed it since `read_version` was read."""
    new = normal_po_number(po_number)
    order_number = subscription.order.order_number
    with atomic():
        current = _current(subscription)
        if read_version != current.po_version:
            raise _conflict(current, typed=new)
        if new == current.po_number:
            return PoNumberChange(new, new, current.po_version)
        changed = (
            Subscription.update(
                po_number=new,
                po_version=Subscription.po_version + 1,
                search_key=subscription_search_key(
                    subscription.product_name, subscription.public_id, new, order_number
                ),
            )
            .where(
                Subscription.id == subscription.id,
                Subscription.po_version == read_version,
                Subscription.status == ACTIVE,
            )
            .execute()
        )
        if not changed:
            raise _conflict(_current(subscription), typed=new)
        audit.record(
            audit.PURCHASE_ORDER_CHANGED,
            actor=audit.Actor.of(actor),
            subscription=subscription,
            now=now,
            old=current.po_number,
            new=new,
        )
    return PoNumberChange(current.po_number, new, read_version + 1)


def _current(subscription: Subscription) -> Subscription:
    found = Subscription.get_or_none(Subscription.id == subscription.id, Subscription.status == ACTIVE)
    if found is None:
        raise NotThere
    return found


def last_change(subscription: Subscription) -> AuditEvent | None:
    return (
        AuditEvent.select()
        .where(AuditEvent.subscription == subscription, AuditEvent.action == audit.PURCHASE_ORDER_CHANGED)
        .order_by(AuditEvent.id.desc())
        .first()
    )


def _conflict(current: Subscription, *, typed: str) -> PoNumberConflict:
    event = last_change(current)
    return PoNumberConflict(
        stored=current.po_number,
        typed=typed,
        version=current.po_version,
        changed_by=event.actor_name if event else "",
        changed_at=event.at if event else None,
    )
