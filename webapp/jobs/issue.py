"""Issues the invoices that renewals have recorded: each once, with its number, oldest first."""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Iterator, Mapping
from datetime import datetime

from webapp.assembly import Portal
from webapp.data.billing import WAITING
from webapp.data.database import STORAGE_FAILURES
from webapp.domain.invoices import due_invoices
from webapp.domain.invoices.invoices import AlreadyIssued
from webapp.jobs import turn
from webapp.sites import Site

log = logging.getLogger(__name__)


class CouldNotIssue(RuntimeError):
    """Nothing is lost: they stay due."""


def issue(portal: Portal, site: Site) -> Mapping[str, int]:
    """What waits for a decision about its tax is counted once, when it begins to wait."""
    now, counts = portal.clock(), Counter(issued=0, waiting=0)
    for invoice in _due(portal, site):
        counts[_issue(portal, site, invoice, now)] += 1
        turn.advanced()
    if counts["failed"]:
        raise CouldNotIssue(f"{counts['failed']} invoices could not be issued")
    return {"issued": counts["issued"], "waiting": counts["waiting"]}


def _due(portal: Portal, site: Site) -> Iterator[int]:
    last = 0
    while not turn.is_over():
        with portal.at(site):
            due = due_invoices.due(after=last)
        if not due:
            return
        for invoice in due:
            if turn.is_over():
                return
            yield invoice
            last = invoice


def _issue(portal: Portal, site: Site, invoice: int, now: datetime) -> str:
    try:
        with portal.at(site):
            state = due_invoices.issue(invoice, now=now).state
    except AlreadyIssued:
        return "elsewhere"  # another worker was faster
    except STORAGE_FAILURES:
        raise
    except Exception:
        log.exception("Invoice row %s of site %s could not be issued.", invoice, site.code)
        return "failed"
    return "waiting" if state == WAITING else "issued"
