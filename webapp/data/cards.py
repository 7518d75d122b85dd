"""Cards that somebody gave on a payment provider's page. No number of a card is ever here."""

from __future__ import annotations

import peewee as pw

from webapp.data.accounts import Person
from webapp.data.database import InstantField, SiteForeignKey, SiteModel
from webapp.data.subscriptions import Subscription

OPEN, DONE, REFUSED = "open", "done", "refused"


class CardSetup(SiteModel):
    """Somebody went to the provider's page. Closed once, by whoever hears first that a card was given."""

    key = pw.CharField(max_length=32, unique=True)  # in our addresses
    subscription = SiteForeignKey(Subscription, backref="card_setups")
    person = SiteForeignKey(Person, backref="card_setups")
    read_version = pw.IntegerField()  # of the payment method, when they left
    session = pw.CharField(max_length=255, unique=True)  # the provider's name of it
    url = pw.TextField()
    state = pw.CharField(max_length=10, default=OPEN)
    begun_at = InstantField(index=True)
    closed_at = InstantField(null=True)


class Card(SiteModel):
    """What is charged. At most one of a subscription has not ended."""

    subscription = SiteForeignKey(Subscription, backref="cards")
    person = SiteForeignKey(Person, backref="cards")
    brand = pw.CharField(max_length=30)
    ending = pw.CharField(max_length=4)
    expires = pw.CharField(max_length=7)  # 2029-04
    customer = pw.CharField(max_length=255)  # the provider's names, for whoever collects
    payment_method = pw.CharField(max_length=255)
    given_at = InstantField()
    ended_at = InstantField(null=True)
