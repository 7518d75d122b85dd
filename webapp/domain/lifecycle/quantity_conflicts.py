"""Somebody else decided about the number of licences meanwhile: what stands now, and who it was."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime

from webapp.data.audit import AuditEvent
from webapp.data.subscriptions import Subscription
from webapp.domain import audit
from webapp.domain.subscriptions.cancellation import ChangedMeanwhile
from webapp.i18n import _

CHANGES = (audit.LICENCES_ADDED, audit.LICENCES_REDUCED, audit.LICENCES_KEPT)


@dataclass
class QuantityConflict(ChangedMeanwhile):
    """`changed_by` is empty where it was only time that passed: another day, another price."""

    quantity: int
    next_quantity: int | None
    renewal: date
    changed_by: str = ""
    changed_at: datetime | None = None

    def __str__(self) -> str:
        return _("The number of licenses or its price changed meanwhile. Nothing was saved.")


def conflict(current: Subscription, *, by_somebody: bool = True) -> QuantityConflict:
    found = QuantityConflict(current.quantity, current.next_quantity, current.term_end)
    if by_somebody and (event := _last_change(current)):
        found.changed_by, found.changed_at = event.actor_name, event.at
    return found


def _last_change(current: Subscription) -> AuditEvent | None:
    of_this = (AuditEvent.subscription == current) & AuditEvent.action.in_(CHANGES)
    found: AuditEvent | None = AuditEvent.select().where(of_this).order_by(AuditEvent.id.desc()).first()
    return found
