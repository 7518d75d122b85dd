"""What belongs to somebody: rows, by their address."""

from __future__ import annotations

from tests.web.planted.leak import Downgraded, Leak
from webapp.domain import permissions
from webapp.domain.invoices import invoice_recipients
from webapp.domain.payments import payment_methods
from webapp.domain.seats import seat_list
from webapp.domain.subscriptions import candidates, subscriptions
from webapp.domain.subscriptions import purchase_orders as purchase_order_rules
from webapp.web.portal import backup as backup_pages
from webapp.web.portal import invoice_files as invoice_file_pages
from webapp.web.portal import transfer as transfer_pages

_MANAGED = f"AND {permissions.MANAGES}"
_MANAGED_OR_PAID = f"AND ({permissions.MANAGES} OR {permissions.PAYS})"
_IN_TIME = "AND s.activate_before > :now"

LEAKS: dict[str, dict[str, Leak | Downgraded]] = {
    "rows": {
        "the loaders of rows forget the right": Leak(permissions, "_visible", "        right,\n", ""),
        "the loaders of rows forget the deadline": Leak(permissions, "_visible", "& in_time", ""),
        "every subscription with a backup is the backup’s": Leak(
            permissions,
            "manages",
            "Subscription.backup == person",
            "Subscription.backup.is_null(False)",
            at="purchase_orders.",
        ),
        "billing forgets the account": Leak(
            permissions, "pays", "Membership.account == Subscription.account,", "", at="purchase_orders."
        ),
        "billing is every member’s": Leak(
            permissions, "pays", "Membership.billing_since.is_null(False),", ""
        ),
        "billing’s page forgets the account": Leak(
            subscriptions, "_READ_SQL", "pays.account_id = s.account_id AND", "", at="subscriptions."
        ),
        "billing’s page is every member’s": Leak(
            subscriptions, "_READ_SQL", "AND pays.billing_since IS NOT NULL", ""
        ),
        "billing sees what is pending": Leak(
            subscriptions,
            "_READ_SQL",
            "s.shelf IN ('active', 'cancelled') AND EXISTS",
            "EXISTS",
            at="subscriptions.",
        ),
        "the backup hands over": Leak(
            transfer_pages, "_subscription", "own_subscription", "managed_subscription", at="transfer."
        ),
        "the backup names a backup": Leak(
            backup_pages, "_subscription", "own_subscription", "managed_subscription", at="backup."
        ),
        "billing manages": Leak(
            permissions,
            "_looked_after",
            'manages(given("person"))',
            'manages(given("person")) | pays(given("person"))',
            at="seat_files.",
        ),
        "the activation link forgets the administrator": Leak(
            permissions, "ordered_subscription", ", Subscription.administrator == person_id", ""
        ),
        "the loader of open transfers forgets who handed over": Leak(
            permissions, "open_transfer", "Transfer.from_person == person_id,", "", at="transfer."
        ),
        "the people to choose from forget the account": Leak(
            candidates, "_people", "(Membership.account == account) &", "", at="transfer."
        ),
        "what is not active can be changed": Leak(
            permissions,
            "_running",
            "found.status != ACTIVE or has_ended(found, now=now)",
            "False",
            crashes=True,
        ),
        "the loader of what is billed asks nobody": Leak(
            permissions,
            "billed_subscription",
            "return _running(_loaded(_billed, person=person_id, public_id=public_id, now=now), now=now)",
            "return Subscription.get(Subscription.public_id == public_id)",
            crashes=True,
        ),
        "the addresses for invoices forget the account": Leak(
            invoice_recipients, "_SQL", "r.account_id = :account AND", ""
        ),
        "the addresses for invoices forget the subscription": Leak(
            invoice_recipients, "_SQL", "AND r.scope IN ('', :public_id)", "", at="invoice_recipients."
        ),
        "the mandate forgets its subscription": Leak(
            payment_methods,
            "current_mandate",
            "Mandate.subscription == subscription, ",
            "",
            at="payment_methods.",
        ),
        "the billing data forget the account": Leak(
            subscriptions, "_READ_SQL", "ON bd.account_id = s.account_id", "ON 1 = 1"
        ),
        "the purchase order number forgets who manages or pays": Leak(
            purchase_order_rules, "_STORED_SQL", _MANAGED_OR_PAID, ""
        ),
        "the purchase order number can be edited before activation": Leak(
            purchase_order_rules, "_STORED_SQL", "s.status = 'active' AND", "", crashes=True
        ),
        "the manage page forgets the administrator": Leak(subscriptions, "_READ_SQL", _MANAGED_OR_PAID, ""),
        "the manage page forgets the deadline": Leak(subscriptions, "_READ_SQL", _IN_TIME, ""),
        "the activity forgets its subscription": Leak(
            subscriptions, "_ACTIVITY_SQL", "WHERE e.subscription_id = :subscription AND", "WHERE"
        ),
        "an invoice is anybody’s": Leak(
            permissions,
            "_read_by_number",
            'Invoice.number == given("number"), may',
            'Invoice.number == given("number")',
            at="invoices.",
        ),
        "an invoice is read by its managers only": Leak(
            permissions,
            "_read_by_number",
            'manages(given("person")) | pays(given("person"))',
            'manages(given("person"))',
            at="invoices.",
        ),
        "documents forget whose invoice it is": Leak(
            invoice_file_pages,
            "_of_invoice",
            "permissions.readable_invoice(auth.visitor().person_id, number)",
            "permissions.Invoice.get(permissions.Invoice.number == number)",
            at="invoice_files.",
        ),
        "the contract forgets who manages": Leak(
            invoice_file_pages,
            "_subscription",
            "permissions.looked_after_subscription(auth.visitor().person_id, public_id, now=now)",
            "Subscription.get(Subscription.public_id == public_id)",
            crashes=True,
            at="invoice_files.",
        ),
        "the users page forgets its subscription": Leak(
            seat_list, "_page_sql", 'where.append("seat.subscription_id = :subscription")', "pass"
        ),
        "the users page forgets who manages users": Leak(seat_list, "_HEAD_SQL", _MANAGED, ""),
        "a line of the users page forgets who manages users": Leak(seat_list, "_ONE_SQL", _MANAGED, ""),
        "the loader of seats forgets who manages users": Leak(
            permissions, "managed_seat", "manages(person_id), ", ""
        ),
        "inviting forgets who manages users": Leak(
            permissions, "_looked_after", 'manages(given("person"))', "Subscription.id.is_null(False)"
        ),
        "users are managed before activation": Leak(permissions, "managed_seat", ", is_running(now=now)", ""),
    },
}
