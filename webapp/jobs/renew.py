"""Begins billing periods and terms, and ends what was cancelled: each once, whoever runs it beside."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping
from datetime import datetime

from webapp.assembly import Portal
from webapp.data.database import STORAGE_FAILURES
from webapp.domain.lifecycle import endings, renewals
from webapp.domain.lifecycle.renewals import START, Advanced, Place
from webapp.jobs import turn
from webapp.sites import Site

log = logging.getLogger(__name__)


class CouldNotAdvance(RuntimeError):
    """Nothing is lost: what could not be renewed or ended is tried again by the next run."""


def renew(portal: Portal, site: Site) -> Mapping[str, int]:
    renewed, billed, failed = 0, 0, set[int]()
    for done in _rounds(portal, site, now=portal.clock(), failed=failed):
        renewed, billed = renewed + done.renewed, billed + done.billed
        turn.advanced(done.renewed + done.billed)
    if failed:
        raise CouldNotAdvance(f"{len(failed)} subscriptions could not be renewed")
    return {"renewed": renewed, "billed": billed}


def _rounds(portal: Portal, site: Site, *, now: datetime, failed: set[int]) -> Iterator[Advanced]:
    """After days without a worker: as many rounds as periods were missed, oldest first."""
    moved = True
    while moved:
        moved, place = False, START
        while not turn.is_over():
            done = _advance(portal, site, now=now, after=place, failed=failed)
            if not done.last:
                break
            yield done
            moved, place = moved or bool(done.renewed or done.billed), done.last


def _advance(portal: Portal, site: Site, *, now: datetime, after: Place, failed: set[int]) -> Advanced:
    """A batch; where it fails, its subscriptions one by one, so that one keeps no other waiting."""
    try:
        with portal.at(site):
            return renewals.advance(now=now, after=after)
    except STORAGE_FAILURES:
        raise
    except Exception:
        log.exception("A batch of renewals failed at site %s; they are tried one by one.", site.code)
    with portal.at(site):
        due = renewals.due(now=now, after=after)
    renewed = billed = 0
    for found in due:
        try:
            with portal.at(site):
                done = renewals.advance_one(found.id, now=now)
            renewed, billed = renewed + done.renewed, billed + done.billed
        except STORAGE_FAILURES:
            raise
        except Exception:
            log.exception("Subscription row %s of site %s could not be renewed.", found.id, site.code)
            failed.add(found.id)
    return Advanced(renewed, billed, renewals.place_of(due[-1]) if due else None)


def end(portal: Portal, site: Site) -> Mapping[str, int]:
    now, ended, failed = portal.clock(), 0, 0
    for found in _over(portal, site, now=now):
        try:
            with portal.at(site):
                ended += endings.end(found.id, now=now)
        except STORAGE_FAILURES:
            raise
        except Exception:
            log.exception("Subscription row %s of site %s could not be ended.", found.id, site.code)
            failed += 1
        turn.advanced()
    if failed:
        raise CouldNotAdvance(f"{failed} subscriptions could not be ended")
    return {"ended": ended}


def _over(portal: Portal, site: Site, *, now: datetime) -> Iterator[endings.Due]:
    last = START
    while not turn.is_over():
        with portal.at(site):
            due = endings.due(now=now, after=last)
        if not due:
            return
        for found in due:
            if turn.is_over():
                return
            yield found
            last = found.place
