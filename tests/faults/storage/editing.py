"""One change again and again, and what a visitor was told each time."""

from __future__ import annotations

from dataclasses import dataclass, field

from tests.support.cast import ALICE, Cast
from tests.support.client import SiteClient
from webapp.assembly import Portal
from webapp.data.audit import AuditEvent
from webapp.data.subscriptions import Subscription
from webapp.domain import audit


@dataclass
class Editing:
    """Changes the PO number of alice's active subscription."""

    client: SiteClient
    portal: Portal
    cast: Cast
    stored: list[str] = field(default_factory=list)  # what was acknowledged
    refused: int = 0

    def __post_init__(self) -> None:
        self.row = self.cast.row(ALICE, "active")
        self.page = f"/subscriptions/{self.row.public_id}"

    def edit(self) -> int:
        number = f"PO {len(self.stored) + self.refused:05}"
        version = self.now_stored()[1]
        data = {"version": str(version), "po_number": number}
        status = self.client.post(f"{self.page}/purchase-order", data=data).status_code
        if status == 303:
            self.stored.append(number)
        else:
            assert status == 503, status
            self.refused += 1
        return status

    def now_stored(self) -> tuple[str, int]:
        with self.portal.at(self.portal.sites["fr"]):
            found = Subscription.get_by_id(self.row.id)
            return found.po_number, found.po_version

    def check(self) -> None:
        """All that was acknowledged is stored with its audit event, and nothing of what was refused."""
        assert self.now_stored() == (self.stored[-1], len(self.stored))
        with self.portal.at(self.portal.sites["fr"]):
            changed = AuditEvent.action == audit.PURCHASE_ORDER_CHANGED
            assert AuditEvent.select().where(changed).count() == len(self.stored)
