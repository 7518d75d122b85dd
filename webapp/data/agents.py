"""Who helps customers, in which regions, and whom they visit: shared rows, for an agent has many sites."""

from __future__ import annotations

import peewee as pw

from webapp.data.database import BytesField, InstantField
from webapp.data.support import SupportModel


class Agent(SupportModel):
    email = pw.TextField()
    email_key = pw.CharField(max_length=254, unique=True)
    name = pw.TextField()  # shown to customers
    language = pw.CharField(max_length=10, default="en")
    password_hash = pw.TextField(null=True)
    totp_secret = pw.TextField(null=True)  # closed by the vault; null until it was confirmed
    totp_used = pw.BigIntegerField(default=0)  # the step of the last code that was taken: none works twice
    created_at = InstantField()
    disabled_at = InstantField(null=True)


class AgentRegion(SupportModel):
    agent = pw.ForeignKeyField(Agent, backref="regions", on_delete="CASCADE")
    region = pw.CharField(max_length=40)  # as in tenants/regions.toml

    class Meta:
        indexes = ((("agent", "region"), True),)


class AgentPasskey(SupportModel):
    agent = pw.ForeignKeyField(Agent, backref="passkeys", on_delete="CASCADE")
    credential_id = pw.CharField(max_length=1400, unique=True)  # base64url
    public_key = BytesField()
    sign_count = pw.BigIntegerField(default=0)
    name = pw.TextField(default="")
    added_at = InstantField()
    used_at = InstantField(null=True)


class AgentToken(SupportModel):
    """Mailed or shown once: choose a password, or a second factor that is about to be confirmed."""

    token_hash = pw.CharField(max_length=64, unique=True)
    agent = pw.ForeignKeyField(Agent, backref="tokens", on_delete="CASCADE")
    purpose = pw.CharField(max_length=20)
    data = pw.TextField(default="")
    valid_until = InstantField()
    used_at = InstantField(null=True)


class AgentSession(SupportModel):
    token_hash = pw.CharField(max_length=64, unique=True)
    agent = pw.ForeignKeyField(Agent, backref="sessions", on_delete="CASCADE")
    created_at = InstantField(index=True)
    last_seen_at = InstantField()
    factor = pw.CharField(max_length=10, default="")  # by which it was proven; empty: password only, so far
    user_agent = pw.TextField(default="")


class AgentEvent(SupportModel):
    """What agents did in the console itself; what concerns a customer is in the trail of their site."""

    agent = pw.ForeignKeyField(Agent, null=True, backref="events", on_delete="SET NULL")
    at = InstantField(index=True)
    action = pw.CharField(max_length=60)  # agent.signed_in, search.asked, visit.opened …
    details = pw.TextField(default="{}")  # JSON


class Visit(SupportModel):
    """An agent's look into one account at one site: with a reason, for a while."""

    key = pw.CharField(max_length=16, unique=True)  # 64 random bits: its name in addresses and in the trail
    agent = pw.ForeignKeyField(Agent, backref="visits", on_delete="CASCADE")
    session_hash = pw.CharField(max_length=64, index=True)  # the agent's; without it the visit is over
    entry_hash = pw.CharField(max_length=64, null=True, unique=True)  # of what opens it in the browser, once
    token_hash = pw.CharField(max_length=64, null=True, unique=True)  # of its own cookie
    site = pw.CharField(max_length=10)
    customer_number = pw.CharField(max_length=20)
    person_id = pw.IntegerField(null=True)  # at the site: through whose eyes
    reason = pw.TextField()
    ticket = pw.CharField(max_length=40)
    opened_at = InstantField()
    valid_until = InstantField()
    ended_at = InstantField(null=True)


AGENT_MODELS: list[type[SupportModel]] = [
    Agent,
    AgentRegion,
    AgentPasskey,
    AgentToken,
    AgentSession,
    AgentEvent,
    Visit,
]
