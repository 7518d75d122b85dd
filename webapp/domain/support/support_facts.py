"""What a question of a customer's is answered from: all that the site knows about one address in one account.

Each part is one query, asked when a rule first needs it.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import Any

from webapp.data.database import from_micros, to_micros
from webapp.data.keys import email_key
from webapp.data.statements import row, rows
from webapp.data.subscriptions import ENDED
from webapp.domain import limits
from webapp.domain.lifecycle.activation import MAIL_AGAIN
from webapp.domain.people import sign_in
from webapp.domain.seats.seats import TAKEN_SQL
from webapp.domain.seats.seats_at_renewal import SEATS_KEPT_SQL
from webapp.domain.terms import today
from webapp.sites import Catalogue

_MOST = 50

# Of an e-mail `x` about no subscription, to a person of account `:account`: it concerns that person alone, or
# they have no other account that it could concern.
_PERSONAL = (
    "set_password",
    "password_changed",
    "confirm_email",
    "email_change_asked",
    "email_changed",
    "email_taken",
)
OF_ACCOUNT_ALONE = f"""(x.kind IN {_PERSONAL} OR NOT EXISTS (SELECT 1 FROM membership also
 WHERE also.person_id = x.person_id AND also.account_id <> :account))"""


@dataclass(frozen=True, slots=True)
class Elsewhere:
    """Names of the other sites that may be asked, which know the address, and which did not answer."""

    known: tuple[str, ...] = ()
    silent: tuple[str, ...] = ()


def nowhere() -> Elsewhere:
    return Elsewhere()


_PERSON_SQL = """
SELECT p.id, p.name, p.email, p.email_key, p.created_at, p.first_signed_in_at, m.id AS membership,
 m.billing_since, CASE WHEN p.password_hash IS NULL THEN 0 ELSE 1 END AS has_password,
 (SELECT a.name FROM membership o JOIN account a ON a.id = o.account_id
  WHERE o.person_id = p.id AND o.account_id <> :account ORDER BY o.id LIMIT 1) AS other_account,
 (SELECT a.name FROM session x JOIN account a ON a.id = x.account_id WHERE x.person_id = p.id
  AND x.account_id <> :account AND x.last_seen_at > :idle ORDER BY x.last_seen_at DESC LIMIT 1) AS looks_at,
 (SELECT max(e.at) FROM audit_event e WHERE e.actor_id = p.id
  AND e.action IN ('person.signed_in', 'person.password_set')) AS signed_in_at,
 (SELECT max(e.at) FROM audit_event e WHERE e.person_id = p.id
  AND e.action = 'person.sign_in_failed') AS failed_at
FROM person p LEFT JOIN membership m ON m.person_id = p.id AND m.account_id = :account
WHERE p.email_key = :email
"""

# What became of addresses of the account's people: changed, about to be changed, or a purchaser's corrected.
_ADDRESSES_SQL = """
SELECT * FROM (
SELECT 'changed' AS kind, e.at, e.details AS said, p.name, p.email, '' AS public_id
FROM membership m JOIN audit_event e ON e.person_id = m.person_id AND e.action = 'person.email_changed'
JOIN person p ON p.id = m.person_id WHERE m.account_id = :account
UNION ALL
SELECT 'asked', c.asked_at, c.email, p.name, p.email, '' FROM membership m
JOIN email_change c ON c.person_id = m.person_id AND c.confirmed_at IS NULL AND c.dropped_at IS NULL
JOIN person p ON p.id = m.person_id WHERE m.account_id = :account
UNION ALL
SELECT 'corrected', e.at, e.details, p.name, p.email, s.public_id
FROM audit_event e JOIN person p ON p.id = e.person_id JOIN subscription s ON s.id = e.subscription_id
WHERE e.account_id = :account AND e.action = 'order.purchaser_corrected'
) told ORDER BY at DESC LIMIT 1000
"""

# Of the account: the one that is named, or all that this person has or had to do with.
_SUBSCRIPTIONS_SQL = f"""
SELECT s.id, s.public_id, s.product_name, s.product_key, s.status, s.ordered_at, s.activate_before,
 s.activated_at, s.ends_on, s.ended_at, s.term_end, s.quantity, s.next_quantity, s.po_number,
 {TAKEN_SQL} AS taken, {SEATS_KEPT_SQL} AS kept,
 s.administrator_id, admin.name AS administrator_name, admin.email AS administrator_email,
 admin.first_signed_in_at AS administrator_came, s.backup_id, o.order_number,
 seat.id AS seat, seat.state AS seat_state, seat.counted AS seat_counted, seat.over_on AS seat_over_on,
 seat.last_day AS seat_last_day, seat.revoked_at AS seat_revoked_at,
 t.at AS handed_at, heir.name AS heir_name, t.settled_at AS handed_settled,
 w.at AS withdrawn_at, w.details AS withdrawn_details,
 (SELECT count(*) FROM attempt WHERE attempt.kind = 'activation_mail' AND attempt.subject = s.public_id
  AND attempt.at > :asked_since) AS asked_again,
 (SELECT count(*) FROM seat i WHERE i.subscription_id = s.id AND i.counted = 1 AND i.state = 'invited'
  AND i.over_on > :today) AS invited,
 x.to_email AS mail_to, x.state AS mail_state, x.last_error AS mail_error, x.created_at AS mail_at,
 x.bounced_at AS mail_bounced_at,
 f.to_email AS uninvited_to, f.last_error AS uninvited_error, f.state AS uninvited_state,
 f.created_at AS uninvited_at, f.bounced_at AS uninvited_bounced_at
