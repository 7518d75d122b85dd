"""What people are to be reminded of, who does not want to be, and how far the last look has come."""

from __future__ import annotations

import peewee as pw

from webapp.data.accounts import Person
from webapp.data.database import InstantField, LocalDateField, SiteForeignKey, SiteModel
from webapp.data.subscriptions import Subscription

WAITING, MAILED, DROPPED = "waiting", "mailed", "dropped"


class Reminder(SiteModel):
    """One step of one kind for one reader: there is never a second one of it."""

    reader = pw.CharField(max_length=330)  # `person:12`, or `mail:` with an address for invoices
    kind = pw.CharField(max_length=12)
    subscription = SiteForeignKey(Subscription, on_delete="CASCADE", index=False)
    seat = pw.CharField(max_length=16, default="")  # its key, if it is about one
    occasion = LocalDateField()  # the day that it is about
    step = pw.SmallIntegerField()
    state = pw.CharField(max_length=10, default=WAITING)
    noted_at = InstantField()

    class Meta:
        indexes = (
            (("reader", "kind", "subscription", "seat", "occasion", "step"), True),
            (("state", "reader"), False),
            (("occasion",), False),  # what is over is forgotten
        )


class ReminderReader(SiteModel):
    """Whoever was reminded, or chose."""

    key = pw.CharField(max_length=330, unique=True)
    person = SiteForeignKey(Person, null=True, on_delete="CASCADE")
    mailed_on = pw.CharField(max_length=10, default="")  # local day of the last reminder: one a day
    turned_off = pw.TextField(default="")  # kinds, with commas between


class ReminderSweep(SiteModel):
    """One row a site. Up to which local day everybody was looked at, and where the next look stands."""

    name = pw.CharField(max_length=10, primary_key=True)
    done_through = pw.CharField(max_length=10, default="")
    day = pw.CharField(max_length=10, default="")  # that is being looked at
    window = pw.SmallIntegerField(default=0)
    after = pw.CharField(max_length=20, default="")
    after_id = pw.BigIntegerField(default=0)
