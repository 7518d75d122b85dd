"""A support agent's look into one account at one site: with a reason, for half an hour, renewed on purpose.

What is here is in the shared database. What concerns the customer is in the trail of their site: see
`visit_trail`.
"""

from __future__ import annotations

import secrets
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta

from webapp.data import support
from webapp.data.agents import Agent, AgentRegion, AgentSession, Visit
from webapp.data.database import to_micros
from webapp.data.subscriptions import SHELF_ACTIVE, SHELF_CANCELLED, SHELF_PENDING
from webapp.domain.hashing import hash_token
from webapp.domain.refusals import Refusal
from webapp.domain.support import agent_events, agent_sign_in
from webapp.domain.support.agent_sign_in import SignedInAgent
from webapp.i18n import _
from webapp.sites import Regions, Site

LENGTH = timedelta(minutes=30)
ENTRY = timedelta(minutes=1)  # from the console to the first page
LONGEST_REASON = 300
LONGEST_TICKET = 40
OPENED, RENEWED, ENDED = "visit.opened", "visit.renewed", "visit.ended"


class ReasonMissing(Refusal):
    def __str__(self) -> str:
        return _("Say why you look at this account: the customer will read it.")


class ReasonInvalid(Refusal):
    def __str__(self) -> str:
        return _("Use at most %(number)s characters, none of them invisible.", number=LONGEST_REASON)


class TicketMissing(Refusal):
    def __str__(self) -> str:
        return _("Enter the number of the ticket.")


class TicketInvalid(Refusal):
    def __str__(self) -> str:
        return _("Use at most %(number)s characters, none of them invisible.", number=LONGEST_TICKET)


def checked_reason(text: str) -> str:
    reason = " ".join(text.split())
    if not reason:
        raise ReasonMissing
    if len(reason) > LONGEST_REASON or not reason.isprintable():
        raise ReasonInvalid
    return reason


def checked_ticket(text: str) -> str:
    ticket = " ".join(text.split())
    if not ticket:
        raise TicketMissing
    if len(ticket) > LONGEST_TICKET or not ticket.isprintable():
        raise TicketInvalid
    return ticket


@dataclass(frozen=True, slots=True)
class VisitingAgent:
    id: int
    name: str
    email: str
    language: str


@dataclass(frozen=True, slots=True)
class OpenVisit:
    key: str
    agent: VisitingAgent
    site: str  # its code
    customer_number: str
    person_id: int
    reason: str
    ticket: str
    opened_at: datetime
    valid_until: datetime


@dataclass(frozen=True, slots=True)
class Destination:
    """Where somebody wants to look, as found at the site."""

    site: str
    account_id: int
    customer_number: str
    account_name: str
    subscription_id: int
    public_id: str
    person_id: int  # the administrator
    shelf: str
    activate_before: int  # microseconds

    def seen_by_its_administrator(self, now: datetime) -> bool:
        pending = self.shelf == SHELF_PENDING and self.activate_before > to_micros(now)
        return pending or self.shelf in (SHELF_ACTIVE, SHELF_CANCELLED)


def new_key() -> str:
    return secrets.token_hex(8)


def open_visit(
    agent: SignedInAgent, to: Destination, *, key: str, reason: str, ticket: str, now: datetime
) -> str:
    """The secret that opens it in the browser, once. Another one of theirs at this site ends: a browser has
    room for one."""
    entry = secrets.token_urlsafe(32)
    with support.atomic():
        others = (Visit.agent == agent.id) & (Visit.site == to.site) & Visit.ended_at.is_null()
        Visit.update(ended_at=now).where(others).execute()
        Visit.create(
            key=key,
            agent=agent.id,
            session_hash=agent.session_hash,
            entry_hash=hash_token(entry),
            site=to.site,
            customer_number=to.customer_number,
            person_id=to.person_id,
            reason=reason,
            ticket=ticket,
            opened_at=now,
            valid_until=now + LENGTH,
        )
        where = {"site": to.site, "account": to.customer_number}
        agent_events.record(agent.id, OPENED, visit=key, ticket=ticket, **where, now=now)
    return entry


def enter(entry: str, *, site: Site, now: datetime) -> str | None:
    """The secret of the visit's own cookie; nothing, if the entry was used, is old or is of another site."""
    token = secrets.token_urlsafe(32)
    unused = (Visit.entry_hash == hash_token(entry)) & (Visit.site == site.code)
    fresh = (Visit.opened_at > now - ENTRY) & Visit.ended_at.is_null()
    change = Visit.update(entry_hash=None, token_hash=hash_token(token))
    return token if change.where(unused & fresh).execute() == 1 else None


def visit_of(token: str, *, site: Site, regions: Regions, now: datetime) -> OpenVisit | None:
    """It is not over, its agent may still be here, and their session, from which it was opened, lives."""
    found: Visit | None = (
        Visit.select(Visit, Agent)
        .join(Agent)
        .where(
            Visit.token_hash == hash_token(token),
            Visit.site == site.code,
            Visit.valid_until > now,
            Visit.ended_at.is_null(),
            Agent.disabled_at.is_null(),
        )
        .first()
    )
    if found is None or not agent_sign_in.session_lives(found.session_hash, now=now):
        return None
    if site not in regions.sites_of(_regions_of(found.agent_id)):  # type: ignore[attr-defined]
        return None
    _note_seen(found.session_hash, now=now)
    return _open(found)


def _regions_of(agent_id: int) -> Collection[str]:
    return [row.region for row in AgentRegion.select().where(AgentRegion.agent == agent_id)]


def _note_seen(session_hash: str, *, now: datetime) -> None:
    """Who looks at a visit's pages is not idle."""
    itself = AgentSession.token_hash == session_hash
    long_ago = AgentSession.last_seen_at < now - agent_sign_in.SEEN_STEP
    AgentSession.update(last_seen_at=now).where(itself, long_ago).execute()


def _open(found: Visit) -> OpenVisit:
    agent = found.agent
    return OpenVisit(
        found.key,
        VisitingAgent(agent.id, agent.name, agent.email, agent.language),
        found.site,
        found.customer_number,
        found.person_id or 0,
        found.reason,
        found.ticket,
        found.opened_at,
        found.valid_until,
    )


def key_of(token: str, *, site: Site) -> str | None:
    """Of a visit that may be over: so that it can be opened anew."""
    found = Visit.get_or_none(Visit.token_hash == hash_token(token), Visit.site == site.code)
    return found.key if found else None


def past_visit(agent: SignedInAgent, key: str) -> Visit | None:
    """One of their own."""
    found: Visit | None = Visit.get_or_none(Visit.key == key, Visit.agent == agent.id)
    return found


def renew(visit: OpenVisit, *, now: datetime) -> None:
    """Half an hour from now."""
    with support.atomic():
        Visit.update(valid_until=now + LENGTH).where(
            Visit.key == visit.key, Visit.ended_at.is_null()
        ).execute()
        agent_events.record(visit.agent.id, RENEWED, visit=visit.key, now=now)


def end(visit: OpenVisit, *, now: datetime) -> None:
    with support.atomic():
        going_on = (Visit.key == visit.key) & Visit.ended_at.is_null()
        Visit.update(ended_at=now).where(going_on).execute()
        agent_events.record(visit.agent.id, ENDED, visit=visit.key, now=now)
