"""Sessions, single-use tokens and the attempts that limits are counted from. Only hashes are stored."""

from __future__ import annotations

import peewee as pw

from webapp.data.accounts import Account, Person
from webapp.data.billing import InvoiceRecipient
from webapp.data.database import InstantField, SiteForeignKey, SiteModel


class Session(SiteModel):
    token_hash = pw.CharField(max_length=64, primary_key=True)
    person = SiteForeignKey(Person, backref="sessions", on_delete="CASCADE")
    created_at = InstantField(index=True)  # what is deleted by its age is found by its age
    last_seen_at = InstantField(index=True)
    user_agent = pw.TextField(default="")
    account = SiteForeignKey(
        Account, null=True, backref="sessions", on_delete="SET NULL"
    )  # the one looked at


class Token(SiteModel):
    """A mailed link that may be used once: by a person, or by whoever reads the mail of an address."""

    token_hash = pw.CharField(max_length=64, primary_key=True)
    purpose = pw.CharField(max_length=20)  # set_password, invoice_address, confirm_email, prove_claim …
    person = SiteForeignKey(Person, null=True, backref="tokens", on_delete="CASCADE")
    recipient = SiteForeignKey(InvoiceRecipient, null=True, backref="tokens", on_delete="CASCADE")
    next_path = pw.TextField(default="")
    concerns = pw.TextField(default="")  # which change of an address, or which claim
    created_at = InstantField()
    expires_at = InstantField(index=True)
    used_at = InstantField(null=True)


class Attempt(SiteModel):
    """Something a person may do only so often: sign in, ask for a link."""

    kind = pw.CharField(max_length=30)
    subject = pw.TextField()  # whom it is counted for, e.g. the folded e-mail address
    at = InstantField(index=True)

    class Meta:
        indexes = ((("kind", "subject", "at"), False),)