FROM subscription s
JOIN shop_order o ON o.id = s.order_id
JOIN person admin ON admin.id = s.administrator_id
LEFT JOIN seat ON seat.subscription_id = s.id AND seat.person_id = :person
LEFT JOIN transfer t ON t.id = (SELECT max(h.id) FROM transfer h
 WHERE h.subscription_id = s.id AND h.from_person_id = :person AND h.taken_back_at IS NULL)
LEFT JOIN person heir ON heir.id = t.to_person_id
LEFT JOIN audit_event w ON s.status = 'withdrawn' AND w.id = (SELECT max(e.id) FROM audit_event e
 WHERE e.subscription_id = s.id AND e.action = 'order.withdrawn')
LEFT JOIN outbox_message x ON x.id = (SELECT max(a.id) FROM outbox_message a
 WHERE a.subscription_id = s.id AND a.kind = 'activation' AND a.person_id = s.administrator_id)
LEFT JOIN outbox_message f ON f.id = (SELECT max(u.id) FROM outbox_message u
 WHERE u.subscription_id = s.id AND u.kind = 'seat_invited' AND u.state IN ('dead', 'bounced')
 AND EXISTS (SELECT 1 FROM seat held WHERE held.subscription_id = s.id AND held.person_id = u.person_id
  AND held.counted = 1 AND held.state = 'invited')
 AND NOT EXISTS (SELECT 1 FROM outbox_message later WHERE later.person_id = u.person_id
  AND later.id > u.id AND later.state = 'sent'))
WHERE s.account_id = :account AND (s.public_id = :public_id OR (:public_id = ''
 AND (s.administrator_id = :person OR s.backup_id = :person OR seat.id IS NOT NULL OR t.id IS NOT NULL)))
ORDER BY s.ordered_at DESC, s.id DESC LIMIT {_MOST}
"""

_MAILS_SQL = f"""
SELECT x.kind, x.to_email, x.subject, x.state, x.created_at, x.next_attempt_at, x.attempts, x.sent_at,
 x.bounced_at, x.last_error, x.token_purpose, x.token_minutes, s.public_id
FROM outbox_message x LEFT JOIN subscription s ON s.id = x.subscription_id
WHERE (x.person_id = :person OR x.recipient_id IN (SELECT r.id FROM invoice_recipient r
 WHERE r.account_id = :account AND r.email_key = :email))
 AND ((x.subscription_id IS NULL AND {OF_ACCOUNT_ALONE}) OR s.account_id = :account)
 AND (:public_id = '' OR s.public_id = :public_id)
ORDER BY x.id DESC LIMIT {_MOST}
"""

_RECIPIENT_SQL = """
SELECT r.email, r.added_at, r.confirmed_at FROM invoice_recipient r
WHERE r.account_id = :account AND r.email_key = :email ORDER BY r.confirmed_at IS NULL DESC, r.id LIMIT 1
"""

_ATTEMPTS_SQL = """
SELECT kind, at FROM attempt WHERE subject = :email AND kind IN ('sign_in', 'password_link') AND at > :since
ORDER BY at DESC LIMIT 200
"""

_INVOICES_SQL = """
SELECT i.id, i.number, i.state, i.issued_at, i.issued_on, i.due_on, i.period_start, i.po_number, i.gross,
 i.paid, i.currency, i.tax_question, s.public_id, s.po_number AS po_now, note.number AS credit_note,
 bd.changed_at AS details_changed_at, by_.name AS details_changed_by,
 (SELECT max(e.at) FROM audit_event e WHERE e.subscription_id = s.id
  AND e.action = 'purchase_order.changed') AS po_changed_at,
 (SELECT max(e.id) FROM audit_event e WHERE e.subscription_id = s.id AND e.action = 'payment.returned'
  AND e.details LIKE '%"number": "' || i.number || '"%') AS returned,
 x.to_email AS mail_to, x.state AS mail_state, x.last_error AS mail_error, x.created_at AS mail_at,
 x.bounced_at AS mail_bounced_at
