"""The second factors of an agent, in the shared database: set up, listed, removed. The last one stays."""

from __future__ import annotations

from datetime import datetime, timedelta

from webapp.data import support
from webapp.data.agents import Agent, AgentToken
from webapp.domain.hashing import hash_token
from webapp.domain.people import totp
from webapp.domain.refusals import Refusal
from webapp.domain.support import agent_events, agent_sign_in
from webapp.domain.support.agent_sign_in import APP, VAULT_PLACE, CodeWrong, SignedInAgent
from webapp.i18n import _
from webapp.payments import Vault

PENDING = timedelta(minutes=30)
_NEW_APP = "app"


class ProofFirst(Refusal):
    """They have a second factor: only who shows it may change what protects them."""

    def __str__(self) -> str:
        return _("Show your second factor first.")


class LastFactor(Refusal):
    def __str__(self) -> str:
        return _("This is your only second factor. Set up another one first.")


class SetUpTooOld(Refusal):
    def __str__(self) -> str:
        return _("That took too long. Please start again.")


def check_may_change(agent: SignedInAgent) -> None:
    if not agent.factor and agent.has_factor:
        raise ProofFirst


def start_app(agent: SignedInAgent, *, vault: Vault, now: datetime) -> None:
    """A new secret, which counts once a code of it was typed; the one until now goes on working till then."""
    check_may_change(agent)
    sealed = vault.seal(totp.new_secret(), place=VAULT_PLACE)
    with support.atomic():
        _drop_pending(agent)
        AgentToken.insert(
            token_hash=hash_token(sealed),
            agent=agent.id,
            purpose=_NEW_APP,
            data=sealed,
            valid_until=now + PENDING,
        ).execute()


def _drop_pending(agent: SignedInAgent) -> None:
    AgentToken.delete().where(AgentToken.agent == agent.id, AgentToken.purpose == _NEW_APP).execute()


def pending_secret(agent: SignedInAgent, *, vault: Vault, now: datetime) -> str | None:
    """What the QR code shows while the set-up goes on."""
    check_may_change(agent)
    found = AgentToken.get_or_none(
        AgentToken.agent == agent.id, AgentToken.purpose == _NEW_APP, AgentToken.valid_until > now
    )
    return vault.unseal(found.data, place=VAULT_PLACE) if found else None


def confirm_app(
    agent: SignedInAgent, code: str, *, vault: Vault, user_agent: str, now: datetime
) -> str | None:
    """The app shows the right codes. Who is only half signed in gets the token of a whole session."""
    agent_sign_in.check_may_try(agent, now=now)
    secret = pending_secret(agent, vault=vault, now=now)
    if secret is None:
        raise SetUpTooOld
    step = totp.step_of(code, secret, after=0, now=now)
    if step is None:
        agent_sign_in.note_failure(agent, APP, now=now)
        raise CodeWrong
    with support.atomic():
        sealed = vault.seal(secret, place=VAULT_PLACE)
        Agent.update(totp_secret=sealed, totp_used=step).where(Agent.id == agent.id).execute()
        _drop_pending(agent)
        agent_events.record(agent.id, agent_events.FACTOR_ADDED, now=now, factor=APP)
        return None if agent.factor else agent_sign_in.enter(agent, APP, user_agent=user_agent, now=now)


def remove_app(agent: SignedInAgent, *, now: datetime) -> None:
    check_may_change(agent)
    if not agent.passkeys:
        raise LastFactor
    with support.atomic():
        Agent.update(totp_secret=None, totp_used=0).where(Agent.id == agent.id).execute()
        agent_events.record(agent.id, agent_events.FACTOR_REMOVED, now=now, factor=APP)
