"""Secret addresses under which calendar programs read a person's dates. Only hashes are stored."""

from __future__ import annotations

import peewee as pw

from webapp.data.accounts import Person
from webapp.data.database import InstantField, SiteForeignKey, SiteModel


class CalendarFeed(SiteModel):
    person = SiteForeignKey(Person, unique=True, on_delete="CASCADE")  # one each: a new one replaces it
    person_id: int
    token_hash = pw.CharField(max_length=64, unique=True)
    created_at = InstantField()
