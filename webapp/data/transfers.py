"""Who handed the administration of a subscription over to whom."""

from __future__ import annotations

import peewee as pw

from webapp.data.accounts import Person
from webapp.data.database import InstantField, SiteForeignKey, SiteModel
from webapp.data.subscriptions import Subscription

OPEN_SQL = "t.settled_at IS NULL AND t.taken_back_at IS NULL"  # of `transfer t`: it can still be taken back


class Transfer(SiteModel):
    """Open until the new administrator was there, or the old one took it back."""

    subscription = SiteForeignKey(Subscription, backref="transfers")
    from_person = SiteForeignKey(Person, backref="handed_over")
    to_person = SiteForeignKey(Person, backref="received")
    at = InstantField()
    was_backup = pw.BooleanField(default=False)  # the new administrator, until then
    seat_given_up = pw.CharField(max_length=10, null=True)  # its state, if the old administrator gave it up
    taken_back_at = InstantField(null=True)
    settled_at = InstantField(null=True)  # from then on nothing can be taken back

    class Meta:
        indexes = (
            (("from_person", "settled_at", "taken_back_at"), False),
            (("to_person", "settled_at"), False),
        )
