"""What support sees of an account beside what its administrator sees: one query a list, newest first."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from webapp.data.database import from_micros, to_micros
from webapp.data.statements import row, rows
from webapp.domain.keyset import PAGE_SIZE, cut, read_cursor
from webapp.domain.people import sign_in
from webapp.domain.people.sessions import browser_and_system
from webapp.domain.refusals import NotThere
from webapp.domain.support.support_facts import OF_ACCOUNT_ALONE

_NEWEST = 2**62
_TIMELINE = 200


@dataclass(frozen=True, slots=True)
class Page:
    rows: Sequence[Any]
    older: str  # cursor of the next page
    begun: bool  # it is not the first one


def _page(sql: str, account_id: int, after: str, **values: Any) -> Page:
    edge = read_cursor(after, int)
    before = edge[1] if edge else _NEWEST
    found = list(rows(sql, account=account_id, before=before, size=PAGE_SIZE + 1, **values))
    shown, older, _newer = cut(found, begun=edge is not None, backwards=False, key=lambda one: int(one.id))
    return Page(shown, older, edge is not None)


_SUBSCRIPTIONS_SQL = """
SELECT s.id, s.public_id, s.product_name, s.status, s.ordered_at, s.activate_before, s.activated_at,
 s.ends_on, s.ended_at, s.term_end, o.order_number, p.name AS administrator_name,
 p.email AS administrator_email
FROM subscription s JOIN shop_order o ON o.id = s.order_id JOIN person p ON p.id = s.administrator_id
WHERE s.account_id = :account AND s.id < :before ORDER BY s.id DESC LIMIT :size
"""


def subscriptions(account_id: int, *, after: str = "") -> Page:
    """All of them: those that lapsed or were withdrawn, too."""
    return _page(_SUBSCRIPTIONS_SQL, account_id, after)


_WAITING_SQL = """
SELECT i.id, i.period_start, i.tax_question, i.net, i.currency, i.recorded_at, s.public_id, s.product_name
FROM invoice i JOIN subscription s ON s.id = i.subscription_id
WHERE i.account_id = :account AND i.state = 'waiting' ORDER BY i.id DESC LIMIT 100
"""


def waiting_for_tax(account_id: int) -> Sequence[Any]:
    return rows(_WAITING_SQL, account=account_id)


_EMAILS_SQL = f"""
SELECT x.id, x.kind, x.to_email, x.subject, x.state, x.created_at, x.next_attempt_at, x.attempts, x.sent_at,
 x.bounced_at, x.last_error, s.public_id
FROM outbox_message x LEFT JOIN subscription s ON s.id = x.subscription_id
WHERE x.id IN (
 SELECT id FROM (SELECT x.id FROM subscription o JOIN outbox_message x ON x.subscription_id = o.id
  WHERE o.account_id = :account AND x.id < :before ORDER BY x.id DESC LIMIT :size) of_subscriptions
 UNION SELECT id FROM (SELECT x.id FROM membership m JOIN outbox_message x ON x.person_id = m.person_id
  WHERE m.account_id = :account AND x.subscription_id IS NULL AND {OF_ACCOUNT_ALONE} AND x.id < :before
  ORDER BY x.id DESC LIMIT :size) of_people
 UNION SELECT id FROM (SELECT x.id FROM invoice_recipient r JOIN outbox_message x ON x.recipient_id = r.id
  WHERE r.account_id = :account AND x.subscription_id IS NULL AND x.id < :before
  ORDER BY x.id DESC LIMIT :size) of_addresses)
ORDER BY x.id DESC LIMIT :size
"""


def emails(account_id: int, *, after: str = "") -> Page:
    """With the words of the servers that refused them."""
    return _page(_EMAILS_SQL, account_id, after)


_SIGN_INS_SQL = """
SELECT e.id, e.at, e.action, e.actor_kind, e.actor_name, p.name, p.email
FROM membership m JOIN person p ON p.id = m.person_id JOIN audit_event e ON e.person_id = p.id
WHERE m.account_id = :account AND e.id < :before AND e.action IN ('person.signed_in', 'person.sign_in_failed',
 'person.signed_out', 'person.password_set', 'person.sessions_ended', 'person.email_changed',
 'person.sign_in_unlocked')
ORDER BY e.id DESC LIMIT :size
"""

_LOCKED_SQL = """
SELECT p.id, p.name, p.email, count(*) AS times, max(t.at) AS last_at
FROM membership m JOIN person p ON p.id = m.person_id
JOIN attempt t ON t.kind = :kind AND t.subject = p.email_key AND t.at > :since
WHERE m.account_id = :account GROUP BY p.id, p.name, p.email HAVING count(*) >= :times
ORDER BY p.email LIMIT 100
"""

_SESSIONS_SQL = """
SELECT p.name, p.email, x.created_at, x.last_seen_at, x.user_agent
FROM membership m JOIN person p ON p.id = m.person_id JOIN session x ON x.person_id = p.id
WHERE m.account_id = :account AND x.created_at > :oldest AND x.last_seen_at > :idle
ORDER BY x.last_seen_at DESC LIMIT 50
"""


def sign_ins(account_id: int, *, after: str = "") -> Page:
    """Of the account's people, whichever company they then looked at: there is one password."""
    return _page(_SIGN_INS_SQL, account_id, after)


