"""Invoices, and what the customer says about them: to whom, with which numbers, and where they are sent.

An invoice that is *due* has no number yet: issuing gives it one.
"""

from __future__ import annotations

from typing import Any

import peewee as pw

from webapp.data.accounts import Account, Person
from webapp.data.database import InstantField, LocalDateField, SiteForeignKey, SiteModel
from webapp.data.issued import INVOICE
from webapp.data.keys import search_key
from webapp.data.subscriptions import Subscription

# An invoice is recorded as due. Issuing makes it open; where no rule says the tax, it waits for a decision.
DUE, WAITING, OPEN, PAID, CREDITED = "due", "waiting", "open", "paid", "credited"
UNISSUED = (DUE, WAITING)
GIVEN = "given"  # a credit note: nobody pays it


class Invoice(SiteModel):
    """Or a credit note. What an issued one says stands in `content`; the columns are for finding it."""

    kind = pw.CharField(max_length=12, default=INVOICE)
    account = SiteForeignKey(Account, backref="invoices")
    account_id: int
    subscription = SiteForeignKey(Subscription, backref="invoices")
    subscription_id: int
    # `period 2026-11-22`, `credit FA-2026-000042`: whatever runs twice, there is one of each
    cause = pw.CharField(max_length=60)
    state = pw.CharField(max_length=10, default=DUE)
    period_start = LocalDateField()
    period_end = LocalDateField()  # the day after the last
    quantity = pw.IntegerField()
    unit_price = pw.BigIntegerField()
    net = pw.BigIntegerField()
    tax = pw.BigIntegerField(null=True)  # unknown until it is issued
    gross = pw.BigIntegerField(null=True)
    paid = pw.BigIntegerField(default=0)
    currency = pw.CharField(max_length=3)
    po_number = pw.TextField(default="")
    recorded_at = InstantField()
    tax_decision = pw.TextField(default="")  # JSON, where a person decided
    tax_question = pw.TextField(default="")  # why it waits
    number = pw.CharField(max_length=40, null=True, unique=True)
    issued_at = InstantField(null=True)
    issued_on = LocalDateField(null=True)
    due_on = LocalDateField(null=True)
    language = pw.CharField(max_length=10, default="")
    content = pw.TextField(default="")  # JSON of `issued.IssuedDocument`
    credits = SiteForeignKey("self", null=True, backref="credit_notes")
    search_key = pw.TextField(default="")  # number, PO number, subscription and product, folded

    class Meta:
        indexes = (
            (("subscription", "cause"), True),
            (("account", "issued_on", "id"), False),
            (("account", "state", "issued_on", "id", "due_on"), False),
            (("state", "due_on"), False),
            (("state", "id"), False),  # what is to be issued, in the order of its recording
            (("po_number",), False),
        )


class Payment(SiteModel):
    """What the ERP says was paid, by its own reference; known ones change nothing when they come again."""

    reference = pw.CharField(max_length=60, unique=True)
    invoice = SiteForeignKey(Invoice, backref="payments")
    amount = pw.BigIntegerField()  # below zero: paid back, or returned by the bank
    currency = pw.CharField(max_length=3)
    paid_on = LocalDateField()
    content_hash = pw.CharField(max_length=64)
    received_at = InstantField()
    warnings = pw.TextField(default="")  # one a line: who sends it again hears them again


class BillingDetails(SiteModel):
    """What the company said itself; without such a row, what its latest order said counts."""

    account = SiteForeignKey(Account, unique=True, backref="billing_details")
    name = pw.TextField()
    line1 = pw.TextField()
    line2 = pw.TextField(default="")
    postal_code = pw.TextField(default="")
    city = pw.TextField()
    region = pw.TextField(default="")
    country = pw.CharField(max_length=2)
    contact_name = pw.TextField(default="")
    contact_phone = pw.TextField(default="")
    vat_id = pw.TextField(default="")
    national_ids = pw.TextField(default="{}")  # JSON: kind → number
    buyer_reference = pw.TextField(default="")
    version = pw.IntegerField(default=1)  # counts changes: who read an older one is told
    changed_by = SiteForeignKey(Person, backref="billing_changes")
    changed_at = InstantField()


class InvoiceRecipient(SiteModel):
    """An e-mail address that invoices go to, once somebody there has confirmed it."""

    account = SiteForeignKey(Account, backref="invoice_recipients")
    # Of this subscription's invoices only; without it, of all of the account.
    subscription = SiteForeignKey(Subscription, null=True, backref="invoice_recipients")
    scope = pw.CharField(max_length=20, default="")  # its public id: an index that NULL would open
    email = pw.TextField()
    email_key = pw.TextField()
    added_by = SiteForeignKey(Person, backref="added_recipients")
    added_at = InstantField()
    confirmed_at = InstantField(null=True)

    class Meta:
        indexes = ((("account", "scope", "email_key"), True),)


def invoice_search_key(subscription: Any, number: str, po_number: str) -> str:
    """What the list's search looks through; `number` is empty until it has one."""
    return search_key(number, po_number, subscription.public_id, subscription.product_name)
