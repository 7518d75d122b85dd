"""Defects that would be leaks, each planted into the running code by changing a word of it."""

from __future__ import annotations
import __future__

import inspect
import textwrap
from collections.abc import Callable
from dataclasses import dataclass
from types import FunctionType
from typing import Any

import pytest

from webapp.data import database, ready
from webapp.domain import (
    agent_factors,
    agent_sign_in,
    api_keys,
    calendar_feeds,
    candidates,
    customer_search,
    invoice_files,
    invoice_list,
    invoice_recipients,
    invoice_warnings,
    members,
    payment_methods,
    permissions,
    seat_list,
    sign_in,
    subscription_list,
    subscriptions,
    support_acts,
    support_records,
    tokens,
    visit_trail,
    visits,
)
from webapp.domain import purchase_orders as purchase_order_rules
from webapp.payments import stand_in, stripe_cards
from webapp.web import agent_auth, auth, security, site
from webapp.web import visits as web_visits
from webapp.web.api import callers
from webapp.web.api import entitlements as entitlement_views
from webapp.web.policy import Policy
from webapp.web.portal import activation, cancellation, purchase_orders, quantity
from webapp.web.portal import backup as backup_pages
from webapp.web.portal import help as help_pages
from webapp.web.portal import invoice_files as invoice_file_pages
from webapp.web.portal import subscriptions as subscription_pages
from webapp.web.portal import transfer as transfer_pages
from webapp.web.support import search as console_search


@dataclass(frozen=True)
class Leak:
    """`where.name` has `old` in its source, or in its text; planted, it has `new` there.

    The sweep of rows takes minutes: `at` is how the endpoints begin where it must be seen."""

    where: Any
    name: str
    old: str
    new: str
    crashes: bool = False  # what must be refused first crashes further on
    at: str = ""

    def plant(self, patch: pytest.MonkeyPatch) -> None:
        sound = inspect.getattr_static(self.where, self.name)
        leaky = self.rewritten(sound) if callable(sound) else self.replaced(sound)
        patch.setattr(self.where, self.name, leaky)
        patch.setattr(ready, "_built", {})  # queries that were built of sound words

    def replaced(self, text: str) -> str:
        assert self.old in text, f"“{self.old}” is not there any more: plant another leak"
        return text.replace(self.old, self.new)

    def rewritten(self, sound: FunctionType) -> FunctionType:
        """The function with other words in its source, in its own module; decorators have done their work."""
        source = self.replaced(textwrap.dedent(inspect.getsource(sound)))
        source = source[source.index("def ") :].replace("super()", f"super({self.where.__name__}, self)")
        made: dict[str, FunctionType] = {}
        flags = __future__.annotations.compiler_flag
        code = compile(source, sound.__code__.co_filename, "exec", flags, dont_inherit=True)
        exec(code, sound.__globals__, made)
        return made[sound.__name__]


@dataclass(frozen=True)
class Downgraded:
    """A page of persons that says it is for everybody."""

    view: Callable[..., Any]
    crashes, at = True, ""

    def plant(self, patch: pytest.MonkeyPatch) -> None:
        patch.setattr(self.view, "policy", Policy("public", "site"))


_ADMINISTRATOR = "(SELECT p.name FROM person p WHERE p.id = s.administrator_id)"
_OF_PERSON = "s.administrator_id = :person"
_MANAGED = f"AND {permissions.MANAGES}"
_MANAGED_OR_PAID = f"AND ({permissions.MANAGES} OR {permissions.PAYS})"
_IN_TIME = "AND s.activate_before > :now"

