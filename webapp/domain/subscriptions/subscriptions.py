"""How a subscription stands, and what its page tells about it."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from functools import lru_cache
from operator import attrgetter
from typing import Any
from zoneinfo import ZoneInfo

from webapp.data.database import current_site, from_micros, to_micros
from webapp.data.statements import row, rows
from webapp.domain import audit
from webapp.domain.calendar import begun_day, days_left, last_activation_day
from webapp.domain.deliveries import UNDELIVERED_SQL, UNREACHED_USERS_SQL
from webapp.domain.permissions import MANAGES, PAYS, ROLE
from webapp.domain.refusals import NotThere
from webapp.domain.seats.seats import TAKEN_SQL
from webapp.domain.seats.seats_at_renewal import SEATS_KEPT_SQL
from webapp.domain.subscriptions.purchase_orders import THIS_TERM, PoNumberChange

RECENT_EVENTS = 8


@dataclass(frozen=True, slots=True)
class Standing:
    """`state` is pending, active, cancelling or ended; dates are the site's."""

    state: str
    days_left: int | None = None  # until activation is no longer possible, or until the next renewal
    last_activation_day: date | None = None
    renews_on: date | None = None
    ends_on: date | None = None
    term_days: int = 0  # of the running term, and how many of them are over
    days_over: int = 0

    @property
    def last_day(self) -> date | None:
        """Of access, when it does not renew."""
        return self.ends_on and self.ends_on - timedelta(days=1)


def standing(found: Any, *, now: datetime) -> Standing:
    """Of a row with status, activate_before (microseconds), term_start, term_end, ends_on (ISO texts)."""
    if found.status == "pending":
        return pending_standing(found.activate_before, now=now)
    if found.status == "ended":
        return Standing("ended", ends_on=_date(found.ends_on))
    today = _today(now, current_site().time_zone)
    start, end = date.fromisoformat(found.term_start), date.fromisoformat(found.term_end)
    over = min(max((today - start).days, 0), (end - start).days)
    left, length = (end - today).days, (end - start).days
    running = Standing("active", left, renews_on=end, term_days=length, days_over=over)
    if not found.ends_on:
        return running
    ends_on = date.fromisoformat(found.ends_on)
    if ends_on <= today:  # whether or not the job that writes it down has run
        return Standing("ended", ends_on=ends_on)
    left = (ends_on - today).days
    return replace(running, state="cancelling", days_left=left, renews_on=None, ends_on=ends_on)


def pending_standing(activate_before: int, *, now: datetime) -> Standing:
    zone, before = current_site().time_zone, from_micros(activate_before)
    return Standing("pending", days_left(before, zone, now=now), last_activation_day(before, zone))


@lru_cache(maxsize=16)
def _today(now: datetime, zone: ZoneInfo) -> date:
    """The same for each row of a list."""
    return begun_day(now, zone)


def _date(text: str | None) -> date | None:
    return date.fromisoformat(text) if text else None


# Of account `a` and what it said itself, `bd`: see `billing_details.details_of_row`.
BILLING_COLUMNS = """COALESCE(bd.name, a.name) AS billing_name, COALESCE(bd.line1, a.line1) AS billing_line1,
 COALESCE(bd.line2, a.line2) AS billing_line2, COALESCE(bd.postal_code, a.postal_code) AS billing_postal_code,
 COALESCE(bd.city, a.city) AS billing_city, COALESCE(bd.region, a.region) AS billing_region,
 COALESCE(bd.country, a.country) AS billing_country, COALESCE(bd.vat_id, a.vat_id) AS billing_vat_id,
 bd.contact_name AS billing_contact_name, bd.contact_phone AS billing_contact_phone,
 bd.buyer_reference AS billing_buyer_reference, bd.national_ids AS billing_national_ids,
 bd.version AS billing_version"""

