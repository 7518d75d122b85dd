"""What was agreed to, word for word, and who agreed."""

from __future__ import annotations

import peewee as pw

from webapp.data.accounts import Person
from webapp.data.database import InstantField, SiteForeignKey, SiteModel
from webapp.data.subscriptions import Subscription


class AcceptedText(SiteModel):
    """The exact text, kept at the first acceptance: files may change, what was agreed does not."""

    sha256 = pw.CharField(max_length=64, primary_key=True)
    agreement_key = pw.CharField(max_length=40)
    version = pw.CharField(max_length=20)
    language = pw.CharField(max_length=10)
    text = pw.TextField()


class Acceptance(SiteModel):
    subscription = SiteForeignKey(Subscription, unique=True, backref="acceptances")
    person = SiteForeignKey(Person, backref="acceptances")
    text = SiteForeignKey(AcceptedText, backref="acceptances")
    language = pw.CharField(max_length=10)
    accepted_at = InstantField()
