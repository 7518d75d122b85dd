"""The support console, and visits from it."""

from __future__ import annotations

from tests.web.planted.leak import Downgraded, Leak
from webapp.domain.support import (
    agent_factors,
    agent_sign_in,
    customer_search,
    support_acts,
    support_records,
    visit_trail,
    visits,
)
from webapp.web import agent_auth, auth
from webapp.web import visits as web_visits
from webapp.web.support import search as console_search

_ADMINISTRATOR = "(SELECT p.name FROM person p WHERE p.id = s.administrator_id)"

LEAKS: dict[str, dict[str, Leak | Downgraded]] = {
    "console": {
        "the password alone opens the console": Leak(
            agent_auth, "require", 'if who == "agent" and not found.factor:', "if False:", crashes=True
        ),
        "the console forgets who was disabled": Leak(
            agent_sign_in, "_open_session", "Agent.disabled_at.is_null(),", ""
        ),
        "whoever has a password sets up another factor": Leak(
            agent_factors, "check_may_change", "if not agent.factor and agent.has_factor:", "if False:"
        ),
        "customers’ pages are at the console": Leak(
            auth, "require_policy", 'declared.place not in ("anywhere", place())', "False", crashes=True
        ),
        "a search goes beyond the agent’s regions": Leak(
            console_search, "_sites", "agent_auth.agent_sites()", "tuple(this_portal().sites)"
        ),
        "a search shows who administers": Leak(
            customer_search, "_BY_NUMBER_SQL", "a.name AS company", f"{_ADMINISTRATOR} AS company"
        ),
        "links of the operator work for ever": Leak(
            agent_sign_in, "agent_of_link", "AgentToken.valid_until > now,", ""
        ),
    },
    "visits": {
        "a visit never ends": Leak(visits, "visit_of", "Visit.valid_until > now,", ""),
        "a visit outlives its region": Leak(visits, "visit_of", "if site not in", "if False and site not in"),
        "a visit outlives the session it came from": Leak(
            visits, "visit_of", "or not agent_sign_in.session_lives(found.session_hash, now=now)", ""
        ),
        "a visit is good at every site": Leak(visits, "visit_of", "Visit.site == site.code,", ""),
        "a page of a visit is not noted": Leak(
            visit_trail, "note_look", "record(audit", "(lambda *told, **more: None)(audit"
        ),
        "support unlocks people of other accounts": Leak(
            support_acts, "visited_person", "Membership.account == account_id, ", ""
        ),
        "support sees who is logged in at other accounts": Leak(
            support_records, "_SESSIONS_SQL", "m.account_id = :account AND ", ""
        ),
        "every page of a site can be visited": Leak(
            web_visits, "admit", "shows = declared.visits and", "shows =", crashes=True
        ),
    },
}
