"""Support visits as the customer's own site knows them: each page that was shown is an event here, written
before it is shown."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from webapp.data.accounts import Account
from webapp.data.database import atomic, current_site, from_micros, to_micros
from webapp.data.statements import row, rows
from webapp.data.subscriptions import Subscription
from webapp.domain import audit
from webapp.domain.audit import Actor
from webapp.domain.refusals import NotThere
from webapp.domain.support.visits import Destination, OpenVisit


@dataclass(frozen=True, slots=True)
class VisitedAccount:
    id: int
    customer_number: str
    name: str


@dataclass(frozen=True, slots=True)
class VisitedPerson:
    """Through whose eyes the agent looks."""

    id: int
    name: str
    email: str
    language: str
    billing: bool  # looks after the billing of the account


@dataclass(frozen=True, slots=True)
class Visited:
    account: VisitedAccount
    person: VisitedPerson


_DESTINATION_SQL = """
SELECT a.id AS account_id, a.customer_number, a.name AS account_name, s.id AS subscription_id, s.public_id,
 s.administrator_id AS person_id, s.shelf, s.activate_before
FROM subscription s JOIN account a ON a.id = s.account_id WHERE s.public_id = :public_id
"""


def destination(public_id: str) -> Destination:
    """At the bound site; whatever became of the subscription."""
    found = row(_DESTINATION_SQL, public_id=public_id)
    if found is None:
        raise NotThere
    return Destination(current_site().code, *found)


def note_opened(
    to: Destination, *, key: str, agent_name: str, reason: str, ticket: str, now: datetime
) -> None:
    """In the trail of the account and of the subscription by which it was found."""
    _record(
        audit.SUPPORT_VISITED,
        to.account_id,
        agent_name,
        subscription=to.subscription_id,
        now=now,
        visit=key,
        reason=reason,
        ticket=ticket,
    )


_VISITED_SQL = """
SELECT a.id AS account_id, a.customer_number, a.name AS account_name, p.id AS person_id, p.name, p.email,
 p.language, m.billing_since
FROM account a JOIN person p ON p.id = :person
LEFT JOIN membership m ON m.account_id = a.id AND m.person_id = p.id
WHERE a.customer_number = :customer_number
"""


def note_look(visit: OpenVisit, *, page: str, view: str, now: datetime) -> Visited:
    """Whom the page is about. The event of this look is committed when this returns; if it can't be, nothing
    may be shown."""
    with atomic():
        found = row(_VISITED_SQL, customer_number=visit.customer_number, person=visit.person_id)
        if found is None:
            raise NotThere
        record(audit.SUPPORT_LOOKED, visit, found.account_id, now=now, page=page, view=view)
    return Visited(
        VisitedAccount(found.account_id, found.customer_number, found.account_name),
        VisitedPerson(
            found.person_id, found.name, found.email, found.language, found.billing_since is not None
        ),
    )


def record(action: str, visit: OpenVisit, account_id: int, *, now: datetime, **details: Any) -> None:
    """What happened in the course of a visit and is about the account as a whole."""
    of_visit: dict[str, Any] = {"visit": visit.key, "reason": visit.reason, "ticket": visit.ticket}
    _record(action, account_id, visit.agent.name, now=now, **of_visit, **details)


def _record(
    action: str,
    account_id: int,
    agent_name: str,
    *,
    subscription: int | None = None,
    now: datetime,
    **details: Any,
) -> None:
    audit.record(
        action,
        actor=Actor("agent", name=agent_name),
        account=Account(id=account_id),
        subscription=Subscription(id=subscription) if subscription else None,
        now=now,
        **details,
    )


# ---- what the customer reads about it

MOST = 20
_LONGEST = timedelta(hours=12)  # no visit outlives the session from which it was opened
_MOST_EVENTS = 3000


@dataclass(frozen=True, slots=True)
class Event:
    at: datetime
    action: str
    details: dict[str, Any]


@dataclass(frozen=True, slots=True)
class PastVisit:
    key: str
    at: datetime
    agent_name: str
    reason: str
    ticket: str
    events: tuple[Event, ...]  # what was looked at and done, in its order

    @property
    def until(self) -> datetime:
        return self.events[-1].at if self.events else self.at


_READER_SQL = """
SELECT a.id, a.customer_number, a.name FROM account a WHERE a.customer_number = :customer_number AND (
 EXISTS (SELECT 1 FROM subscription s WHERE s.account_id = a.id
  AND (s.administrator_id = :person OR s.backup_id = :person))
 OR EXISTS (SELECT 1 FROM membership m WHERE m.account_id = a.id AND m.person_id = :person
  AND m.billing_since IS NOT NULL))
"""


def reader(person_id: int, customer_number: str) -> VisitedAccount:
    """The account, if this person administers something of it, is the backup, or looks after its billing."""
    found = row(_READER_SQL, person=person_id, customer_number=customer_number)
    if found is None:
        raise NotThere
    return VisitedAccount(found.id, found.customer_number, found.name)


_VISITS_SQL = f"""
SELECT at, actor_name, details FROM audit_event WHERE account_id = :account AND actor_kind = 'agent'
 AND action = '{audit.SUPPORT_VISITED}' AND at < :before ORDER BY at DESC, id DESC LIMIT {MOST + 1}
"""
_EVENTS_SQL = f"""
SELECT at, action, details FROM audit_event WHERE account_id = :account AND actor_kind = 'agent'
 AND action <> '{audit.SUPPORT_VISITED}' AND at >= :since AND at < :until ORDER BY at, id LIMIT {_MOST_EVENTS}
"""


def visits_of(account: VisitedAccount, *, before: datetime) -> tuple[list[PastVisit], bool]:
    """The latest before this instant, newest first; whether there are more."""
    found = rows(_VISITS_SQL, account=account.id, before=to_micros(before))
    if not found:
        return [], False
    span = {"since": found[-1].at, "until": to_micros(before + _LONGEST)}
    told: dict[str, list[Event]] = {}
    for one in rows(_EVENTS_SQL, account=account.id, **span):
        details = json.loads(one.details)
        event = Event(from_micros(one.at), one.action, details)
        told.setdefault(details.get("visit", ""), []).append(event)
    return [_past(one, told) for one in found[:MOST]], len(found) > MOST


def _past(found: Any, told: dict[str, list[Event]]) -> PastVisit:
    details = json.loads(found.details)
    events = tuple(told.get(details["visit"], ()))
    facts = (details["reason"], details["ticket"], events)
    return PastVisit(details["visit"], from_micros(found.at), found.actor_name, *facts)
