"""Looks at one site for the people who miss their subscriptions."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping

from webapp.assembly import Portal
from webapp.data.support import WhereaboutsRequest
from webapp.domain.people import whereabouts
from webapp.jobs import turn
from webapp.sites import Site

log = logging.getLogger(__name__)


class CouldNotLook(RuntimeError):
    """Nothing is lost: what could not be answered here waits for the next run."""


def answer_waiting(portal: Portal, site: Site) -> Mapping[str, int]:
    """Every request that this site has not looked at yet. What fails keeps only itself waiting."""
    _give_up_old(portal)
    looked = mailed = failed = 0
    for request in _waiting(portal, site):
        try:
            mailed += _look(portal, site, request.key, request.email)
            looked += 1
        except Exception:
            log.exception("A request for whereabouts could not be answered at site %s.", site.code)
            failed += 1
        turn.advanced()
    if failed:
        raise CouldNotLook(f"{failed} of {failed + looked} requests could not be answered")
    return {"looked": looked, "mailed": mailed}


def _look(portal: Portal, site: Site, key: str, email: str) -> bool:
    """The site's answer is committed before the look is noted: after a crash in between the site looks again,
    finds that it has answered, and mails nothing."""
    with portal.at(site):
        mailed = whereabouts.answer(key, email, now=portal.clock())
    with portal.support.bound():
        whereabouts.note_look(key, site.code, all_sites=portal.sites.codes)
    return mailed


def _waiting(portal: Portal, site: Site) -> Iterator[WhereaboutsRequest]:
    last = 0
    while not turn.is_over():
        with portal.support.bound():
            found = whereabouts.waiting_for(site.code, after=last)
        if not found:
            return
        for request in found:
            if turn.is_over():
                return
            yield request
        last = found[-1].id


def _give_up_old(portal: Portal) -> None:
    with portal.support.bound():
        given_up = whereabouts.give_up_old(now=portal.clock())
    if given_up:
        log.warning("%s requests for whereabouts were given up: some site could not be asked.", given_up)