_MANAGE_SQL = f"""
SELECT {ROLE} AS role,
 s.id, s.public_id, s.product_key, s.product_name, s.kind, s.quantity, {TAKEN_SQL} AS seats_taken,
 s.status, s.shelf,
 s.commitment, s.billing_period, s.unit_price, s.currency, s.payment_method, s.po_number, s.po_version,
 s.next_po_number, s.anchor_day, s.account_id, s.next_quantity, {SEATS_KEPT_SQL} AS seats_kept,
 {UNDELIVERED_SQL} AS undelivered, {UNREACHED_USERS_SQL} AS unreached_users,
 (SELECT count(*) FROM invoice i WHERE i.subscription_id = s.id AND i.state = 'waiting') AS waiting_invoices,
 s.activate_before, s.ordered_at, s.activated_at, s.term_start, s.term_end, s.ends_on, s.agreement_key,
 o.order_number, a.name AS account_name, a.customer_number, a.line1, a.line2, a.postal_code, a.city, a.region,
 a.country, a.vat_id, {BILLING_COLUMNS},
 p.id AS administrator_id,
 p.name AS administrator_name, p.email AS administrator_email,
 m.iban_ending AS mandate_ending, m.reference AS mandate_reference, c.ending AS card_ending,
 claim.state AS claim_state, claim.person_id AS claimant_id, claimant.name AS claimant_name,
 b.name AS backup_name, b.email AS backup_email,
 activator.name AS activated_by_name, acc.accepted_at, acc.language AS accepted_language,
 accepter.name AS accepted_by_name, t.version AS accepted_version, t.sha256 AS accepted_sha256
FROM subscription s
JOIN shop_order o ON o.id = s.order_id
JOIN account a ON a.id = s.account_id
LEFT JOIN billing_details bd ON bd.account_id = s.account_id
JOIN person p ON p.id = s.administrator_id
LEFT JOIN mandate m ON m.subscription_id = s.id AND m.revoked_at IS NULL
LEFT JOIN card c ON c.subscription_id = s.id AND c.ended_at IS NULL
LEFT JOIN person b ON b.id = s.backup_id
LEFT JOIN claim ON claim.waits_for = s.id
LEFT JOIN person claimant ON claimant.id = claim.person_id
LEFT JOIN person activator ON activator.id = s.activated_by_id
LEFT JOIN acceptance acc ON acc.subscription_id = s.id
LEFT JOIN person accepter ON accepter.id = acc.person_id
LEFT JOIN accepted_text t ON t.sha256 = acc.text_id
WHERE s.public_id = :public_id AND {MANAGES}
 AND (s.shelf IN ('active', 'cancelled') OR (s.shelf = 'pending' AND s.activate_before > :now))
"""

# Also for who looks after the billing of its account.
_READ_SQL = _MANAGE_SQL.replace(MANAGES, f"({MANAGES} OR {PAYS})")

_ACTIVITY_SQL = """
SELECT e.at, e.action, e.actor_kind, e.actor_name, e.details FROM audit_event e
WHERE e.subscription_id = :subscription AND e.action <> 'support.looked'
 AND (:users = 1 OR e.action NOT LIKE 'seat%')
ORDER BY e.id DESC LIMIT :size
"""


def managed(person_id: int, public_id: str, *, now: datetime) -> Any:
    """Everything the manage page shows of one subscription, if this person is its administrator or backup."""
    return _one(_MANAGE_SQL, person_id, public_id, now=now)


def readable(person_id: int, public_id: str, *, now: datetime) -> Any:
    """The same for who looks after the billing of its account, too; `role` says by which right."""
    return _one(_READ_SQL, person_id, public_id, now=now)


def _one(sql: str, person_id: int, public_id: str, *, now: datetime) -> Any:
    today = _today(now, current_site().time_zone).isoformat()
    found = row(sql, person=person_id, public_id=public_id, now=to_micros(now), today=today)
    if found is None:
        raise NotThere
    return found


def sees_users(found: Any) -> bool:
    """Of a row that says by which role it is seen."""
    return bool(found.role != "billing")


@dataclass(frozen=True, slots=True)
class Activity:
    at: datetime
    action: str
    actor_kind: str
    actor_name: str
    details: dict[str, Any]


def activity(subscription_id: int, *, users: bool = True) -> Sequence[Activity]:
    """The latest events, newest first; without `users`, none about who uses it."""
    found = rows(_ACTIVITY_SQL, subscription=subscription_id, users=int(users), size=RECENT_EVENTS)
    events = [
        Activity(
            from_micros(event.at), event.action, event.actor_kind, event.actor_name, json.loads(event.details)
        )
        for event in found
    ]
    # They are found in the order in which they were written down, which need not be that of their dates.
    return sorted(events, key=attrgetter("at"), reverse=True)


def latest_po_change(found: Any, events: Sequence[Activity]) -> PoNumberChange | None:
    """What *Undo* takes back: the last change of the purchase order number, if nothing came after it."""
    if not events or events[0].action != audit.PURCHASE_ORDER_CHANGED:
        return None
    details = events[0].details
    term = details.get("term", THIS_TERM)
    return PoNumberChange(details["old"], details["new"], found.po_version, term)
