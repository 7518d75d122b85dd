"""Whether other sites of an agent's regions know an address. Each is asked apart, over `look`; one that does
not answer at once is named, and nobody waits for it."""

from __future__ import annotations

from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from functools import partial

from flask import Flask, current_app

from webapp.assembly import Portal
from webapp.data.agents import AgentRegion
from webapp.domain.everywhere import Everywhere
from webapp.domain.support import agent_events
from webapp.domain.support.support_facts import Elsewhere, knows
from webapp.i18n import current_speech
from webapp.sites import Site

PATIENCE = 1.0  # seconds, for all of them
_EVERYWHERE = "everywhere, elsewhere"
ASKED = "address.asked_elsewhere"


def init_app(app: Flask) -> None:
    portal = app.extensions["portal"]
    app.extensions[_EVERYWHERE] = Everywhere(partial(portal.at, mode="look"))


def ask(portal: Portal, agent_id: int, email: str, *, but: Site) -> Elsewhere:
    everywhere: Everywhere = current_app.extensions[_EVERYWHERE]
    sites = _apart(portal, agent_id, email, but)
    answers = list(everywhere.ask(sites, lambda: knows(email), patience=PATIENCE, longest=PATIENCE))
    known = (answer.site for answer in answers if answer.found)
    return Elsewhere(_named(known), _named(answer.site for answer in answers if answer.trouble))


def _apart(portal: Portal, agent_id: int, email: str, but: Site) -> list[Site]:
    """On a thread of its own, which is not at the site that is visited."""
    thread = ThreadPoolExecutor(1, thread_name_prefix="elsewhere")
    try:
        return thread.submit(_sites, portal, agent_id, email, but).result(PATIENCE)
    finally:
        thread.shutdown(wait=False, cancel_futures=True)


def _sites(portal: Portal, agent_id: int, email: str, but: Site) -> list[Site]:
    """Of the agent's regions; that they asked is noted."""
    with portal.support.bound():
        regions = [row.region for row in AgentRegion.select().where(AgentRegion.agent == agent_id)]
        agent_events.record(agent_id, ASKED, email=email, site=but.code, now=portal.clock())
    return [site for site in portal.regions.sites_of(regions) if site.code != but.code]


def _named(sites: Iterable[Site]) -> tuple[str, ...]:
    language = current_speech().text_language
    return tuple(sorted(site.name_in(language) for site in sites))
