"""Support visits as the customer's own site knows them: each page that was shown is an event here, written
before it is shown."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from webapp.data.accounts import Account
from webapp.data.database import atomic, current_site
from webapp.data.statements import row
from webapp.data.subscriptions import Subscription
from webapp.domain import audit
from webapp.domain.audit import Actor
from webapp.domain.refusals import NotThere
from webapp.domain.visits import Destination, OpenVisit


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
