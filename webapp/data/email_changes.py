"""New e-mail addresses that wait for the word of who reads them."""

from __future__ import annotations

import peewee as pw

from webapp.data.accounts import Person
from webapp.data.database import InstantField, SiteForeignKey, SiteModel


class EmailChange(SiteModel):
    """Open until the mailed link was used, or another address was asked for."""

    person = SiteForeignKey(Person, backref="email_changes")
    email = pw.TextField()
    asked_at = InstantField()
    confirmed_at = InstantField(null=True)
    dropped_at = InstantField(null=True)