# By the stage of the sweep that must see them.
LEAKS: dict[str, dict[str, Leak | Downgraded]] = {
    "console": {
        "the password alone opens the console": Leak(
            agent_auth, "require", 'if who == "agent" and not found.factor:', "if False:", crashes=True
        ),
        "the console forgets who was disabled": Leak(
            agent_sign_in, "_open_session", "Agent.disabled_at.is_null(),", ""
        ),
        "whoever has a password sets up another factor": Leak(
            agent_factors, "check_may_change", "if not agent.factor and agent.has_factor:", "if False:"
        ),
        "customers’ pages are at the console": Leak(
            auth, "require_policy", 'declared.place not in ("anywhere", place())', "False", crashes=True
        ),
        "a search goes beyond the agent’s regions": Leak(
            console_search, "_sites", "agent_auth.agent_sites()", "tuple(this_portal().sites)"
        ),
        "a search shows who administers": Leak(
            customer_search, "_BY_NUMBER_SQL", "a.name AS company", f"{_ADMINISTRATOR} AS company"
        ),
        "links of the operator work for ever": Leak(
            agent_sign_in, "agent_of_link", "AgentToken.valid_until > now,", ""
        ),
    },
    "visits": {
        "a visit never ends": Leak(visits, "visit_of", "Visit.valid_until > now,", ""),
        "a visit outlives its region": Leak(visits, "visit_of", "if site not in", "if False and site not in"),
        "a visit outlives the session it came from": Leak(
            visits, "visit_of", "or not agent_sign_in.session_lives(found.session_hash, now=now)", ""
        ),
        "a visit is good at every site": Leak(visits, "visit_of", "Visit.site == site.code,", ""),
        "a page of a visit is not noted": Leak(
            visit_trail, "note_look", "record(audit", "(lambda *told, **more: None)(audit"
        ),
        "support unlocks people of other accounts": Leak(
            support_acts, "visited_person", "Membership.account == account_id, ", ""
        ),
        "support sees who is logged in at other accounts": Leak(
            support_records, "_SESSIONS_SQL", "m.account_id = :account AND ", ""
        ),
        "every page of a site can be visited": Leak(
            web_visits, "admit", "shows = declared.visits and", "shows =", crashes=True
        ),
    },
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
    "signed_out": {
        "the session’s signature is the same at each site": Leak(
            auth.SiteSessions, "get_signing_serializer", "-{name}", ""
        ),
        "the session is not looked up": Leak(
            sign_in, "_SESSION_SQL", "WHERE s.token_hash = :token_hash", "WHERE s.token_hash IS NOT NULL"
        ),
        "an idle session lives on": Leak(sign_in, "_SESSION_SQL", "AND s.last_seen_at > :idle", ""),
        "an old session lives on": Leak(sign_in, "_SESSION_SQL", "AND s.created_at > :oldest", ""),
        "signing out keeps the session": Leak(sign_in, "sign_out", "Session.delete()", "Session.select()"),
        "a new password keeps the sessions": Leak(
            sign_in, "set_password", "Session.delete()", "Session.select()"
        ),
        "a page is for everybody": Downgraded(subscription_pages.show_list),
        "activating is for everybody": Downgraded(activation.activate),
        "saving is for everybody": Downgraded(purchase_orders.save),
        "cancelling is for everybody": Downgraded(cancellation.plan),
        "buying licences is for everybody": Downgraded(quantity.add),
        "nobody asks for the policy": Leak(
            auth, "require_policy", 'declared.who == "person"', "False", crashes=True
        ),
    },
    "forged_origins": {
        "requests from elsewhere are taken": Leak(security, "refuse_forged_requests", "abort(403)", "return"),
        "requests from a sibling site are taken": Leak(
            security, "refuse_forged_requests", '== "same-origin"', 'in ("same-origin", "same-site")'
        ),
    },
    "signatures": {
        "nobody looks at a signature": Leak(
            stripe_cards,
            "completed_session",
            "stripe.WebhookSignature.verify_header(text, signature, secret, TOLERANCE)",
            "pass",
        ),
        "a signature is good for a day": Leak(
            stripe_cards, "completed_session", "secret, TOLERANCE)", "secret, 86400)"
        ),
        "all sites have one secret": Leak(
            stand_in.StandIn, "session_in", 'f"{SECRET}_{site.code}"', 'f"{SECRET}_fr"'
        ),
        "a signed message is taken for a forged form": Leak(
            security, "_may_come_from_anywhere", 'declared.who == "signature"', "False"
        ),
    },
    "places": {
        "pages are at every place": Leak(auth, "require_policy", "wrong_place or", ""),
        "a strange host is the first site": Leak(
            site.SiteMiddleware,
            "_whereabouts",
            "return own.get(name), None",
            'return own.get(name, "site"), self.portal.sites["fr"]',
        ),
        "a host’s beginning is enough": Leak(
            site.SiteMiddleware,
            "_whereabouts",
            "sites.site_for_host(host, domain)",
            'sites.by_code(host.partition(".")[0])',
        ),
    },
    "keys": {
        "a revoked key opens": Leak(api_keys, "caller_of", " or found.revoked_at is not None", ""),
        "a replaced key opens for ever": Leak(
            api_keys, "caller_of", "from_micros(found.expires_at) <= now", "False"
        ),
        "the public part of a key is enough": Leak(api_keys, "caller_of", " or not fits", ""),
        "a key of another site opens": Leak(
            api_keys, "caller_of", ' or parts["site"] != current_site().code', ""
        ),
        "a key opens whatever its scopes": Leak(
            callers, "require_key", "declared.scope not in found.scopes", "False"
        ),
        "an operation asks for no key": Downgraded(entitlement_views.to_product),
    },
    "anybody": {
        "a mailed link works for ever": Leak(tokens, "peek", "& (Token.expires_at > now)", ""),
        "a mailed link works again": Leak(tokens, "peek", "& Token.used_at.is_null()", ""),
        "a mailed link works for another purpose": Leak(tokens, "peek", "& (Token.purpose == purpose)", ""),
        "a calendar holds the dates of everybody": Leak(
            calendar_feeds, "_DAYS_SQL", "(s.administrator_id = :person OR s.backup_id = :person)", "1 = 1"
        ),
    },
    "probes": {
        "rows of another site are foreign keys": Leak(
            database.SiteForeignKey, "db_value", "value.refuse_elsewhere()", "pass"
        ),
        "rows of another site are saved": Leak(database.SiteModel, "save", "self.refuse_elsewhere()", "pass"),
        "rows of another site are deleted": Leak(
            database.SiteModel, "delete_instance", "self.refuse_elsewhere()", "pass"
        ),
    },
}


def add_route(patch: pytest.MonkeyPatch, path: str, view: Callable[..., Any]) -> None:
    """As if a blueprint had one view more."""
    more = [lambda state: state.add_url_rule(path, "export", view)]
    patch.setattr(help_pages.pages, "deferred_functions", [*help_pages.pages.deferred_functions, *more])
