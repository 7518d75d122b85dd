"""Keys with which programs ask the API, and what they were answered. Of secrets only hashes are stored."""

from __future__ import annotations

import peewee as pw

from webapp.data.database import InstantField, SiteModel


class ApiKey(SiteModel):
    """One secret. A rotation makes another one with the same name: both are the same caller."""

    key_id = pw.CharField(max_length=12, primary_key=True)  # its public part
    name = pw.CharField(max_length=60)  # of the caller
    scopes = pw.TextField()  # separated by spaces
    secret_hash = pw.CharField(max_length=64)
    created_at = InstantField()
    expires_at = InstantField(null=True)  # of one that was replaced
    revoked_at = InstantField(null=True)
    last_used_at = InstantField(null=True)  # to some minutes


class IdempotentRequest(SiteModel):
    """What a caller was answered to a request that it had given a key of its own."""

    caller = pw.CharField(max_length=60)
    key = pw.CharField(max_length=255)
    fingerprint = pw.CharField(max_length=64)  # of what was asked
    status = pw.SmallIntegerField(default=0)
    answer = pw.TextField(default="")
    location = pw.TextField(default="")
    at = InstantField(index=True)

    class Meta:
        indexes = ((("caller", "key"), True),)
