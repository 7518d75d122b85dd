"""The audit trail: each change writes who did what, in the transaction of the change."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from webapp.data import records
from webapp.data.accounts import Account, Person
from webapp.data.audit import AuditEvent
from webapp.data.subscriptions import Subscription

ORDER_ACCEPTED = "order.accepted"
ORDER_WITHDRAWN = "order.withdrawn"
PURCHASER_CORRECTED = "order.purchaser_corrected"
ACTIVATION_MAIL_REQUESTED = "activation.mail_requested"
SUBSCRIPTION_ACTIVATED = "subscription.activated"
SUBSCRIPTION_LAPSED = "subscription.lapsed"
CANCELLATION_PLANNED = "subscription.cancellation_planned"
CANCELLATION_UNDONE = "subscription.cancellation_undone"
SUBSCRIPTION_RENEWED = "subscription.renewed"
SUBSCRIPTION_ENDED = "subscription.ended"
LICENCES_ADDED = "licences.added"
LICENCES_REDUCED = "licences.reduced"  # from the next renewal on
LICENCES_KEPT = "licences.kept"
PURCHASE_ORDER_CHANGED = "purchase_order.changed"
SUBSCRIPTION_TRANSFERRED = "subscription.transferred"
TRANSFER_TAKEN_BACK = "transfer.taken_back"
BACKUP_NAMED = "backup.named"
SEAT_INVITED = "seat.invited"
SEATS_INVITED = "seats.invited"  # several at once; each of them has an event of their own besides
SEAT_REINVITED = "seat.reinvited"
SEAT_USED = "seat.used"  # who was invited has come
SEAT_CHANGED = "seat.changed"
SEAT_REVOKED = "seat.revoked"
SEAT_RESTORED = "seat.restored"
SEATS_ENDED = "seats.ended"
BILLING_CHANGED = "billing.changed"
PAYMENT_CHANGED = "payment.changed"
PAYMENT_RECEIVED = "payment.received"
PAYMENT_RETURNED = "payment.returned"
INVOICE_ADDRESS_ADDED = "invoice_address.added"
INVOICE_ADDRESS_REMINDED = "invoice_address.reminded"
INVOICE_ADDRESS_CONFIRMED = "invoice_address.confirmed"
INVOICE_ADDRESS_REMOVED = "invoice_address.removed"
INVOICE_WAITS = "invoice.waits"  # for a decision about its tax
INVOICE_TAX_DECIDED = "invoice.tax_decided"
INVOICE_ISSUED = "invoice.issued"
INVOICE_CREDITED = "invoice.credited"
BACKUP_LEFT = "backup.left"
BILLING_GRANTED = "billing.granted"
BILLING_TAKEN = "billing.taken"
SIGNED_IN = "person.signed_in"
SIGN_IN_FAILED = "person.sign_in_failed"
SIGNED_OUT = "person.signed_out"
PASSWORD_SET = "person.password_set"
SECOND_FACTOR_ON = "person.second_factor_on"
SECOND_FACTOR_OFF = "person.second_factor_off"
SECOND_FACTOR_FAILED = "person.second_factor_failed"
SECOND_FACTOR_LOST = "person.second_factor_lost"  # they have asked for a link that turns it off
RECOVERY_CODES_MADE = "person.recovery_codes_made"
RECOVERY_CODE_USED = "person.recovery_code_used"
LANGUAGE_CHOSEN = "person.language_chosen"
NAME_CHANGED = "person.name_changed"
EMAIL_CHANGE_ASKED = "person.email_change_asked"
API_KEY_CREATED = "api_key.created"
API_KEY_ROTATED = "api_key.rotated"
API_KEY_REVOKED = "api_key.revoked"
EMAIL_CHANGED = "person.email_changed"
REMINDERS_CHOSEN = "person.reminders_chosen"
CALENDAR_OPENED = "person.calendar_opened"
CALENDAR_CLOSED = "person.calendar_closed"
SESSIONS_ENDED = "person.sessions_ended"
WHEREABOUTS_MAILED = "person.whereabouts_mailed"
SUPPORT_VISITED = "support.visited"  # an agent opened the account
SUPPORT_LOOKED = "support.looked"  # and was shown a page of it
SUPPORT_RENEWED = "support.visit_renewed"
SUPPORT_LEFT = "support.visit_ended"


@dataclass(frozen=True, slots=True)
class Actor:
    """Who acts: a person of the site, or one of the callers that have no person."""

    kind: Literal["person", "shop", "operator", "portal", "agent"]
    person: Person | None = None
    name: str = ""
    key: str = ""  # the API key that was shown, by its public part

    @classmethod
    def of(cls, person: Person) -> Actor:
        return cls("person", person, person.name)


SHOP = Actor("shop")
OPERATOR = Actor("operator")
PORTAL = Actor("portal")


def record(
    action: str,
    *,
    actor: Actor,
    now: datetime,
    subscription: Subscription | None = None,
    account: Account | None = None,
    person: Person | None = None,
    **details: object,
) -> None:
    records.insert(
        AuditEvent,
        at=now,
        action=action,
        actor_kind=actor.kind,
        actor=actor.person,
        actor_name=actor.name,
        account=account or (subscription.account_id if subscription else None),
        subscription=subscription,
        person=person,
        details=_as_json({**details, "key": actor.key} if actor.key else details),
    )


def _as_json(details: Mapping[str, object]) -> str:
    return json.dumps(details, ensure_ascii=False, sort_keys=True)


@dataclass(frozen=True, slots=True)
class Happened:
    """To one of many subscriptions, given by row numbers."""

    subscription_id: int
    account_id: int
    details: Mapping[str, object]


def record_many(action: str, events: Iterable[Happened], *, actor: Actor, now: datetime) -> None:
    """The same for each of them, with one statement."""
    common = {"at": now, "action": action, "actor_kind": actor.kind, "actor_name": actor.name}
    rows = [
        {
            **common,
            "account": one.account_id,
            "subscription": one.subscription_id,
            "details": _as_json(one.details),
        }
        for one in events
    ]
    records.insert_many(AuditEvent, rows)
