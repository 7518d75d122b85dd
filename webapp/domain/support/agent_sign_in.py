"""Agents of the support console: password, then a second factor; nothing is shown before both were shown.

The shared database is bound. Answers never tell whether an address is known.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta

from webapp.data import support
from webapp.data.agents import Agent, AgentPasskey, AgentRegion, AgentSession, AgentToken
from webapp.data.keys import email_key
from webapp.domain import shared_limits
from webapp.domain.hashing import hash_token
from webapp.domain.limits import Limit
from webapp.domain.people import passwords, totp
from webapp.domain.refusals import Refusal
from webapp.domain.support import agent_events
from webapp.i18n import _
from webapp.payments import Vault

IDLE = timedelta(minutes=30)
ABSOLUTE = timedelta(hours=12)
HALF = timedelta(minutes=15)  # from the password to the second factor
SEEN_STEP = timedelta(minutes=1)  # how exactly "last seen" is kept
APP, PASSKEY = "app", "passkey"  # by what somebody was proven, besides their password

SIGN_INS = Limit("agent_sign_in", times=10, within=timedelta(minutes=5))
FACTORS = Limit("agent_factor", times=5, within=timedelta(minutes=5))


class AgentRefused(Refusal):
    def __str__(self) -> str:
        return _("The email address or the password is not right.")


class CodeWrong(Refusal):
    def __str__(self) -> str:
        return _("That code is not right, or it was used before. Wait for the next one.")


class PasswordNotTheirs(Refusal):
    def __str__(self) -> str:
        return _("That is not your password.")


@dataclass(frozen=True, slots=True)
class SignedInAgent:
    id: int
    name: str
    email: str
    language: str
    regions: tuple[str, ...]  # their codes
    session_hash: str
    factor: str  # empty: only the password was shown, so far
    has_app: bool
    passkeys: int

    @property
    def has_factor(self) -> bool:
        return self.has_app or self.passkeys > 0


def agent_of_session(token: str, *, now: datetime) -> SignedInAgent | None:
    session = _open_session(hash_token(token), now=now)
    if session is None:
        return None
    if now - session.last_seen_at > SEEN_STEP:
        itself = AgentSession.token_hash == session.token_hash
        AgentSession.update(last_seen_at=now).where(itself).execute()
    agent = session.agent
    mine = AgentRegion.select(AgentRegion.region).where(AgentRegion.agent == agent)
    return SignedInAgent(
        agent.id,
        agent.name,
        agent.email,
        agent.language,
        tuple(sorted(row.region for row in mine)),
        session.token_hash,
        session.factor,
        agent.totp_secret is not None,
        AgentPasskey.select().where(AgentPasskey.agent == agent).count(),
    )


def _open_session(token_hash: str, *, now: datetime) -> AgentSession | None:
    """Of an agent who is not disabled. One without a second factor lives for a few minutes only."""
    found: AgentSession | None = (
        AgentSession.select(AgentSession, Agent)
        .join(Agent)
        .where(
            AgentSession.token_hash == token_hash,
            AgentSession.created_at > now - ABSOLUTE,
            AgentSession.last_seen_at > now - IDLE,
            (AgentSession.factor != "") | (AgentSession.created_at > now - HALF),
            Agent.disabled_at.is_null(),
        )
        .first()
    )
    return found


def session_lives(token_hash: str, *, now: datetime) -> bool:
    """Of somebody who was proven: what was opened with it may go on."""
    found = _open_session(token_hash, now=now)
    return found is not None and found.factor != ""


# ---- the password


def show_password(email: str, password: str, *, network: str, user_agent: str, now: datetime) -> str:
    """The token of a session that may do nothing but show, or set up, a second factor."""
    address = email_key(email)
    shared_limits.check(SIGN_INS, address, now=now)
    agent: Agent | None = Agent.get_or_none(Agent.email_key == address)
    right = passwords.verify(password, agent.password_hash if agent else None)
    if agent is None or not right or agent.disabled_at is not None:
        with support.atomic():
            shared_limits.count(SIGN_INS, address, now=now)
            who = agent.id if agent else None
            agent_events.record(who, agent_events.SIGN_IN_FAILED, now=now, network=network)
        raise AgentRefused
    with support.atomic():
        agent_events.record(agent.id, agent_events.PASSWORD_TAKEN, now=now, network=network)
        return _start(agent.id, factor="", user_agent=user_agent, now=now)


def _start(agent_id: int, *, factor: str, user_agent: str, now: datetime) -> str:
    token = secrets.token_urlsafe(32)
    AgentSession.insert(
        token_hash=hash_token(token),
        agent=agent_id,
        created_at=now,
        last_seen_at=now,
        factor=factor,
        user_agent=user_agent[:200],
    ).execute()
    return token


def prove_password(agent: SignedInAgent, password: str, *, now: datetime) -> None:
    """That it is still they who ask, before what protects them is changed."""
    shared_limits.check(SIGN_INS, email_key(agent.email), now=now)
    row: Agent = Agent.get_by_id(agent.id)
    if not passwords.verify(password, row.password_hash):
        with support.atomic():
            shared_limits.count(SIGN_INS, row.email_key, now=now)
            agent_events.record(agent.id, agent_events.SIGN_IN_FAILED, now=now, again=True)
        raise PasswordNotTheirs


def change_password(agent: SignedInAgent, *, current: str, new: str, now: datetime) -> None:
    """All their other sessions end."""
    prove_password(agent, current, now=now)
    passwords.check_strength(new, email=agent.email, name=agent.name)
    hashed = passwords.hash_password(new)
    with support.atomic():
        Agent.update(password_hash=hashed).where(Agent.id == agent.id).execute()
        others = (AgentSession.agent == agent.id) & (AgentSession.token_hash != agent.session_hash)
        AgentSession.delete().where(others).execute()
        agent_events.record(agent.id, agent_events.PASSWORD_SET, now=now)


# ---- the second factor


def show_code(agent: SignedInAgent, code: str, *, vault: Vault, user_agent: str, now: datetime) -> str:
    """The token of a session that may do everything; the one before ends."""
    check_may_try(agent, now=now)
    row: Agent = Agent.get_by_id(agent.id)
    secret = vault.unseal(row.totp_secret, place=VAULT_PLACE) if row.totp_secret else None
    step = totp.step_of(code, secret, after=row.totp_used, now=now) if secret else None
    if step is None or not _use(row, step):
        note_failure(agent, APP, now=now)
        raise CodeWrong
    return enter(agent, APP, user_agent=user_agent, now=now)


VAULT_PLACE = "support totp"


def _use(agent: Agent, step: int) -> bool:
    """False if somebody was faster with the same code."""
    unused = (Agent.id == agent.id) & (Agent.totp_used < step) & (Agent.totp_secret == agent.totp_secret)
    return Agent.update(totp_used=step).where(unused).execute() == 1


def check_may_try(agent: SignedInAgent, *, now: datetime) -> None:
    shared_limits.check(FACTORS, str(agent.id), now=now)


def note_failure(agent: SignedInAgent, factor: str, *, now: datetime) -> None:
    with support.atomic():
        shared_limits.count(FACTORS, str(agent.id), now=now)
        agent_events.record(agent.id, agent_events.FACTOR_FAILED, now=now, factor=factor)


def enter(agent: SignedInAgent, factor: str, *, user_agent: str, now: datetime) -> str:
    """They have shown both: a new session, and the one that led here ends."""
    with support.atomic():
        AgentSession.delete().where(AgentSession.token_hash == agent.session_hash).execute()
        shared_limits.forget(FACTORS, str(agent.id))
        agent_events.record(agent.id, agent_events.SIGNED_IN, now=now, factor=factor)
        return _start(agent.id, factor=factor, user_agent=user_agent, now=now)


def sign_out(agent: SignedInAgent, *, now: datetime) -> None:
    with support.atomic():
        AgentSession.delete().where(AgentSession.token_hash == agent.session_hash).execute()
        agent_events.record(agent.id, agent_events.SIGNED_OUT, now=now)


# ---- links that the operator hands over: choose a password

LINK = timedelta(hours=24)
CHOOSE_PASSWORD = "password"


class LinkDead(Refusal):
    def __str__(self) -> str:
        return _("This link does not work any more. Ask whoever runs the portal for a new one.")


def make_link(agent_id: int, *, now: datetime) -> str:
    """The secret of a link that works once; the agent's earlier ones work no longer."""
    token = secrets.token_urlsafe(32)
    with support.atomic():
        AgentToken.delete().where(
            AgentToken.agent == agent_id, AgentToken.purpose == CHOOSE_PASSWORD
        ).execute()
        AgentToken.insert(
            token_hash=hash_token(token), agent=agent_id, purpose=CHOOSE_PASSWORD, valid_until=now + LINK
        ).execute()
        agent_events.record(agent_id, agent_events.LINK_MADE, now=now)
    return token


