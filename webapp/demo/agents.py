"""The demo’s support agent, with a password and an authenticator app that are printed for who tries it."""

from __future__ import annotations

from datetime import datetime

from webapp.assembly import Portal
from webapp.data.agents import Agent
from webapp.data.keys import email_key
from webapp.demo.cast import SAM
from webapp.domain.support import agents
from webapp.domain.support.agent_sign_in import VAULT_PLACE


def seed(portal: Portal, hashed_password: str, *, now: datetime) -> None:
    """Once: who is there already is left as they are."""
    with portal.support.bound():
        if Agent.select().where(Agent.email_key == email_key(SAM.email)).exists():
            return
        known = portal.regions
        regions = [code for code in SAM.regions if known.by_code(code)]
        agent = agents.make(
            SAM.email, name=SAM.name, language=SAM.language, regions=regions, known=known, now=now
        )
        agent.password_hash = hashed_password
        agent.totp_secret = portal.vault.seal(SAM.app_key, place=VAULT_PLACE)
        agent.save()
