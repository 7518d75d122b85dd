"""Whether other sites of an agent's regions know an address. Each is asked apart, over `look`; one that does
not answer at once is named, and nobody waits for it."""

from __future__ import annotations

import logging
from concurrent.futures import Future, ThreadPoolExecutor, wait

from webapp.assembly import Portal
from webapp.data.agents import AgentRegion
from webapp.domain import agent_events
from webapp.domain.support_facts import Elsewhere, knows
from webapp.i18n import current_speech
from webapp.sites import Site

log = logging.getLogger(__name__)

PATIENCE = 1.0  # seconds, for all of them
_AT_ONCE = 8
ASKED = "address.asked_elsewhere"


def ask(portal: Portal, agent_id: int, email: str, *, but: Site) -> Elsewhere:
    """On threads of their own: none of them is at the site that is visited."""
    threads = ThreadPoolExecutor(_AT_ONCE, thread_name_prefix="elsewhere")
    try:
        sites = threads.submit(_sites, portal, agent_id, email, but).result(PATIENCE)
        asked = {threads.submit(_knows, portal, site, email): site for site in sites}
        wait(asked, PATIENCE)
        return Elsewhere(_named(asked, known=True), _named(asked, known=None))
    finally:
        threads.shutdown(wait=False, cancel_futures=True)


def _sites(portal: Portal, agent_id: int, email: str, but: Site) -> list[Site]:
    """Of the agent's regions; that they asked is noted."""
    with portal.support.bound():
        regions = [row.region for row in AgentRegion.select().where(AgentRegion.agent == agent_id)]
        agent_events.record(agent_id, ASKED, email=email, site=but.code, now=portal.clock())
    return [site for site in portal.regions.sites_of(regions) if site.code != but.code]


def _knows(portal: Portal, site: Site, email: str) -> bool:
    with portal.at(site, "look"):
        return knows(email)


def _named(asked: dict[Future[bool], Site], *, known: bool | None) -> tuple[str, ...]:
    language = current_speech().text_language
    found = (site for answer, site in asked.items() if _answer(answer, site) is known)
    return tuple(sorted(site.name_in(language) for site in found))


def _answer(answer: Future[bool], site: Site) -> bool | None:
    """None: it did not say."""
    if not answer.done() or answer.cancelled():
        return None
    if failure := answer.exception():
        log.warning("site %s could not be asked: %s", site.code, type(failure).__name__)
        return None
    return answer.result()
