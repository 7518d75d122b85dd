"""What agents did in the console: one row each. What concerns a customer is in the trail of their site."""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from typing import Any

from webapp.data.agents import AgentEvent, Visit

KEPT = timedelta(days=400)

MADE = "agent.made"
DISABLED = "agent.disabled"
ENABLED = "agent.enabled"
REGIONS_SET = "agent.regions_set"
FACTORS_RESET = "agent.factors_reset"
LINK_MADE = "agent.link_made"
PASSWORD_SET = "agent.password_set"
PASSWORD_TAKEN = "agent.password_taken"  # the first half of a sign-in
SIGNED_IN = "agent.signed_in"
SIGN_IN_FAILED = "agent.sign_in_failed"
FACTOR_FAILED = "agent.factor_failed"
SIGNED_OUT = "agent.signed_out"
FACTOR_ADDED = "agent.factor_added"
FACTOR_REMOVED = "agent.factor_removed"
SEARCHED = "search.asked"


def record(agent_id: int | None, action: str, *, now: datetime, **details: Any) -> None:
    """With the shared database bound, in the transaction of what it tells, if there is one."""
    text = json.dumps(details, ensure_ascii=False)
    AgentEvent.insert(agent=agent_id, at=now, action=action, details=text).execute()


def forget_old(*, now: datetime) -> int:
    """Their visits too; the customers' sites keep what was looked at."""
    gone = AgentEvent.delete().where(AgentEvent.at <= now - KEPT).execute()
    return int(gone + Visit.delete().where(Visit.opened_at <= now - KEPT).execute())
