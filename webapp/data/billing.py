"""Invoices, and what the customer says about them: to whom, with which numbers, and where they are sent.

An invoice that is *due* has no number yet: issuing gives it one.
"""

from __future__ import annotations

import peewee as pw

from webapp.data.accounts import Account, Person
from webapp.data.database import InstantField, LocalDateField, SiteForeignKey, SiteModel
from webapp.data.subscriptions import Subscription

DUE = "due"


class Invoice(SiteModel):
    subscription = SiteForeignKey(Subscription, backref="invoices")
    state = pw.CharField(max_length=10, default=DUE)
    period_start = LocalDateField()
    period_end = LocalDateField()  # the day after the last
    quantity = pw.IntegerField()
    unit_price = pw.BigIntegerField()
    net = pw.BigIntegerField()
    currency = pw.CharField(max_length=3)
    po_number = pw.TextField(default="")
    recorded_at = InstantField()

    class Meta:
        # at most one recurring invoice per subscription and period, whatever runs twice
        indexes = ((("subscription", "period_start"), True),)


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
