"""“The invoice is wrong”"""

from __future__ import annotations

from tests.domain.support.situations.told import Situation, about
from tests.domain.support.stuck import Stuck
from tests.support.billed import many_due
from webapp.data.billing import Invoice
from webapp.data.outbox import OutboxMessage
from webapp.data.subscriptions import Subscription
from webapp.domain import audit
from webapp.domain.audit import PORTAL, SHOP
from webapp.domain.invoices import billing_details, credit_notes
from webapp.domain.subscriptions import purchase_orders
from webapp.domain.support.diagnosis import WRONG_INVOICE

SITUATIONS: list[Situation] = []
situation = about(WRONG_INVOICE, SITUATIONS)


def _invoice(s: Stuck) -> Invoice:
    found: Invoice = Invoice.get(Invoice.account == s.account)
    s.words["number"] = found.number or ""
    return found


@situation(
    "waits_for_tax",
    "The invoice of {id} for the time from 13 Nov 2026 on waits for a decision about its tax: {question}",
)
def tax_undecided(s: Stuck) -> None:
    where = {"line1": "Calle 1", "postal_code": "35001", "city": "Las Palmas", "country": "ES"}
    s.active(account={"customer_number": s.number, "name": "Musterbau", "address": where})
    s.words["question"] = _invoice(s).tax_question


@situation(
    "not_issued_yet",
    "The invoice of {id} for the time from 13 Nov 2027 on is recorded and not issued yet.",
)
def not_issued(s: Stuck) -> None:
    many_due(s.active(), 1, now=s.now)


@situation("credited", "Invoice {number} was credited in full by {note}.")
def credited(s: Stuck) -> None:
    s.active()
    s.words["note"] = credit_notes.credit(_invoice(s), reason="wrong", actor=PORTAL, now=s.now).number


@situation("po_missing", "Invoice {number} has no purchase order number, and {id} has none either.")
def no_po_number(s: Stuck) -> None:
    s.active()
    _invoice(s)


@situation(
    "po_came_late",
    "Invoice {number} has no purchase order number; BC 77 was entered later, on 20/11/2026, 13:00 CET.",
)
def po_number_came_late(s: Stuck) -> None:
    bought = s.active()
    _invoice(s)
    _po(s, bought)


@situation(
    "po_changed",
    "Invoice {number} carries the purchase order number BC 1; it was changed to BC 77 later, on 20/11/2026, 13:00 CET.",
)
def po_number_changed(s: Stuck) -> None:
    bought = s.active(purchase_order_number="BC 1")
    _invoice(s)
    _po(s, bought)


def _po(s: Stuck, bought: Subscription) -> None:
    purchase_orders.change_po_number(
        bought, "BC 77", read_version=0, actor=bought.administrator, now=s.ago(days=2)
    )


@situation(
    "details_changed",
    "Invoice {number} was issued on 13/11/2026, 13:00 CET; Olga Muster changed the billing data on 21/11/2026, 13:00 CET.",
)
def moved_house(s: Stuck) -> None:
    bought = s.active(purchase_order_number="BC 1")
    _invoice(s)
    known = billing_details.shown_details(s.account)
    billing_details.change_billing_details(
        bought,
        {**known.values, "line1": "New Road 1"},
        read_version=known.version,
        actor=bought.administrator,
        now=s.ago(days=1),
    )


@situation(
    "payment_returned",
    "A payment for invoice {number} came back from the bank; it is open again.",
)
def debit_returned(s: Stuck) -> None:
    bought = s.active(purchase_order_number="BC 1")
    audit.record(
        audit.PAYMENT_RETURNED, actor=SHOP, subscription=bought, now=s.ago(days=1), number=_invoice(s).number
    )


@situation("invoice_mail_failed", "Email to {who} came back on 19 Nov 2026: mailbox full.")
def invoice_came_back(s: Stuck) -> None:
    s.active(purchase_order_number="BC 1")
    OutboxMessage.update(created_at=s.ago(days=3)).where(OutboxMessage.to_email == s.who).execute()
    s.came_back("552 5.2.2 Mailbox full")


@situation(
    "not_invoiced_yet",
    "{id} is not activated yet: the first invoice is written when the agreement is accepted.",
)
def not_activated(s: Stuck) -> None:
    s.public_id = s.order().public_id


@situation("no_invoice", "No invoice was written for Musterbau.")
def no_invoice(s: Stuck) -> None:
    s.order()


@situation("as_known", "Invoice {number} of 13 Nov 2026 carries what the portal knows today.")
def nothing_wrong(s: Stuck) -> None:
    s.active(purchase_order_number="BC 1")
    _invoice(s)
