"""Reminds people of what is to be done soon: once a local day all are looked at, then e-mails are written."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from datetime import datetime

from webapp.assembly import Portal
from webapp.data.database import STORAGE_FAILURES
from webapp.domain.reminders import reminder_sweep, reminders
from webapp.jobs import turn
from webapp.sites import Site

log = logging.getLogger(__name__)


class CouldNotRemind(RuntimeError):
    """Nothing is lost: the next run tries again."""


def remind(portal: Portal, site: Site) -> Mapping[str, int]:
    """No e-mail before all that is due today is known: there is one a person."""
    now = portal.clock()
    if not _look(portal, site, now):
        return {"reminded": 0}
    reminded, failed, last = 0, 0, ""
    while not turn.is_over():
        with portal.at(site):
            readers = reminders.waiting(now=now, after=last)
        if not readers:
            break
        for reader in readers:
            last = reader
            try:
                with portal.at(site):
                    reminded += reminders.remind(reader, now=now)
            except STORAGE_FAILURES:
                raise
            except Exception:
                log.exception("Somebody could not be reminded at site %s.", site.code)
                failed += 1
            turn.advanced()
    if failed:
        raise CouldNotRemind(f"{failed} people could not be reminded")
    return {"reminded": reminded}


def _look(portal: Portal, site: Site, now: datetime) -> bool:
    """False: there is more to look at, and the turn is over."""
    while not turn.is_over():
        with portal.at(site):
            looked_at = reminder_sweep.sweep(today=reminders.today_at_the_site(now), now=now)
        if looked_at is None:
            return True
        turn.advanced(looked_at)
    return False
