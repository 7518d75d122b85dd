"""Who helps customers, and in which regions: decided by the operator. The shared database is bound."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime

from webapp.data import support
from webapp.data.agents import Agent, AgentPasskey, AgentRegion, AgentSession, AgentToken
from webapp.data.keys import email_key
from webapp.domain.addresses import checked_email
from webapp.domain.names import checked_own_name
from webapp.domain.refusals import Refusal
from webapp.domain.support import agent_events, agent_sign_in
from webapp.sites import Regions

# Only the operator reads these, on the command line.


class AgentThere(Refusal):
    def __str__(self) -> str:
        return "There is an agent with this email address already."


class NoSuchAgent(Refusal):
    def __str__(self) -> str:
        return "There is no agent with this email address."


class NoSuchRegion(Refusal):
    def __init__(self, code: str, known: Regions) -> None:
        self.code = code
        self.known = known.codes
        super().__init__(code)

    def __str__(self) -> str:
        if not self.known:
            return "There are no regions: no group in regions.toml, beside the country sites, names a site."
        return f"There is no region “{self.code}” in regions.toml: {', '.join(self.known)}."


def all_agents() -> Sequence[Agent]:
    return list(Agent.select().order_by(Agent.name, Agent.id))


def regions_of(agent: Agent) -> tuple[str, ...]:
    mine = AgentRegion.select(AgentRegion.region).where(AgentRegion.agent == agent)
    return tuple(sorted(row.region for row in mine))


def find(email: str) -> Agent:
    found: Agent | None = Agent.get_or_none(Agent.email_key == email_key(email))
    if found is None:
        raise NoSuchAgent
    return found


def make(
    email: str, *, name: str, language: str, regions: Collection[str], known: Regions, now: datetime
) -> Agent:
    """Without a password and a second factor: both they choose themselves, led by a link."""
    address, shown = checked_email(email), checked_own_name(name)
    with support.atomic():
        if Agent.select().where(Agent.email_key == email_key(address)).exists():
            raise AgentThere
        agent: Agent = Agent.create(
            email=address, email_key=email_key(address), name=shown, language=language, created_at=now
        )
        _keep_regions(agent, regions, known)
        agent_events.record(agent.id, agent_events.MADE, now=now, regions=sorted(set(regions)))
    return agent


def _keep_regions(agent: Agent, regions: Collection[str], known: Regions) -> None:
    for code in regions:
        if known.by_code(code) is None:
            raise NoSuchRegion(code, known)
    AgentRegion.delete().where(AgentRegion.agent == agent).execute()
    for code in sorted(set(regions)):
        AgentRegion.insert(agent=agent, region=code).execute()


def set_regions(agent: Agent, regions: Collection[str], *, known: Regions, now: datetime) -> None:
    """From their next page on."""
    with support.atomic():
        _keep_regions(agent, regions, known)
        agent_events.record(agent.id, agent_events.REGIONS_SET, now=now, regions=sorted(set(regions)))


def disable(agent: Agent, *, now: datetime) -> bool:
    """Out at once. False: they were before."""
    with support.atomic():
        working = (Agent.id == agent.id) & Agent.disabled_at.is_null()
        if Agent.update(disabled_at=now).where(working).execute() != 1:
            return False
        AgentSession.delete().where(AgentSession.agent == agent).execute()
        AgentToken.delete().where(AgentToken.agent == agent).execute()
        agent_events.record(agent.id, agent_events.DISABLED, now=now)
    return True


def enable(agent: Agent, *, now: datetime) -> bool:
    with support.atomic():
        disabled = (Agent.id == agent.id) & Agent.disabled_at.is_null(False)
        if Agent.update(disabled_at=None).where(disabled).execute() != 1:
            return False
        agent_events.record(agent.id, agent_events.ENABLED, now=now)
    return True


def reset_factors(agent: Agent, *, now: datetime) -> str:
    """For who lost their phone: factors, sessions and password go; the secret of the link to begin anew.

    The password too: whoever knows it must not be the one who sets up the next factor.
    """
    with support.atomic():
        nothing = {"totp_secret": None, "totp_used": 0, "password_hash": None}
        Agent.update(nothing).where(Agent.id == agent.id).execute()
        AgentPasskey.delete().where(AgentPasskey.agent == agent).execute()
        AgentSession.delete().where(AgentSession.agent == agent).execute()
        AgentToken.delete().where(AgentToken.agent == agent).execute()
        agent_events.record(agent.id, agent_events.FACTORS_RESET, now=now)
        return agent_sign_in.make_link(agent.id, now=now)


def choose_language(agent_id: int, language: str) -> None:
    Agent.update(language=language).where(Agent.id == agent_id).execute()


def forget_old(*, now: datetime) -> int:
    """Sessions that are over, links and challenges that nobody used, what happened long ago."""
    over = (AgentSession.created_at <= now - agent_sign_in.ABSOLUTE) | (
        AgentSession.last_seen_at <= now - agent_sign_in.IDLE
    )
    gone = AgentSession.delete().where(over).execute()
    gone += AgentToken.delete().where(AgentToken.valid_until <= now).execute()
    return int(gone) + agent_events.forget_old(now=now)
