"""What lists and counts hold."""

from __future__ import annotations

from tests.web.planted.leak import Downgraded, Leak
from webapp.domain import permissions
from webapp.domain.invoices import invoice_files, invoice_list, invoice_warnings
from webapp.domain.people import members
from webapp.domain.seats import seat_list
from webapp.domain.subscriptions import subscription_list

_OF_PERSON = "s.administrator_id = :person"
_IN_TIME = "AND s.activate_before > :now"

LEAKS: dict[str, dict[str, Leak | Downgraded]] = {
    "lists": {
        "the list forgets the administrator": Leak(subscription_list, "_of", _OF_PERSON, "1 = 1"),
        "the list forgets the backup": Leak(subscription_list, "_of", "s.backup_id = :person", "1 = 1"),
        "the list of billing forgets the account and who may": Leak(
            subscription_list, "_BILLED", subscription_list._BILLED, "s.shelf IN ('active', 'cancelled')"
        ),
        "the members forget the account": Leak(
            members, "_PEOPLE_SQL", "m.account_id = :account {more}", "1 = 1 {more}"
        ),
        "every member sees the members": Leak(
            permissions,
            "account_rights",
            "not (found.billing_since or found.administers or found.backs_up)",
            "False",
        ),
        "everybody sees the members": Leak(permissions, "_ACCOUNT_SQL", "m.person_id = :person AND", ""),
        "the latest invoices forget their subscription": Leak(
            invoice_list, "_LATEST_SQL", "WHERE i.subscription_id = :subscription", ""
        ),
        "the invoices forget the account": Leak(
            invoice_list, "_where", '"i.account_id = :account", READS_INVOICES', '"1 = 1"'
        ),
        "the invoices forget who may": Leak(
            invoice_list,
            "_where",
            '"i.account_id = :account", READS_INVOICES',
            '"i.account_id = :account"',
        ),
        "every member’s are all invoices": Leak(
            invoice_list, "READS_INVOICES", "AND pays.billing_since IS NOT NULL", ""
        ),
        "subscriptions to filter by forget who may": Leak(
            invoice_list, "_CHOICES_SQL", f"AND {permissions.READS_INVOICES}", ""
        ),
        "what comes forgets who may": Leak(
            invoice_warnings, "_COMING_SQL", f"AND {permissions.READS_INVOICES}", ""
        ),
        "chosen invoices are anybody’s": Leak(
            invoice_files,
            "chosen",
            "str(permissions.readable_invoice(person_id, one).number)",
            "str(one)",
            crashes=True,
        ),
        "chosen subscriptions are anybody’s": Leak(
            subscription_list, "chosen", "{_of(view, scope)} AND {_VISIBLE}", "{_VISIBLE}"
        ),
        "the list forgets the deadline": Leak(subscription_list, "_VISIBLE", _IN_TIME, ""),
        "the counts forget the administrator": Leak(subscription_list, "_COUNTS_SQL", "{of}", "1 = 1"),
        "the queue forgets the administrator": Leak(subscription_list, "_REMINDERS_SQL", "{of}", "1 = 1"),
        "what may be used forgets by whom": Leak(seat_list, "_USED_SQL", "seat.person_id = :person AND", ""),
        "the list of what was handed over forgets who": Leak(
            subscription_list, "_REMINDERS_SQL", "t.from_person_id = :person AND", ""
        ),
    },
}
