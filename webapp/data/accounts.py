"""Customer companies and their people at one site."""

from __future__ import annotations

import peewee as pw

from webapp.data.database import InstantField, SiteForeignKey, SiteModel


class Account(SiteModel):
    customer_number = pw.CharField(max_length=40, unique=True)
    name = pw.TextField()
    line1 = pw.TextField()
    line2 = pw.TextField(null=True)
    postal_code = pw.TextField(null=True)
    city = pw.TextField()
    region = pw.TextField(null=True)
    country = pw.CharField(max_length=2)
    vat_id = pw.TextField(null=True)
    search_key = pw.TextField()
    sort_key = pw.TextField()
    billing_people = pw.IntegerField(default=0)  # how many look after billing: each change of them counts it


class AccountGram(SiteModel):
    """A part of an account's name: `webapp.data.keys.grams` says which there are."""

    account = SiteForeignKey(Account, backref="grams", on_delete="CASCADE")
    gram = pw.CharField(max_length=3)

    class Meta:
        indexes = ((("gram", "account"), True),)


class Person(SiteModel):
    """Somebody with an e-mail address at this site; the same address elsewhere is another person."""

    email = pw.TextField()  # as first sent
    email_key = pw.TextField(unique=True)  # what addresses are compared by
    name = pw.TextField()
    sort_key = pw.TextField()
    language = pw.CharField(max_length=10)
    password_hash = pw.TextField(null=True)
    created_at = InstantField()
    first_signed_in_at = InstantField(null=True)


class Membership(SiteModel):
    person = SiteForeignKey(Person, backref="memberships")
    account = SiteForeignKey(Account, backref="memberships")
    created_at = InstantField()
    billing_since = InstantField(null=True)  # looks after the billing of the account

    class Meta:
        indexes = ((("account", "person"), True), (("person", "account"), False))
