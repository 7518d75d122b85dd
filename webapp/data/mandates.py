"""Permissions to collect by direct debit."""

from __future__ import annotations

import peewee as pw

from webapp.data.accounts import Person
from webapp.data.agreements import AcceptedText
from webapp.data.database import InstantField, SiteForeignKey, SiteModel
from webapp.data.subscriptions import Subscription


class Mandate(SiteModel):
    """Whoever gave it, when, to which exact text. At most one of a subscription is not revoked."""

    subscription = SiteForeignKey(Subscription, backref="mandates")
    reference = pw.CharField(max_length=35, unique=True)
    person = SiteForeignKey(Person, backref="mandates")
    text = SiteForeignKey(AcceptedText, backref="mandates")
    language = pw.CharField(max_length=10)
    accepted_at = InstantField()
    holder = pw.TextField()
    iban_country = pw.CharField(max_length=2)
    iban_ending = pw.CharField(max_length=4)  # all that is ever shown of the number
    iban_sealed = pw.TextField()  # see docs/decisions/007
    revoked_at = InstantField(null=True)
