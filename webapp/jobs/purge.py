"""Deletes what has no use any more: expired tokens and sessions, attempts that no limit counts, old files."""

from __future__ import annotations

from webapp.assembly import Portal
from webapp.data.seat_files import SeatFile
from webapp.data.sign_in import Attempt, Session, Token
from webapp.domain import limits
from webapp.domain.claims import claims
from webapp.domain.payments import cards
from webapp.domain.people import sign_in, whereabouts
from webapp.domain.reminders import reminders
from webapp.domain.seats import seat_files
from webapp.domain.shop import idempotency
from webapp.domain.support import agents
from webapp.domain.webhooks import webhook_deliveries
from webapp.sites import Site


def purge(portal: Portal, site: Site) -> int:
    """How many rows went."""
    now = portal.clock()
    idle, too_old = Session.last_seen_at <= now - sign_in.IDLE, Session.created_at <= now - sign_in.ABSOLUTE
    with portal.at(site):
        gone = Token.delete().where(Token.expires_at <= now).execute()
        gone += Session.delete().where(idle | too_old).execute()
        gone += SeatFile.delete().where(SeatFile.uploaded_at <= now - seat_files.KEPT).execute()
        gone += Attempt.delete().where(Attempt.at <= now - limits.KEPT).execute()
        gone += reminders.forget_old(now=now)
        gone += idempotency.forget_old(now=now)
        gone += cards.forget_old(now=now)
        gone += claims.forget_old(now=now)
        gone += webhook_deliveries.forget_old(now=now)
        gone += whereabouts.forget_answered(now=now)
    return int(gone) + _purge_shared(portal, site)


def _purge_shared(portal: Portal, site: Site) -> int:
    """What all sites share, in the first one's turn."""
    if site is not next(iter(portal.sites)):
        return 0
    with portal.support.bound():
        return agents.forget_old(now=portal.clock())
