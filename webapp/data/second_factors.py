"""Authenticator apps of people, and the codes that stand in for a lost phone."""

from __future__ import annotations

import peewee as pw

from webapp.data.accounts import Person
from webapp.data.database import InstantField, SiteForeignKey, SiteModel


class SecondFactor(SiteModel):
    """Counts once it is confirmed; until then it is being set up, perhaps beside the one that works."""

    person = SiteForeignKey(Person, backref="second_factors")
    secret_sealed = pw.TextField()
    used_step = pw.BigIntegerField(default=0)  # of the last code that was taken: none works twice
    started_at = InstantField()
    confirmed_at = InstantField(null=True)


class RecoveryCode(SiteModel):
    person = SiteForeignKey(Person, backref="recovery_codes")
    code_hash = pw.CharField(max_length=64, unique=True)
    made_at = InstantField()
    used_at = InstantField(null=True)
