"""Orders as received, and the subscriptions that came of them."""

from __future__ import annotations

import secrets

import peewee as pw

from webapp.data.accounts import Account, Person
from webapp.data.database import InstantField, LocalDateField, SiteForeignKey, SiteModel

PENDING, ACTIVE, ENDED, LAPSED, WITHDRAWN = "pending", "active", "ended", "lapsed", "withdrawn"

# Which link of the list shows it: awaiting activation, active, cancelled (planned or ended), or none at all.
SHELF_PENDING, SHELF_ACTIVE, SHELF_CANCELLED, SHELF_GONE = "pending", "active", "cancelled", "gone"
NEVER = "9999-12-31"


class Order(SiteModel):
    """The shop's document, kept as received: who sends it again hears what was answered the first time."""

    order_number = pw.CharField(max_length=40, unique=True)
    content_hash = pw.CharField(max_length=64)
    document = pw.TextField()
    warnings = pw.TextField(default="")
    ordered_at = InstantField()
    received_at = InstantField()

    class Meta:
        table_name = "shop_order"  # ORDER is a word of SQL


class Subscription(SiteModel):
    public_id = pw.CharField(max_length=20, unique=True)
    order = SiteForeignKey(Order, unique=True, backref="subscriptions")
    account = SiteForeignKey(Account, backref="subscriptions")
    account_id: int
    administrator = SiteForeignKey(Person, backref="administered")
    backup = SiteForeignKey(Person, null=True, backref="backed_up")  # at most one, named by the administrator
    backup_id: int | None
    product_key = pw.CharField(max_length=60)
    product_name = pw.TextField()
    kind = pw.CharField(max_length=10)  # software, service
    agreement_key = pw.CharField(max_length=40)
    quantity = pw.IntegerField()
    next_quantity = pw.IntegerField(null=True)  # from the next renewal on; NULL: the same
    seats_taken = pw.IntegerField(default=0)
    commitment = pw.CharField(max_length=10)  # annual, monthly
    billing_period = pw.CharField(max_length=10)
    unit_price = pw.BigIntegerField()  # net, per licence and billing period, in the currency's minor unit
    currency = pw.CharField(max_length=3)
    payment_method = pw.CharField(max_length=20)
    po_number = pw.TextField(default="")  # of the running term
    next_po_number = pw.TextField(null=True)  # from the next renewal on; NULL: the same
    language = pw.CharField(max_length=10)
    status = pw.CharField(max_length=10, default=PENDING)
    ordered_at = InstantField()
    activate_before = InstantField()  # first instant of local day 91
    activated_at = InstantField(null=True)
    activated_by = SiteForeignKey(Person, null=True, backref="activated")
    term_start = LocalDateField(null=True)
    term_end = LocalDateField(null=True)  # the day after the last: the next renewal date
    anchor_day = pw.SmallIntegerField(null=True)
    billed_until = LocalDateField(
        null=True
    )  # first day that no invoice is recorded for: never after `term_end`
    ends_on = LocalDateField(null=True)  # set while a cancellation is planned: the renewal that won't happen
    ended_at = InstantField(null=True)
    payment_version = pw.IntegerField(default=0)  # likewise, of the payment method
    po_version = pw.IntegerField(default=0)  # counts changes of the PO number: who read an older one is told
    shelf = pw.CharField(max_length=10, default=SHELF_PENDING)
    renewal_key = pw.CharField(
        max_length=10, default=NEVER
    )  # next renewal for sorting; NEVER: it does not renew
    search_key = pw.TextField()
    sort_key = pw.TextField()

    class Meta:
        indexes = (
            # The list's orders within one administrator's rows; those that are sorted by cover searching.
            (("administrator", "sort_key", "id", "search_key", "shelf", "activate_before"), False),
            (("administrator", "shelf", "sort_key", "id"), False),
            (("administrator", "shelf", "activate_before", "id"), False),
            (("administrator", "renewal_key", "id", "search_key", "shelf", "activate_before"), False),
            (("administrator", "ordered_at", "id", "search_key", "shelf", "activate_before"), False),
            (("status", "activate_before"), False),
            (
                ("status", "billed_until", "id"),
                False,
            ),  # for whom a billing period or a term begins, or all ends
            (("status", "renewal_key", "id"), False),  # who is to be reminded of a renewal
            # The same list for who looks after the billing of an account, and for the backup.
            (("account", "sort_key", "id", "search_key", "shelf", "activate_before"), False),
            (("account", "shelf", "sort_key", "id"), False),
            (("backup", "shelf", "sort_key", "id"), False),
            (("po_number",), False),  # what a customer tells support
            (("next_po_number",), False),
        )


INVITED, USED = "invited", "active"  # a seat's states


def new_seat_key() -> str:
    """What a seat is called in addresses: row numbers are nobody's business."""
    return secrets.token_hex(8)


class Seat(SiteModel):
    """One licence given to one person. What ended or was taken back stays as a row that counts no more."""

    key = pw.CharField(max_length=16, unique=True, default=new_seat_key)
    subscription = SiteForeignKey(Subscription, backref="seats")
    subscription_id: int
    person = SiteForeignKey(Person, backref="seats")
    person_id: int
    state = pw.CharField(max_length=10)  # invited, active
    since = InstantField()
    last_day = LocalDateField(null=True)  # of use, as the administrator set it
    over_on = pw.CharField(max_length=10, default=NEVER)  # first local day on which it is nobody's any more
    counted = pw.SmallIntegerField(default=1)  # 1 while it is among the subscription's `seats_taken`
    revoked_at = InstantField(null=True)
    cost_centre = pw.TextField(default="")
    job_site = pw.TextField(default="")
    version = pw.IntegerField(default=0)  # counts changes: who read an older one is told
    sort_key = pw.TextField(default="")
    search_key = pw.TextField(default="")

    class Meta:
        indexes = (
            (("subscription", "person"), True),
            (("person", "subscription"), False),
            # The list by name, searching included; what is over but still counted; what ended, latest first.
            (("subscription", "counted", "sort_key", "id", "search_key", "over_on", "state"), False),
            (("subscription", "counted", "state", "over_on"), False),
            (("subscription", "over_on", "id", "search_key"), False),
            (("state", "since"), False),  # who was invited long ago and never came
        )
