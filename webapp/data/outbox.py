"""E-mails waiting to be delivered, written in the transaction of what they tell."""

from __future__ import annotations

import peewee as pw

from webapp.data.accounts import Person
from webapp.data.billing import InvoiceRecipient
from webapp.data.database import InstantField, SiteForeignKey, SiteModel
from webapp.data.subscriptions import Subscription

QUEUED, SENT, DEAD, WITHDRAWN = "queued", "sent", "dead", "withdrawn"
BOUNCED = "bounced"  # a server took it, and said later that it did not arrive


class OutboxMessage(SiteModel):
    message_id = pw.TextField(unique=True)  # the same on every try, so that a mailbox can drop a duplicate
    kind = pw.CharField(max_length=40)
    to_email = pw.TextField()
    to_name = pw.TextField()
    language = pw.CharField(max_length=10)
    subject = pw.TextField()
    text = pw.TextField()
    html = pw.TextField()
    attachments = pw.TextField(default="")  # JSON: subject and form of each stored document
    person = SiteForeignKey(Person, null=True, backref="messages", index=False)
    recipient = SiteForeignKey(InvoiceRecipient, null=True, backref="messages", on_delete="SET NULL")
    subscription = SiteForeignKey(Subscription, null=True, backref="messages", index=False)
    # A secret link is minted when the mail is delivered, never stored with the text.
    token_purpose = pw.CharField(max_length=20, null=True)
    token_next_path = pw.TextField(default="")
    token_minutes = pw.IntegerField(null=True)
    token_concerns = pw.TextField(default="")
    unsubscribe = pw.TextField(default="")  # address for the headers by which mail programs offer it
    state = pw.CharField(max_length=10, default=QUEUED)
    created_at = InstantField()
    next_attempt_at = InstantField()
    attempts = pw.IntegerField(default=0)
    claim = pw.CharField(max_length=32, null=True)  # who is delivering it now
    sent_at = InstantField(null=True)
    bounced_at = InstantField(null=True)
    last_error = pw.TextField(default="")

    class Meta:
        indexes = (
            (("state", "next_attempt_at"), False),
            (("person", "state"), False),
            (("subscription", "state"), False),
        )