FROM invoice i JOIN subscription s ON s.id = i.subscription_id
LEFT JOIN invoice note ON note.credits_id = i.id
LEFT JOIN billing_details bd ON bd.account_id = i.account_id
LEFT JOIN person by_ ON by_.id = bd.changed_by_id
LEFT JOIN outbox_message x ON x.id = (SELECT max(u.id) FROM outbox_message u WHERE u.subscription_id = s.id
 AND u.kind = 'invoice' AND u.state IN ('dead', 'bounced') AND u.created_at >= i.issued_at
 AND u.text LIKE '%' || i.number || '%')
WHERE i.account_id = :account AND i.kind = 'invoice' AND (:public_id = '' OR s.public_id = :public_id)
ORDER BY i.id DESC LIMIT 10
"""


@dataclass(frozen=True, slots=True)
class Address:
    """What became of one."""

    kind: str  # changed, asked, corrected
    at: datetime
    name: str
    email: str  # that counts now
    public_id: str


@dataclass
class Case:
    """What is asked about: an address, in an account, perhaps one of its subscriptions."""

    account_id: int
    account_name: str
    email: str
    now: datetime
    catalogue: Catalogue
    public_id: str = ""
    elsewhere: Callable[[], Elsewhere] = nowhere

    @property
    def _asked(self) -> dict[str, Any]:
        return {"account": self.account_id, "email": email_key(self.email)}

    @cached_property
    def person(self) -> Any | None:
        """Who has this address at the site, of whatever account."""
        return (
            row(_PERSON_SQL, **self._asked, idle=to_micros(self.now - sign_in.IDLE)) if self.email else None
        )

    @property
    def person_id(self) -> int:
        return self.person.id if self.person else 0

    @cached_property
    def address(self) -> Address | None:
        """What became of the address, if it is nobody's or no purchaser's any more."""
        for told in rows(_ADDRESSES_SQL, account=self.account_id):
            said = told.said if told.kind == "asked" else _old_address(told.said)
            if email_key(said) == email_key(self.email):
                return Address(told.kind, from_micros(told.at), told.name, told.email, told.public_id)
        return None

    @cached_property
    def subscriptions(self) -> Sequence[Any]:
        """The named one, or what the person has or had to do with; newest first."""
        return rows(
            _SUBSCRIPTIONS_SQL,
            account=self.account_id,
            person=self.person_id,
            public_id=self.public_id,
            today=today(self.now).isoformat(),
            asked_since=to_micros(self.now - MAIL_AGAIN.within),
        )

    @cached_property
    def mails(self) -> Sequence[Any]:
        """To the person or the address for invoices, newest first."""
        return rows(_MAILS_SQL, **self._asked, person=self.person_id, public_id=self.public_id)

    @cached_property
    def recipient(self) -> Any | None:
        """The same address as one that invoices of the account go to."""
        return row(_RECIPIENT_SQL, **self._asked)

    @cached_property
    def invoices(self) -> Sequence[Any]:
        return rows(_INVOICES_SQL, account=self.account_id, public_id=self.public_id)

    @cached_property
    def _attempts(self) -> Sequence[Any]:
        since = self.now - max(sign_in.SIGN_INS.within, sign_in.RESETS.within)
        return rows(_ATTEMPTS_SQL, email=email_key(self.email), since=to_micros(since))

    def reached_until(self, limit: limits.Limit) -> datetime | None:
        """When it may be tried again, while the limit is reached."""
        instants = [from_micros(one.at) for one in self._attempts if one.kind == limit.kind]
        recent = [at for at in instants if at > self.now - limit.within]
        try:
            limits.refuse_when_reached(limit, recent, now=self.now)
        except limits.TooOften as reached:
            return self.now + reached.retry_after
        return None

    @cached_property
    def today(self) -> str:
        return today(self.now).isoformat()

    def is_over(self, found: Any) -> bool:
        """Of a subscription's row: cancelled, and its last day has passed, whether or not a job has run."""
        return bool(found.status == ENDED or (found.ends_on and found.ends_on <= self.today))


def _old_address(details: str) -> str:
    said = json.loads(details)
    return str(said.get("old_email") or said.get("old") or "")


def knows(email: str) -> bool:
    """Whether the bound site knows the address: nothing else of it is told elsewhere."""
    return row("SELECT id FROM person WHERE email_key = :email", email=email_key(email)) is not None
