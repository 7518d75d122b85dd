"""Which requests "where are my subscriptions?" this site has answered."""

from __future__ import annotations

import peewee as pw

from webapp.data.accounts import Person
from webapp.data.database import InstantField, SiteForeignKey, SiteModel


class AnsweredRequest(SiteModel):
    """Written with the mail: whatever crashes afterwards, the site mails no second one."""

    key = pw.CharField(max_length=32, primary_key=True)
    person = SiteForeignKey(Person, backref="answered_requests")
    at = InstantField(index=True)
