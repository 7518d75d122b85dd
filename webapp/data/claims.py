"""Colleagues who ask for the administration of subscriptions because the administrator has left."""

from __future__ import annotations

import peewee as pw

from webapp.data.accounts import Person
from webapp.data.database import InstantField, SiteForeignKey, SiteModel
from webapp.data.subscriptions import Subscription

# The administrators may object; support decides; closed in one of these ways.
OPEN, DISPUTED = "open", "disputed"
GRANTED, REFUSED, WITHDRAWN, OVERTAKEN = "granted", "refused", "withdrawn", "overtaken"


class ClaimRequest(SiteModel):
    """What a person asked for, as typed: nothing is looked up before the mailed link was used."""

    person = SiteForeignKey(Person, backref="claim_requests")
    email = pw.TextField()  # where the link went
    named = pw.TextField()  # subscription ids, as typed: JSON
    reason = pw.TextField(default="")
    asked_at = InstantField(index=True)
    proven_at = InstantField(null=True)
    left_out = pw.TextField(default="[]")  # those of which no claim came: JSON


class Claim(SiteModel):
    """A proven claim to one subscription."""

    key = pw.CharField(max_length=16, unique=True)  # 64 random bits: its name in addresses and in the trail
    request = SiteForeignKey(ClaimRequest, backref="claims")
    subscription = SiteForeignKey(Subscription, backref="claims")
    subscription_id: int
    person = SiteForeignKey(Person, backref="claims")  # who claims
    person_id: int
    administrator = SiteForeignKey(Person, backref="claimed_from")  # at that time
    administrator_id: int
    reason = pw.TextField(default="")
    state = pw.CharField(max_length=10, default=OPEN)
    # The subscription's number while it is open or disputed: there is only one such claim a subscription.
    waits_for = pw.IntegerField(null=True, unique=True)
    opened_at = InstantField()
    object_before = InstantField()  # first instant after the last day to object
    objected_at = InstantField(null=True)
    objected_by = SiteForeignKey(Person, null=True, backref="objected_claims")
    objection = pw.TextField(default="")
    closed_at = InstantField(null=True)
    decided_by = pw.TextField(default="")  # a name; empty if nobody had to decide
    decision = pw.TextField(default="")  # the reason that was given

    class Meta:
        indexes = ((("state", "object_before", "id"), False),)
