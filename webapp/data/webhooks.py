"""Whom a site tells what happens, and what it has to tell them."""

from __future__ import annotations

import secrets

import peewee as pw

from webapp.data.database import InstantField, SiteForeignKey, SiteModel

ENABLED, DISABLED = "enabled", "disabled"
QUEUED, SENT, DEAD = "queued", "sent", "dead"


def new_endpoint_key() -> str:
    """What an endpoint is called on the command line: row numbers are nobody's business."""
    return f"we_{secrets.token_hex(6)}"


class WebhookEndpoint(SiteModel):
    """An address of the shop. Its secrets are sealed (docs/decisions/019)."""

    key = pw.CharField(max_length=20, unique=True, default=new_endpoint_key)
    url = pw.TextField()
    events = pw.TextField(default="")  # apart by spaces; empty: all of them
    secret = pw.TextField()
    old_secret = pw.TextField(default="")  # signs as well until `old_until`
    old_until = InstantField(null=True)
    state = pw.CharField(max_length=10, default=ENABLED)
    created_at = InstantField()
    failures = pw.IntegerField(default=0)  # since it last took something
    failing_since = InstantField(null=True)
    resting_until = InstantField(null=True)
    last_error = pw.TextField(default="")


class WebhookMessage(SiteModel):
    """One event for one endpoint."""

    message_id = pw.CharField(max_length=40, unique=True)  # the same on every try: who gets it twice can tell
    endpoint = SiteForeignKey(WebhookEndpoint, backref="messages", index=False)
    endpoint_id: int
    event = pw.CharField(max_length=40)
    subject = pw.CharField(max_length=20)  # public id of the subscription: its events go in their order
    payload = pw.TextField()
    state = pw.CharField(max_length=10, default=QUEUED)
    created_at = InstantField()
    expires_at = InstantField()
    next_attempt_at = InstantField()
    attempts = pw.IntegerField(default=0)
    claim = pw.CharField(max_length=32, null=True)  # who is delivering it now
    sent_at = InstantField(null=True)
    last_error = pw.TextField(default="")

    class Meta:
        indexes = (
            (("endpoint", "state", "next_attempt_at", "id"), False),
            (("endpoint", "subject", "state", "id"), False),
            (("state", "sent_at"), False),
        )
