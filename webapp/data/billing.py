"""Invoices. One that is *due* has no number yet: issuing gives it one."""

from __future__ import annotations

import peewee as pw

from webapp.data.database import InstantField, LocalDateField, SiteForeignKey, SiteModel
from webapp.data.subscriptions import Subscription


class Invoice(SiteModel):
    subscription = SiteForeignKey(Subscription, backref="invoices")
    state = pw.CharField(max_length=10, default="due")
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
