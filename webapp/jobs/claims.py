"""Hands over what was claimed when the time to object is over, and closes claims that were overtaken."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime

from webapp.assembly import Portal
from webapp.data.claims import Claim
from webapp.domain.claims import claim_decisions
from webapp.jobs import turn
from webapp.sites import Site

_BATCH = 50


def settle_claims(portal: Portal, site: Site) -> Mapping[str, int]:
    with portal.at(site):
        return settle_here(now=portal.clock())


def settle_here(*, now: datetime) -> Mapping[str, int]:
    """At the bound site."""
    overtaken = _each(claim_decisions.outlived, claim_decisions.overtake, now)
    handed_over = _each(claim_decisions.due, claim_decisions.hand_over_if_due, now)
    return {"handed_over": handed_over, "overtaken": overtaken}


def _each(find: Callable[..., Sequence[Claim]], settle: Callable[..., bool], now: datetime) -> int:
    """Each is closed in a transaction of its own, by this run or by who was faster."""
    done = 0
    while not turn.is_over() and (found := find(now=now, limit=_BATCH)):
        done += sum(settle(claim, now=now) for claim in found)
        turn.advanced(len(found))
    return done
