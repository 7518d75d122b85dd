"""Agents of the support console for tests: sam helps in France and Britain, toni elsewhere."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from functools import cache

from flask import Flask

from tests.support.client import SiteClient
from webapp.assembly import Portal
from webapp.data.agents import Agent
from webapp.domain.people import passwords, totp
from webapp.domain.support import agent_sign_in, agents
from webapp.sites import SUPPORT

AGENT_PASSWORD = "a ladder and a lantern"


@dataclass(frozen=True)
class AnAgent:
    email: str = "sam@support.example"
    name: str = "Sam Keller"
    regions: tuple[str, ...] = ("western-europe",)
    app_key: str = "SAMHELPSCUSTOMERSOFTHEDEMO234567"

    def code(self, now: datetime) -> str:
        return totp.code_at(self.app_key, now)


SAM = AnAgent()
TONI = AnAgent("toni@support.example", "Toni Berg", ("dach", "americas"), "TONIHELPSCUSTOMERSELSEWHERE23456")


@cache
def _hashed() -> str:
    return passwords.hash_password(AGENT_PASSWORD)


def keep_agent(portal: Portal, who: AnAgent = SAM, *, app: bool = True) -> int:
    """Their row's number. Without `app` they have a password and no second factor yet."""
    with portal.support.bound():
        made = agents.make(
            who.email,
            name=who.name,
            language="en",
            regions=who.regions,
            known=portal.regions,
            now=portal.clock(),
        )
        sealed = portal.vault.seal(who.app_key, place=agent_sign_in.VAULT_PLACE) if app else None
        Agent.update(password_hash=_hashed(), totp_secret=sealed).where(Agent.id == made.id).execute()
        return int(made.id)


def console_client(app: Flask) -> SiteClient:
    """A browser at the console where nobody is signed in."""
    client = SiteClient(app, None)
    client.origin = app.extensions["portal"].settings.origin(SUPPORT)
    return client


def show_password(client: SiteClient, who: AnAgent = SAM, password: str = AGENT_PASSWORD) -> SiteClient:
    answer = client.submit(client.page("/agent/sign-in"), email=who.email, password=password)
    assert answer.status_code == 303, answer.status
    return client


def signed_in_agent(app: Flask, who: AnAgent = SAM) -> SiteClient:
    """Through the real forms. The agent must be there (`keep_agent`); their code of this half minute is used up."""
    client, portal = show_password(console_client(app), who), app.extensions["portal"]
    answer = client.submit(client.page("/agent/proof"), "/agent/proof", code=who.code(portal.clock()))
    assert answer.status_code == 303, answer.status
    return client