def agent_of_link(token: str, *, now: datetime) -> Agent:
    """Looks only."""
    found = (
        AgentToken.select(AgentToken, Agent)
        .join(Agent)
        .where(
            AgentToken.token_hash == hash_token(token),
            AgentToken.purpose == CHOOSE_PASSWORD,
            AgentToken.used_at.is_null(),
            AgentToken.valid_until > now,
            Agent.disabled_at.is_null(),
        )
        .first()
    )
    if found is None:
        raise LinkDead
    agent: Agent = found.agent
    return agent


def choose_password(token: str, password: str, *, user_agent: str, now: datetime) -> str:
    """Uses the link up; a session as `show_password` gives it. A second factor is asked for all the same."""
    agent = agent_of_link(token, now=now)
    passwords.check_strength(password, email=agent.email, name=agent.name)
    hashed = passwords.hash_password(password)
    with support.atomic():
        unused = (AgentToken.token_hash == hash_token(token)) & AgentToken.used_at.is_null()
        if AgentToken.update(used_at=now).where(unused).execute() != 1:
            raise LinkDead
        Agent.update(password_hash=hashed).where(Agent.id == agent.id).execute()
        AgentSession.delete().where(AgentSession.agent == agent.id).execute()
        agent_events.record(agent.id, agent_events.PASSWORD_SET, now=now)
        return _start(agent.id, factor="", user_agent=user_agent, now=now)