def locked(account_id: int, *, now: datetime) -> Sequence[Any]:
    limit = sign_in.SIGN_INS
    since = to_micros(now - limit.within)
    return rows(_LOCKED_SQL, account=account_id, kind=limit.kind, since=since, times=limit.times)


@dataclass(frozen=True, slots=True)
class Presence:
    name: str
    email: str
    since: datetime
    seen: datetime
    browser: str
    system: str


def present(account_id: int, *, now: datetime) -> list[Presence]:
    """Who is signed in, with what: never by which network."""
    oldest, idle = to_micros(now - sign_in.ABSOLUTE), to_micros(now - sign_in.IDLE)
    found = rows(_SESSIONS_SQL, account=account_id, oldest=oldest, idle=idle)
    return [
        Presence(
            one.name,
            one.email,
            from_micros(one.created_at),
            from_micros(one.last_seen_at),
            *browser_and_system(one.user_agent),
        )
        for one in found
    ]


_WEBHOOKS_SQL = """
SELECT m.id, m.event, m.subject, m.state, m.created_at, m.next_attempt_at, m.attempts, m.sent_at,
 m.last_error, e.url, e.state AS endpoint_state
FROM webhook_endpoint e JOIN subscription s ON s.account_id = :account
JOIN webhook_message m ON m.endpoint_id = e.id AND m.subject = s.public_id
WHERE m.id < :before ORDER BY m.id DESC LIMIT :size
"""


def webhooks(account_id: int, *, after: str = "") -> Page:
    """What the shop was told of the account's subscriptions."""
    return _page(_WEBHOOKS_SQL, account_id, after)


_TRAIL_SQL = """
SELECT e.id, e.at, e.action, e.actor_kind, e.actor_name, e.details, s.public_id, p.name AS person_name
FROM audit_event e LEFT JOIN subscription s ON s.id = e.subscription_id
LEFT JOIN person p ON p.id = e.person_id
WHERE e.account_id = :account AND e.id < :before AND e.action <> 'support.looked'
ORDER BY e.id DESC LIMIT :size
"""


def trail(account_id: int, *, after: str = "") -> Page:
    """Without the pages of visits, which have a page of their own."""
    return _page(_TRAIL_SQL, account_id, after)


def details_of(event: Any) -> list[tuple[str, str]]:
    """Of an audit event, as text: whatever shape somebody once gave it."""
    said = json.loads(event.details or "{}")
    return [
        (key, value if isinstance(value, str) else json.dumps(value, ensure_ascii=False))
        for key, value in said.items()
    ]


# ---- one subscription


_ONE_SQL = """
SELECT s.id, s.public_id, s.product_name, s.status, s.ordered_at, s.activate_before, s.activated_at,
 s.ends_on, s.ended_at, s.term_end, s.quantity, s.po_number, o.order_number, o.document, o.warnings,
 o.received_at, p.name AS administrator_name, p.email AS administrator_email
FROM subscription s JOIN shop_order o ON o.id = s.order_id JOIN person p ON p.id = s.administrator_id
WHERE s.account_id = :account AND s.public_id = :public_id
"""


def subscription(account_id: int, public_id: str) -> Any:
    found = row(_ONE_SQL, account=account_id, public_id=public_id)
    if found is None:
        raise NotThere
    return found


def order_as_received(found: Any) -> str:
    """The shop's document, one field a line; if it can't be read, as it is."""
    try:
        return json.dumps(json.loads(found.document), ensure_ascii=False, indent=2)
    except ValueError:
        return str(found.document)


_TIMELINE_SQL = """
SELECT * FROM (
SELECT e.at, 'event' AS kind, e.action AS what, e.actor_name AS who, e.actor_kind AS state, '' AS said, e.id
FROM audit_event e WHERE e.subscription_id = :subscription
UNION ALL
SELECT x.created_at, 'email', x.subject, x.to_email, x.state, x.last_error, x.id
FROM outbox_message x WHERE x.subscription_id = :subscription
UNION ALL
SELECT i.recorded_at, 'invoice', COALESCE(i.number, ''), '', i.state, i.tax_question, i.id
FROM invoice i WHERE i.subscription_id = :subscription
UNION ALL
SELECT m.created_at, 'webhook', m.event, '', m.state, m.last_error, m.id
FROM webhook_endpoint w JOIN webhook_message m ON m.endpoint_id = w.id AND m.subject = :public_id
) told ORDER BY at DESC, kind, id DESC LIMIT :size
"""


def timeline(found: Any) -> Sequence[Any]:
    """What happened to it, what was written about it and what was billed, in one order."""
    return rows(_TIMELINE_SQL, subscription=found.id, public_id=found.public_id, size=_TIMELINE)
