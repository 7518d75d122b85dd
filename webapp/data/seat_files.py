"""Files of people to be invited: kept until all valid rows were invited, or a day has passed."""

from __future__ import annotations

import peewee as pw

from webapp.data.accounts import Person
from webapp.data.database import InstantField, SiteForeignKey, SiteModel
from webapp.data.subscriptions import Subscription


class SeatFile(SiteModel):
    """At most one of a person for a subscription: another upload replaces it."""

    subscription = SiteForeignKey(Subscription, backref="seat_files")
    subscription_id: int
    person = SiteForeignKey(Person, backref="seat_files")
    token = pw.CharField(max_length=16)  # another one for each upload
    name = pw.TextField()
    size = pw.IntegerField()  # rows, and how many of them were checked
    checked = pw.IntegerField(default=0)
    uploaded_at = InstantField(index=True)

    class Meta:
        indexes = ((("subscription", "person"), True),)


class SeatFileRow(SiteModel):
    """As typed, and what will become of it."""

    file = SiteForeignKey(SeatFile, backref="lines", on_delete="CASCADE")
    line = pw.IntegerField()
    email = pw.TextField()
    email_key = pw.TextField()
    name = pw.TextField()
    last_day = pw.TextField()
    cost_centre = pw.TextField()
    job_site = pw.TextField()
    language = pw.TextField()
    fate = pw.CharField(max_length=12, default="")  # empty until it was checked

    class Meta:
        indexes = (
            (("file", "line"), True),
            (("file", "fate", "line"), False),
            (("file", "email_key"), False),
        )
